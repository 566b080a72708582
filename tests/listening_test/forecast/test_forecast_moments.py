"""What follows from assumptions, against draws, closed forms and the worlds that simulate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listening_test.analysis.worlds import PairWorld, RatingWorld
from listening_test.forecast import moments
from listening_test.forecast.assumptions import Assumptions
from listening_test.study import StudyError

NONE = {"d_prime_sd_listener": 0.0, "d_prime_sd_speaker": 0.0, "sd_criterion": 0.0}


def test_parts_of_ratings_are_those_of_drawn_ones():
    rng = np.random.default_rng(1)
    found = moments.rating(Assumptions(rating=4.2))
    latent = moments.latent_rating(Assumptions(), 4.2)
    n = 8000
    values = RatingWorld(n, n, 1, latent).rate(np.arange(n), np.arange(n), rng)
    assert found.mean == pytest.approx(4.2)
    assert values.mean() == pytest.approx(4.2, abs=0.06)
    assert found.whole == pytest.approx(values.var(), rel=0.08)
    one = np.repeat(np.arange(400), 300)
    of_listeners = RatingWorld(400, len(one), 1, latent).rate(one, np.arange(len(one)), rng).reshape(400, 300)
    between = of_listeners.mean(1).var(ddof=1) - of_listeners.var(1, ddof=1).mean() / 300
    assert found.listener == pytest.approx(between, rel=0.2)


def test_parts_of_shares_in_closed_form():
    """P(both of one listener right) = 1/4 + asin(r)/2π at a share of 1/2, r the correlation of evidence."""
    assumed = Assumptions(share_sd_listener=0.6, share_sd_speaker=0.3)
    whole = 1 + 0.6**2 + 0.3**2
    found = moments.share(assumed)
    assert found.mean == pytest.approx(0.5)
    assert found.whole == pytest.approx(0.25)
    assert found.listener == pytest.approx(np.arcsin(0.36 / whole) / (2 * np.pi), rel=1e-3)
    assert found.speaker == pytest.approx(np.arcsin(0.09 / whole) / (2 * np.pi), rel=1e-3)


@given(st.floats(1.3, 4.7), st.floats(0, 1.5), st.floats(0, 1.5), st.floats(0.1, 2))
@settings(max_examples=50)
def test_parts_are_variances(rating, listener, speaker, answer):
    sds = {"rating_sd_listener": listener, "rating_sd_speaker": speaker, "rating_sd_answer": answer}
    found = moments.rating(Assumptions(rating=rating, **sds))
    assert found.mean == pytest.approx(rating, abs=1e-6)
    assert min(found.listener, found.speaker, found.answer) >= -2e-3
    assert found.whole <= 4 + 1e-9


@pytest.mark.parametrize("d_prime", [0.0, 1.0, 2.0])
def test_area_is_the_truth_of_the_world_that_simulates(d_prime):
    assert moments.area(Assumptions(), 4, 4, d_prime=d_prime).value == pytest.approx(
        PairWorld(4, 4, d_prime=d_prime).truth(np.random.default_rng(0)), abs=0.003
    )


def test_area_of_listeners_who_are_all_alike_scatters_by_trials_only():
    found = moments.area(Assumptions(**NONE), 3, 5, d_prime=0.8)
    rng = np.random.default_rng(2)
    world = PairWorld(1, 2, d_prime=0.8, sd_listener=0, sd_speaker=0, sd_criterion=0)
    same = np.repeat([True, False], [3, 5])
    nobody = np.zeros(8, int)
    areas = []
    for _ in range(3000):
        scores = world.judge(same, nobody, nobody, 1 - same.astype(int), rng)
        areas.append(np.mean(np.sign(scores[:3][:, None] - scores[3:][None, :]) / 2 + 0.5))
    assert found.between == pytest.approx(0, abs=1e-12)
    assert found.value == pytest.approx(np.mean(areas), abs=0.01)
    assert found.trials == pytest.approx(np.var(areas), rel=0.06)


def test_one_trial_of_each_kind_is_a_coin():
    """A comparison that ties count half: the variance of one is at most that of right or wrong."""
    found = moments.area(Assumptions(**NONE), 1, 1, d_prime=0.0)
    assert found.value == pytest.approx(0.5)
    assert found.trials < 0.25
    assert found.slope == pytest.approx(1 / np.sqrt(4 * np.pi), rel=0.1)  # of untied evidence


def test_assumptions_are_changed_by_name_and_within_reason():
    assert Assumptions().changed([("rating", 4.0), ("used", 1.0)]) == Assumptions(rating=4.0, used=1.0)
    with pytest.raises(StudyError, match=r"An assumption is one of rating, .* but loudness came"):
        Assumptions().changed([("loudness", 1.0)])
    for name, number in (("rating", 5.0), ("used", 0.0), ("shared_listener", 1.2), ("share", 1.0)):
        with pytest.raises(StudyError, match=rf"{name} is a number from .* but {number:g} came"):
            Assumptions().changed([(name, number)])
    with pytest.raises(StudyError):
        Assumptions().changed([("rating_sd_answer", float("nan"))])
