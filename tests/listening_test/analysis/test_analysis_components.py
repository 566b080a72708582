"""Variance components against the analysis of variance, a mixed model of statsmodels, and known truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening_test.analysis import components

SIDES = (12, 8)


def balanced(seed: int = 0, sds: tuple[float, float, float] = (0.6, 0.5, 0.8)) -> tuple[np.ndarray, list]:
    """Every listener rates every speaker once."""
    rng = np.random.default_rng(seed)
    listeners, speakers = np.divmod(np.arange(SIDES[0] * SIDES[1]), SIDES[1])
    effects = [rng.normal(0, sd, size) for sd, size in zip(sds, SIDES, strict=False)]
    values = 3 + effects[0][listeners] + effects[1][speakers] + rng.normal(0, sds[2], len(listeners))
    return values, [components.indicators(listeners), components.indicators(speakers)]


def one(values: np.ndarray) -> np.ndarray:
    return np.ones((len(values), 1))


def test_a_balanced_design_gives_the_analysis_of_variance():
    values, blocks = balanced()
    found = components.estimate(values, one(values), blocks).values
    table = values.reshape(SIDES)
    rest = table - table.mean(1, keepdims=True) - table.mean(0) + table.mean()
    error = np.sum(rest**2) / ((SIDES[0] - 1) * (SIDES[1] - 1))
    between_listeners = SIDES[1] * table.mean(1).var(ddof=1)
    between_speakers = SIDES[0] * table.mean(0).var(ddof=1)
    expected = [(between_listeners - error) / SIDES[1], (between_speakers - error) / SIDES[0], error]
    assert found == pytest.approx(expected)


def test_a_mixed_model_agrees():
    import pandas as pd
    import statsmodels.formula.api as smf

    values, blocks = balanced(3)
    listeners, speakers = np.divmod(np.arange(len(values)), SIDES[1])
    data = pd.DataFrame({"y": values, "listener": listeners, "speaker": speakers, "all": 1})
    parts = {"listener": "0 + C(listener)", "speaker": "0 + C(speaker)"}
    model = smf.mixedlm("y ~ 1", data, groups="all", vc_formula=parts).fit()
    found = components.estimate(values, one(values), blocks).values
    assert found == pytest.approx([*model.vcomp, model.scale], rel=2e-3)


def test_the_covariance_of_the_residual_variance_is_the_classical_one():
    values, blocks = balanced(1)
    found = components.estimate(values, one(values), blocks)
    free = (SIDES[0] - 1) * (SIDES[1] - 1)
    assert found.covariance[-1, -1] == pytest.approx(2 * found.values[-1] ** 2 / free)


def test_estimates_scatter_as_they_say_around_the_truth():
    truth = np.square([0.6, 0.5, 0.8])
    runs = [components.estimate(v, one(v), b) for v, b in (balanced(seed) for seed in range(300))]
    found = np.array([run.values for run in runs])
    assert found.mean(0) == pytest.approx(truth, abs=0.04)
    told = np.mean([np.diag(run.covariance) for run in runs], 0)
    assert found.var(0) == pytest.approx(told, rel=0.3)


def test_one_without_variance_is_dropped_and_the_others_are_estimated_anew():
    values, blocks = balanced(5, (0.6, 0.0, 0.8))
    values -= values.reshape(SIDES).mean(0)[np.arange(len(values)) % SIDES[1]]  # no speaker differs at all
    raw = components.estimate(values, one(values), blocks).values
    kept = components.estimate_positive(values, one(values), blocks)
    assert raw[1] < 0
    assert kept.values[1] == 0
    assert kept.covariance[1].tolist() == [0, 0, 0]
    alone = components.estimate(values, one(values), blocks[:1])
    assert kept.values[[0, 2]] == pytest.approx(alone.values)


@given(shift=st.floats(-100, 100), scale=st.floats(0.1, 10), seed=st.integers(0, 50))
def test_a_shift_changes_nothing_and_a_scale_its_square(shift, scale, seed):
    values, blocks = balanced(seed)
    found = components.estimate(values, one(values), blocks).values
    moved = components.estimate(shift + scale * values, one(values), blocks).values
    assert moved == pytest.approx(found * scale**2, rel=1e-6, abs=1e-6)


def test_too_few_answers_to_tell_variances_apart_are_an_error():
    blocks = [components.indicators(np.arange(4)), components.indicators(np.arange(4))]
    with pytest.raises(ValueError, match="too few"):
        components.estimate(np.arange(4.0), np.ones((4, 1)), blocks)
