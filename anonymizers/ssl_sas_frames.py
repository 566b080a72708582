"""SSL-SAS's way from a sound to the frames that its vocoder speaks, and from them to a sound.

nii-yamagishilab/SSL-SAS @ 07e51d3 (CC BY-NC 4.0), re-implemented from its description; equal to it with the same
weights, so its quirks are kept: content is normalised over the whole tensor, the frame that the encoder loses is the
last one repeated, and F0 goes in as it is, in Hz.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import yaapt
from anonymizers.base import AnonymizerError
from anonymizers.nn.spans import spans
from anonymizers.ssl_sas_networks import Networks

Tensor = Any
Floats = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
HOP = 320
"""Samples a frame of content; F0 and the vocoder have two frames in that time."""
PEAK = 0.95
LONGEST_S = 40.0
"""The corpora that the system was made for have no longer utterances. What is longer is heard in parts: the normalised
content of one utterance depends on all of it, and the networks take about 20 MB a second of sound."""
SEARCHED_S = 3.0
"""So far before and after its place each cut looks for the quietest moment."""
SPOKEN_FRAMES, CONTEXT_FRAMES = 2_000, 32
"""The vocoder speaks at most 20 s at a time. Further than 32 frames (0.32 s) it does not hear."""


def prepared(samples: Floats) -> Floats:
    """`samples`, (n,), not silent, at peak .95, and so many of them as make whole frames: (320 k,)."""
    return (samples[: len(samples) // HOP * HOP] * (PEAK / np.abs(samples).max())).astype(np.float32)


def assembled(content: Tensor, f0_hz: Tensor, vectors: Tensor | None) -> Tensor:
    """What the vocoder is given: torch, (b, frames, width + 1 + d).

    Args:
        content: (b, frames / 2 - 1, width); normalised over all of it, its last frame repeated, every frame twice.
        f0_hz: (b, frames), 0 where unvoiced.
        vectors: (b, d), normalised over all of them; None for a variant without a speaker.
    """
    import torch
    from torch.nn.functional import layer_norm

    levelled = layer_norm(content, content.shape)
    whole = torch.cat((levelled, levelled[:, -1:]), dim=1).repeat_interleave(2, dim=1)
    if whole.shape[1] != f0_hz.shape[1]:
        raise AnonymizerError(
            f"Two frames of F0 were expected for each of {whole.shape[1] // 2} frames of content, but "
            f"{f0_hz.shape[1]} came: this is a fault of the system, please report it."
        )
    parts = [whole, f0_hz[..., None]]
    if vectors is not None:
        parts.append(layer_norm(vectors, vectors.shape)[:, None].expand(-1, whole.shape[1], -1))
    return torch.cat(parts, dim=2)


def heard(samples: Floats, f0_hz: Floats, vector: Floats | None, networks: Networks) -> Tensor:
    """The vocoder's frames for prepared samples, (320 k,), their F0, (2 k,), and a speaker's vector: (1, 2 k, inputs).
    k is at least 2."""
    import torch

    given = lambda values: torch.tensor(values, device=networks.device)[None]  # noqa: E731
    with torch.inference_mode():
        content = networks.content(given(samples))
        return assembled(content, given(f0_hz), None if vector is None else given(vector))


def spoken(frames: Tensor, networks: Networks) -> Floats:
    """What the vocoder says of frames (1, m, inputs): float32, (160 m,)."""
    import torch

    hop = HOP // 2
    pieces = []
    for span in spans(frames.shape[1], SPOKEN_FRAMES, CONTEXT_FRAMES):
        with torch.inference_mode():
            sound = networks.vocoder(frames[:, span.start : span.stop])[0].cpu().numpy()
        pieces.append(sound[span.own.start * hop : span.own.stop * hop])
    return np.concatenate(pieces).astype(np.float32)


def f0(samples: Floats) -> Floats:
    """F0 every 10 ms, in Hz, 0 where unvoiced, of prepared samples (320 k,): float32, (2 k,)."""
    return yaapt.track(samples)


def parts(samples: Floats, longest_s: float) -> list[Floats]:
    """Prepared samples, (320 k,), in as few parts as there must be for none to be longer than about `longest_s`, cut at
    the quietest frames near equal places; each part has whole frames."""
    frames = len(samples) // HOP
    count = -(-frames * HOP // round(longest_s * SAMPLE_RATE_HZ))
    energy = np.square(samples.reshape(frames, HOP)).sum(1)
    reach = round(min(SEARCHED_S, longest_s / 4) * SAMPLE_RATE_HZ / HOP)
    cuts = []
    for part in range(1, count):
        first = max(1, part * frames // count - reach)
        cuts.append(first + int(np.argmin(energy[first : part * frames // count + reach])))
    return np.split(samples, [cut * HOP for cut in cuts])
