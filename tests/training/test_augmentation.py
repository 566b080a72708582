"""Augmentation: the speed, the level of what is mixed in, and that every change keeps its length and is finite."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.augmentation import (
    SAMPLE_RATE_HZ,
    Augmentation,
    augmented,
    band,
    coloured_noise,
    mu_law,
    room,
    source_length,
)

NONE, ALL = Augmentation(0, 0, 0, 0, 0, 0), Augmentation(1, 1, 1, 1, 1, 1)


def noise(length: int, rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(length).astype(np.float32)


@given(st.integers(1_600, 20_000), st.floats(0.8, 1.25), st.integers(0, 2**32))
@settings(max_examples=20)
def test_every_change_at_once_gives_finite_samples_of_the_length_asked_for(length: int, speed: float, seed: int):
    rng = np.random.default_rng(seed)
    source = noise(source_length(length, speed), rng)
    first = augmented(source, length, ALL, np.random.default_rng(seed), noise)
    assert first.shape == (length,)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.array_equal(first, augmented(source, length, ALL, np.random.default_rng(seed), noise))


@pytest.mark.parametrize("speed", [0.9, 1.0, 1.1])
def test_a_tone_is_raised_by_the_speed(speed: float):
    length = 16_000
    times_s = np.arange(source_length(length, speed)) / SAMPLE_RATE_HZ
    tone = np.sin(2 * np.pi * 1_000 * times_s).astype(np.float32)
    found = augmented(tone, length, NONE, np.random.default_rng(0), noise)
    peak_hz = np.argmax(np.abs(np.fft.rfft(found * np.hanning(length)))) * SAMPLE_RATE_HZ / length
    assert peak_hz == pytest.approx(1_000 * speed, abs=1.5)


def test_without_changes_only_the_level_moves():
    sound = noise(source_length(8_000, 1.0), np.random.default_rng(1))
    found = augmented(sound, 8_000, NONE, np.random.default_rng(0), noise)
    start = 3_200
    assert np.corrcoef(found, sound[start : start + 8_000])[0, 1] == pytest.approx(1, abs=1e-5)


def test_rooms_decay_and_start_with_the_direct_sound():
    for seed in range(20):
        response = room(np.random.default_rng(seed))
        assert response[0] == 1 == np.abs(response).max()
        assert np.sum(response[1:] ** 2) <= 1 + 1e-5
        assert np.mean(response[len(response) // 2 :] ** 2) < np.mean(response[1 : len(response) // 2] ** 2)


def test_a_line_passes_the_middle_and_not_the_ends():
    response = band(8_001, np.random.default_rng(0))  # one bin a hertz
    assert response[1_000:3_000] == pytest.approx(1)
    assert response[7_500] == pytest.approx(10 ** (-50 / 20), rel=0.01)


def test_noise_falls_with_frequency_and_coarse_sound_stays_near():
    rng = np.random.default_rng(3)
    for _ in range(5):
        power = np.abs(np.fft.rfft(coloured_noise(16_000, rng))) ** 2
        assert power[:2_000].mean() > 0.8 * power[-2_000:].mean()
    sound = np.linspace(-1, 1, 1_001, dtype=np.float32)
    coarse = mu_law(sound, 32)
    assert np.abs(coarse - sound).max() < 0.1
    assert len(np.unique(coarse)) < 70
