"""The two-way cluster bootstrap."""

from __future__ import annotations

import math

import numpy as np
import pytest

from listening_test.analysis import crossed, resampling
from listening_test.analysis.worlds import PairWorld, RatingWorld


def mean_of(values: np.ndarray) -> resampling.Statistic:
    return lambda weights: weights @ values / weights.sum(1)


def bootstrap(values: np.ndarray, listeners: np.ndarray, speakers: np.ndarray, **more):
    more.setdefault("rng", np.random.default_rng(0))
    return resampling.interval(mean_of(values), listeners, speakers, **more)


@pytest.mark.parametrize("world", [RatingWorld(40, 8, sd_speaker=0.8), RatingWorld(20, 40, sd_listener=0.8)])
def test_of_a_mean_it_tells_what_the_clusters_tell(world):
    drawn = world.draw(np.random.default_rng(1))
    found = bootstrap(*drawn)
    contributions = (drawn.values - drawn.values.mean()) / len(drawn.values)
    expected = crossed.total(drawn.values.mean(), contributions, drawn.listeners, drawn.speakers)
    assert found.value == pytest.approx(drawn.values.mean())
    assert found.se == pytest.approx(expected.se, rel=0.15)


def test_the_same_randomness_gives_the_same_numbers():
    drawn = RatingWorld(10, 5).draw(np.random.default_rng(2))
    assert bootstrap(*drawn) == bootstrap(*drawn)
    assert bootstrap(*drawn).se != bootstrap(*drawn, rng=np.random.default_rng(1)).se


def test_pairs_weigh_by_both_voices():
    drawn = PairWorld(30, 8, sd_speaker=1.0).draw(np.random.default_rng(3))
    right = np.where(drawn.same, drawn.scores > 0, drawn.scores < 0).astype(float)
    alone = bootstrap(right, drawn.listeners, drawn.speakers)
    both = bootstrap(right, drawn.listeners, drawn.speakers, others=drawn.others)
    assert both.speakers == 8
    assert both.se != alone.se


def test_large_tables_go_in_pieces(monkeypatch):
    drawn = RatingWorld(30, 10).draw(np.random.default_rng(4))
    whole = bootstrap(*drawn)
    monkeypatch.setattr(resampling, "CELLS_AT_ONCE", 7 * len(drawn.values))
    assert bootstrap(*drawn).se == pytest.approx(whole.se, rel=0.1)


def test_what_is_defined_nowhere_has_no_interval():
    drawn = RatingWorld(5, 5).draw(np.random.default_rng(5))
    found = resampling.interval(
        lambda weights: np.full(len(weights), np.nan), drawn.listeners, drawn.speakers, rng=np.random.default_rng(0)
    )
    assert math.isnan(found.value)
    assert math.isnan(found.low)


@pytest.mark.parametrize(
    ("listeners", "speakers", "note"),
    [([], [], "No answers"), ([0, 0], [0, 1], "two listeners"), ([0, 1], [0, 0], "two speakers")],
)
def test_what_cannot_be_known_is_said(listeners, speakers, note):
    found = bootstrap(np.arange(float(len(listeners))), np.array(listeners), np.array(speakers))
    assert note in found.note
    assert math.isnan(found.low)
