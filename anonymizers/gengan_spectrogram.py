"""GenGAN between two spectrograms: scale, windows of 16.7 s, the generator, and back.

The published network takes exactly 1043 frames. A shorter clip is followed by zeros up to 16.7 s, as published: mean
and deviation are those of the whole padded spectrogram. Of a clip much shorter than those it was trained on (read
sentences, mostly over 10 s) little is left then, since all that is 3 deviations over the mean is cut; said over and
over until 16.7 s are full, which is our own addition, it keeps its spectrogram. A longer clip, which the
published program cannot take, is heard in windows of 16.7 s that overlap by 2 s or more; each is scaled by its own mean
and deviation, all get the same noise, and where two overlap their log-mel values are cross-faded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.nn import melgan
from anonymizers.nn.unet_filter import FRAMES

Tensor = Any
Module = Any
Floats = npt.NDArray[np.float32]
SAMPLE_RATE_HZ = 16_000
WINDOW = 267_200
"""Samples of 16.7 s; the last 192 are in no frame."""
PEAK = 0.95
LEAST_OVERLAP = 125
"""Frames, 2 s."""
WIDTH, EPSILON = 3.0, 1e-6
"""Three deviations from the mean become 1."""


def heard(samples: Floats, fill: str = "silence") -> Tensor:
    """The log-mel of a sound scaled to a peak of 0.95 and filled up to 16.7 s by `fill`, "silence" or "repeat": float32
    (80, 1043 or more)."""
    import torch

    peak = max(float(np.abs(samples).max(initial=0)), float(np.finfo(np.float32).tiny))
    scaled = np.float32(PEAK) * (samples / np.float32(peak))
    length = max(WINDOW, -(-len(samples) // melgan.HOP) * melgan.HOP)
    filled = np.pad(scaled, (0, length - len(samples)))
    if fill == "repeat" and len(samples) < WINDOW:
        filled = np.resize(scaled, WINDOW)
    return melgan.log_mel(torch.from_numpy(filled)[None], SAMPLE_RATE_HZ, "constant")[0]


def normalised(mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`mel`, (80, frames), as (mel - mean) / (3 deviation + 1e-6), clipped to [-1, 1]; mean, unbiased deviation."""
    mean, deviation = mel.mean(), mel.std()
    return ((mel - mean) / (WIDTH * deviation + EPSILON)).clamp(-1, 1), mean, deviation


def neutral(
    mel: Tensor, generator: Module, noise: Tensor, done: Callable[[float], None] = lambda fraction: None
) -> Tensor:
    """What the generator makes of a log-mel, float32 (80, 1043 or more), with this noise, (1, 325): the same shape."""
    import torch

    starts = window_starts(mel.shape[1])
    total, weight = torch.zeros_like(mel), torch.zeros_like(mel[:1])
    shares = cross_fade().to(mel.device)
    for place, start in enumerate(starts):
        window = slice(start, start + FRAMES)
        scaled, mean, deviation = normalised(mel[:, window])
        made = generator(scaled[None, None], noise)[0, 0] * WIDTH * deviation + mean
        total[:, window] += shares * made
        weight[:, window] += shares
        done((place + 1) / len(starts))
    return total / weight if len(starts) > 1 else made


def window_starts(frames: int) -> list[int]:
    """Where the windows start, evenly from the first frame to the last: each overlaps the next by 2 s or more."""
    further = -(-(frames - FRAMES) // (FRAMES - LEAST_OVERLAP))
    return [round(place * (frames - FRAMES) / max(1, further)) for place in range(further + 1)]


def cross_fade() -> Tensor:
    """How much each frame of a window counts, float32 (1043,), in (0, 1]: rising over 2 s, falling over the last 2."""
    import torch

    rising = (torch.arange(FRAMES) + 1) / LEAST_OVERLAP
    return torch.minimum(rising, rising.flip(0)).clamp(max=1.0)
