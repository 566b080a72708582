"""WORLD, the vocoder the signal-processing systems share: a voice as F0, spectral envelope and aperiodicity.

Morise, Yokomori, Ozawa, "WORLD: a vocoder-based high-quality speech synthesis system for real-time applications",
IEICE Trans. 2016. F0 by DIO and StoneMask, envelope by CheapTrick, aperiodicity by D4C.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audio import features
from audio.clip import Clip

HOP_S = 0.005
F0_FLOOR_HZ, F0_CEILING_HZ = 60.0, 600.0
SYNTHESIS_F0_HZ = (50.0, 800.0)
"""Range of F0 that may be spoken with; anything outside is brought to the nearer end."""
SMALLEST_POWER = 1e-16


@dataclass(frozen=True, eq=False)
class World:
    """A voice taken apart.

    Attributes:
        f0_hz: float64, shape (frames,), 0 where unvoiced.
        envelope: power spectrum without harmonics, float64, shape (frames, bins), above 0; bins from 0 Hz to half
            the sample rate.
        aperiodicity: share of noise, float64 in (0, 1], shape (frames, bins).
        hop_s: time between frames; frame t is centred at t * hop_s.
        sample_rate: of the clip, in Hz.
    """

    f0_hz: np.ndarray
    envelope: np.ndarray
    aperiodicity: np.ndarray
    hop_s: float
    sample_rate: int

    @property
    def times_s(self) -> np.ndarray:
        return self.hop_s * np.arange(len(self.f0_hz))

    @property
    def voiced(self) -> np.ndarray:
        """Bool, shape (frames,)."""
        return self.f0_hz > 0.0

    @property
    def median_f0_hz(self) -> float:
        """Over voiced frames; NaN when there are none."""
        return float(np.median(self.f0_hz[self.voiced])) if self.voiced.any() else float("nan")

    def contour(self, name: str) -> features.Contour:
        """F0 to plot: NaN where unvoiced."""
        return features.Contour(name, "Hz", self.times_s, np.where(self.voiced, self.f0_hz, np.nan))


def analyse(clip: Clip) -> World:
    """`clip` (any rate, not empty) taken apart every 5 ms. F0 is looked for between 60 and 600 Hz."""
    import pyworld

    track = features.f0(clip, hop_s=HOP_S, floor_hz=F0_FLOOR_HZ, ceiling_hz=F0_CEILING_HZ)
    samples, rate = clip.samples.astype(np.float64), clip.sample_rate
    f0_hz = np.nan_to_num(np.ascontiguousarray(track.values, dtype=np.float64))
    times_s = np.ascontiguousarray(track.times_s, dtype=np.float64)
    envelope = pyworld.cheaptrick(samples, f0_hz, times_s, rate, f0_floor=F0_FLOOR_HZ)
    aperiodicity = pyworld.d4c(samples, f0_hz, times_s, rate, fft_size=2 * (envelope.shape[1] - 1))
    return World(f0_hz, np.maximum(envelope, SMALLEST_POWER), aperiodicity, HOP_S, rate)


def synthesise(world: World, length: int) -> Clip:
    """The voice put together again: `length` samples at `world.sample_rate`."""
    import pyworld

    sound = pyworld.synthesize(
        np.ascontiguousarray(world.f0_hz),
        np.ascontiguousarray(world.envelope),
        np.ascontiguousarray(world.aperiodicity),
        world.sample_rate,
        1000.0 * world.hop_s,
    )
    return Clip(fitted(sound, length), world.sample_rate)


def with_f0(world: World, f0_hz: np.ndarray) -> World:
    """`world` with another F0 track, shape (frames,); voiced frames are clamped to 50-800 Hz, 0 stays 0."""
    return replace(world, f0_hz=np.where(f0_hz > 0.0, np.clip(f0_hz, *SYNTHESIS_F0_HZ), 0.0))


def warped(world: World, factor: float) -> World:
    """Envelope stretched along frequency: what was at f is at factor * f, so formants move by `factor`.

    The log envelope is interpolated linearly; above half the sample rate over `factor` < 1, its last bin goes on.
    """
    bins = world.envelope.shape[1]
    source = np.minimum(np.arange(bins) / factor, bins - 1.0)
    below = np.minimum(source.astype(np.int64), bins - 2)
    share = source - below
    log_envelope = np.log(world.envelope)
    log_warped = (1.0 - share) * log_envelope[:, below] + share * log_envelope[:, below + 1]
    return replace(world, envelope=np.exp(log_warped))


def fitted(sound: np.ndarray, length: int) -> np.ndarray:
    """`sound` as float32, shape (length,): cut or padded with zeros. Peaks above 1 stay: the runner turns them down."""
    sound = np.asarray(sound, dtype=np.float32)[:length]
    return np.pad(sound, (0, length - len(sound)))
