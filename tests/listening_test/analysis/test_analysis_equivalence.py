"""Equivalence to chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.weightstats import DescrStatsW

from listening_test.analysis import equivalence
from listening_test.analysis.estimate import Estimate


def areas(values: np.ndarray) -> Estimate:
    """The mean of independent areas, as an estimate."""
    n = len(values)
    return Estimate(values.mean(), se=values.std(ddof=1) / math.sqrt(n), df=n - 1)


@pytest.mark.parametrize("centre", [0.38, 0.5, 0.55, 0.61, 0.8])
def test_statsmodels_agrees_where_areas_are_independent(centre):
    values = np.random.default_rng(1).normal(centre, 0.1, 25)
    found = equivalence.of(areas(values), 0.1)
    p, *_ = DescrStatsW(values).ttost_mean(0.4, 0.6)
    assert found.p == pytest.approx(p)
    assert found.declared == (p < 0.05)


@pytest.mark.parametrize(
    ("value", "se", "verdict"),
    [
        (0.5, 0.02, "chance within the margin"),
        (0.5, 0.2, "undecided"),
        (0.58, 0.03, "above chance"),
        (0.42, 0.03, "below chance"),
        (0.53, 0.01, "chance within the margin"),
    ],
)
def test_verdicts(value, se, verdict):
    assert equivalence.of(Estimate(value, se=se, df=50), 0.1).verdict == verdict


def test_no_evidence_is_no_privacy():
    """A study too small to see anything: far from significant, and nothing declared."""
    found = equivalence.of(Estimate(0.55, se=0.15, df=6), 0.1)
    assert (found.verdict, found.declared) == ("undecided", False)


def test_where_everybody_guesses_rounding_is_no_verdict():
    assert equivalence.of(Estimate(0.5 - 1e-16, se=0.0, df=9, listeners=10), 0.1).verdict == ""


def test_the_interval_stays_within_what_an_area_can_be():
    found = equivalence.of(Estimate(0.97, se=0.05, df=9), 0.1)
    assert found.high == 1
    assert found.low < 0.9
    assert found.verdict == "above chance"


def test_where_all_listeners_agree_their_number_decides():
    assert equivalence.of(Estimate(1.0, se=0.0, df=9, listeners=10), 0.1).verdict == "above chance"
    assert equivalence.of(Estimate(0.0, se=0.0, df=9, listeners=10), 0.1).verdict == "below chance"
    assert equivalence.of(Estimate(1.0, se=0.0, df=2, listeners=3), 0.1).verdict == ""


@pytest.mark.parametrize("estimate", [Estimate(), Estimate(0.5), Estimate(0.5, se=0.0, df=9, listeners=10)])
def test_without_a_standard_error_nothing_is_said(estimate):
    found = equivalence.of(estimate, 0.1)
    assert found.verdict == ""
    assert math.isnan(found.p)
