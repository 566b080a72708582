"""WORLD taken apart and put together: lengths, warps, clamps, real formants."""

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.world import HOP_S, World, analyse, fitted, synthesise, warped, with_f0
from audio.clip import Clip


@pytest.fixture(scope="module")
def apart(voice) -> World:
    return analyse(voice)


def test_shapes_and_ranges(voice, apart):
    frames = int(voice.duration_s / HOP_S) + 1
    assert apart.f0_hz.shape == (frames,)
    assert apart.envelope.shape == apart.aperiodicity.shape == (frames, 513)
    assert (apart.envelope > 0).all()
    assert apart.aperiodicity.min() > 0
    assert apart.aperiodicity.max() <= 1
    assert apart.median_f0_hz == pytest.approx(120.0, rel=0.1)


def test_resynthesis_keeps_pitch_and_level(voice, apart):
    again = synthesise(apart, len(voice.samples))
    assert len(again.samples) == len(voice.samples)
    assert analyse(again).median_f0_hz == pytest.approx(apart.median_f0_hz, rel=0.01)
    assert again.samples.std() == pytest.approx(voice.samples.std(), rel=0.25)


def test_taking_apart_is_repeatable(voice, apart):
    once_more = analyse(voice)
    for name in ("f0_hz", "envelope", "aperiodicity"):
        np.testing.assert_array_equal(getattr(once_more, name), getattr(apart, name))


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.25])
def test_warp_moves_a_resonance_by_its_factor(apart, factor):
    bins = np.arange(513)
    bump = np.exp(-(((bins - 100) / 5.0) ** 2))[None] + 1e-6
    one = World(apart.f0_hz[:1], bump, apart.aperiodicity[:1], HOP_S, 16_000)
    assert np.argmax(warped(one, factor).envelope[0]) == pytest.approx(100 * factor, abs=1)


def test_f0_is_clamped_and_silence_stays_unvoiced(apart):
    track = np.resize([0.0, 10.0, 200.0, 5000.0], len(apart.f0_hz))
    np.testing.assert_array_equal(with_f0(apart, track).f0_hz[:4], [0.0, 50.0, 200.0, 800.0])


@pytest.mark.parametrize("samples", [1, 16, 80, 800])
def test_short_clips(samples):
    clip = Clip(np.random.default_rng(0).uniform(-0.5, 0.5, samples), 16_000)
    again = synthesise(analyse(clip), samples)
    assert len(again.samples) == samples
    assert np.isnan(analyse(clip).median_f0_hz) or samples == 800


def test_fitted_cuts_and_pads():
    np.testing.assert_array_equal(fitted(np.ones(3), 5), [1, 1, 1, 0, 0])
    np.testing.assert_array_equal(fitted(np.ones(3), 2), [1, 1])
