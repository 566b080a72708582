"""What scores say: ROC and DET curves, area, equal error rate.

Scores are higher for "the same". Equal scores share a threshold: a tie is never decided in anybody's favour.
"""

from __future__ import annotations

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
    hits, alarms = rates_of_counts(yes[None])[0], rates_of_counts(no[None])[0]
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
    one, other = checked(targets, nontargets)
    levels, places = np.unique(np.concatenate([one, other]), return_inverse=True)
    yes = np.bincount(places[: len(one)], minlength=len(levels)).astype(float)
    return levels, yes, np.bincount(places[len(one) :], minlength=len(levels)).astype(float)


def checked(targets: npt.ArrayLike, nontargets: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Scores of targets, (n,), and of nontargets, (m,), as arrays that can be measured.

    Raises:
        MetricError: if there are no targets, no nontargets, or a score that is not finite.
    """
    one, other = np.asarray(targets, float).ravel(), np.asarray(nontargets, float).ravel()
    if not len(one) or not len(other):
        raise MetricError(f"Targets and nontargets were expected, but {len(one)} and {len(other)} came.")
    if not np.isfinite(one).all() or not np.isfinite(other).all():
        raise MetricError("Finite scores were expected, but some are infinite or not a number.")
    return one, other


def auc_of_counts(targets: Floats, nontargets: Floats) -> Floats:
    """As `auc`, for b sets at once: weights of each of k rising scores, (b, k); NaN where one side is empty."""
    below = np.cumsum(nontargets, 1) - nontargets / 2
    area = np.sum(targets * below, 1)
    whole = targets.sum(1) * nontargets.sum(1)
    return np.divide(area, whole, out=np.full(len(whole), np.nan), where=whole > 0)


def eer_of_counts(targets: Floats, nontargets: Floats) -> Floats:
    """As `eer`, for b sets at once: weights of each of k rising scores, (b, k); NaN where one side is empty."""
    misses, alarms = 1 - rates_of_counts(targets), rates_of_counts(nontargets)
    gap = alarms - misses  # falls from 1 to -1
    after = np.argmax(gap <= 0, 1)
    before, rows = np.maximum(after - 1, 0), np.arange(len(gap))
    high, low = gap[rows, before], gap[rows, after]
    part = np.divide(high, high - low, out=np.zeros(len(gap)), where=high > low)
    found = misses[rows, before] + part * (misses[rows, after] - misses[rows, before])
    return np.where((targets.sum(1) > 0) & (nontargets.sum(1) > 0), found, np.nan)


def rates_of_counts(weights: Floats) -> Floats:
    """Share of weights at or above each of k rising scores, then above the highest (0): (b, k) to (b, k + 1)."""
    above = np.flip(np.cumsum(np.flip(weights, 1), 1), 1)
    whole = np.where(above[:, :1] > 0, above[:, :1], 1.0)
    return np.concatenate([above / whole, np.zeros((len(weights), 1))], 1)


@dataclass(frozen=True, eq=False)
class Det:
    """A detection error trade-off curve (Martin et al. 1997); arrays of shape (k + 1,), false alarms rising.

    Attributes:
        thresholds: as of Roc.
        false_alarm_rates, miss_rates: in [0, 1].
        false_alarm_probits, miss_probits: the same as quantiles of the standard normal distribution, where normally
            distributed scores give a straight line; rates are first brought into [least, 1 - least].
    """

    thresholds: Floats
    false_alarm_rates: Floats
    miss_rates: Floats
    false_alarm_probits: Floats
    miss_probits: Floats


def det(curve: Roc, *, least: float = 5e-4) -> Det:
    """A ROC on the axes of a DET plot; rates beyond `least` (0, for one) have no finite quantile and lie at it."""
    misses = 1 - curve.hit_rates
    probits = [_probits(rates, least) for rates in (curve.false_alarm_rates, misses)]
    return Det(curve.thresholds, curve.false_alarm_rates, misses, *probits)


def thinned(curve: Roc, most: int = 200) -> Roc:
    """At most about `most` points of a curve, some of them evenly along the ROC, some along the DET plot.

    Both ends stay, and the two points between which the EER lies: the EER read off the curve is the same.
    """
    alarms, misses = curve.false_alarm_rates, 1 - curve.hit_rates
    if len(alarms) <= most:
        return curve
    after = int(np.argmax(alarms >= misses))
    kept = [np.array([0, max(after - 1, 0), after, len(alarms) - 1])]
    for axes in ((alarms, misses), (_probits(alarms, 1e-4), _probits(misses, 1e-4))):
        way = np.append(0.0, np.cumsum(np.abs(np.diff(axes[0])) + np.abs(np.diff(axes[1]))))
        kept.append(np.searchsorted(way, np.linspace(0, way[-1], max((most - 4) // 2, 2))))
    chosen = np.unique(np.concatenate(kept))
    return Roc(curve.thresholds[chosen], alarms[chosen], curve.hit_rates[chosen])


def _probits(rates: Floats, least: float) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(np.clip(rates, least, 1 - least)), float)
