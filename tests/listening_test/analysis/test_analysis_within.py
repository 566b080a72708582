"""The within-listener AUC."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from listening_test.analysis import within
from listening_test.analysis.worlds import Pairs, PairWorld


def auc(drawn: Pairs, scores: np.ndarray | None = None):
    return within.auc(
        drawn.scores if scores is None else scores, drawn.same, drawn.listeners, drawn.speakers, drawn.others
    )


@given(st.integers(0, 1000))
def test_one_listener_is_what_scikit_learn_says(seed):
    drawn = PairWorld(1, 10, 12).draw(np.random.default_rng(seed))
    assert auc(drawn).value == pytest.approx(roc_auc_score(drawn.same, drawn.scores))


def test_listeners_of_equal_size_are_averaged():
    drawn = PairWorld(9, 10, 6).draw(np.random.default_rng(1))
    own = [drawn.listeners == one for one in range(9)]
    expected = np.mean([roc_auc_score(drawn.same[one], drawn.scores[one]) for one in own])
    assert auc(drawn).value == pytest.approx(expected)


def test_pooling_flatters_privacy():
    """Listeners of d' 1 whose criteria differ: within each .742 (six levels), pooled .706."""
    world = PairWorld(3000, 50, 20, d_prime=1.0, sd_listener=0, sd_speaker=0, sd_criterion=0.9)
    drawn = world.draw(np.random.default_rng(2))
    pooled = roc_auc_score(drawn.same, drawn.scores)
    own = within.contributions(drawn.scores, drawn.same, drawn.listeners)[0]
    assert world.truth(np.random.default_rng(0)) == pytest.approx(own, abs=0.01)
    assert pooled < own - 0.03


def test_a_listeners_criterion_does_not_matter():
    drawn = PairWorld(10, 8).draw(np.random.default_rng(3))
    shifted = drawn.scores + 10 * drawn.listeners
    assert auc(drawn, shifted) == auc(drawn)


@given(st.integers(0, 300))
def test_turned_scores_turn_the_area(seed):
    drawn = PairWorld(6, 6, 4).draw(np.random.default_rng(seed))
    one, other = auc(drawn), auc(drawn, -drawn.scores)
    assert other.value == pytest.approx(1 - one.value)
    assert other.se == pytest.approx(one.se, abs=1e-9)


def test_contributions_sum_to_nothing_and_to_each_listeners_deviation():
    drawn = PairWorld(8, 6, 6).draw(np.random.default_rng(4))
    area, (by_listener, by_speaker) = within.contributions(drawn.scores, drawn.same, drawn.listeners)
    assert by_speaker.sum() == pytest.approx(0, abs=1e-12)
    own = drawn.listeners == 0
    theirs = roc_auc_score(drawn.same[own], drawn.scores[own])
    assert by_listener[own].sum() == pytest.approx((theirs - area) / 8)


def test_who_heard_only_one_kind_counts_nothing():
    drawn = PairWorld(5, 6, 6).draw(np.random.default_rng(5))
    more = Pairs(
        np.append(drawn.scores, [3.0, 3.0]),
        np.append(drawn.same, [True, True]),
        np.append(drawn.listeners, [5, 5]),
        np.append(drawn.speakers, [0, 1]),
        np.append(drawn.others, [0, 1]),
    )
    assert auc(more).value == auc(drawn).value
    assert auc(more).listeners == 5


def test_the_interval_is_wider_where_speakers_differ():
    narrow, wide = (
        np.median([auc(PairWorld(40, 8, sd_speaker=sd).draw(np.random.default_rng(seed))).se for seed in range(12)])
        for sd in (0.0, 1.0)
    )
    assert wide > 1.2 * narrow


@pytest.mark.parametrize(
    ("same", "listeners", "note"),
    [
        ([], [], "No answers"),
        ([True, True, True], [0, 1, 2], "No listener heard both"),
        ([True, False, True], [0, 0, 0], "two listeners"),
    ],
)
def test_what_cannot_be_known_is_said(same, listeners, note):
    n = len(same)
    found = within.auc(np.arange(n), same, listeners, np.arange(n), np.arange(n))
    assert note in found.note
    assert math.isnan(found.low)


def test_of_people_who_are_always_right_it_is_said_that_scatter_is_unknown():
    drawn = PairWorld(6, 8, 4).draw(np.random.default_rng(0))
    found = auc(drawn, np.where(drawn.same, 3.0, -3.0))
    assert (found.value, found.low, found.high) == pytest.approx((1, 1, 1))
    assert "no certainty" in found.note
