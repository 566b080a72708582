"""Resampling of live sound: gapless however it is cut, and in time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.streaming import StreamResampler

RATES = [(48_000, 16_000), (44_100, 16_000), (16_000, 44_100), (16_000, 48_000), (8_000, 16_000), (96_000, 16_000)]


def tone(rate_hz: int, frequency_hz: float, duration_s: float = 0.3) -> np.ndarray:
    return np.sin(2 * np.pi * frequency_hz * np.arange(int(duration_s * rate_hz)) / rate_hz).astype(np.float32)


def through(samples: np.ndarray, from_hz: int, to_hz: int, size: int) -> np.ndarray:
    resampler = StreamResampler(from_hz, to_hz)
    parts = [resampler.push(samples[start : start + size]) for start in range(0, len(samples), size)]
    return np.concatenate([*parts, resampler.flush()])


@given(st.sampled_from(RATES), st.integers(1, 5000))
def test_pieces_of_any_size_give_the_same_sound(rates: tuple[int, int], size: int) -> None:
    samples = np.random.default_rng(1).standard_normal(3000).astype(np.float32)
    whole, pieces = through(samples, *rates, len(samples)), through(samples, *rates, size)
    assert pieces.dtype == np.float32
    np.testing.assert_array_equal(pieces, whole)
    assert abs(len(whole) - len(samples) * rates[1] / rates[0]) <= 1


@pytest.mark.parametrize("rates", RATES)
def test_a_tone_stays_where_it_was_in_time_and_pitch(rates: tuple[int, int]) -> None:
    from_hz, to_hz = rates
    made = through(tone(from_hz, 1000), from_hz, to_hz, 441)
    edge = to_hz // 50
    np.testing.assert_allclose(made[edge:-edge], tone(to_hz, 1000)[: len(made)][edge:-edge], atol=2e-3)


def test_what_the_lower_rate_cannot_hold_is_gone() -> None:
    made = through(tone(48_000, 9_500), 48_000, 16_000, 960)
    assert np.abs(made[800:-800]).max() < 10 ** (-55 / 20)


@pytest.mark.parametrize("rates", RATES)
def test_it_is_a_millisecond_or_two_late(rates: tuple[int, int]) -> None:
    from_hz, to_hz = rates
    resampler = StreamResampler(from_hz, to_hz)
    came = sum(len(resampler.push(np.zeros(from_hz // 100, np.float32))) for _ in range(50))
    assert 0.5 - came / to_hz <= 17 / min(from_hz, to_hz)


def test_at_the_same_rate_it_does_nothing() -> None:
    samples = tone(16_000, 300)
    resampler = StreamResampler(16_000, 16_000)
    assert resampler.push(samples) is samples
    assert len(resampler.flush()) == 0
