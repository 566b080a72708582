"""Scores turned into odds by other speakers' trials."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.metrics.detection_cost import cllr, min_cllr
from evaluation.privacy.calibrated import affine, leave_out_cllr


def test_two_normal_distributions_of_one_width_have_a_line():
    """LLR = (m1 - m0) s / v - (m1² - m0²) / 2v."""
    rng = np.random.default_rng(0)
    slope, offset = affine(0.3 + 0.1 * rng.normal(size=200_000), 0.1 * rng.normal(size=200_000))
    assert (slope, offset) == pytest.approx((30, -4.5), rel=0.02)


def test_the_line_is_that_of_a_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    yes, no = rng.normal(1.0, 1.0, 200), rng.normal(0.0, 2.0, 300)
    fitted = LogisticRegression(C=1e6, class_weight="balanced")
    fitted.fit(np.concatenate([yes, no])[:, None], np.repeat([1, 0], [200, 300]))
    assert affine(yes, no) == pytest.approx((fitted.coef_[0, 0], fitted.intercept_[0]), rel=0.01)


def test_kinds_that_do_not_overlap_and_scores_that_are_equal_have_a_line_too():
    slope, offset = affine(np.full(20, 2.0), np.full(20, 1.0))
    assert np.isfinite(slope)
    assert 2 * slope + offset > 3
    assert affine(np.ones(20), np.ones(20)) == (0, 0)
    assert np.isnan(affine(np.ones(9), np.zeros(50))).all()


def trials(seed: int, speakers: int = 16, *, distance: float = 2.0):
    rng = np.random.default_rng(seed)
    ours = rng.integers(speakers, size=4000)
    theirs = np.where(rng.random(4000) < 0.3, ours, rng.integers(speakers, size=4000))
    same = ours == theirs
    return 0.2 * rng.normal(size=4000) + 0.2 * distance * same, same, ours.astype(str), theirs.astype(str)


def test_scores_calibrated_on_others_cost_little_more_than_the_best_and_no_less():
    scores, same, ours, theirs = trials(0)
    found = leave_out_cllr(scores, same, ours, theirs, rng=np.random.default_rng(0))
    best = min_cllr(scores[same], scores[~same])
    assert best <= found.value < best + 0.03
    assert found.value < cllr(scores[same], scores[~same])
    assert np.isnan([found.low, found.high]).all()


def test_scores_that_say_nothing_cost_a_bit():
    scores, same, ours, theirs = trials(0, distance=0.0)
    assert leave_out_cllr(scores, same, ours, theirs, rng=np.random.default_rng(0)).value == pytest.approx(1, abs=0.02)


def test_without_trials_of_others_it_says_so():
    scores, same, ours, theirs = trials(0, speakers=3)
    found = leave_out_cllr(scores, same, ours, theirs, rng=np.random.default_rng(0))
    assert np.isnan(found.value)
    assert "other speakers" in found.note
