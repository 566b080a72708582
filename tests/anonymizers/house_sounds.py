"""Sounds that an anonymizer of voices may be given, and ought to survive: 16 kHz unless named otherwise."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

from audio.clip import Clip
from tests.conftest import synthetic_voice

RATE_HZ = 16_000


def _clip(samples: np.ndarray, sample_rate: int = RATE_HZ) -> Clip:
    return Clip(np.clip(samples, -1, 1).astype(np.float32), sample_rate)


def near_silence() -> Clip:
    """A room at -100 dB."""
    return _clip(1e-5 * np.random.default_rng(0).standard_normal(RATE_HZ))


def speech_after_silence(spoken: Clip) -> Clip:
    return _clip(np.concatenate((np.zeros(RATE_HZ), spoken.samples[:RATE_HZ])))


def music() -> Clip:
    """Chords with overtones."""
    times_s = np.arange(2 * RATE_HZ) / RATE_HZ
    chords = [(220, 277.2, 329.6), (196, 246.9, 293.7)]
    tones = [sum(np.sin(2 * np.pi * n * hz * times_s) / n for hz in chord for n in (1, 2, 3, 4)) for chord in chords]
    return _clip(0.1 * np.where(times_s < 1, *tones))


def shouting(spoken: Clip) -> Clip:
    """Far beyond full scale, so clipped."""
    return _clip(spoken.samples[: 2 * RATE_HZ] / np.abs(spoken.samples).max() * 8)


def whisper() -> Clip:
    """Noise through three formants."""
    sound = np.random.default_rng(0).standard_normal(RATE_HZ)
    for hz, width_hz in ((700, 90), (1220, 110), (2600, 160)):
        radius = np.exp(-np.pi * width_hz / RATE_HZ)
        sound = lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * hz / RATE_HZ), radius**2], sound)
    return _clip(0.05 * sound / np.abs(sound).max())


def two_people(spoken: Clip) -> Clip:
    other = synthetic_voice(2.0, f0_hz=210)
    return _clip(spoken.samples[: 2 * RATE_HZ] + other.samples[: len(spoken.samples)])


def telephone(spoken: Clip) -> Clip:
    """300 to 3,400 Hz at 8 kHz."""
    narrow = spoken.resampled(8_000)
    return _clip(sosfilt(butter(4, (300, 3_400), "bandpass", fs=8_000, output="sos"), narrow.samples[:16_000]), 8_000)


def tenth_of_a_second(spoken: Clip) -> Clip:
    return _clip(spoken.samples[RATE_HZ : RATE_HZ + 1_600])


def all_of(spoken: Clip) -> dict[str, Clip]:
    """Every sound by name."""
    return {
        "near silence": near_silence(),
        "speech after silence": speech_after_silence(spoken),
        "music": music(),
        "shouting": shouting(spoken),
        "whisper": whisper(),
        "two people": two_people(spoken),
        "telephone": telephone(spoken),
        "tenth of a second": tenth_of_a_second(spoken),
    }


NAMES = (
    "near silence", "speech after silence", "music", "shouting", "whisper", "two people", "telephone",
    "tenth of a second",
)  # fmt: skip
