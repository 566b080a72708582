"""What the decoder is told of a frame: the same measures as in audio.features, A-weighted levels, steps of F0."""

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.nn import controls, mel
from audio import features
from audio.clip import Clip

RATE_HZ = mel.SAMPLE_RATE_HZ


def tone(hz: float, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ).astype(np.float32)


def test_centroid_and_kurtosis_are_those_of_the_feature_plots(voice: Clip):
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(voice.samples))
    samples = (voice.samples + noise).astype(np.float32)
    measures = controls.measured(samples)
    inside = Clip(samples[2 * mel.HOP - mel.AHEAD :], RATE_HZ)  # its first frame is the one centred on sample 320
    centroid, kurtosis = features.spectral_centroid(inside).values, features.spectral_kurtosis(inside).values
    np.testing.assert_allclose(measures[2 : 2 + len(centroid), 1], centroid, rtol=1e-3)
    np.testing.assert_allclose(np.exp(measures[2 : 2 + len(kurtosis), 2]), kurtosis, rtol=2e-3)


@pytest.mark.parametrize(
    ("hz", "weight_db"),
    [(200, -10.9), (400, -4.8), (800, -0.8), (1_000, 0.0), (2_000, 1.2), (4_000, 1.0), (6_300, -0.1)],
)
def test_loudness_of_tones_is_that_of_the_standards_table(hz: float, weight_db: float):
    """IEC 61672-1, table 3; a full-scale sine at 1 kHz is at 0 dB."""
    assert controls.measured(tone(hz))[10:40, 0] == pytest.approx(weight_db, abs=0.4)
    assert controls.measured(0.1 * tone(hz))[10:40, 0] == pytest.approx(weight_db - 20, abs=0.4)


def test_silence_is_measured_as_a_number():
    measures = controls.measured(np.zeros(800, np.float32))
    assert measures.shape == (5, 3)
    assert np.isfinite(measures).all()
    assert controls.loud_db(measures[:, 0]) < -100
    assert controls.gain(-200.0) == pytest.approx(1e4)
    assert controls.loud_db(np.zeros(0, np.float32)) == 0


def test_gain_brings_loud_frames_to_the_level_of_the_networks():
    samples = 0.01 * tone(1_000)
    gain = controls.gain(controls.loud_db(controls.measured(samples)[:, 0]))
    loud_db = controls.loud_db(controls.measured(samples * gain)[:, 0])
    assert loud_db == pytest.approx(controls.LOUD_DB, abs=0.01)


def test_steps_of_f0_are_in_semitones_between_voiced_frames_only():
    f0_hz = np.array([0, 100, 200, 100, 0, 0, 150, 150], np.float32)
    np.testing.assert_allclose(controls.delta_f0(f0_hz), [0, 0, 12, -12, 0, 0, 0, 0], atol=1e-5)
    np.testing.assert_allclose(controls.delta_f0(f0_hz[2:], 100.0), controls.delta_f0(f0_hz)[2:])
    assert len(controls.delta_f0(f0_hz[:0])) == 0


def test_inputs_are_about_nought_and_bounded():
    ordinary = [controls.LOUD_DB, controls.CENTROID_HZ[0], controls.LOG_KURTOSIS[0]]
    extreme = [-200.0, 8_000.0, 12.0]
    measures = np.array([ordinary, extreme, ordinary], np.float32)
    loudness, emotion = controls.inputs(measures, np.array([100, 400, 400], np.float32), controls.LOUD_DB)
    np.testing.assert_allclose(loudness, [0, -1, 0], atol=1e-6)
    np.testing.assert_allclose(emotion, [[0, 0, 0], [3, 3, 3], [0, 0, 0]], atol=1e-6)
