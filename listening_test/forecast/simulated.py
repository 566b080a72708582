"""The same, tried out: answers drawn for the study's own plan, given to the real estimators."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from listening_test.analysis import crossed, equivalence, within
from listening_test.analysis.estimate import Estimate
from listening_test.analysis.worlds import PairWorld, RatingWorld, rounded
from listening_test.forecast import moments
from listening_test.forecast.assumptions import Assumptions
from listening_test.forecast.design import Condition
from listening_test.forecast.goals import Goal

Floats = npt.NDArray[np.float64]
REPLICATES = 400


@dataclass(frozen=True)
class Tried:
    """What simulated studies did: mean half width; share that reached the aim (NaN for widths)."""

    half_width: float
    power: float


def tried(goal: Goal, assumed: Assumptions, runs: int, rng: np.random.Generator) -> Tried:
    """So many studies of a goal's conditions, with other listeners, speakers and answers each."""
    found = [_study(goal, assumed, rng) for _ in range(runs)]
    widths = [(one.high - one.low) / 2 for one, _ in found if one.se > 0]
    reached = [aim for one, aim in found]
    return Tried(
        float(np.mean(widths)) if widths else math.nan,
        math.nan if goal.aim == "width" else float(np.mean(reached)),
    )


def _study(goal: Goal, assumed: Assumptions, rng: np.random.Generator) -> tuple[Estimate, bool]:
    one = goal.conditions[0]
    if one.kind == "pair":
        area = _area(one, assumed, 0.0 if goal.aim == "chance" else assumed.d_prime, goal.confidence, rng)
        return area, goal.aim == "chance" and equivalence.of(area, goal.wanted, goal.alpha).declared
    if goal.aim == "difference":
        found = _difference(goal, assumed, rng)
        return found, bool(found.se > 0 and _p(found) < goal.alpha)
    values = _shares(one, assumed, rng) if one.kind == "share" else _rated(one, assumed, rng)
    scale = "identity" if math.isnan(goal.value) else "logit"
    return crossed.mean(
        values, one.listeners, one.speakers,
        rng=rng, confidence=goal.confidence, replicates=REPLICATES, scale=scale,  # type: ignore[arg-type]
    ), False  # fmt: skip


def _rated(one: Condition, assumed: Assumptions, rng: np.random.Generator) -> Floats:
    world = RatingWorld(
        int(one.listeners.max()) + 1,
        int(one.speakers.max()) + 1,
        mean=moments.latent_rating(assumed, assumed.rating),
        sd_listener=assumed.rating_sd_listener,
        sd_speaker=assumed.rating_sd_speaker,
        sd_residual=assumed.rating_sd_answer,
    )
    return world.rate(one.listeners, one.speakers, rng)


def _shares(one: Condition, assumed: Assumptions, rng: np.random.Generator) -> Floats:
    people, voices = int(one.listeners.max()) + 1, int(one.speakers.max()) + 1
    evidence = (
        moments.latent_share(assumed)
        + rng.normal(0, assumed.share_sd_listener, people)[one.listeners]
        + rng.normal(0, assumed.share_sd_speaker, voices)[one.speakers]
        + rng.normal(size=len(one.listeners))
    )
    return (evidence > 0).astype(float)


def _area(
    one: Condition, assumed: Assumptions, d_prime: float, confidence: float, rng: np.random.Generator
) -> Estimate:
    world = PairWorld(
        int(one.listeners.max()) + 1,
        int(max(one.speakers.max(), one.others.max())) + 1,
        d_prime=d_prime,
        sd_listener=assumed.d_prime_sd_listener,
        sd_speaker=assumed.d_prime_sd_speaker,
        sd_criterion=assumed.sd_criterion,
    )
    scores = world.judge(one.same, one.listeners, one.speakers, one.others, rng)
    return within.auc(scores, one.same, one.listeners, one.speakers, one.others, confidence=confidence)


def _difference(goal: Goal, assumed: Assumptions, rng: np.random.Generator) -> Estimate:
    """Two systems whose expected ratings differ as wanted; listeners and speakers are partly the same for both."""
    away = goal.wanted if assumed.rating + goal.wanted <= 4.8 else -goal.wanted
    means = [moments.latent_rating(assumed, rating) for rating in (assumed.rating, assumed.rating + away)]
    people = _effects(goal, assumed.rating_sd_listener, assumed.shared_listener, rng)
    voices = _effects(goal, assumed.rating_sd_speaker, assumed.shared_speaker, rng)
    values = [
        rounded(
            mean + who[one.listeners] + whose[one.speakers] + rng.normal(0, assumed.rating_sd_answer, len(one.same))
        )
        for one, mean, who, whose in zip(goal.conditions, means, people, voices, strict=True)
    ]
    parts = [(each - each.mean()) / len(each) * sign for each, sign in zip(values, (1, -1), strict=True)]
    return crossed.total(
        float(values[0].mean() - values[1].mean()),
        np.concatenate(parts),
        np.concatenate([one.listeners for one in goal.conditions]),
        np.concatenate([one.speakers for one in goal.conditions]),
        confidence=goal.confidence,
    )


def _effects(goal: Goal, sd: float, shared: float, rng: np.random.Generator) -> list[Floats]:
    """Effects on both systems, each of that standard deviation, of which a share of the variance is the same."""
    most = max(int(max(one.listeners.max(), one.speakers.max())) for one in goal.conditions) + 1
    common = math.sqrt(shared) * rng.normal(0, sd, most)
    return [common + math.sqrt(1 - shared) * rng.normal(0, sd, most) for _ in goal.conditions]


def _p(difference: Estimate) -> float:
    from scipy import stats

    return float(2 * stats.t.sf(abs(difference.value) / difference.se, max(1.0, difference.df)))
