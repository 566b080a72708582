"""Scores as log-likelihood ratios: the best monotone calibration, by pool-adjacent-violators (PAV).

    LLR(s) = ln p(s | target) - ln p(s | nontarget) = logit P(target | s) - logit(share of targets)

with P(target | s) the isotonic regression of "is a target" on the score (Brümmer & du Preez 2006,
doi 10.1016/j.csl.2005.08.001). Natural logarithms.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from evaluation.metrics.curves import counts

Floats = npt.NDArray[np.float64]
Ties = Literal["pooled", "nontargets first"]
"""What is done with equal scores of a target and a nontarget. "pooled": they are one event. "nontargets first": taken
as if the nontarget had scored lower, as some reference code sorts them; too good for the attacker (on an all-tied
system, perfect), kept only to compare with such numbers."""


class Calibrated(NamedTuple):
    """Log-likelihood ratios at each of k rising scores, (k,): of targets and of nontargets (the same if pooled)."""

    of_targets: Floats
    of_nontargets: Floats


def llrs(
    targets: npt.ArrayLike, nontargets: npt.ArrayLike, *, laplace: bool = False, ties: Ties = "pooled"
) -> tuple[Floats, Floats]:
    """Calibrated log-likelihood ratios of the scores of targets, (n,), and of nontargets, (m,), in their order.

    laplace: one target and one nontarget more at either end (rule of succession), so that no ratio is infinite.

    Raises:
        MetricError: if there are no targets, no nontargets, or a score that is not finite.
    """
    one, other = np.asarray(targets, float).ravel(), np.asarray(nontargets, float).ravel()
    levels, yes, no = counts(one, other)
    found = llrs_of_counts(yes, no, laplace=laplace, ties=ties)
    return found.of_targets[np.searchsorted(levels, one)], found.of_nontargets[np.searchsorted(levels, other)]


def llrs_of_counts(targets: Floats, nontargets: Floats, *, laplace: bool = False, ties: Ties = "pooled") -> Calibrated:
    """As `llrs`, from the weights of targets and nontargets at each of k rising scores, (k,); both must have some."""
    prior = np.log(targets.sum() / nontargets.sum())
    if ties == "pooled":
        pooled = _posterior_logits(targets, nontargets, laplace) - prior
        return Calibrated(pooled, pooled)
    apart = np.zeros((2, 2 * len(targets)))
    apart[0, 1::2], apart[1, 0::2] = targets, nontargets
    split = _posterior_logits(apart[0], apart[1], laplace) - prior
    return Calibrated(split[1::2], split[0::2])


def _posterior_logits(yes: Floats, no: Floats, laplace: bool) -> Floats:
    """ln P / (1 - P) of the isotonic P of a target at each score, (k,); without a weight, that of the score below."""
    from scipy.optimize import isotonic_regression

    if laplace:
        yes, no = np.concatenate([[1.0, 0.0], yes, [1.0, 0.0]]), np.concatenate([[0.0, 1.0], no, [0.0, 1.0]])
    weights = yes + no
    some = weights > 0
    share = isotonic_regression(yes[some] / weights[some], weights=weights[some]).x
    with np.errstate(divide="ignore"):
        logits = np.log(share) - np.log1p(-share)
    found = logits[np.maximum(np.cumsum(some) - 1, 0)]
    return np.asarray(found[2:-2] if laplace else found)
