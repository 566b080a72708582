"""The F0 chain through WORLD: which steps run, at which rate, and what happens to F0."""

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.f0 import MeanReversion, Noise, Quantise
from anonymizers.f0_mean_reversion import F0MeanReversion, chain, transformed_f0
from anonymizers.world import HOP_S, World, analyse
from audio.clip import Clip

DEFAULTS = {param.name: param.default for param in F0MeanReversion.info.params}


def world_with(f0_hz: np.ndarray) -> World:
    ones = np.ones((len(f0_hz), 513))
    return World(np.asarray(f0_hz, dtype=np.float64), ones, ones, HOP_S, 16_000)


def moved(f0_hz: np.ndarray, seed: int = 0, **params) -> np.ndarray:
    return transformed_f0(world_with(f0_hz), chain(**{**DEFAULTS, **params}), np.random.default_rng(seed))[0]


def test_defaults_are_the_papers():
    assert chain(**DEFAULTS) == [Noise(10.0, "variance"), MeanReversion(0.75, 32, False)]


def test_order_is_a_setting():
    settings = {**DEFAULTS, "quantise_levels": 16, "noise": "snr", "voiced_only": True}
    quantise, noise, revert = Quantise(16), Noise(10.0, "snr"), MeanReversion(0.75, 32, True)
    assert chain(**settings) == [quantise, noise, revert]
    assert chain(**{**settings, "order": "reversion first"}) == [quantise, revert, noise]
    assert chain(**{**settings, "noise": "off"}) == [quantise, revert]


def test_full_reversion_is_the_moving_average():
    slow = 150.0 + 30.0 * np.sin(2 * np.pi * np.arange(2000) / 128)  # one period is the window: 32 frames of 20 ms
    flat = moved(slow, noise="off", alpha=1.0, voiced_only=True)
    assert np.ptp(flat[200:-200]) < 2.0
    assert flat[200:-200].mean() == pytest.approx(150.0, abs=1.0)


def test_no_reversion_and_no_noise_keep_the_track():
    slow = np.where(np.arange(400) % 100 < 60, 150.0 + 30.0 * np.sin(np.arange(400) / 40), 0.0)
    np.testing.assert_allclose(moved(slow, noise="off", alpha=0.0), slow, rtol=0.02)


def test_voicing_stays_and_pauses_pull_no_ones_pitch():
    f0_hz = np.zeros(400)
    f0_hz[101:159] = 200.0
    f0_hz[200:300] = 100.0
    after = moved(f0_hz, noise="off", alpha=0.5, voiced_only=True)
    np.testing.assert_array_equal(after > 0, f0_hz > 0)
    assert after[101:105].min() > 150.0


def test_an_island_between_two_chain_frames_is_voiced_too():
    f0_hz = np.zeros(40)
    f0_hz[0:8], f0_hz[21:23] = 120.0, 125.0
    after = moved(f0_hz)
    assert (after[21:23] > 0).all()


def test_reversion_narrows_f0_and_noise_last_is_rougher(voice):
    system = F0MeanReversion()

    def after(**params) -> np.ndarray:
        contour = system.anonymize(voice, seed=1, **{**DEFAULTS, **params}).intermediates["f0_after"]
        return contour.values[~np.isnan(contour.values)]

    before = analyse(voice).f0_hz
    assert after(noise="off").std() < 0.8 * before[before > 0].std()
    assert after(order="reversion first").std() > 1.5 * after().std()


def test_strong_noise_warns(voice):
    result = F0MeanReversion().anonymize(voice, seed=0, **{**DEFAULTS, "awgn_db": 20.0, "order": "reversion first"})
    assert "brought back" in result.warnings[0]
    assert result.pseudo_speaker["noise_sigma_z"] == pytest.approx(10.0)


def test_no_voice_says_so():
    impulse = Clip(np.eye(1, 8000, 4000, dtype=np.float32)[0], 16_000)
    assert "No voiced sound" in F0MeanReversion().anonymize(impulse, seed=0, **DEFAULTS).warnings[0]


def test_without_noise_every_seed_sounds_the_same(voice):
    one, two = (F0MeanReversion().anonymize(voice, seed=s, **{**DEFAULTS, "noise": "off"}).clip for s in (1, 2))
    np.testing.assert_array_equal(one.samples, two.samples)
