"""What a test of a given precision is able to show: power of differences, and of equivalence; independent trials."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from listening_test.forecast.spread import Spread

GRID = 400
STEP = 5


def difference_found(difference: float, spread: Spread, alpha: float) -> float:
    """Probability that Student's two-sided test at level alpha finds a difference of that size.

    The noncentral t distribution: given the standard error s it is Φ(d - t s) + Φ(-d - t s) with everything in units
    of sqrt(V), averaged over s (whose s² is chi-square over its df).
    """
    from scipy import special

    if math.isnan(spread.df) or not spread.value > 0:
        return math.nan
    reach, away = _errors(spread.df) * special.stdtrit(spread.df, 1 - alpha / 2), difference / math.sqrt(spread.value)
    return float(np.mean(special.ndtr(away - reach) + special.ndtr(-away - reach)))


def chance_shown(margin: float, spread: Spread, alpha: float = 0.05) -> float:
    """Probability that both one-sided tests reject, where the truth is chance.

    Given the standard error s it is 2 Φ(margin - t s) - 1, or 0, in units of sqrt(V); averaged over s.
    """
    from scipy import special

    if math.isnan(spread.df) or not spread.value > 0:
        return math.nan
    reach = margin / math.sqrt(spread.value) - _errors(spread.df) * special.stdtrit(spread.df, 1 - alpha)
    return float(np.mean(np.maximum(0.0, 2 * special.ndtr(reach) - 1)))


def _errors(df: float) -> npt.NDArray[np.float64]:
    """Standard errors that may be found, in units of the true one, each equally likely; (GRID,)."""
    from scipy import special

    return np.sqrt(special.chdtri(df, 1 - (np.arange(GRID) + 0.5) / GRID) / df)


def trials_to_tell(share: float, chance: float = 0.5, alpha: float = 0.05, power: float = 0.8) -> int:
    """The fewest independent trials with which `share` right answers are told from chance (exact, one-sided)."""
    from scipy import stats

    about = (
        stats.norm.isf(alpha) * math.sqrt(chance * (1 - chance))
        + stats.norm.ppf(power) * math.sqrt(share * (1 - share))
    ) / (share - chance)
    trials = np.arange(2, 100 + 4 * math.ceil(about**2))
    reached = stats.binom.sf(stats.binom.isf(alpha, trials, chance), trials, share) >= power
    return int(trials[np.argmax(reached)])


def trials_for_equivalence(margin: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """The fewest independent trials, in fives, that show chance within 0.5 ± margin, where the truth is chance.

    Exact two one-sided binomial tests; in fives since exact power goes up and down from one number to the next.
    """
    from statsmodels.stats.proportion import power_binom_tost

    trials = STEP * max(1, int(0.5 / margin**2 / STEP))
    while power_binom_tost(0.5 - margin, 0.5 + margin, trials, 0.5, alpha=alpha) < power:
        trials += STEP
    return trials


def trials_for_width(half_width: float, sd: float, confidence: float = 0.95) -> int:
    """The fewest independent answers whose mean has an interval of that half width, z sd/√n."""
    from scipy import stats

    return math.ceil((float(stats.norm.ppf((1 + confidence) / 2)) * sd / half_width) ** 2 - 1e-9)
