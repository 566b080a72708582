"""The F0 chain: standardise an F0 track, take the speaker's melody out of it step by step, and bring it back to Hz.

The steps are those of B5/B6 of the VoicePrivacy Challenge 2024 with F0 transformations (Champion, 2023; SA-toolkit):
quantisation, additive white Gaussian noise, mean reversion; and a scale. A chain is a sequence of steps, applied in
the order given. Frames come at 50 per second in the published systems; nothing here depends on it, but windows are
counted in frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

VARIANCE_EPSILON_HZ2 = 1e-6
NoiseReading = Literal["variance", "snr"]
"""How a noise level of x dB is read, in z units (voiced frames have variance 1):
variance: sigma^2 = 10^(x/10), so more dB is more noise; snr: sigma^2 = 10^(-x/10), so more dB is less noise."""


@dataclass(frozen=True, eq=False)
class Standardised:
    """An F0 track in z units: `z` float64, shape (frames,), 0 where unvoiced; F0 = `mean_hz` + `std_hz` * z."""

    z: np.ndarray
    mean_hz: float
    std_hz: float


@dataclass(frozen=True)
class Quantise:
    """z -> round(z * levels_per_unit) / levels_per_unit, half to even. Frames that become 0 get no noise afterwards."""

    levels_per_unit: int

    def apply(self, track: Standardised, rng: np.random.Generator) -> Standardised:
        if self.levels_per_unit < 1:
            raise ValueError(f"Quantise expects at least 1 level per unit, but {self.levels_per_unit} came.")
        return replace(track, z=np.round(track.z * self.levels_per_unit) / self.levels_per_unit)


@dataclass(frozen=True)
class Noise:
    """White Gaussian noise of `level_db`, read as `reading` says, on frames where z is not exactly 0."""

    level_db: float
    reading: NoiseReading = "variance"

    @property
    def sigma(self) -> float:
        """Standard deviation in z units."""
        sign = {"variance": 1.0, "snr": -1.0}[self.reading]
        return 10.0 ** (sign * self.level_db / 20.0)

    def apply(self, track: Standardised, rng: np.random.Generator) -> Standardised:
        return AddedNoise(self.sigma * rng.standard_normal(len(track.z))).apply(track, rng)


@dataclass(frozen=True, eq=False)
class AddedNoise:
    """Given noise, in z units, shape (frames,): added on frames where z is not exactly 0."""

    values: np.ndarray

    def apply(self, track: Standardised, rng: np.random.Generator) -> Standardised:
        if len(self.values) != len(track.z):
            raise ValueError(f"Noise for {len(track.z)} frames was expected, but {len(self.values)} came.")
        return replace(track, z=track.z + np.where(track.z == 0.0, 0.0, self.values))


@dataclass(frozen=True)
class MeanReversion:
    """z -> (1 - alpha) * z + alpha * MA(z): pulls F0 towards its moving average, `alpha` in [0, 1].

    MA(z)[t] is the sum of z over frames t - n//2 ... t + n - 1 - n//2, divided by n = `window_frames`, with zeros
    beyond the ends. As published it averages over unvoiced frames too (their z is 0, the mean) and leaves values on
    them; with `voiced_only` it averages the voiced frames of the window alone and keeps unvoiced frames 0.
    """

    alpha: float
    window_frames: int = 32
    voiced_only: bool = False

    def apply(self, track: Standardised, rng: np.random.Generator) -> Standardised:
        if not 0.0 <= self.alpha <= 1.0 or self.window_frames < 1:
            raise ValueError(
                "MeanReversion expects alpha in [0, 1] and a window of at least 1 frame, "
                f"but alpha {self.alpha} and {self.window_frames} frames came."
            )
        total = moving_sum(track.z, self.window_frames)
        if not self.voiced_only:
            return replace(track, z=(1.0 - self.alpha) * track.z + self.alpha * total / self.window_frames)
        voiced = track.z != 0.0
        count = np.maximum(moving_sum(voiced.astype(np.float64), self.window_frames), 1.0)
        return replace(track, z=np.where(voiced, (1.0 - self.alpha) * track.z + self.alpha * total / count, 0.0))


@dataclass(frozen=True)
class Scale:
    """Multiply by `factor`: of "z", the melody's range about the mean (0 = monotone); of "hz", F0 itself in Hz."""

    factor: float
    of: Literal["z", "hz"] = "z"

    def apply(self, track: Standardised, rng: np.random.Generator) -> Standardised:
        if self.of == "z":
            return replace(track, z=self.factor * track.z)
        return replace(track, mean_hz=self.factor * track.mean_hz, std_hz=self.factor * track.std_hz)


