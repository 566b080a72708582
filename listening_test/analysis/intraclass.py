"""Intraclass correlations of ratings, complete or not, and what each rating adds to their errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from listening_test.analysis.agreement import Coefficient, Floats, Ints, Mean, numbers, ratio, undefined


def icc(values: npt.ArrayLike, raters: Any, items: Any) -> Coefficient:
    """ICC(2,1): reliability of one rater's rating, absolute agreement, raters and items as random draws.

        ICC(2,1) = s²_items / (s²_items + s²_raters + s²_rest) = 1 - A / T

    with A the mean of (y - y')²/2 over pairs of one item by two raters, whose expectation is s²_raters + s²_rest, and T
    that over pairs of two items by two raters, which adds s²_items. So it needs no complete table; for a complete one
    it is that of the analysis of variance (Shrout & Fleiss 1979, doi 10.1037/0033-2909.86.2.420). Below 0 where raters
    differ more about one item than about several.

    Args:
        values, raters, items: ratings, who gave each, what about, one of each rater and item; (n,).
    """
    values = np.asarray(values, float)
    rater, item = numbers(raters), numbers(items)
    every, alone = np.zeros_like(item), np.arange(len(item))
    apart = _Pairs.of(values, every) - _Pairs.of(values, item) - (_Pairs.of(values, rater) - _Pairs.of(values, alone))
    if not len(item) or np.bincount(item).max() < 2 or not apart.count:
        return undefined(len(values))
    return ratio(_within(values, item), apart.mean())


def _within(values: Floats, item: Ints) -> Mean:
    """Mean of half the squared differences from the other ratings of the same item."""
    sizes = np.bincount(item).astype(float)
    paired = sizes[item] > 1
    own = np.zeros(len(values))
    own[paired] = _Pairs.of(values, item).sum_slopes[paired] / 2 / (sizes[item] - 1)[paired]
    of_item = np.bincount(item, own) / sizes
    n, value = int(paired.sum()), float(own[paired].mean())
    return Mean(value, np.where(paired, 2 * own - of_item[item] - value, 0.0) / n)


def of_several(one: float, raters: float) -> float:
    """ICC(2,k) of the mean of k raters from ICC(2,1), by Spearman-Brown: k r / (1 + (k - 1) r); r below 0 is 0."""
    one = 0.0 if one < 0 else one
    return raters * one / (1 + (raters - 1) * one)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Over ordered pairs of a kind: sum of (y - y')²/2, their number, and derivatives of both by the weights, (n,)."""

    sum: float
    count: float
    sum_slopes: Floats
    count_slopes: Floats

    @classmethod
    def of(cls, values: Floats, groups: Ints) -> _Pairs:
        """Pairs within groups; an answer with itself is one of them."""
        groups = numbers(groups)
        centred = values - values.mean() if len(values) else values
        size = np.bincount(groups, minlength=1).astype(float)
        first, second = (np.bincount(groups, centred**power, minlength=1) for power in (1, 2))
        slopes = second[groups] + size[groups] * centred**2 - 2 * first[groups] * centred
        return cls(float(np.sum(size * second - first**2)), float(np.sum(size**2)), slopes, 2 * size[groups])

    def __sub__(self, other: _Pairs) -> _Pairs:
        return _Pairs(
            self.sum - other.sum,
            self.count - other.count,
            self.sum_slopes - other.sum_slopes,
            self.count_slopes - other.count_slopes,
        )

    def mean(self) -> Mean:
        value = self.sum / self.count
        return Mean(value, (self.sum_slopes - value * self.count_slopes) / self.count)
