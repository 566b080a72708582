"""What the house decoder is told of every frame beside the words: loudness, and the emotion controls of paper 001.

Paper 001 proposes to control emotion by continuous acoustic features: spectral centroid, spectral kurtosis, loudness
and F0's movement. Frames are those of nn/mel.py; centroid and kurtosis are defined as in audio/features.py.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from anonymizers.nn.mel import N_FFT, SAMPLE_RATE_HZ, WINDOW, blocks

Floats = npt.NDArray[np.float32]
CONTROLS = ("spectral centroid", "spectral kurtosis", "delta F0")
QUIETEST_DB = -50.0
"""Frames softer than this under the loud ones are as good as silent: rooms and breath say who and where."""
CENTROID_HZ = (1_600.0, 1_300.0)
LOG_KURTOSIS = (2.05, 0.93)
DELTA_SEMITONES = 0.5
"""Means and deviations over read speech, that controls are about 0 ± 1."""
LOUD_DB = -16.0
"""The level at which the encoders hear and the decoder speaks: of a clip's loud frames, A-weighted."""


def measured(samples: Floats) -> Floats:
    """Loudness in dB (A-weighted, re full scale), spectral centroid in Hz and ln spectral kurtosis of each frame:
    float32 (frames, 3)."""
    parts = [of_frames(frames) for frames in blocks(samples)]
    return np.concatenate(parts) if parts else np.zeros((0, 3), np.float32)


def of_frames(frames: Floats) -> Floats:
    """`measured` of frames of 400 samples each."""
    magnitude = np.abs(np.fft.rfft(frames * _hann(), N_FFT)).astype(np.float32) + np.float32(1e-7)
    p = magnitude / magnitude.sum(1, keepdims=True)
    f = np.linspace(0, SAMPLE_RATE_HZ / 2, N_FFT // 2 + 1, dtype=np.float32)
    centroid = p @ f
    squares = ((f - centroid[:, None]) / 1000) ** 2
    kurtosis = (squares**2 * p).sum(1) / np.maximum((squares * p).sum(1) ** 2, 1e-9)
    power = (magnitude**2) @ _a_weights()
    return np.stack((10 * np.log10(power + 1e-12), centroid, np.log(kurtosis)), axis=1).astype(np.float32)


def loud_db(loudness_db: Floats) -> float:
    """The level of a clip's loud frames: the 95th percentile."""
    return float(np.percentile(loudness_db, 95)) if len(loudness_db) else 0.0


def gain(measured_db: float) -> np.float32:
    """What brings a clip whose loud frames are at `measured_db` to LOUD_DB; at most 80 dB, for all but silent clips."""
    return np.float32(10 ** (min(80.0, LOUD_DB - measured_db) / 20))


def inputs(
    measures: Floats, f0_hz: Floats, reference_db: float | Floats, before_hz: float = 0.0
) -> tuple[Floats, Floats]:
    """What the decoder takes: loudness (frames,), 0 at `reference_db` and -1 at 50 dB below it or less; and the
    controls (frames, 3), about 0 ± 1: centroid, kurtosis, ΔF0 (see `delta_f0`)."""
    loudness = np.clip((measures[:, 0] - reference_db) / -QUIETEST_DB, -1.0, 0.3)
    centroid = (measures[:, 1] - CENTROID_HZ[0]) / CENTROID_HZ[1]
    kurtosis = (measures[:, 2] - LOG_KURTOSIS[0]) / LOG_KURTOSIS[1]
    delta = delta_f0(f0_hz, before_hz) / DELTA_SEMITONES
    return loudness.astype(np.float32), np.clip(np.stack((centroid, kurtosis, delta), axis=1), -3, 3).astype(np.float32)


def prosody(f0_hz: Floats, loudness: Floats) -> Floats:
    """The decoder's (frames, 3): log2 of F0 over 200 Hz (0 if unvoiced), voiced or not, loudness."""
    voiced = f0_hz > 0
    octaves = np.where(voiced, np.log2(np.where(voiced, f0_hz, 200.0) / 200.0), 0.0)
    return np.stack((octaves, voiced, loudness), axis=1).astype(np.float32)


def delta_f0(f0_hz: Floats, before_hz: float = 0.0) -> Floats:
    """F0's step from the frame before, in semitones; 0 unless both are voiced. `before_hz`: the frame before all."""
    past = np.concatenate(([before_hz], f0_hz[:-1])) if len(f0_hz) else f0_hz
    both = (f0_hz > 0) & (past > 0)
    return np.where(both, 12 * np.log2(np.where(both, f0_hz, 1) / np.where(both, past, 1)), 0).astype(np.float32)


@lru_cache(maxsize=1)
def _hann() -> Floats:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


@lru_cache(maxsize=1)
def _a_weights() -> Floats:
    """Power weights of IEC 61672's A curve over the bins, scaled that a full-scale sine at 1 kHz is at 0 dB."""
    f2 = np.square(np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ))
    gain = 12194.0**2 * f2**2 / ((f2 + 20.6**2) * np.sqrt((f2 + 107.7**2) * (f2 + 737.9**2)) * (f2 + 12194.0**2))
    weights = np.square(gain * 10**0.1)
    return (weights * 8 / (3 * WINDOW * N_FFT / 4)).astype(np.float32)
