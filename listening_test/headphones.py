"""Sounds for setting up: three tones that only headphones tell apart, and noise to set the level by."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from audio.clip import Clip
from listening_test.study import StudyError

FREQUENCY_HZ = 200.0
TONE_S, RAMP_S, GAP_S = 1.0, 0.1, 0.5
REFERENCE_DBFS = -17.0
"""RMS of the steady part of the reference tone in each channel, 0 dB being an RMS of 1."""
TARGET_DB = -6.0
"""Of the softer tone, against the reference."""

GAINS = {
    "reference": (1.0, 1.0),
    "target": (10 ** (TARGET_DB / 20), 10 ** (TARGET_DB / 20)),
    "foil": (1.0, -1.0),
}
"""Factors of the left and the right channel. Over loudspeakers the foil's channels cancel in the air, so that it
sounds softest; over headphones nothing cancels."""

ORDERS = tuple("-".join(order) for order in permutations(sorted(GAINS)))
"""The six orders, as Sound.detail has them."""

NOISE_S, NOISE_RAMP_S = 5.0, 0.1
NOISE_SEED = 20_000
NOISE_BAND_HZ = (100.0, 8000.0)


def softest(order: str) -> str:
    """The right answer to "which was the softest?": "1", "2" or "3".

    Raises:
        StudyError: if `order` is none of ORDERS.
    """
    _check(order)
    return str(order.split("-").index("target") + 1)


def tones(order: str, sample_rate_hz: int) -> np.ndarray:
    """One trial of the antiphase headphone check (Woods et al. 2017): float64, shape (4 s, 2), left and right.

    Three tones of 200 Hz lasting 1 s with raised-cosine ramps of 0.1 s, parted by 0.5 s of silence, in the order
    given: the reference at -17 dBFS RMS in phase; the target, 6 dB softer, in phase; the foil, as strong as the
    reference, with one channel inverted.

    Raises:
        StudyError: if `order` is none of ORDERS.
    """
    _check(order)
    times_s = np.arange(round(TONE_S * sample_rate_hz)) / sample_rate_hz
    amplitude = np.sqrt(2) * 10 ** (REFERENCE_DBFS / 20)
    tone = amplitude * np.sin(2 * np.pi * FREQUENCY_HZ * times_s) * _ramps(len(times_s), RAMP_S, sample_rate_hz)
    gap = np.zeros((round(GAP_S * sample_rate_hz), 2))
    first, second, third = (np.outer(tone, GAINS[name]) for name in order.split("-"))
    return np.concatenate([first, gap, second, gap, third])


def level_noise(sample_rate_hz: int) -> Clip:
    """Five seconds of steady noise with the long-term spectrum of speech, peak below 1; level it before it is played.

    Gaussian noise whose power density from 100 Hz to 8 kHz follows ITU-T P.50:

        S(f) = -376.44 + 465.439 log10 f - 157.745 (log10 f)^2 + 16.7124 (log10 f)^3   [dB, f in Hz]

    Always the same noise: it is no stimulus, so there is nothing to draw.
    """
    count = round(NOISE_S * sample_rate_hz)
    spectrum = np.fft.rfft(np.random.default_rng(NOISE_SEED).standard_normal(count))
    frequencies_hz = np.fft.rfftfreq(count, 1 / sample_rate_hz)
    noise = np.fft.irfft(spectrum * 10 ** (speech_spectrum_db(frequencies_hz) / 20), count)
    noise *= _ramps(count, NOISE_RAMP_S, sample_rate_hz)
    return Clip((0.5 * noise / np.abs(noise).max()).astype(np.float32), sample_rate_hz)


def speech_spectrum_db(frequencies_hz: np.ndarray) -> np.ndarray:
    """Long-term power density of speech by ITU-T P.50, in dB with an arbitrary zero; -inf outside 100 Hz to 8 kHz."""
    low_hz, high_hz = NOISE_BAND_HZ
    inside = (frequencies_hz >= low_hz) & (frequencies_hz <= high_hz)
    decades = np.log10(np.where(inside, frequencies_hz, low_hz))
    return np.where(inside, np.polyval([16.7124, -157.745, 465.439, -376.44], decades), -np.inf)


def _ramps(count: int, ramp_s: float, sample_rate_hz: int) -> np.ndarray:
    """1, but for a raised cosine up at the start and down at the end."""
    length = round(ramp_s * sample_rate_hz)
    rising = 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / length)
    envelope = np.ones(count)
    envelope[:length] *= rising
    envelope[count - length :] *= rising[::-1]
    return envelope


def _check(order: str) -> None:
    if order not in ORDERS:
        raise StudyError(
            f"The tones of the headphone check come in one of the orders {', '.join(ORDERS)}, but {order!r} came: "
            "plan the study again."
        )
