"""The within-listener AUC: how often a listener is surer of "same" for one speaker than for two."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from listening_test.analysis import crossed
from listening_test.analysis.estimate import Estimate

Floats = npt.NDArray[np.float64]


def contributions(scores: npt.ArrayLike, same: npt.ArrayLike, listeners: Any) -> tuple[float, Floats]:
    """The AUC and what each answer adds to its error, (2, n) as crossed.total takes it.

    Each listener's own area A_i (of m trials with one speaker and n with two) counts with m·n/(m+n); listeners with
    only one kind count nothing:

        A = sum w_i A_i / sum w_i,   A_i = mean over same p, different q of [s_p > s_q] + [s_p = s_q]/2

    A listener adds w_i (A_i - A); a trial, by its voice, w_i (h_p - A)/m, where h_p is its mean over the other kind.
    """
    clusters = crossed.Clusters.of(listeners, listeners)
    both, parts = np.asarray(same, bool), np.zeros((2, len(clusters.listeners)))
    trials = _Trials.of(np.asarray(scores, float), both, clusters)
    if trials is None:
        return float("nan"), parts
    kept, own = trials.kept, trials.clusters.listeners
    sizes = np.bincount(2 * own + trials.same)[2 * own + trials.same]
    parts[1, kept] = trials.weights[own] * (trials.placed - trials.area) / sizes
    parts[0] = parts[1] / 2
    return trials.area, parts


def auc(
    scores: npt.ArrayLike,
    same: npt.ArrayLike,
    listeners: Any,
    speakers: Any,
    others: Any,
    *,
    confidence: float = 0.95,
) -> Estimate:
    """The within-listener AUC of signed confidences, with an interval for other listeners and other speakers.

    Its variance has two parts. Listeners: their own areas scatter, G/(G-1) sum (w_i (A_i - A))². Speakers: areas of
    different listeners rise and fall together where they heard the same voices; how much, is the variance component s
    of a voice in the trials' placements h (components.py; each listener's two kinds of trials random effects beside
    it), and weighs with the share of pairs of listeners that heard it. df by Satterthwaite from both.

    Args:
        scores: higher = surer that it is one speaker, (n,). same: whether it is, (n,).
        listeners, speakers, others: who answered, whose voices were compared, (n,).
    """
    clusters = crossed.Clusters.of(listeners, speakers, others)
    trials = _Trials.of(np.asarray(scores, float), np.asarray(same, bool), clusters)
    known = clusters if trials is None else trials.clusters
    found = crossed.Variance(float("nan"), float("nan")) if trials is None else trials.variance()
    area = float("nan") if trials is None else trials.area
    note = "" if trials else "No listener heard both one speaker twice and two speakers."
    estimate = crossed.concluded(area, found, known, confidence, "logit", "mixed model")
    return replace(estimate, note=note) if note and len(clusters.listeners) else estimate


def parts(
    scores: npt.ArrayLike, same: npt.ArrayLike, listeners: Any, speakers: Any, others: Any
) -> tuple[crossed.Variance, crossed.Variance]:
    """What listeners and what voices add to the variance of the AUC, each with its degrees of freedom; NaN if unknown.

    Arguments as of `auc`, whose variance is their sum.
    """
    clusters = crossed.Clusters.of(listeners, speakers, others)
    trials = _Trials.of(np.asarray(scores, float), np.asarray(same, bool), clusters)
    unknown = crossed.Variance(math.nan, math.nan)
    return (unknown, unknown) if trials is None else trials.parts()


def placements(scores: npt.ArrayLike, same: npt.ArrayLike, listeners: Any) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Each answer's placement, (n,): its share of comparisons with the listener's other kind that come out right.

    A same-trial's with the listener's different-trials and the other way round, ties half; their mean over trials is
    about the AUC. NaN, and False in the second array, where the listener has no trial of the other kind.
    """
    clusters = crossed.Clusters.of(listeners, listeners)
    trials = _Trials.of(np.asarray(scores, float), np.asarray(same, bool), clusters)
    placed = np.full(len(clusters.listeners), np.nan)
    if trials is None:
        return placed, np.zeros(len(placed), bool)
    placed[trials.kept] = trials.placed
    return placed, trials.kept


