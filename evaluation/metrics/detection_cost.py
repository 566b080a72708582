"""What errors cost an attacker who has to decide: detection cost and log-likelihood-ratio cost.

Higher is better for privacy. With p the prior probability of a target:

    DCF(t) = (p C_miss P_miss(t) + (1 - p) C_fa P_fa(t)) / min(p C_miss, (1 - p) C_fa)

(NIST speaker recognition evaluations; normalised: 1 is what deciding without listening costs), and

    Cllr = 1/2 (mean over targets of log2(1 + e^-LLR) + mean over nontargets of log2(1 + e^LLR))  bits

(Brümmer & du Preez 2006, doi 10.1016/j.csl.2005.08.001): 0 perfect, 1 nothing known; minCllr after calibration.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from evaluation.metrics.calibration import Ties, llrs_of_counts
from evaluation.metrics.curves import MetricError, counts, rates_of_counts

Floats = npt.NDArray[np.float64]


def min_dcf(
    targets: npt.ArrayLike,
    nontargets: npt.ArrayLike,
    *,
    p_target: float = 0.01,
    c_miss: float = 1.0,
    c_fa: float = 1.0,
) -> float:
    """The normalised detection cost at the best threshold, in [0, 1].

    Raises:
        MetricError: if there are no targets, no nontargets, a score that is not finite, or a cost that makes no sense.
    """
    _, yes, no = counts(targets, nontargets)
    return float(min_dcf_of_counts(yes[None], no[None], p_target=p_target, c_miss=c_miss, c_fa=c_fa)[0])


def min_dcf_of_counts(
    targets: Floats, nontargets: Floats, *, p_target: float = 0.01, c_miss: float = 1.0, c_fa: float = 1.0
) -> Floats:
    """As `min_dcf`, for b sets at once: weights at k rising scores, (b, k) each, to (b,)."""
    missed, alarmed = _prices(p_target, c_miss, c_fa)
    costs = missed * (1 - rates_of_counts(targets)) + alarmed * rates_of_counts(nontargets)
    both = (targets.sum(1) > 0) & (nontargets.sum(1) > 0)
    return np.where(both, costs.min(1) / min(missed, alarmed), np.nan)


def actual_dcf(
    targets: npt.ArrayLike,
    nontargets: npt.ArrayLike,
    *,
    p_target: float = 0.01,
    c_miss: float = 1.0,
    c_fa: float = 1.0,
) -> float:
    """The normalised cost at Bayes' threshold ln((1 - p) C_fa / (p C_miss)) of scores that are natural LLRs; from 0 up.

    Raises:
        MetricError: as `min_dcf`.
    """
    levels, yes, no = counts(targets, nontargets)
    missed, alarmed = _prices(p_target, c_miss, c_fa)
    accepted = levels >= math.log(alarmed / missed)
    misses, alarms = yes[~accepted].sum() / yes.sum(), no[accepted].sum() / no.sum()
    return float((missed * misses + alarmed * alarms) / min(missed, alarmed))


def cllr(targets: npt.ArrayLike, nontargets: npt.ArrayLike) -> float:
    """Cllr of scores that are natural log-likelihood ratios, in bits, from 0 up; cosines are not, use min_cllr.

    Raises:
        MetricError: if there are no targets, no nontargets, or a score that is not finite.
    """
    counts(targets, nontargets)
    losses = [np.logaddexp(0, sign * np.asarray(one, float)) for sign, one in ((-1, targets), (1, nontargets))]
    return float(sum(np.mean(loss) for loss in losses) / (2 * math.log(2)))


def min_cllr(targets: npt.ArrayLike, nontargets: npt.ArrayLike, *, ties: Ties = "pooled") -> float:
    """Cllr after the best monotone calibration, in [0, 1] bits.

    Raises:
        MetricError: as `cllr`.
    """
    _, yes, no = counts(targets, nontargets)
    return _min_cllr(yes, no, ties)


def min_cllr_of_counts(targets: Floats, nontargets: Floats) -> Floats:
    """As `min_cllr`, for b sets at once: weights at k rising scores, (b, k) each, to (b,); for intervals."""
    return np.array([_min_cllr(*row, "pooled") for row in zip(targets, nontargets, strict=True)])


def _min_cllr(yes: Floats, no: Floats, ties: Ties) -> float:
    if not yes.sum() or not no.sum():
        return float("nan")
    found = llrs_of_counts(yes, no, ties=ties)
    losses = [
        weights[weights > 0] @ np.logaddexp(0, sign * llrs[weights > 0]) / weights.sum()
        for sign, llrs, weights in ((-1, found.of_targets, yes), (1, found.of_nontargets, no))
    ]
    return float(sum(losses) / (2 * math.log(2)))


def _prices(p_target: float, c_miss: float, c_fa: float) -> tuple[float, float]:
    if not 0 < p_target < 1 or c_miss <= 0 or c_fa <= 0:
        raise MetricError(
            f"A prior between 0 and 1 and costs above 0 were expected, but {p_target:g}, {c_miss:g}, {c_fa:g} came."
        )
    return p_target * c_miss, (1 - p_target) * c_fa
