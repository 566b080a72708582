"""Acoustic features of one clip, each a plain function Clip -> Contour.

The two spectral features and loudness are those of paper 001 (section IV.D). All are computed on the samples as they
are, never on a copy whose level was matched for listening.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audio.clip import Clip
from audio.vad import Segment

SAMPLE_RATE_HZ = 16_000
FRAME = 400
HOP = 160
N_FFT = 512
BLOCK_FRAMES = 2048
F0_PIECE_S = 30.0
F0_CONTEXT_S = 1.0


@dataclass(frozen=True, eq=False)
class Contour:
    """A feature over time: `times_s` and `values` float64, shape (frames,); NaN where the feature is undefined."""

    name: str
    unit: str
    times_s: np.ndarray
    values: np.ndarray


def within(contour: Contour, segments: Sequence[Segment]) -> Contour:
    """The contour with NaN wherever its time lies in none of `segments` (start included, end not)."""
    inside = np.zeros(len(contour.times_s), bool)
    for start_s, end_s in segments:
        inside |= (contour.times_s >= start_s) & (contour.times_s < end_s)
    return replace(contour, values=np.where(inside, contour.values, np.nan))


def spectral_centroid(clip: Clip, *, segments: Sequence[Segment] | None = None) -> Contour:
    """Spectral centroid in Hz, in [0, 8000]: where the weight of the spectrum lies; higher sounds brighter.

        mu = sum(f * p),  p = |X| / sum(|X|)

    over the bins of one frame, f in Hz. The weight is the magnitude |X|, not the power (paper 001, section IV.D).
    The clip is taken at 16 kHz; frames are 25 ms under a periodic Hann window, every 10 ms, transformed at 512
    points: 257 bins from 0 to 8000 Hz. Frames lie wholly inside the clip, so one under 25 ms has none. A value's time
    is the middle of its frame: 12.5 ms, 22.5 ms, ...

    NaN in digital silence, and outside `segments` when they are given (those of the original clip, for every system's
    output: paper 001's "oracle" segments).
    """
    return _spectral("Spectral centroid", "Hz", clip, segments, lambda p, f: _moments(p, f)[0])


def spectral_kurtosis(clip: Clip, *, segments: Sequence[Segment] | None = None) -> Contour:
    """Spectral kurtosis, unit 1, at least 1: how peaked a spectrum is around its centroid, how far it tails.

        k = sum((f - mu)^4 * p) / (sum((f - mu)^2 * p))^2,  p = |X| / sum(|X|),  mu the spectral centroid

    The fourth standardised moment of the magnitude spectrum read as a distribution over frequency (paper 001, section
    IV.D). It is *not* the "spectral kurtosis" of machine diagnostics (the kurtosis of one bin over time), nor the
    kurtosis of the bins' values, and 3 is not subtracted. A flat spectrum gives 1.8, a Gaussian one 3.

    Frames, times, `segments` and NaN as in spectral_centroid.
    """
    return _spectral("Spectral kurtosis", "1", clip, segments, _kurtosis)


def f0(clip: Clip, *, hop_s: float = 0.005, floor_hz: float = 60.0, ceiling_hz: float = 600.0) -> Contour:
    """Fundamental frequency in Hz, every `hop_s` seconds from 0; NaN where unvoiced.

    DIO with StoneMask refinement (Morise et al., WORLD, 2016). DIO transforms all it is given at once, so clips over
    a minute go through in pieces of 30 s, each with a second of context on either side.
    """
    frames = int(clip.duration_s / hop_s + 1e-9) + 1
    piece, context = round(F0_PIECE_S / hop_s), round(F0_CONTEXT_S / hop_s)
    if clip.duration_s <= 2 * F0_PIECE_S:
        piece, context = frames, 0
    values = np.full(frames, np.nan)
    for start in range(0, frames, piece):
        first = max(0, start - context)
        samples = clip.samples[_at(clip, first * hop_s) : _at(clip, (start + piece + context) * hop_s)]
        track = _dio(samples, clip.sample_rate, hop_s, floor_hz, ceiling_hz)[start - first :][:piece]
        values[start : start + len(track)] = track[: frames - start]
    return Contour("F0", "Hz", np.arange(frames) * hop_s, values)


def _at(clip: Clip, time_s: float) -> int:
    return round(time_s * clip.sample_rate)


def _dio(samples: np.ndarray, sample_rate: int, hop_s: float, floor_hz: float, ceiling_hz: float) -> np.ndarray:
    """F0 of `samples` in Hz every `hop_s` seconds from 0; NaN where unvoiced."""
    import pyworld

    samples = samples.astype(np.float64)
    coarse, times_s = pyworld.dio(
        samples, sample_rate, f0_floor=floor_hz, f0_ceil=ceiling_hz, frame_period=1000 * hop_s
    )
    values = pyworld.stonemask(samples, coarse, times_s, sample_rate)
    return np.where(values > 0, values, np.nan)


def delta_f0(clip: Clip) -> Contour:
    """How fast F0 moves, in Hz/s: (F0[i+1] - F0[i-1]) / (2 * 5 ms); NaN unless the frames on both sides are voiced."""
    pitch = f0(clip)
    values = np.full(len(pitch.values), np.nan)
    if len(values) > 2:
        values[1:-1] = (pitch.values[2:] - pitch.values[:-2]) / (pitch.times_s[2:] - pitch.times_s[:-2])
        values[1:-1][np.isnan(pitch.values[1:-1])] = np.nan
    return Contour("ΔF0", "Hz/s", pitch.times_s, values)


def loudness(clip: Clip) -> Contour:
    """Momentary loudness in LUFS: see audio.level.momentary_lufs."""
    from audio.level import momentary_lufs

    return momentary_lufs(clip)


FEATURES: dict[str, Callable[[Clip], Contour]] = {
    "spectral_centroid": spectral_centroid,
    "spectral_kurtosis": spectral_kurtosis,
    "loudness": loudness,
    "f0": f0,
    "delta_f0": delta_f0,
}
"""Every feature by name. `within` restricts any of them to voice-active segments."""


def magnitude_blocks(clip: Clip) -> Iterator[np.ndarray]:
    """The magnitude spectra |X| of a clip at 16 kHz, float64, shape (up to 2048 frames, 257), one block after another.

    25 ms periodic Hann, 10 ms hop, 512 points, frames wholly inside the clip: none when it is shorter than 25 ms.
    Blocks keep the memory of a ten-minute clip as small as that of a short one.
    """
    samples = clip.resampled(SAMPLE_RATE_HZ).samples
    if len(samples) < FRAME:
        return
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME)[::HOP]
    for start in range(0, len(frames), BLOCK_FRAMES):
        yield np.abs(np.fft.rfft(frames[start : start + BLOCK_FRAMES] * window, N_FFT))


def _spectral(
    name: str,
    unit: str,
    clip: Clip,
    segments: Sequence[Segment] | None,
    measure: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Contour:
    """`measure(p, f)` of every frame, NaN where the frame is silent."""
    frequencies_hz = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ)
    parts = [np.zeros(0)]
    for magnitudes in magnitude_blocks(clip):
        totals = magnitudes.sum(axis=1, keepdims=True)
        p = np.divide(magnitudes, totals, out=np.full_like(magnitudes, np.nan), where=totals > 0)
        parts.append(measure(p, frequencies_hz))
    values = np.concatenate(parts)
    contour = Contour(name, unit, (np.arange(len(values)) * HOP + FRAME / 2) / SAMPLE_RATE_HZ, values)
    return contour if segments is None else within(contour, segments)


def _moments(p: np.ndarray, f: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The centroid of each frame, shape (frames,), and the squared distances of the bins from it, (frames, bins)."""
    centroids = p @ f
    return centroids, (f - centroids[:, None]) ** 2


def _kurtosis(p: np.ndarray, f: np.ndarray) -> np.ndarray:
    _, squares = _moments(p, f)
    variances = (squares * p).sum(axis=1)
    fourths = (squares**2 * p).sum(axis=1)
    return np.divide(fourths, variances**2, out=np.full_like(fourths, np.nan), where=variances > 0)