Step = Quantise | Noise | AddedNoise | MeanReversion | Scale


def standardise(f0_hz: np.ndarray) -> Standardised:
    """z = (F0 - mean) / sqrt(var + 1e-6) over voiced frames, `var` unbiased; unvoiced frames stay 0.

    Args:
        f0_hz: F0 in Hz, shape (frames,), 0 or NaN where unvoiced.

    With no voiced frame, or none at all, every z is 0 and mean and deviation are 0 Hz. With one, its z is 0 (it is the
    mean) and the deviation sqrt(1e-6) Hz. A voiced frame that happens to lie exactly on the mean has z = 0 too, and
    later steps take it for unvoiced, as the published chain does.
    """
    f0_hz = np.nan_to_num(np.asarray(f0_hz, dtype=np.float64))
    voiced = f0_hz > 0.0
    count = int(voiced.sum())
    if count == 0:
        return Standardised(np.zeros(len(f0_hz)), 0.0, 0.0)
    mean_hz = float(f0_hz[voiced].mean())
    variance_hz2 = float(f0_hz[voiced].var(ddof=1)) if count > 1 else 0.0
    std_hz = float(np.sqrt(variance_hz2 + VARIANCE_EPSILON_HZ2))
    return Standardised(np.where(voiced, (f0_hz - mean_hz) / std_hz, 0.0), mean_hz, std_hz)


def apply_chain(track: Standardised, steps: Sequence[Step], rng: np.random.Generator) -> Standardised:
    """`track` after every step, in the order given; `rng` feeds Noise."""
    for step in steps:
        track = step.apply(track, rng)
    return track


def to_hz(track: Standardised, voiced: np.ndarray) -> np.ndarray:
    """F0 in Hz, float64, shape (frames,): mean + deviation * z where `voiced` (bool) holds, 0 elsewhere.

    Voicing is passed in since z = 0 is both "unvoiced" and "on the mean", and mean reversion fills unvoiced frames.
    """
    return np.where(voiced, track.mean_hz + track.std_hz * track.z, 0.0)


def chained(f0_hz: np.ndarray, hop_frames: int, steps: Sequence[Step], rng: np.random.Generator) -> np.ndarray:
    """F0 in Hz after `steps`, float64, shape (frames,), which see every `hop_frames`-th frame; 0 where unvoiced.

    Between voiced frames of the result F0 is interpolated linearly; frames that the chain left unvoiced, or filled in
    while unvoiced, are not used, so that pauses pull no one's pitch to the mean. Voicing stays the source's: a vocoder
    needs noise where there was noise. Without a voiced frame among those seen, F0 stays as it is.
    """
    coarse = f0_hz[::hop_frames]
    voiced = coarse > 0.0
    if not voiced.any():
        return f0_hz.astype(np.float64)
    coarse_hz = to_hz(apply_chain(standardise(coarse), steps, rng), voiced)
    frames = np.arange(len(f0_hz))
    return np.where(f0_hz > 0.0, np.interp(frames, frames[::hop_frames][voiced], coarse_hz[voiced]), 0.0)


def moving_sum(values: np.ndarray, window: int) -> np.ndarray:
    """Sum over values[t - window//2 : t + window - window//2] for every t, zeros beyond the ends; shape (frames,)."""
    before = window // 2
    padded = np.pad(np.asarray(values, dtype=np.float64), (before, window - 1 - before))
    if not len(values):
        return padded[:0]
    return np.lib.stride_tricks.sliding_window_view(padded, window).sum(axis=1)


def resample_nearest(values: np.ndarray, frames: int) -> np.ndarray:
    """`values` stretched to `frames` frames: frame t takes values[floor(t * len(values) / frames)]."""
    if frames and not len(values):
        raise ValueError(f"At least one frame is needed to make {frames}, but none came.")
    return np.asarray(values)[np.arange(frames) * len(values) // max(frames, 1)]
