"""Log-mel frames: where they lie, what an impulse and a tone give, and the running mean of live sound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers.nn import mel


@pytest.mark.parametrize(("samples", "frames"), [(0, 0), (1, 1), (160, 1), (161, 2), (16_000, 100), (16_001, 101)])
def test_a_frame_every_160_samples_the_last_within_the_sound(samples: int, frames: int):
    assert mel.frame_count(samples) == frames
    assert mel.log_mel(np.zeros(samples, np.float32)).shape == (frames, mel.N_MELS)


def test_silence_is_the_floor():
    assert mel.log_mel(np.zeros(480, np.float32)) == pytest.approx(np.log(mel.FLOOR))


def test_an_impulse_is_heard_in_the_middle_of_its_frame():
    """Its spectrum is flat: the square of the window (1 in the middle, energy 3/8 * 400) in each bin of a band."""
    samples = np.zeros(1_600, np.float32)
    samples[5 * mel.HOP] = 1
    frames = mel.log_mel(samples)
    np.testing.assert_allclose(frames[5], np.log(mel.bands().sum(0) / 150 + mel.FLOOR), atol=1e-4)
    heard = frames.mean(1) > np.log(mel.FLOOR) + 1
    assert heard.nonzero()[0].tolist() == [4, 5, 6]  # a window reaches 200 samples to either side
    assert frames[4] == pytest.approx(frames[6], abs=1e-4)


def test_bands_are_triangles_between_their_neighbours():
    bands = mel.bands()
    assert bands.shape == (257, mel.N_MELS)
    assert bands.min() == 0
    assert bands.max() <= 1
    hz = np.fft.rfftfreq(mel.N_FFT, 1 / mel.SAMPLE_RATE_HZ)
    assert hz[bands.any(1)].min() > mel.LOWEST_HZ
    assert hz[bands.any(1)].max() < mel.HIGHEST_HZ
    assert (np.diff(bands.argmax(0)) >= 0).all()


@pytest.mark.parametrize("warp", [0.85, 1.2])
def test_warping_moves_a_tone_by_that_factor(warp: float):
    tone = lambda hz: np.sin(2 * np.pi * hz * np.arange(4_000) / mel.SAMPLE_RATE_HZ).astype(np.float32)  # noqa: E731
    moved, higher = mel.log_mel(tone(2_000), warp)[10], mel.log_mel(tone(2_000 * warp))[10]
    assert abs(int(moved.argmax()) - int(higher.argmax())) <= 1
    assert moved.argmax() != mel.log_mel(tone(2_000))[10].argmax()


def test_no_warp_is_no_change():
    samples = np.random.default_rng(0).standard_normal(1_000).astype(np.float32)
    np.testing.assert_array_equal(mel.log_mel(samples), mel.log_mel(samples, warp=1.0))


@given(st.integers(1, 30))
def test_frames_are_the_same_one_by_one(count: int):
    samples = np.random.default_rng(count).standard_normal(count * mel.HOP).astype(np.float32)
    padded = np.pad(samples, mel.AHEAD)
    alone = [mel.of_frames(padded[None, t * mel.HOP : t * mel.HOP + mel.WINDOW])[0] for t in range(count)]
    np.testing.assert_allclose(mel.log_mel(samples), alone, atol=1e-4)


def test_many_frames_at_once_are_those_of_a_few():
    samples = np.random.default_rng(0).standard_normal(30 * 16_000).astype(np.float32)
    part = mel.log_mel(samples[: 2 * 16_000])
    np.testing.assert_allclose(mel.log_mel(samples)[: len(part) - 2], part[:-2], atol=1e-5)


@pytest.mark.parametrize("frames", [1, 50, 900])
def test_a_running_mean_goes_from_the_ordinary_to_what_is_heard(frames: int):
    """Of equal frames c after 100 of o: (100 o + t c) / (100 + t)."""
    ordinary, heard = np.full(mel.N_MELS, -4, np.float32), np.full((frames, mel.N_MELS), 2, np.float32)
    means, count = mel.running_mean(heard, ordinary)
    t = np.arange(1, frames + 1)[:, None]
    np.testing.assert_allclose(means, np.broadcast_to((100 * -4 + 2 * t) / (100 + t), means.shape), atol=1e-5)
    assert count == 100 + frames


def test_a_running_mean_forgets_over_ten_seconds():
    means, heard = mel.running_mean(np.ones((3_000, 1), np.float32), np.zeros(1, np.float32), mel.MEMORY_FRAMES)
    assert heard == mel.MEMORY_FRAMES
    np.testing.assert_allclose(means[:, 0], 1 - (1 - 1e-3) ** np.arange(1, 3_001), atol=1e-5)


def test_a_running_mean_goes_on_where_it_stopped():
    frames = np.random.default_rng(0).standard_normal((200, 3)).astype(np.float32)
    whole, _ = mel.running_mean(frames, np.zeros(3, np.float32))
    first, heard = mel.running_mean(frames[:70], np.zeros(3, np.float32))
    second, _ = mel.running_mean(frames[70:], first[-1], heard)
    np.testing.assert_allclose(np.concatenate((first, second)), whole, atol=1e-6)
