"""McAdams: the published numbers, the independent loop of the benchmark, and signals that are no speech."""

from __future__ import annotations

import numpy as np
import pytest

from anonymizers.base import AnonymizerError
from anonymizers.mcadams import ORDER, McAdams, burg, mcadams, move_poles, normalised, overlap_add, window
from audio.clip import Clip
from benchmarks.mcadams import frame_at_a_time

ALPHAS = {"050": 0.5, "080": 0.8, "090": 0.9}
CASES = [(clip, name) for clip in "FM" for name in ALPHAS]


@pytest.fixture(scope="module")
def golden(shared_dir):
    folder = shared_dir / "golden" / "mcadams"
    return dict(np.load(folder / "inputs.npz")), dict(np.load(folder / "outputs.npz"))


def as_int16(samples: np.ndarray) -> np.ndarray:
    return np.trunc(samples.astype(np.float64) * 32_768).astype(np.int16)


@pytest.mark.parametrize(("clip", "name"), CASES)
def test_overlap_add_is_the_reference(golden, clip, name):
    inputs, outputs = golden
    expected = outputs[f"raw_{clip}_a{name}"]
    raw, skipped = mcadams(inputs[f"wav_{clip}"], ALPHAS[name])
    assert raw.dtype == np.float32
    assert skipped == 0
    np.testing.assert_allclose(raw, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize(("clip", "name"), CASES)
def test_int16_is_the_reference(golden, clip, name):
    inputs, outputs = golden
    alpha = ALPHAS[name]
    sound = McAdams().anonymize(Clip(inputs[f"wav_{clip}"], 16_000), seed=1, alpha_min=alpha, alpha_max=alpha).clip
    difference = as_int16(sound.samples).astype(int) - outputs[f"int16_{clip}_a{name}"]
    assert np.abs(difference).max() <= 1
    assert (difference != 0).mean() < 1e-3


def test_window_and_predictors_are_the_reference(golden):
    inputs, outputs = golden
    np.testing.assert_allclose(window(), outputs["win"], rtol=0, atol=1e-7)
    epsilon = np.finfo(np.float32).eps
    starts = 160 * np.array([0, 100, 101])
    frames = np.array([(inputs["wav_F"][s : s + 320] + epsilon) * window() for s in starts])
    np.testing.assert_allclose(burg(frames + epsilon, ORDER), outputs["lpc_F_frames_0_100_101"], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("alpha", [0.5, 0.8, 1.3])
def test_the_loop_over_frames_gives_the_same_sound(voice, alpha):
    expected = frame_at_a_time(voice.samples, alpha)
    np.testing.assert_allclose(mcadams(voice.samples, alpha)[0], expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_alpha_one_changes_nothing_but_the_ends(voice):
    raw, _ = mcadams(voice.samples, 1.0)
    covered = slice(160, len(voice.samples) // 160 * 160 - 160)
    np.testing.assert_allclose(raw[covered], voice.samples[covered], rtol=0, atol=0.01)


def test_poles_move_along_their_circle():
    moved = move_poles(np.array([0.9 * np.exp(0.25j), 0.9 * np.exp(-0.25j), -0.5, 0.7]), 0.5)
    np.testing.assert_allclose(moved, [0.9 * np.exp(0.5j), 0.9 * np.exp(-0.5j), -0.5, 0.7], atol=1e-12)


def test_overlap_add_by_hand():
    out = overlap_add(np.stack([np.full(320, 1.0), np.full(320, 2.0)]), 500)
    np.testing.assert_array_equal(out, np.repeat([1.0, 3.0, 2.0, 0.0], [160, 160, 160, 20]).astype(np.float32))


def test_peak_is_the_published_one(voice):
    sound = McAdams().anonymize(voice, seed=3, alpha_min=0.5, alpha_max=0.9).clip
    assert np.abs(as_int16(sound.samples).astype(int)).max() in (32_765, 32_766)
    assert not normalised(np.zeros(10, dtype=np.float32)).any()


def test_alpha_comes_from_the_seed_and_its_range(voice):
    draws = [McAdams().anonymize(voice, seed=s, alpha_min=0.6, alpha_max=0.7).pseudo_speaker["alpha"] for s in range(5)]
    assert len(set(draws)) == 5
    assert all(0.6 <= alpha <= 0.7 for alpha in draws)


def test_ends_the_wrong_way_round_are_refused(voice):
    with pytest.raises(AnonymizerError, match="swap them"):
        McAdams().anonymize(voice, seed=0, alpha_min=0.9, alpha_max=0.5)


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(1000),
        np.ones(1000),
        -np.ones(1000),
        np.tile([1.0, -1.0], 500),
        np.eye(1, 1000, 500)[0],
        np.full(1000, -np.finfo(np.float32).eps),
        1e-30 * np.ones(1000),
        np.sin(0.3 * np.arange(1000)),
        np.r_[np.zeros(500), np.ones(500)],
        np.zeros(0),
        np.ones(319),
    ],
)
def test_signals_that_are_no_speech_stay_finite(samples):
    raw, _ = mcadams(samples.astype(np.float32), 0.5)
    assert raw.shape == samples.shape
    assert np.isfinite(normalised(raw)).all()


def test_a_frame_whose_filter_runs_away_keeps_its_sound(voice, monkeypatch):
    monkeypatch.setattr("anonymizers.mcadams.move_poles", lambda found, alpha: 9.0 * found)
    result = McAdams().anonymize(voice, seed=0, alpha_min=0.8, alpha_max=0.8)
    assert np.isfinite(result.clip.samples).all()
    assert "kept their sound" in result.warnings[0]