@dataclass(frozen=True, eq=False)
class _Trials:
    """Trials of listeners with both kinds: their placements, and by listener the area and its weight (sum 1).

    `kept` tells which of all trials they are.
    """

    clusters: crossed.Clusters
    kept: npt.NDArray[np.bool_]
    same: npt.NDArray[np.bool_]
    placed: Floats
    areas: Floats
    weights: Floats

    @classmethod
    def of(cls, scores: Floats, same: npt.NDArray[np.bool_], clusters: crossed.Clusters) -> _Trials | None:
        yes, no = (
            np.bincount(clusters.listeners, kind, clusters.listeners.max(initial=-1) + 1) for kind in (same, ~same)
        )
        kept = (np.minimum(yes, no) > 0)[clusters.listeners] if len(same) else np.zeros(0, bool)
        if not kept.any():
            return None
        listeners = np.unique(clusters.listeners[kept], return_inverse=True)[1]
        others = clusters.others[kept] if clusters.others is not None else None
        chosen = crossed.Clusters(listeners, clusters.speakers[kept], others)
        placed, areas, weights = _placements(scores[kept], same[kept], listeners)
        return cls(chosen, kept, same[kept], placed, areas, weights / weights.sum())

    @property
    def area(self) -> float:
        return float(self.weights @ self.areas)

    def variance(self) -> crossed.Variance:
        people, voices = self.parts()
        if math.isnan(people.value) or math.isnan(voices.value):
            return crossed.Variance(people.value, math.nan)
        whole = people.value + voices.value
        if not whole:
            return crossed.Variance(0.0, people.df)
        squares = people.value**2 / people.df + (voices.value**2 / voices.df if voices.value else 0.0)
        return crossed.Variance(whole, whole**2 / squares)

    def parts(self) -> tuple[crossed.Variance, crossed.Variance]:
        """What listeners and what voices add to the variance of the area; NaN where nothing tells."""
        unknown = crossed.Variance(math.nan, math.nan)
        effective = 1 / float(np.sum(self.weights**2))
        if effective <= 1:
            return unknown, unknown
        people = float(np.sum((self.weights * (self.areas - self.area)) ** 2)) * effective / (effective - 1)
        voices = unknown if self.clusters.counts[2] < 2 else crossed.Variance(*self._speakers())
        return crossed.Variance(people, effective - 1), voices

    def _speakers(self) -> tuple[float, float]:
        """What voices add to the variance of the area, and the degrees of freedom it is known with."""
        from listening_test.analysis import components

        loads = self._loads()
        kinds = components.indicators(2 * self.clusters.listeners + self.same)
        fixed = np.stack([self.same, ~self.same], 1).astype(float)
        try:
            found = components.estimate(self.placed, fixed, [kinds, loads])
        except ValueError:  # every listener heard other voices, or all the same ones
            return 0.0, 1.0
        size, spread = float(found.values[1]), float(found.covariance[1, 1])
        if size <= 0 or spread <= 0:
            return 0.0, 1.0
        return size * self._shared(loads), 2 * size**2 / spread

    def _loads(self) -> Any:
        """How much each voice has to do with each trial, sparse (n, speakers): all of it, or half each."""
        from scipy import sparse

        speakers = self.clusters.speakers
        others = speakers if self.clusters.others is None else self.clusters.others
        rows, width = np.arange(len(speakers)), int(max(speakers.max(), others.max())) + 1
        halves = np.full(2 * len(rows), 0.5)
        return sparse.coo_array(
            (halves, (np.concatenate([rows, rows]), np.concatenate([speakers, others]))), (len(rows), width)
        ).tocsr()

    def _shared(self, loads: Any) -> float:
        """Mean product of two listeners' loads, summed over voices; a listener's are the means of both kinds."""
        from scipy import sparse

        listeners, count = self.clusters.listeners, len(self.weights)
        sizes = np.bincount(2 * listeners + self.same, minlength=2 * count)
        mean = sparse.csr_array((1 / sizes[2 * listeners + self.same], (listeners, np.arange(len(listeners)))))
        own = sparse.diags_array(self.weights) @ (mean @ loads)
        every = np.asarray(own.sum(0))
        return float((every @ every - own.multiply(own).sum()) / (1 - np.sum(self.weights**2)))


def _placements(scores: Floats, same: npt.NDArray[np.bool_], listeners: crossed.Ints) -> tuple[Floats, Floats, Floats]:
    """Mean of [s_p > s_q] + [s_p = s_q]/2 over the listener's trials of the other kind, (n,); areas and weights."""
    placed = np.zeros(len(scores))
    areas, weights = np.zeros(listeners.max() + 1), np.zeros(listeners.max() + 1)
    order = np.argsort(listeners, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(listeners[order])) + 1):
        yes, no = own[same[own]], own[~same[own]]
        above = np.sign(scores[yes][:, None] - scores[no][None, :]) / 2 + 0.5
        placed[yes], placed[no] = above.mean(1), above.mean(0)
        areas[listeners[own[0]]] = above.mean()
        weights[listeners[own[0]]] = len(yes) * len(no) / len(own)
    return placed, areas, weights
