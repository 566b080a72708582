"""Sharper formants: what lies around a band stays, what stands out of it stands out more. And softer pulses."""

import numpy as np
import pytest

from anonymizers.nn import postfilter


def test_flat_and_tilted_gains_stay() -> None:
    flat = np.full((3, 128), -2.5, np.float32)
    np.testing.assert_allclose(postfilter.sharpened(flat), flat, atol=1e-5)
    tilted = flat + np.concatenate((np.linspace(0, -4, 80), np.linspace(0, -2, 48))).astype(np.float32)
    inner = np.r_[4:76, 84:124]
    np.testing.assert_allclose(postfilter.sharpened(tilted)[:, inner], tilted[:, inner], atol=1e-5)


@pytest.mark.parametrize("band", [20, 79, 80, 100])
def test_a_peak_rises_by_its_share_and_its_neighbours_sink(band: int) -> None:
    gains = np.zeros((1, 128), np.float32)
    gains[0, band] = 1.0
    made = postfilter.sharpened(gains)[0]
    assert made[band] > 1.0
    other = slice(80, 128) if band < 80 else slice(0, 80)
    np.testing.assert_allclose(made[other], 0.0, atol=1e-7)  # the two parts do not touch
    if band in (20, 100):
        own = 1 + (postfilter.SHARPNESS - 1) * (1 - 1 / postfilter.AROUND)
        assert made[band] == pytest.approx(own, abs=1e-5)
        assert made[band + 1] == pytest.approx(-(postfilter.SHARPNESS - 1) / postfilter.AROUND, abs=1e-5)


def test_each_frame_is_for_itself() -> None:
    gains = np.random.default_rng(1).standard_normal((7, 128)).astype(np.float32)
    alone = np.concatenate([postfilter.sharpened(gains[place : place + 1]) for place in range(7)])
    np.testing.assert_allclose(postfilter.sharpened(gains), alone, atol=1e-6)


def test_pulses_are_softer_where_nobody_s_voice_sounds() -> None:
    gains = np.random.default_rng(2).standard_normal((4, 128)).astype(np.float32)
    voiced = np.array([True, False, True, False])
    made = postfilter.voiced_only(gains, voiced)
    np.testing.assert_array_equal(made[voiced], gains[voiced])
    np.testing.assert_array_equal(made[:, 80:], gains[:, 80:])
    np.testing.assert_allclose(np.exp(made - gains)[~voiced, :80], 0.501, atol=1e-3)  # half the amplitude
    assert postfilter.voiced_only(gains[:0], voiced[:0]).shape == (0, 128)
