"""What the house encoders hear: log-mel frames every 10 ms, the same from a whole file and from live pieces."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
SAMPLE_RATE_HZ = 16_000
HOP = 160
WINDOW = 400
N_FFT = 512
N_MELS = 80
LOWEST_HZ, HIGHEST_HZ = 40.0, 7_800.0
FLOOR = 1e-7
AHEAD = WINDOW // 2
"""Frame t is centred on sample t * HOP and so needs this many samples after it."""
BLOCK_FRAMES = 1_024
"""A long sound is transformed so many frames at a time: memory stays flat."""


def frame_count(samples: int) -> int:
    """How many frames a sound of so many samples has: frame t is centred on sample t * 160, the last within it."""
    return -(-samples // HOP)


def log_mel(samples: Floats, warp: float = 1.0) -> Floats:
    """float32, shape (frames, 80): ln of mel power of Hann windows of 25 ms around every 160th sample.

    `samples`: float32, shape (n,), 16 kHz; zeros are assumed before and after. `warp`: formants and all else that the
    bands see are moved up by this factor (vocal-tract length perturbation: Jaitly and Hinton, 2013).
    """
    parts = [of_frames(frames, warp) for frames in blocks(samples)]
    return np.concatenate(parts) if parts else np.zeros((0, N_MELS), np.float32)


def blocks(samples: Floats) -> Iterator[Floats]:
    """The frames of `samples`, 400 samples around every 160th: (up to BLOCK_FRAMES, 400), one block after another."""
    padded = np.pad(samples, (AHEAD, AHEAD + HOP))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][: frame_count(len(samples))]
    for start in range(0, len(frames), BLOCK_FRAMES):
        yield frames[start : start + BLOCK_FRAMES]


def of_frames(frames: Floats, warp: float = 1.0) -> Floats:
    """Log-mel of frames of 400 samples each, shape (frames, 400); see `log_mel`."""
    spectrum = np.fft.rfft(frames * window(), N_FFT).astype(np.complex64)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.log(power @ bands(round(warp, 2)) + np.float32(FLOOR))


@lru_cache(maxsize=1)
def window() -> Floats:
    """Periodic Hann, of unit energy."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return (hann / np.sqrt(np.sum(hann**2))).astype(np.float32)


@lru_cache(maxsize=128)
def bands(warp: float = 1.0) -> Floats:
    """Triangles of height 1, equally spaced in mel = 2595 log10(1 + f / 700), over `warp`; shape (257, 80)."""
    lowest, highest = (2595 * np.log10(1 + f / 700) for f in (LOWEST_HZ, HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(lowest, highest, N_MELS + 2) / 2595) - 1) / warp
    edges = np.minimum(edges, SAMPLE_RATE_HZ / 2)
    bins = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ)[:, None]
    rising = (bins - edges[:-2]) / np.maximum(edges[1:-1] - edges[:-2], 1e-3)
    falling = (edges[2:] - bins) / np.maximum(edges[2:] - edges[1:-1], 1e-3)
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


PRIOR_FRAMES = 100.0
MEMORY_FRAMES = 1_000.0
"""A running mean starts as if a second of ordinary speech had been heard, and forgets over ten."""


def running_mean(frames: Floats, ordinary: Floats, heard: float = PRIOR_FRAMES) -> tuple[Floats, float]:
    """The mean log-mel up to and with each frame, (frames, 80), and how many frames it stands for at the end.

    `ordinary`: the mean before the first frame, worth `heard` frames. The weight of all before is never more than
    MEMORY_FRAMES, so that another room or microphone is got used to.
    """
    mean, means = ordinary.astype(np.float64), np.empty(frames.shape, np.float32)
    for place, frame in enumerate(frames):
        heard = min(heard + 1.0, MEMORY_FRAMES)
        mean = mean + (frame - mean) / heard
        means[place] = mean
    return means, heard
