"""Means and sums over answers that share listeners and speakers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from listening_test.analysis import crossed
from listening_test.analysis.worlds import RatingWorld

RNG = np.random.default_rng(0)


def parts(values: np.ndarray) -> np.ndarray:
    """What each adds to the error of their mean."""
    return (values - values.mean()) / len(values)


def test_one_answer_from_each_about_a_speaker_of_its_own_is_student():
    values = np.random.default_rng(1).normal(3, 1, 30)
    found = crossed.total(values.mean(), parts(values), np.arange(30), np.arange(30))
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-3)
    assert found.se == pytest.approx(values.std(ddof=1) / math.sqrt(30))


def brute_force(contributions: np.ndarray, *memberships: list[set]) -> float:
    """Sum of products over pairs that share something in every one of the memberships."""
    shares = lambda t, u: all(one[t] & one[u] for one in memberships)  # noqa: E731
    every = itertools.product(range(len(contributions)), repeat=2)
    return sum(contributions[t] * contributions[u] for t, u in every if shares(t, u))


@given(st.integers(0, 200))
def test_pairs_that_share_a_voice_are_counted_once(seed):
    rng = np.random.default_rng(seed)
    values, listeners = rng.normal(size=14), rng.integers(0, 3, 14)
    first, second = rng.integers(0, 4, (2, 14))
    clusters = crossed.Clusters(listeners, first, second)
    voices = [{a, b} for a, b in zip(first.tolist(), second.tolist(), strict=True)]
    people = [{one} for one in listeners.tolist()]
    assert crossed._shared(values, clusters) == pytest.approx(brute_force(values, voices))
    assert crossed._shared(values, clusters, listeners) == pytest.approx(brute_force(values, voices, people))


def test_names_of_any_kind_make_the_same_clusters():
    values, listeners, speakers = RatingWorld(10, 6).draw(np.random.default_rng(2))
    by_number = crossed.mean(values, listeners, speakers, rng=RNG)
    by_name = crossed.mean(values, [f"L{n}" for n in listeners], [f"S{n}" for n in speakers], rng=RNG)
    assert by_name == by_number


def test_the_mixed_model_and_the_clusters_tell_about_the_same():
    drawn = RatingWorld(40, 20).draw(np.random.default_rng(3))
    model = crossed.mean(*drawn, rng=RNG)
    clusters = crossed.total(model.value, parts(drawn.values), drawn.listeners, drawn.speakers)
    assert model.method == "mixed model"
    assert clusters.se == pytest.approx(model.se, rel=0.1)


def test_pooling_is_narrower_than_what_speakers_allow():
    drawn = RatingWorld(40, 8, sd_speaker=0.8).draw(np.random.default_rng(4))
    found = crossed.mean(*drawn, rng=RNG)
    assert found.se > 2 * drawn.values.std() / math.sqrt(len(drawn.values))
    assert found.df < 10


def test_too_many_for_the_model_go_to_the_bootstrap(monkeypatch):
    drawn = RatingWorld(30, 10).draw(np.random.default_rng(5))
    model = crossed.mean(*drawn, rng=RNG)
    monkeypatch.setattr(crossed, "MODEL_MOST", 20)
    other = crossed.mean(*drawn, rng=np.random.default_rng(0))
    assert other.method == "two-way bootstrap"
    assert (other.value, other.answers) == (pytest.approx(model.value), model.answers)
    assert other.se == pytest.approx(model.se, rel=0.2)


def test_answers_that_all_agree_have_an_interval_without_width():
    found = crossed.mean(np.full(12, 4.0), np.repeat(np.arange(4), 3), np.tile(np.arange(3), 4), rng=RNG)
    assert (found.value, found.low, found.high, found.se) == (4, 4, 4, 0)
    assert "no certainty" in found.note


@pytest.mark.parametrize(
    ("listeners", "speakers", "note"),
    [([], [], "No answers"), ([0, 0, 0], [0, 1, 2], "two listeners"), ([0, 1, 2], [0, 0, 0], "two speakers")],
)
def test_what_cannot_be_known_is_said(listeners, speakers, note):
    found = crossed.mean(np.arange(float(len(listeners))), listeners, speakers, rng=RNG)
    assert note in found.note
    assert math.isnan(found.low)
    assert found.answers == len(listeners)


def test_one_answer_from_each_listener_and_each_speaker_still_has_an_interval():
    found = crossed.mean([2.0, 3.0, 5.0], [0, 1, 2], [0, 1, 2], rng=RNG)
    assert found.low < found.value < found.high


def test_shares_stay_shares():
    values = np.array([1.0, 1, 1, 1, 1, 1, 1, 0])
    found = crossed.mean(values, np.repeat(np.arange(4), 2), np.tile([0, 1], 4), rng=RNG, scale="logit")
    assert 0 < found.low < found.value < found.high < 1


def test_a_share_of_which_nothing_is_known_has_the_widest_interval_there_is():
    contributions = [0.001, -0.001, 0.002, -0.002]
    found = crossed.total(0.002, contributions, list("aabb"), list("xyxy"), confidence=0.999, scale="logit")
    assert (found.low, found.high) == pytest.approx((0, 1))
