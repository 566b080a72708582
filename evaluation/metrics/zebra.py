"""ZEBRA: what scores disclose about who spoke, on average and in the worst case (Nautsch et al. 2020,
doi 10.21437/Interspeech.2020-1815), after the attacker's scores have been calibrated as well as can be (PAV).

Lower is better for privacy; no disclosure is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.metrics.calibration import Ties, llrs_of_counts
from evaluation.metrics.curves import counts

Floats = npt.NDArray[np.float64]
CATEGORIES = ((0.0, "0"), (1.0, "A"), (2.0, "B"), (4.0, "C"), (5.0, "D"), (6.0, "E"), (np.inf, "F"))
ALL_TIED = "All scores are equal: they say nothing of who spoke."


@dataclass(frozen=True)
class Zebra:
    """Disclosure of a system's scores.

    Attributes:
        expected_bits: mean over all prior odds of what the scores tell, in [0, 0.7213] bits.
        worst_case_log10: the strongest evidence that any trial gives, log10 of the odds' factor, at least 0.
        category: of the worst case: "0" none, "A" below a factor of 10, "B" 100, "C" 10^4, "D" 10^5, "E" 10^6, "F".
    """

    expected_bits: float
    worst_case_log10: float
    category: str
    note: str = ""


def zebra(targets: npt.ArrayLike, nontargets: npt.ArrayLike, *, ties: Ties = "pooled") -> Zebra:
    """Disclosure of scores of targets, (n,), and nontargets, (m,).

    The expected disclosure is of PAV calibration; the worst case of PAV with Laplace's rule of succession, without
    which it would be infinite as soon as the highest score is a target's. It grows with the number of trials (100
    targets and 400 nontargets that are told apart perfectly give 2.6), and has no interval: it is a maximum.

    Raises:
        MetricError: if there are no targets, no nontargets, or a score that is not finite.
    """
    levels, yes, no = counts(targets, nontargets)
    if len(levels) == 1 and ties == "pooled":
        return Zebra(0.0, 0.0, "0", ALL_TIED)
    worst = _worst(yes, no, ties)
    return Zebra(_expected(yes, no, ties), worst, category(worst))


def category(worst_case_log10: float) -> str:
    """The letter of a worst-case disclosure, "" for NaN; 0 is "0", the ends of the ranges belong to the upper one."""
    if worst_case_log10 == 0:
        return "0"
    return next((letter for end, letter in CATEGORIES if worst_case_log10 < end), "F" if worst_case_log10 > 0 else "")


def expected_of_counts(targets: Floats, nontargets: Floats) -> Floats:
    """Expected disclosure for b sets at once, for intervals: weights at k rising scores, (b, k) each, to (b,)."""
    return np.array([_expected(*row, "pooled") for row in zip(targets, nontargets, strict=True)])


def _expected(yes: Floats, no: Floats, ties: Ties) -> float:
    if not yes.sum() or not no.sum():
        return float("nan")
    found = llrs_of_counts(yes, no, ties=ties)
    gains = _mean(found.of_targets, yes, _gain) + _mean(-found.of_nontargets, no, _gain)
    return max(0.0, float(gains / np.log(2)))


def _worst(yes: Floats, no: Floats, ties: Ties) -> float:
    if not yes.sum() or not no.sum():
        return float("nan")
    found = llrs_of_counts(yes, no, laplace=True, ties=ties)
    strongest = [np.max(np.abs(llrs[of > 0])) for llrs, of in zip(found, (yes, no), strict=True)]
    return float(max(strongest) / np.log(10))


def _mean(llrs: Floats, weights: Floats, of: Callable[[Floats], Floats]) -> float:
    some = weights > 0
    return float(weights[some] @ of(llrs[some]) / weights.sum())


def _gain(llr: Floats) -> Floats:
    """Integral over the prior P in (0, 1) of P (ln(1/P) - ln(1 + (1 - P)/(P e^x))), x = LLR of a target:

        1/4 - (a - x)/(2 a²),  a = e^x - 1;  1/4 for an infinite x, 0 for x = 0 (as a series near it)

    what a target's evidence takes off the entropy that the prior alone leaves.
    """
    excess = np.expm1(np.minimum(llr, 300.0))
    near = np.abs(llr) < 1e-3
    a, small = np.where(near, 1.0, excess), np.where(near, excess, 0.0)
    exact = 0.25 - 0.5 / a + np.where(llr < 300, llr, 0.0) / (2 * a**2)
    return np.where(near, small / 6 - small**2 / 8 + small**3 / 10, exact)
