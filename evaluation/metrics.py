"""What scores and predictions say: ROC curve, AUC, equal error rate, recalls and their mean.

Scores are higher for "the same". Equal scores share a threshold: a tie is never decided in anybody's favour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class MetricError(ValueError):
    """Why a metric cannot be had, in one sentence."""


@dataclass(frozen=True, eq=False)
class Roc:
    """A receiver operating characteristic, from "always no" to "always yes"; arrays of shape (k + 1,).

    Attributes:
        thresholds: "yes" is said to scores at or above it; the first is infinite.
        false_alarm_rates, hit_rates: shares of nontargets and of targets that get a "yes", in [0, 1].
    """

    thresholds: Floats
    false_alarm_rates: Floats
    hit_rates: Floats


def roc(targets: npt.ArrayLike, nontargets: npt.ArrayLike) -> Roc:
    """The curve of the scores of targets, (n,), and of nontargets, (m,): a point for each distinct score.

    Raises:
        MetricError: if there are no targets, no nontargets, or a score that is not finite.
    """
    levels, yes, no = counts(targets, nontargets)
    hits, alarms = _rates(yes[None])[0], _rates(no[None])[0]
    return Roc(np.append(np.inf, levels[::-1]), alarms[::-1], hits[::-1])


def auc(targets: npt.ArrayLike, nontargets: npt.ArrayLike) -> float:
    """Area under the curve: P(target > nontarget) + P(equal)/2 (Hanley & McNeil 1982)."""
    _, yes, no = counts(targets, nontargets)
    return float(auc_of_counts(yes[None], no[None])[0])


def eer(targets: npt.ArrayLike, nontargets: npt.ArrayLike) -> float:
    """Equal error rate, in [0, 1]: where misses and false alarms cross, between thresholds by a straight line."""
    _, yes, no = counts(targets, nontargets)
    return float(eer_of_counts(yes[None], no[None])[0])


def counts(targets: npt.ArrayLike, nontargets: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Distinct scores in rising order, and how many targets and nontargets have each; (k,).

    Raises:
        MetricError: if there are no targets, no nontargets, or a score that is not finite.
    """
    one, other = np.asarray(targets, float).ravel(), np.asarray(nontargets, float).ravel()
    both = np.concatenate([one, other])
    if not len(one) or not len(other):
        raise MetricError(f"Targets and nontargets were expected, but {len(one)} and {len(other)} came.")
    if not np.isfinite(both).all():
        raise MetricError("Finite scores were expected, but some are infinite or not a number.")
    levels, places = np.unique(both, return_inverse=True)
    yes = np.bincount(places[: len(one)], minlength=len(levels)).astype(float)
    return levels, yes, np.bincount(places[len(one) :], minlength=len(levels)).astype(float)


def auc_of_counts(targets: Floats, nontargets: Floats) -> Floats:
    """As `auc`, for b sets at once: weights of each of k rising scores, (b, k); NaN where one side is empty."""
    below = np.cumsum(nontargets, 1) - nontargets / 2
    area = np.sum(targets * below, 1)
    whole = targets.sum(1) * nontargets.sum(1)
    return np.divide(area, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def eer_of_counts(targets: Floats, nontargets: Floats) -> Floats:
    """As `eer`, for b sets at once: weights of each of k rising scores, (b, k); NaN where one side is empty."""
    misses, alarms = 1 - _rates(targets), _rates(nontargets)
    gap = alarms - misses  # falls from 1 to -1
    after = np.argmax(gap <= 0, 1)
    before, rows = np.maximum(after - 1, 0), np.arange(len(gap))
    high, low = gap[rows, before], gap[rows, after]
    part = np.divide(high, high - low, out=np.zeros(len(gap)), where=high > low)
    found = misses[rows, before] + part * (misses[rows, after] - misses[rows, before])
    return np.where((targets.sum(1) > 0) & (nontargets.sum(1) > 0), found, np.nan)


def _rates(weights: Floats) -> Floats:
    """Share at or above each score, then above the highest (0): (b, k) to (b, k + 1)."""
    above = np.flip(np.cumsum(np.flip(weights, 1), 1), 1)
    whole = np.where(above[:, :1] > 0, above[:, :1], 1.0)
    return np.concatenate([above / whole, np.zeros((len(weights), 1))], 1)


def recalls(truth: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Of each class that occurs in the truth, the share predicted as it; by class in alphabetical order.

    Raises:
        MetricError: if nothing came, or not as many predictions as truths.
    """
    if len(truth) != len(predicted) or not len(truth):
        raise MetricError(f"As many predictions as truths were expected, but {len(predicted)} and {len(truth)} came.")
    right, of = np.asarray(truth).astype(str), np.asarray(predicted).astype(str)
    return {str(name): float(np.mean(of[right == name] == name)) for name in np.unique(right)}


def uar(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Unweighted average recall: the mean of the recalls of the classes that occur in the truth, in [0, 1].

    Always to be shown with the recalls: the mean hides a class that is taken for another.
    """
    return float(np.mean(list(recalls(truth, predicted).values())))
