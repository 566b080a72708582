"""The two-way cluster bootstrap: intervals for any statistic of answers that share listeners and speakers.

Listeners are weighed anew, then speakers, then single answers, each in a bootstrap of its own; the variances combine as

    V = V_listeners + V_speakers - V_answers

since what is particular to an answer is in all three (Owen 2007, doi 10.1214/07-AOAS122, shows that drawing rows and
columns at once counts it three times). The weights are exponential (Rubin 1981, doi 10.1214/aos/1176345338), not whole
numbers: nobody is ever left out altogether, so that a statistic defined for the study is defined in every draw. An
answer about two speakers has the product of their weights. For G clusters the variance of a mean comes out
(G-1)/(G+1) too small, which is put right; the interval is Student's, df = V² / sum of V_g²/(G-1).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from listening_test.analysis.crossed import Clusters, Scale, Variance, concluded
from listening_test.analysis.estimate import Estimate

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""Weights of the answers, (b, n), to the statistic under each, (b,); NaN where it is not defined."""
CELLS_AT_ONCE = 4_000_000
LEAST_DEFINED = 0.5


def interval(
    statistic: Statistic,
    listeners: Any,
    speakers: Any,
    *,
    rng: np.random.Generator,
    others: Any = None,
    replicates: int = 2000,
    confidence: float = 0.95,
    scale: Scale = "identity",
) -> Estimate:
    """A statistic with its interval for other listeners and other speakers.

    Args:
        statistic: of weighted answers; weights of one give the estimate itself.
        listeners, speakers, others: who answered, whose voices it was about, (n,).
        replicates: of each of the three bootstraps.
        scale: "logit" for shares, areas and error rates.
    """
    clusters = Clusters.of(listeners, speakers, others)
    if not len(clusters.listeners):
        return Estimate(note="No answers yet.")
    value = float(statistic(np.ones((1, len(clusters.listeners))))[0])
    if math.isnan(value):
        return concluded(value, Variance(math.nan, math.nan), clusters, confidence, scale, "two-way bootstrap")
    parts = [_spread(statistic, draw, clusters, replicates, rng) for draw in (_by_listener, _by_speaker, _by_answer)]
    return concluded(value, _combined(parts, clusters), clusters, confidence, scale, "two-way bootstrap")


def _combined(parts: list[float], clusters: Clusters) -> Variance:
    _, listeners, speakers = clusters.counts
    if listeners < 2 or speakers < 2:
        return Variance(math.nan if listeners < 2 else parts[0], math.nan)
    people, voices = (v * (g + 1) / (g - 1) for v, g in zip(parts, (listeners, speakers), strict=False))
    whole = max(people, voices, people + voices - parts[2])
    squares = people**2 / (listeners - 1) + voices**2 / (speakers - 1)
    return Variance(whole, whole**2 / squares if squares else listeners - 1.0)


def _spread(
    statistic: Statistic,
    draw: Callable[[Clusters, int, np.random.Generator], Floats],
    clusters: Clusters,
    replicates: int,
    rng: np.random.Generator,
) -> float:
    """Variance of the statistic over draws; NaN when fewer than half of them define it."""
    step = max(1, CELLS_AT_ONCE // len(clusters.listeners))
    sizes = [min(step, replicates - done) for done in range(0, replicates, step)]
    found = np.concatenate([statistic(draw(clusters, size, rng)) for size in sizes])
    defined = found[np.isfinite(found)]
    return float(defined.var(ddof=1)) if len(defined) >= LEAST_DEFINED * replicates else math.nan


def _by_listener(clusters: Clusters, count: int, rng: np.random.Generator) -> Floats:
    return _drawn(int(clusters.listeners.max()) + 1, count, rng)[:, clusters.listeners]


def _by_speaker(clusters: Clusters, count: int, rng: np.random.Generator) -> Floats:
    first, second = clusters.speakers, clusters.others
    if second is None:
        return _drawn(int(first.max()) + 1, count, rng)[:, first]
    weights = _drawn(int(max(first.max(), second.max())) + 1, count, rng)
    return np.where(first == second, weights[:, first], weights[:, first] * weights[:, second])


def _by_answer(clusters: Clusters, count: int, rng: np.random.Generator) -> Floats:
    return _drawn(len(clusters.listeners), count, rng)


def _drawn(clusters: int, count: int, rng: np.random.Generator) -> Floats:
    return rng.standard_exponential((count, clusters))
