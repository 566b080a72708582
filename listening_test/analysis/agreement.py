"""How much listeners agree about recordings: what all coefficients have in common.

Each is one minus a ratio of two means over pairs of answers. The influence of an answer (what it adds to the error, to
first order) is the derivative by its weight; an interval made of these holds for other listeners and other speakers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from listening_test.analysis import crossed
from listening_test.analysis.estimate import Estimate

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LARGEST = 700.0
"""Exponents of e below the overflow of a float."""


@dataclass(frozen=True, eq=False)
class Coefficient:
    """A coefficient of agreement; `contributions` (n,) of the answers to its error sum to about 0.

    NaN, and 0 for every answer, where it is not defined: without two answers about one item, or without variation.
    """

    value: float
    contributions: Floats


@dataclass(frozen=True, eq=False)
class Mean:
    """A mean over pairs of answers, and its derivatives by the answers' weights, (n,)."""

    value: float
    slopes: Floats


def interval(
    found: Coefficient, per_item: float, listeners: Any, speakers: Any, *, others: Any = None, confidence: float = 0.95
) -> Estimate:
    """A coefficient with its interval for other listeners and other speakers, "crossed clusters".

    It is symmetric on the scale z = log((1 + (k - 1) r) / (1 - r)) / 2 that Fisher gave the intraclass correlation of k
    answers about an item (Statistical Methods for Research Workers, 1925, section 39); on that of r outside of it.

    Args:
        per_item: k, mean number of answers about items that have several.
        listeners, speakers, others: see crossed.total.
    """
    r, k = found.value, max(2.0, per_item)
    if not -1 / (k - 1) < r < 1:
        return crossed.total(r, found.contributions, listeners, speakers, others=others, confidence=confidence)
    slope = k / (2 * (1 + (k - 1) * r) * (1 - r))
    z = math.log((1 + (k - 1) * r) / (1 - r)) / 2
    scaled = crossed.total(z, found.contributions * slope, listeners, speakers, others=others, confidence=confidence)
    back = scaled.map(lambda z: 1 - k / (math.exp(min(2 * z, LARGEST)) + k - 1))
    return replace(back, value=r, se=scaled.se / slope)


def ratio(observed: Mean, expected: Mean) -> Coefficient:
    """1 - observed / expected."""
    if not expected.value > 0:
        return undefined(len(observed.slopes))
    share = observed.value / expected.value
    return Coefficient(1 - share, -(observed.slopes - share * expected.slopes) / expected.value)


def undefined(n: int) -> Coefficient:
    return Coefficient(math.nan, np.zeros(n))


def numbers(names: Any) -> Ints:
    array = np.asarray(names)
    return np.unique(array.astype(str) if array.dtype == object else array, return_inverse=True)[1].astype(np.int64)
