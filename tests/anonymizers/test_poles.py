"""Roots of many polynomials: known ones, numpy's, and the ones that must fall back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers import poles
from anonymizers.poles import companion_roots, multiply_out, roots


def farthest(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest distance from an expected root to the nearest found one."""
    return float(np.abs(expected[:, :, None] - found[:, None, :]).min(axis=2).max())


def stable_polynomials(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Polynomials of degree 20 with 18 complex and 2 real roots inside the unit circle, and those roots."""
    rng = np.random.default_rng(seed)
    upper = rng.uniform(0.5, 0.99, (count, 9)) * np.exp(1j * rng.uniform(0.05, 3.1, (count, 9)))
    real = rng.uniform(0.2, 0.95, (count, 2)) * (-1.0, 1.0)
    expected = np.concatenate([upper, upper.conj(), real], axis=1)
    return multiply_out(expected), expected


def test_known_roots_come_back():
    coefficients, expected = stable_polynomials(500, 0)
    found = roots(coefficients)
    assert farthest(found, expected) < 1e-7
    assert ((found.imag == 0.0).sum(axis=1) == 2).all()


def test_most_polynomials_need_no_eigenvalues(monkeypatch):
    asked = []
    monkeypatch.setattr(poles, "companion_roots", lambda some: asked.append(len(some)) or companion_roots(some))
    roots(stable_polynomials(500, 1)[0])
    assert sum(asked) < 50


@given(st.integers(0, 2**32), st.integers(1, 12), st.integers(1, 20))
def test_multiplied_out_they_give_the_coefficients(seed, count, degree):
    coefficients = np.random.default_rng(seed).uniform(-1.0, 1.0, (count, degree + 1))
    coefficients[:, 0] = 1.0
    np.testing.assert_allclose(multiply_out(roots(coefficients)), coefficients, rtol=0, atol=1e-9)


@given(st.integers(0, 2**32))
def test_conjugates_are_exact(seed):
    found = roots(stable_polynomials(5, seed)[0])
    np.testing.assert_array_equal(np.sort_complex(found), np.sort_complex(found.conj()))


@pytest.mark.parametrize(
    "coefficients",
    [
        [1.0] + 20 * [0.0],
        [1.0] + 19 * [0.0] + [-1.0],
        np.poly(20 * [0.9]),
        np.poly([0.5, 0.5, 0.5 + 1e-9, -0.5, -0.5]),
        [1.0, 1e-300, 0.0],
    ],
)
def test_multiple_and_zero_roots_are_those_of_numpy(coefficients):
    coefficients = np.array([coefficients])
    found = roots(coefficients)
    assert np.isfinite(found).all()
    assert farthest(found, companion_roots(coefficients)) < 1e-9


def test_none_and_one():
    assert roots(np.zeros((0, 21))).shape == (0, 20)
    np.testing.assert_allclose(roots(np.array([[1.0, -0.5]])), [[0.5]])
