"""Variances that follow from assumptions: of ratings, of shares, of areas under the ROC curve. By quadrature.

Answers are latent normal values cut into categories (thresholds); what listeners and speakers add to the variance of
the answers follows from what they add to the latent value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from listening_test.forecast.assumptions import Assumptions
from listening_test.simulated_listener import CONFIDENCE_CRITERIA, latent_mean

Floats = npt.NDArray[np.float64]
NODES, MIDDLES = 31, 2001
RATING_CUTS, RATINGS = (1.5, 2.5, 3.5, 4.5), (1.0, 2.0, 3.0, 4.0, 5.0)
STEP = 0.01


@dataclass(frozen=True)
class Parts:
    """Mean of an answer, and the variance that listeners, speakers and the answer itself add to it."""

    mean: float
    listener: float
    speaker: float
    answer: float

    @property
    def whole(self) -> float:
        """Variance of one answer of anybody about anybody."""
        return self.listener + self.speaker + self.answer


def rating(assumed: Assumptions) -> Parts:
    """Of ratings 1 to 5: the latent rating rounded."""
    sds = (assumed.rating_sd_listener, assumed.rating_sd_speaker, assumed.rating_sd_answer)
    return cut(latent_rating(assumed, assumed.rating), sds, RATING_CUTS, RATINGS)


def share(assumed: Assumptions) -> Parts:
    """Of answers that are right (1) or wrong (0)."""
    sds = (assumed.share_sd_listener, assumed.share_sd_speaker, 1.0)
    return cut(latent_share(assumed), sds, (0.0,), (0.0, 1.0))


def latent_share(assumed: Assumptions) -> float:
    """The mean evidence with which the share that is assumed lies above 0; that of one answer has the variance 1."""
    from scipy import stats

    whole = float(np.linalg.norm((assumed.share_sd_listener, assumed.share_sd_speaker, 1.0)))
    return float(stats.norm.ppf(assumed.share)) * whole


def latent_rating(assumed: Assumptions, rating: float) -> float:
    """The latent mean whose rounded ratings have that mean, in (1, 5)."""
    whole = (assumed.rating_sd_listener, assumed.rating_sd_speaker, assumed.rating_sd_answer)
    return latent_mean(rating, float(np.linalg.norm(whole)))


def cut(mean: float, sds: tuple[float, float, float], cuts: tuple[float, ...], values: tuple[float, ...]) -> Parts:
    """Of a latent normal value with these standard deviations (listener, speaker, answer), cut into categories.

    A part is the variance of what is expected once the listener (or the speaker) is known; the rest is the answer's.
    """
    whole = float(np.linalg.norm(sds))
    known = [_known(mean, sd, float(np.sqrt(max(whole**2 - sd**2, 0.0))), cuts, values) for sd in sds[:2]]
    expected, squares = (
        float(_expected(np.array([mean]), whole, cuts, each)[0]) for each in (values, _squared(values))
    )
    return Parts(expected, known[0], known[1], squares - expected**2 - known[0] - known[1])


def _known(mean: float, sd: float, rest: float, cuts: tuple[float, ...], values: tuple[float, ...]) -> float:
    from scipy import stats

    middles = stats.norm.ppf((np.arange(MIDDLES) + 0.5) / MIDDLES)
    return float(_expected(mean + sd * middles, rest, cuts, values).var())


def _expected(means: Floats, sd: float, cuts: tuple[float, ...], values: tuple[float, ...]) -> Floats:
    """Expected value of the category, (k,), for latent means (k,)."""
    return _categories(means, sd, cuts) @ np.array(values)


def _categories(means: Floats, sd: float, cuts: tuple[float, ...]) -> Floats:
    """Probabilities of the categories, (k, categories)."""
    from scipy import stats

    below = stats.norm.cdf((np.array(cuts) - means[..., None]) / max(sd, 1e-12))
    ends = [np.zeros_like(below[..., :1]), below, np.ones_like(below[..., :1])]
    return np.diff(np.concatenate(ends, axis=-1), axis=-1)


def _squared(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(value**2 for value in values)


def _normal() -> tuple[Floats, Floats]:
    """Nodes and weights of a standard normal distribution (Gauss-Hermite)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return nodes, weights / weights.sum()


@dataclass(frozen=True)
class Area:
    """The within-listener AUC, and variances of one listener's.

    Attributes:
        value: expected AUC.
        between: variance of the expected areas of listeners.
        trials: mean variance of a listener's area around the expected one.
        slope: by how much the AUC grows with d', for what speakers add.
    """

    value: float
    between: float
    trials: float
    slope: float


def area(assumed: Assumptions, same: float, different: float, *, d_prime: float | None = None) -> Area:
    """Of signed confidence on six points, by listeners with so many trials of one speaker and of two.

    A listener's area has the variance [P - A² + (n-1)(Q1 - A²) + (m-1)(Q2 - A²)]/(mn) with Q1, Q2 the probabilities
    that two trials of the other kind both come out right (Hanley & McNeil 1982, doi 10.1148/radiology.143.1.7063747),
    ties half, P the second moment of one comparison.
    """
    middle = assumed.d_prime if d_prime is None else d_prime
    nodes, weights = _normal()
    weight = np.multiply.outer(weights, weights)
    able, shift = np.meshgrid(assumed.d_prime_sd_listener * nodes, assumed.sd_criterion * nodes, indexing="ij")
    found = _areas(middle + able, shift, assumed.d_prime_sd_speaker)
    value = float(np.sum(weight * found[0]))
    ahead, back = (
        float(np.sum(weight * _areas(middle + able + step, shift, assumed.d_prime_sd_speaker)[0]))
        for step in (STEP, -STEP)
    )
    scatter = found[3] + (different - 1) * found[1] + (same - 1) * found[2]
    trials = float(np.sum(weight * scatter)) / (same * different)
    between = float(np.sum(weight * found[0] ** 2)) - value**2
    return Area(value, max(between, 0.0), max(trials, 0.0), (ahead - back) / (2 * STEP))


def _areas(d_prime: Floats, shift: Floats, sd_speaker: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Area A, Q1 - A² over same-trials, Q2 - A² over different ones, P - A²; each of the shape of d_prime.

    The speaker's part of d' is in the evidence of one trial: half of it for one voice, a quarter of each of two.
    """
    same = _categories(d_prime / 2 + shift, float(np.sqrt(1 + sd_speaker**2 / 4)), CONFIDENCE_CRITERIA)
    different = _categories(-d_prime / 2 + shift, float(np.sqrt(1 + sd_speaker**2 / 8)), CONFIDENCE_CRITERIA)
    below = np.cumsum(different, -1) - different
    above = np.cumsum(same[..., ::-1], -1)[..., ::-1] - same
    placed_same, placed_different = below + different / 2, above + same / 2
    value = np.sum(same * placed_same, -1)
    squares = [
        np.sum(same * placed_same**2, -1),
        np.sum(different * placed_different**2, -1),
        np.sum(same * (below + different / 4), -1),
    ]
    return value, squares[0] - value**2, squares[1] - value**2, squares[2] - value**2
