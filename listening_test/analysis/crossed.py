"""Means and sums over answers that share listeners and speakers: both are random draws, and both are few.

Two answers are dependent when they come from one listener or concern one speaker. The variance of a sum of answers'
contributions c is therefore the sum of c_t c_u over all pairs (t, u) that share a listener or a speaker:

    V = V_listeners + V_speakers - V_both,   V_g = G/(G-1) · sum over clusters of (sum of c in the cluster)²

(two-way clustering: Cameron, Gelbach & Miller 2011, doi 10.1198/jbes.2010.07136; for pairs with two speakers each:
Aronow, Samii & Assenova 2015, doi 10.1093/pan/mpv018). The interval uses Student's t with Satterthwaite's degrees of
freedom, df = V² / sum of V_g²/(G-1), since a normal quantile is far too narrow for 8 speakers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from listening_test.analysis.estimate import Estimate

Scale = Literal["identity", "logit"]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MODEL_MOST = 1200
"""Listeners and speakers together; the model takes about a second there."""
ROUNDING = 1e-12
NO_SCATTER = "Nothing scatters: an interval without width is no certainty, it means that nothing is known of scatter."


@dataclass(frozen=True)
class Variance:
    """Variance of an estimate, and the degrees of freedom it was found with."""

    value: float
    df: float


@dataclass(frozen=True)
class Clusters:
    """Who gave each answer and whose voices it concerns, by number; `others` is None where there is one voice."""

    listeners: Ints
    speakers: Ints
    others: Ints | None = None

    @classmethod
    def of(cls, listeners: Any, speakers: Any, others: Any = None) -> Clusters:
        """Clusters of names of any kind, each of shape (n,)."""
        given = _numbers(listeners)
        if others is None:
            return cls(given, _numbers(speakers))
        both = _numbers(np.concatenate([_texts(speakers), _texts(others)]))
        return cls(given, both[: len(given)], both[len(given) :])

    @property
    def counts(self) -> tuple[int, int, int]:
        """Answers, listeners, speakers."""
        voices = self.speakers if self.others is None else np.concatenate([self.speakers, self.others])
        return len(self.listeners), len(np.unique(self.listeners)), len(np.unique(voices))


def mean(
    values: npt.ArrayLike,
    listeners: Any,
    speakers: Any,
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    replicates: int = 2000,
    scale: Scale = "identity",
) -> Estimate:
    """The mean of values (n,) and its interval for other listeners and other speakers.

    A mixed model with crossed listeners and speakers (components.py), df by Satterthwaite; the two-way bootstrap where
    there are more than MODEL_MOST of them, for which the model takes too long, or too few answers to tell them apart.

    Args:
        listeners, speakers: who gave each value, whose voice it is about; (n,).
        scale: "logit" for shares.
    """
    values, clusters = np.asarray(values, float), Clusters.of(listeners, speakers)
    if not len(values):
        return Estimate(note="No answers yet.")
    if sum(clusters.counts[1:]) <= MODEL_MOST and min(clusters.counts[1:]) > 1:
        try:
            found = _modelled(values, clusters)
        except ValueError:  # as many effects as answers
            pass
        else:
            return concluded(float(values.mean()), found, clusters, confidence, scale, "mixed model")
    from listening_test.analysis import resampling

    return resampling.interval(
        lambda weights: weights @ values / weights.sum(1),
        listeners, speakers, rng=rng, replicates=replicates, confidence=confidence, scale=scale,
    )  # fmt: skip


def _modelled(values: Floats, clusters: Clusters) -> Variance:
    from listening_test.analysis import components

    blocks = [components.indicators(clusters.listeners), components.indicators(clusters.speakers)]
    found = components.estimate_positive(values, np.ones((len(values), 1)), blocks)
    share = np.full(len(values), 1 / len(values))
    loads = np.array([*(np.sum((block.T @ share) ** 2) for block in blocks), share @ share])
    whole, spread = float(loads @ found.values), float(loads @ found.covariance @ loads)
    return Variance(whole, 2 * whole**2 / spread if spread > 0 else float(len(values) - 1))


def total(
    value: float,
    contributions: npt.ArrayLike,
    listeners: Any,
    speakers: Any,
    *,
    others: Any = None,
    confidence: float = 0.95,
    scale: Scale = "identity",
) -> Estimate:
    """An estimate whose error is a sum of contributions of the answers, with its interval.

    Args:
        value: the estimate.
        contributions: what each answer adds to its error, (n,), summing to about 0; for a mean (y - mean)/n. Or (2, n)
            where a listener adds something else than the sum over the voices: first by listener, then by speaker.
        listeners, speakers: who gave it, whose voice it concerns; (n,).
        others: the other voice of a pair, (n,); the same as `speakers` where both are one person.
        scale: "logit" for shares and areas: the interval is symmetric there and stays within 0 and 1.
    """
    clusters = Clusters.of(listeners, speakers, others)
    return concluded(value, variance(contributions, clusters), clusters, confidence, scale, "crossed clusters")


def variance(contributions: npt.ArrayLike, clusters: Clusters) -> Variance:
    """Variance of the sum of contributions, (n,) or (2, n), by clusters; NaN with fewer than two listeners."""
    by_listener, by_speaker = np.broadcast_to(np.asarray(contributions, float), (2, len(clusters.listeners)))
    listeners = _part(_sums(by_listener, clusters.listeners), _size(clusters.listeners))
    speakers = _part(_shared(by_speaker, clusters), _size_of_voices(clusters))
    both = _part(_shared(by_speaker, clusters, within=clusters.listeners), float(len(clusters.listeners)))
    if math.isnan(listeners.value):
        return listeners
    if math.isnan(speakers.value):
        return replace(listeners, df=math.nan)
    shared = speakers.value - both.value
    if shared <= 0:  # voices add no more than chance: listeners alone
        return max(listeners, replace(speakers, value=speakers.value if by_listener is by_speaker else 0.0), key=_value)
    whole = listeners.value + shared
    squares = listeners.value**2 / listeners.df + speakers.value**2 / speakers.df + both.value**2 / both.df
    return Variance(whole, whole**2 / squares if squares else math.nan)


def _value(one: Variance) -> float:
    return one.value


def _part(squares: float, clusters: float) -> Variance:
    """The part of one way of clustering: G/(G-1) times the squares, G-1 degrees of freedom."""
    if clusters <= 1:
        return Variance(math.nan, math.nan)
    return Variance(squares * clusters / (clusters - 1), clusters - 1)


def _sums(contributions: Floats, groups: Ints) -> float:
    return float(np.sum(np.bincount(groups, contributions) ** 2))


def _shared(contributions: Floats, clusters: Clusters, within: Ints | None = None) -> float:
    """Sum of c_t c_u over pairs that share a speaker (and, with `within`, that too).

    Over speakers the squared sums of their answers; what two answers about the same two speakers then count twice
    is taken off once.
    """
    first, second = clusters.speakers, clusters.others
    apart = np.zeros(len(first), bool) if second is None else first != second
    voices = np.concatenate([first, second[apart]]) if second is not None else first
    answers = np.concatenate([np.arange(len(first)), np.flatnonzero(apart)])
    squares = _sums(contributions[answers], _joint(voices, None if within is None else within[answers]))
    if second is None or not apart.any():
        return squares
    low, high = np.minimum(first, second)[apart], np.maximum(first, second)[apart]
    couples = _joint(_joint(low, high), None if within is None else within[apart])
    return squares - _sums(contributions[apart], couples)


def _joint(groups: Ints, others: Ints | None) -> Ints:
    if others is None:
        return groups
    return _numbers(groups.astype(np.int64) * (int(others.max(initial=0)) + 1) + others)


def _size(groups: Ints) -> float:
    """Effective number of clusters: (sum of sizes)² / sum of squared sizes."""
    sizes = np.bincount(groups)
    return float(sizes.sum() ** 2 / np.sum(sizes.astype(float) ** 2)) if len(sizes) else 0.0


def _size_of_voices(clusters: Clusters) -> float:
    return _size(clusters.speakers if clusters.others is None else np.concatenate([clusters.speakers, clusters.others]))


def concluded(
    value: float, found: Variance, clusters: Clusters, confidence: float, scale: Scale, method: str
) -> Estimate:
    from scipy import stats

    answers, listeners, speakers = clusters.counts
    known = Estimate(value, answers=answers, listeners=listeners, speakers=speakers)
    if note := _missing(found, listeners, speakers):
        return replace(known, note=note)
    se = math.sqrt(max(0.0, found.value))
    if se <= ROUNDING * max(1.0, abs(value)):
        return replace(known, low=value, high=value, se=0.0, df=found.df, method=method, note=NO_SCATTER)
    quantile = float(stats.t.ppf((1 + confidence) / 2, max(1.0, found.df)))
    low, high = _ends(value, se, quantile, scale)
    return replace(known, low=low, high=high, se=se, df=found.df, method=method)


def _missing(found: Variance, listeners: int, speakers: int) -> str:
    if not listeners:
        return "No answers yet."
    if listeners < 2 or math.isnan(found.value):
        return "An interval needs at least two listeners."
    if speakers < 2 or math.isnan(found.df):
        return "An interval needs at least two speakers: with one, nothing is known of other voices."
    return ""


def _ends(value: float, se: float, quantile: float, scale: Scale) -> tuple[float, float]:
    if scale == "identity":
        return value - quantile * se, value + quantile * se
    if not 0 < value < 1:  # the logit has no such value
        return max(0.0, value - quantile * se), min(1.0, value + quantile * se)
    from scipy.special import expit

    middle, reach = math.log(value / (1 - value)), quantile * se / (value * (1 - value))
    return float(expit(middle - reach)), float(expit(middle + reach))


def _numbers(names: Any) -> Ints:
    return np.unique(_texts(names), return_inverse=True)[1].astype(np.int64)


def _texts(names: Any) -> npt.NDArray[Any]:
    array = np.asarray(names)
    return array.astype(str) if array.dtype == object else array
