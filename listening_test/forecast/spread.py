"""The variance of an estimate, by what it comes from, and what more listeners make of it.

For L listeners with t answers each, about S speakers, and variances s_L, s_S between them and s_E of single answers,

    V = s_L/L + s_S/S + s_E/(L t)

More listeners make the first and the last part smaller, never the second: voices are the bottleneck. V is found from
the scatter of listeners, of speakers and of answers, whose expectations are (s_L/L + s_E/n), (s_S/S + s_E/n) and s_E/n
with n = L t, so that the interval is Student's with Satterthwaite's degrees of freedom (1946, doi 10.2307/3002019)

    df = V² / [(s_L/L + s_E/n)²/(L-1) + (s_S/S + s_E/n)²/(S-1) + (s_E/n)²/(n-L-S+1)]

(without the last part where there are no answers left to know it by).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

LISTENERS_MOST = 100_000
"""Nobody looks for more."""
COUNTS = tuple(sorted({round(2 * (LISTENERS_MOST / 2) ** (step / 99)) for step in range(100)}))
"""Numbers of listeners to try, from 2, each about a tenth more than the last."""


@dataclass(frozen=True)
class Spread:
    """Parts of the variance of an estimate, and how many each rests on.

    Attributes:
        listeners, speakers, answers: the three parts of V.
        of_listeners, of_speakers, of_answers: L, S and n; effective numbers (1 / sum of squared shares) where some
            count more than others.
    """

    listeners: float
    speakers: float
    answers: float
    of_listeners: float
    of_speakers: float
    of_answers: float

    @property
    def value(self) -> float:
        """V."""
        return self.listeners + self.speakers + self.answers

    @property
    def df(self) -> float:
        """Satterthwaite's degrees of freedom; NaN with fewer than two listeners or speakers."""
        if self.of_listeners <= 1 or self.of_speakers <= 1:
            return math.nan
        free = self.of_answers - self.of_listeners - self.of_speakers + 1
        squares = (
            (self.listeners + self.answers) ** 2 / (self.of_listeners - 1)
            + (self.speakers + self.answers) ** 2 / (self.of_speakers - 1)
            + (self.answers**2 / free if free >= 1 else 0.0)
        )
        return max(1.0, self.value**2 / squares) if squares else math.nan

    def with_listeners(self, count: float) -> Spread:
        """The same study with `count` listeners instead, each with as many answers, about the same speakers."""
        share = self.of_listeners / count
        return replace(
            self,
            listeners=self.listeners * share,
            answers=self.answers * share,
            of_listeners=count,
            of_answers=self.of_answers / share,
        )

    def half_width(self, confidence: float) -> float:
        """Expected half width of the interval: t · sqrt(V) · c4(df), c4 since a standard error comes out too small."""
        from scipy import special

        if math.isnan(self.df):
            return math.nan
        return float(special.stdtrit(self.df, (1 + confidence) / 2)) * math.sqrt(self.value) * _c4(self.df)

    def best_half_width(self, confidence: float) -> float:
        """The least half width that any number of listeners gives: what these speakers leave open.

        With very many listeners the interval can widen again, since few degrees of freedom are left: the speakers'.
        """
        widths = [self.with_listeners(count).half_width(confidence) for count in COUNTS]
        return min((width for width in widths if not math.isnan(width)), default=math.nan)


def effective(groups: npt.ArrayLike) -> float:
    """Effective number of groups of answers: 1 / sum of squared shares."""
    sizes = np.unique(np.asarray(groups), return_counts=True)[1]
    return float(sizes.sum() ** 2 / np.sum(sizes.astype(float) ** 2)) if len(sizes) else 0.0


def listeners_needed(enough: Callable[[int], bool]) -> int | None:
    """The fewest listeners with whom it is enough; None where no number of COUNTS is.

    enough: false up to some number; what it is beyond the first true one does not matter.
    """
    low = 1
    for high in COUNTS:
        if enough(high):
            break
        low = high
    else:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _c4(df: float) -> float:
    """E(s)/sigma of a standard deviation with df degrees of freedom."""
    return math.sqrt(2 / df) * math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2))
