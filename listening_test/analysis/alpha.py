"""Krippendorff's alpha of answers of any kind, and what each answer adds to its error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from listening_test.analysis.agreement import Coefficient, Floats, Ints, Mean, numbers, ratio, undefined

Level = Literal["nominal", "ordinal", "interval"]
STEP = 1e-3
"""How many answers more and fewer a slope of the ordinal scale is taken over; it is a polynomial."""


def alpha(values: npt.ArrayLike, items: Any, level: Level) -> Coefficient:
    """Krippendorff's alpha: 1 - D_o / D_e, observed over expected disagreement of answers about one item.

    1 is agreement, 0 what chance gives; answers that stand alone about their item are left out (Krippendorff 2011,
    repository.upenn.edu/asc_papers/43). The value is nltk's.

    Args:
        values: numbers, or for "nominal" names of any kind, (n,).
        items: what each is about, one answer a rater, (n,).
        level: what a difference is: any (nominal), answers between (ordinal), squared distance (interval).
    """
    every, item = np.asarray(values), numbers(items)
    paired = np.bincount(item, minlength=1)[item] > 1 if len(item) else np.zeros(0, bool)
    kinds, place = np.unique(every[paired], return_inverse=True)
    if len(kinds) < 2:
        return undefined(len(every))
    counted = _Counts.of(place, numbers(item[paired]), len(kinds))
    points = kinds.astype(float) if level == "interval" else np.arange(len(kinds), dtype=float)
    contributions = np.zeros(len(every))
    contributions[paired] = _influence(counted, points, level)
    return Coefficient(_nltk_alpha(counted, _distances(points, counted.marginals, level)), contributions)


def _nltk_alpha(counted: _Counts, distances: Floats) -> float:
    from nltk.metrics.agreement import AnnotationTask

    scaled = (distances / distances.max()).tolist()
    answers = zip(counted.item.tolist(), counted.place.tolist(), strict=True)
    rows = [(rater, item, place) for rater, (item, place) in enumerate(answers)]
    return float(AnnotationTask(rows, distance=lambda one, other: scaled[one][other]).alpha())


@dataclass(frozen=True, eq=False)
class _Counts:
    """Answers about items with two or more: kind and item of each (n,), and counts (items, kinds)."""

    place: Ints
    item: Ints
    table: Floats

    @classmethod
    def of(cls, place: Ints, item: Ints, kinds: int) -> _Counts:
        cells = np.bincount(item * kinds + place, minlength=(int(item.max()) + 1) * kinds)
        return cls(place, item, cells.reshape(-1, kinds).astype(float))

    @property
    def marginals(self) -> Floats:
        return self.table.sum(0)


def _distances(points: Floats, marginals: Floats, level: Level) -> Floats:
    """Squared differences between kinds of answers, (K, K)."""
    if level == "nominal":
        return 1 - np.eye(len(points))
    if level == "interval":
        return (points[:, None] - points[None, :]) ** 2
    middles = np.cumsum(marginals) - marginals / 2
    return (middles[:, None] - middles[None, :]) ** 2


def _influence(counted: _Counts, points: Floats, level: Level) -> Floats:
    """Derivative of alpha by the weight of each answer, (n,)."""
    distances = _distances(points, counted.marginals, level)
    slopes = ratio(_observed(counted, distances), _expected(counted, distances)).contributions
    return slopes + _by_scale(counted, points)[counted.place] if level == "ordinal" else slopes


def _observed(counted: _Counts, distances: Floats) -> Mean:
    """Mean disagreement with the other answers about the same item."""
    sizes, n = counted.table.sum(1), len(counted.place)
    toward = counted.table @ distances
    own = toward[counted.item, counted.place] / (sizes[counted.item] - 1)
    of_item = np.sum(counted.table * toward, 1) / (sizes * (sizes - 1))
    value = float(own.mean())
    return Mean(value, (2 * own - of_item[counted.item] - value) / n)


def _expected(counted: _Counts, distances: Floats) -> Mean:
    """Mean disagreement with all other answers."""
    n, toward = len(counted.place), distances @ counted.marginals
    value = float(counted.marginals @ toward) / (n * (n - 1))
    return Mean(value, 2 * (toward[counted.place] / (n - 1) - value) / n)


def _by_scale(counted: _Counts, points: Floats) -> Floats:
    """What one more answer of each kind does to alpha by stretching the ordinal scale, (K,): central differences."""
    found = np.empty(len(points))
    for kind in range(len(points)):
        moved = np.eye(len(points))[kind] * STEP
        up, down = (
            _alpha_of(counted, _distances(points, counted.marginals + sign * moved, "ordinal")) for sign in (1, -1)
        )
        found[kind] = (up - down) / (2 * STEP)
    return found


def _alpha_of(counted: _Counts, distances: Floats) -> float:
    return 1 - _observed(counted, distances).value / _expected(counted, distances).value
