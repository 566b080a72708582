"""The target speakers whose frames are searched, and what is said when they are not here."""

from __future__ import annotations

import numpy as np
import pytest

from anonymizers import house_knn, house_model, pool, runner
from anonymizers.base import AnonymizerError
from anonymizers.pool import Pool
from audio.clip import Clip


def speakers() -> Pool:
    vectors = np.eye(6, 8, dtype=np.float32)
    f0_hz = np.array([200, 210, 220, 100, 110, 120], np.float32)
    return Pool(tuple("abcdef"), tuple("FFFMMM"), vectors, f0_hz, np.full(6, 2, np.float32))


@pytest.mark.parametrize(("gender", "names"), [("same", "abc"), ("cross", "def"), ("any", "abcdef")])
def test_targets_are_drawn_among_those_of_the_gender_asked_for(gender: str, names: str):
    source = np.array([1, 0.9, 0.8, 0, 0, 0, 0, 0], np.float32)
    mix = house_knn.drawn(speakers(), source, gender, 12, np.random.default_rng(0))
    assert [speakers().speakers[place] for place in mix.places] == list(names)
    np.testing.assert_allclose(mix.weights, 1 / len(names))
    assert len(house_knn.drawn(speakers(), source, gender, 2, np.random.default_rng(0)).places) == 2


def test_missing_frames_are_said(tmp_path):
    with pytest.raises(AnonymizerError, match=r"nothing\.npz is not here: .*house-frames"):
        house_knn.load(tmp_path / "nothing.npz")


def test_the_shipped_frames_are_of_women_and_men_of_the_pool():
    frames = house_knn.load(house_model.FOLDER / f"{house_knn.NAME}.npz")
    assert set(frames.pool.sexes) == {"F", "M"}
    assert set(frames.pool.speakers) <= set(pool.load().speakers)
    assert frames.content.shape == (len(frames.speaker), 64)
    assert np.abs(frames.content).max() <= 1
    assert set(frames.speaker) == set(range(len(frames.pool)))
    assert np.bincount(frames.speaker).min() > 200


def test_more_speakers_are_more_frames(spoken: Clip):
    short = Clip(spoken.samples[:16_000], 16_000)
    one, three = (runner.run(short, "house-knn", params={"targets": count}).pseudo_speaker for count in (1, 3))
    assert len(one["speakers"]) == 1
    assert len(three["speakers"]) == 3
    assert three["frames_searched"] > one["frames_searched"]
    assert one["rule"] == "random targets"
