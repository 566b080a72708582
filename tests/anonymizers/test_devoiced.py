"""The whisper: no pitch left, the level contour kept."""

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.devoiced import Devoiced, whisper_envelope, whispered
from anonymizers.world import HOP_S, World, analyse


def level_db(samples: np.ndarray, width: int = 800) -> np.ndarray:
    pieces = samples[: len(samples) // width * width].reshape(-1, width).astype(np.float64)
    return 10 * np.log10((pieces**2).mean(axis=1) + 1e-9)


def test_no_pitch_is_left(voice):
    assert analyse(voice).voiced.mean() > 0.8
    assert analyse(Devoiced().anonymize(voice, seed=0).clip).voiced.mean() < 0.2  # chance hits of the F0 tracker


def test_level_contour_is_kept(voice):
    before, after = level_db(voice.samples), level_db(Devoiced().anonymize(voice, seed=0).clip.samples)
    loud = before > before.max() - 20
    assert np.abs((after - before)[loud]).mean() < 2.0


def test_flat_envelope_gives_white_noise_of_its_power():
    power = 0.04
    world = World(np.zeros(401), np.full((401, 513), power), np.ones((401, 513)), HOP_S, 16_000)
    sound = whispered(world.envelope, world, 32_000, np.random.default_rng(0)).astype(np.float64)
    assert sound.var() == pytest.approx(power, rel=0.03)
    halves = np.add.reduceat(np.abs(np.fft.rfft(sound)) ** 2, [0, 8_000])
    assert halves[0] == pytest.approx(halves[1], rel=0.05)


def test_sound_comes_when_the_envelope_says():
    envelope = np.full((401, 513), 1e-12)
    envelope[200] = 1.0
    world = World(np.zeros(401), envelope, np.ones_like(envelope), HOP_S, 16_000)
    sound = whispered(envelope, world, 32_000, np.random.default_rng(0))
    centre = np.average(np.arange(32_000), weights=sound.astype(np.float64) ** 2)
    assert centre == pytest.approx(200 * 80, abs=40)
    assert not np.abs(sound[: 200 * 80 - 800]).max() > 1e-3


def test_voiced_frames_lose_the_low_end_and_keep_their_power(voice):
    source = analyse(voice)
    envelope = whisper_envelope(source)
    np.testing.assert_allclose(envelope.sum(axis=1), source.envelope.sum(axis=1), rtol=1e-9)
    assert (envelope[source.voiced, 3] < source.envelope[source.voiced, 3]).all()
    np.testing.assert_array_equal(envelope[~source.voiced], source.envelope[~source.voiced])
