"""Is it equivalent to chance? Two one-sided tests with a margin chosen beforehand; never "p > .05, so it is private".

Equivalence is declared when both hypotheses "at or below 0.5 - margin" and "at or above 0.5 + margin" are rejected at
level alpha, which is when the interval of confidence 1 - 2 alpha lies within the margins (Schuirmann 1987,
doi 10.1007/BF01068419). The tests are Student's, with the standard error and the degrees of freedom of the estimate,
which hold for other listeners and other speakers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from listening_test.analysis.estimate import Estimate

CHANCE = 0.5
ALPHA = 0.05
"""Of each of the two tests, whatever the confidence of the intervals: privacy is never declared at a laxer level."""
ROUNDING = 1e-9
Verdict = Literal["chance within the margin", "above chance", "below chance", "undecided", ""]


@dataclass(frozen=True)
class Equivalence:
    """What the two tests say.

    Attributes:
        margin: the area counts as chance between 0.5 - margin and 0.5 + margin.
        low, high: the interval of confidence 1 - 2 alpha, within 0 and 1.
        p: the larger of both tests' p-values; equivalence is declared when it is below alpha.
        verdict: in words; "" where nothing can be said.
    """

    margin: float
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    verdict: Verdict = ""

    @property
    def declared(self) -> bool:
        """Whether it is shown to be chance within the margin."""
        return self.verdict == "chance within the margin"


def of(estimate: Estimate, margin: float, alpha: float = ALPHA) -> Equivalence:
    """Both tests for an area under the ROC curve; empty where it has no standard error."""
    if not estimate.se > 0:
        return Equivalence(margin, verdict=_unanimous(estimate, alpha))
    from scipy import stats

    value, se, df = estimate.value, estimate.se, max(1.0, estimate.df)
    above = float(stats.t.cdf((value - CHANCE - margin) / se, df))
    below = float(stats.t.sf((value - CHANCE + margin) / se, df))
    reach = float(stats.t.ppf(1 - alpha, df)) * se
    low, high = max(0.0, value - reach), min(1.0, value + reach)
    return Equivalence(margin, max(0.0, low), min(1.0, high), max(above, below), _verdict(low, high, margin))


def _unanimous(estimate: Estimate, alpha: float) -> Verdict:
    """Where no listener differs from the others there is no interval: a sign test over listeners."""
    at_chance = abs(estimate.value - CHANCE) < ROUNDING
    if estimate.se != 0 or 0.5 ** max(0, estimate.listeners - 1) >= alpha or at_chance:
        return ""
    return "above chance" if estimate.value > CHANCE else "below chance"


def _verdict(low: float, high: float, margin: float) -> Verdict:
    if CHANCE - margin < low and high < CHANCE + margin:
        return "chance within the margin"
    if low > CHANCE:
        return "above chance"
    return "below chance" if high < CHANCE else "undecided"
