from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.distributions import densities, median, thinned
from audio.features import Contour


def contour(values: np.ndarray | list[float], hop_s: float = 0.01) -> Contour:
    values = np.asarray(values, np.float64)
    return Contour("x", "1", 0.0125 + hop_s * np.arange(len(values)), values)


def test_short_contours_are_not_thinned() -> None:
    short = contour([1.0, 2.0])
    assert thinned(short, 2) is short


def test_runs_become_their_median_at_their_middle() -> None:
    thin = thinned(contour([1, 2, 9, np.nan, 4, 6, np.nan, np.nan, np.nan, 7]), 4)
    np.testing.assert_array_equal(thin.values, [2, 5, np.nan, 7])
    np.testing.assert_allclose(thin.times_s, 0.0225 + 0.03 * np.arange(4))


@settings(max_examples=60, deadline=None)
@given(length=st.integers(0, 5000), most=st.integers(1, 1200))
def test_thinned_contours_fit_and_stay_even_and_in_range(length: int, most: int) -> None:
    long = contour(np.random.default_rng(length).normal(size=length))
    thin = thinned(long, most)
    assert len(thin.values) == len(thin.times_s) <= most
    assert np.ptp(np.diff(thin.times_s)) < 1e-9 if len(thin.times_s) > 2 else True
    if length:
        assert long.values.min() <= thin.values.min() <= thin.values.max() <= long.values.max()


def test_median_ignores_what_is_undefined() -> None:
    assert median(contour([np.nan, 1, 2, 9])) == 2
    assert np.isnan(median(contour([np.nan])))
    assert np.isnan(median(contour([])))


def test_a_density_integrates_to_one_and_follows_the_distribution() -> None:
    (density,) = densities([contour(np.random.default_rng(0).normal(50, 10, 20_000))])
    assert density is not None
    assert len(density.values) == len(density.heights) == 200
    assert np.trapezoid(density.heights, density.values) == pytest.approx(1, abs=0.01)
    assert density.median == pytest.approx(50, abs=0.3)
    assert density.median_height == pytest.approx(0.0399, abs=0.002)
    assert density.values[density.heights.argmax()] == pytest.approx(50, abs=3)


def test_a_log_density_integrates_to_one_over_decades() -> None:
    (density,) = densities([contour(10 ** np.random.default_rng(0).normal(3, 0.2, 20_000))], log=True)
    assert density is not None
    assert np.trapezoid(density.heights, np.log10(density.values)) == pytest.approx(1, abs=0.01)
    assert density.median == pytest.approx(1000, rel=0.02)
    assert density.heights.max() == pytest.approx(1 / (0.2 * np.sqrt(2 * np.pi)), rel=0.05)


def test_two_modes_stay_two() -> None:
    rng = np.random.default_rng(0)
    (density,) = densities([contour(np.concatenate([rng.normal(0, 1, 500), rng.normal(12, 1, 500)]))])
    assert density is not None
    valley = density.heights[np.abs(density.values - 6).argmin()]
    assert valley < 0.2 * density.heights.max()


def test_all_curves_share_one_grid_and_too_few_values_give_none() -> None:
    first, none, last = densities([contour(np.arange(50.0)), contour([1, np.nan, 2]), contour(np.arange(100.0, 150.0))])
    assert none is None
    assert first is not None
    assert last is not None
    np.testing.assert_array_equal(first.values, last.values)
    assert first.values[0] < 0
    assert first.values[-1] > 149


def test_nothing_gives_nothing() -> None:
    assert densities([]) == []
    assert densities([contour([]), contour([np.nan] * 20)]) == [None, None]
    assert densities([contour([-1.0] * 20)], log=True) == [None]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(st.floats(1e-3, 1e4), st.just(float("nan"))), min_size=0, max_size=60),
    st.booleans(),
)
def test_densities_are_finite_and_not_negative(values: list[float], log: bool) -> None:
    (density,) = densities([contour(values)], log=log)
    if density is not None:
        assert np.isfinite(density.values).all()
        assert (density.heights >= 0).all()
        assert density.values[0] <= density.median <= density.values[-1]
        assert density.median_height >= 0
