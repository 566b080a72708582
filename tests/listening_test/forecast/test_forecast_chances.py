"""Power: the numbers of textbooks where answers are independent, libraries, and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import power_binom_tost

from listening_test.forecast import chances
from listening_test.forecast.spread import Spread


def of_answers(variance: float, answers: float) -> Spread:
    """No differences between listeners or speakers, and as many degrees of freedom as answers."""
    return Spread(0.0, 0.0, variance / answers, 1e9, 1e9, answers + 2e9)


def test_independent_trials_of_the_planning_table():
    assert chances.trials_to_tell(0.6) == 158
    assert [chances.trials_for_equivalence(margin) for margin in (0.1, 0.075, 0.05)] == [225, 380, 865]
    assert [chances.trials_for_width(width, 1.0) for width in (0.44, 0.31, 0.20, 0.155)] == [20, 40, 97, 160]


def test_fewer_trials_are_not_enough():
    alpha, power = 0.05, 0.8
    for trials, enough in ((157, False), (158, True)):
        least = stats.binom.isf(alpha, trials, 0.5) + 1
        assert (stats.binom.sf(least - 1, trials, 0.6) >= power) == enough
        assert stats.binom.sf(least - 1, trials, 0.5) <= alpha
    assert power_binom_tost(0.4, 0.6, 220, 0.5) < power <= power_binom_tost(0.4, 0.6, 225, 0.5)


@pytest.mark.parametrize(("margin", "trials"), [(0.1, 225), (0.075, 380), (0.05, 865)])
def test_equivalence_of_independent_answers_has_the_power_of_the_exact_test(margin, trials):
    assert chances.chance_shown(margin, of_answers(0.25, trials)) == pytest.approx(0.8, abs=0.03)


def test_a_difference_of_independent_answers_has_the_power_of_students_test():
    for effect, answers in ((0.5, 34), (0.3, 90), (0.2, 30)):
        known = TTestPower().power(effect, answers, 0.05)
        spread = Spread(1 / answers, 0.0, 0.0, answers, 1e9, 1e10)
        assert spread.df == pytest.approx(answers - 1)
        assert chances.difference_found(effect, spread, 0.05) == pytest.approx(known, abs=1e-3)


def test_equivalence_against_draws():
    spread = Spread(0.0006, 0.0004, 0.0005, 20, 12, 400)
    rng = np.random.default_rng(3)
    n = 100_000
    values = rng.normal(0, math.sqrt(spread.value), n)
    errors = np.sqrt(spread.value * rng.chisquare(spread.df, n) / spread.df)
    shown = np.abs(values) + stats.t.isf(0.05, spread.df) * errors < 0.1
    assert chances.chance_shown(0.1, spread) == pytest.approx(shown.mean(), abs=0.006)


@given(st.floats(0.01, 0.4), st.floats(1e-5, 0.05), st.integers(4, 80), st.integers(12, 40))
def test_powers_are_probabilities_that_grow_with_listeners(size, variance, listeners, speakers):
    spread = Spread(variance, variance / 10, variance, listeners, speakers, listeners * 8 + speakers)
    for power in (
        lambda one: chances.difference_found(size, one, 0.05),
        lambda one: chances.chance_shown(size, one),
    ):
        assert 0 <= power(spread) <= 1 + 1e-12
        assert power(spread.with_listeners(4 * listeners)) >= power(spread) - 0.02


def test_no_difference_is_found_as_often_as_alpha_says():
    assert chances.difference_found(0.0, Spread(0.1, 0.1, 0.1, 20, 10, 100), 0.05) == pytest.approx(0.05, rel=0.01)


def test_nothing_is_said_of_one_listener():
    alone = Spread(0.1, 0.1, 0.1, 1, 10, 10)
    assert math.isnan(chances.chance_shown(0.1, alone))
    assert math.isnan(chances.difference_found(0.5, alone, 0.05))
