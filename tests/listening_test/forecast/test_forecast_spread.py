"""Parts of a variance: by hand, against simulation, and what more listeners make of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from listening_test.analysis import crossed
from listening_test.forecast.spread import LISTENERS_MOST, Spread, effective, listeners_needed

sizes = st.floats(1e-6, 1.0)


def study(listeners: int, speakers: int, trials: int, sds: tuple[float, float, float] = (0.5, 0.4, 0.8)) -> Spread:
    answers = listeners * trials
    parts = [sd**2 / count for sd, count in zip(sds, (listeners, speakers, answers), strict=True)]
    return Spread(*parts, listeners, speakers, answers)


def test_by_hand():
    """10 listeners, 5 speakers, 20 answers: V = .02 + .03 + .01, df = .0036 / (.0009/9 + .0016/4 + .0001/6)."""
    spread = Spread(0.02, 0.03, 0.01, 10, 5, 20)
    assert spread.value == pytest.approx(0.06)
    df = 0.0036 / (0.0001 + 0.0004 + 0.0001 / 6)
    assert spread.df == pytest.approx(df)
    reach = stats.t.ppf(0.975, df) * math.sqrt(0.06)
    assert spread.half_width(0.95) == pytest.approx(reach * (1 - 1 / (4 * df)), rel=0.01)


def test_independent_answers_have_the_textbook_width():
    """Without differences between listeners or speakers: 1.96 sd/√n."""
    for answers, width in ((20, 0.44), (40, 0.31), (100, 0.20), (160, 0.15)):
        spread = Spread(0.0, 0.0, 1 / answers, 10_000, 10_000, 1_000_000)
        assert spread.half_width(0.95) == pytest.approx(width, abs=0.006)


@pytest.mark.parametrize("speakers", [8, 30])
def test_expected_width_is_the_mean_width_of_simulated_studies(speakers):
    rng = np.random.default_rng(5)
    listeners, trials = 20, 4
    who = np.repeat(np.arange(listeners), trials)
    voice = (np.arange(listeners * trials)) % speakers
    widths = []
    for _ in range(150):
        values = rng.normal(0, 0.5, listeners)[who] + rng.normal(0, 0.4, speakers)[voice]
        found = crossed.mean(values + rng.normal(0, 0.8, len(who)), who, voice, rng=rng)
        widths.append((found.high - found.low) / 2)
    assert study(listeners, speakers, trials).half_width(0.95) == pytest.approx(np.mean(widths), rel=0.08)


@given(sizes, sizes, sizes, st.integers(3, 200), st.integers(3, 60), st.integers(1, 8))
def test_more_listeners_never_hurt_and_never_beat_the_speakers(a, b, c, listeners, speakers, trials):
    spread = Spread(a, b, c, listeners, speakers, listeners * trials + speakers)
    more = spread.with_listeners(2 * listeners)
    assert more.value <= spread.value
    assert more.speakers == spread.speakers
    assert more.value >= spread.speakers
    assert more.with_listeners(listeners).value == pytest.approx(spread.value)
    best = spread.best_half_width(0.95)
    assert best <= spread.half_width(0.95) * 1.05  # counts are tried in steps
    if speakers >= 30:
        assert best >= 1.9 * math.sqrt(spread.speakers) * 0.99


@given(st.integers(2, LISTENERS_MOST))
def test_the_fewest_listeners_are_found(enough):
    assert listeners_needed(lambda count: count >= enough) == enough


def test_no_number_may_be_enough():
    assert listeners_needed(lambda count: False) is None
    spread = study(40, 4, 4)
    assert listeners_needed(lambda count: spread.with_listeners(count).half_width(0.95) < 0.1) is None


def test_one_listener_or_speaker_tells_nothing():
    assert math.isnan(Spread(0.1, 0.1, 0.1, 1, 5, 5).half_width(0.95))
    assert math.isnan(Spread(0.1, 0.1, 0.1, 5, 1, 5).half_width(0.95))


def test_effective_numbers():
    assert effective([]) == 0
    assert effective(["a", "b", "c"] * 4) == 3
    assert effective([0, 0, 0, 1]) == pytest.approx(16 / 10)
