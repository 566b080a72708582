"""All answers to a system thrown together: ROC, AUC and EER, as most of the literature has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evaluation import metrics
from listening_test.analysis import resampling
from listening_test.analysis.answers import Answers
from listening_test.analysis.estimate import Estimate
from listening_test.analysis.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
FLATTERS = (
    "Pooling listeners who use the scale differently flatters privacy: of listeners with d' = 1 and different criteria "
    "the pooled AUC is .706, where each has .742. Use the within-listener AUC."
)
POOLED = Table(
    "reidentification_pooled",
    "Re-identification, answers pooled",
    (
        Column("exclusions", "applied: by the study's rules; none: everybody's answers"),
        Column("task", "Task of the study"),
        Column("pair", "What was compared"),
        Column("system", "System"),
        Column("auc", "Area under the pooled ROC curve"),
        Column("auc_low", "Lower end of its interval"),
        Column("auc_high", "Upper end of its interval"),
        Column("eer", "Equal error rate, 0 to 1; 0.5 is chance"),
        Column("eer_low", "Lower end of its interval"),
        Column("eer_high", "Upper end of its interval"),
        Column("answers", "Answers it rests on"),
        Column("listeners", "Listeners it rests on"),
        Column("speakers", "Speakers it rests on"),
        Column("note", "What is missing or doubtful"),
    ),
    reading="EER: higher = more private, 0.5 = chance. AUC: lower = more private.",
    method="Answers of all listeners on one scale; intervals by the two-way bootstrap over listeners and speakers.",
    caution=FLATTERS,
)
ROC = Table(
    "roc",
    "Receiver operating characteristic, answers pooled",
    (
        Column("task", "Task of the study"),
        Column("pair", "What was compared"),
        Column("system", "System"),
        Column("listener", "Whose answers: people pooled"),
        Column("threshold", "Answers at or above it count as the same; empty for none at all"),
        Column("false_alarm_rate", "Share of different-speaker pairs called the same"),
        Column("hit_rate", "Share of same-speaker pairs called the same"),
    ),
    reading="The nearer to the diagonal, the more private. Each point is one degree of confidence.",
    method="A point for each of the six answers, exclusions applied; equal answers share a threshold.",
    caution=FLATTERS,
)
PEOPLE = "people pooled"


def tables(answers: Answers, cells: Sequence[tuple[dict[str, str], pd.DataFrame]], reason: str) -> list[Table]:
    """`reidentification_pooled` and `roc` of these answers, each with exclusions, task, pair and system."""
    from listening_test.analysis.reidentification import arrays

    rows: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    for keys, own in cells:
        named = {name: keys[name] for name in ("exclusions", "task", "pair", "system")}
        scores, same, *clusters = arrays(own)
        rows.append({**named, **_row(answers, named, scores, same, clusters)})
        if keys["exclusions"] == "applied" and same.any() and not same.all():
            named.pop("exclusions")
            points += [{**named, "listener": PEOPLE, **point} for point in curve(scores, same)]
    no_curve = "" if points else reason or "A curve needs pairs of one speaker and pairs of two."
    return [POOLED.filled(rows, reason=reason), ROC.filled(points, reason=no_curve)]


def curve(scores: Floats, same: npt.NDArray[np.bool_]) -> list[dict[str, float]]:
    """The points of the ROC curve; there are both kinds of trials."""
    found = metrics.roc(scores[same], scores[~same])
    return [
        {"threshold": threshold, "false_alarm_rate": alarm, "hit_rate": hit}
        for threshold, alarm, hit in zip(found.thresholds, found.false_alarm_rates, found.hit_rates, strict=True)
    ]


def _row(
    answers: Answers, keys: dict[str, str], scores: Floats, same: npt.NDArray[np.bool_], clusters: list[Any]
) -> dict[str, Any]:
    listeners, speakers, others = clusters
    auc, eer = (
        interval(statistic, scores, same, listeners, speakers, others, answers, (*keys.values(), name))
        for name, statistic in (("auc", metrics.auc_of_counts), ("eer", metrics.eer_of_counts))
    )
    basis = {name: getattr(auc, name) for name in ("answers", "listeners", "speakers", "note")}
    return {**auc.bounds("auc"), **eer.bounds("eer"), **basis}


def interval(
    statistic: Callable[[Floats, Floats], Floats],
    scores: Floats,
    same: npt.NDArray[np.bool_],
    listeners: Any,
    speakers: Any,
    others: Any,
    answers: Answers,
    names: Sequence[str],
) -> Estimate:
    """auc_of_counts or eer_of_counts of answers, with its two-way bootstrap interval."""
    levels, places = np.unique(scores, return_inverse=True)
    at = np.eye(len(levels))[places]
    yes, no = at * same[:, None], at * ~same[:, None]
    plan = answers.study.analysis
    found = resampling.interval(
        lambda weights: statistic(weights @ yes, weights @ no),
        listeners, speakers, others=others, rng=answers.rng("pooled", *names),
        replicates=plan.replicates, confidence=plan.confidence, scale="logit",
    )  # fmt: skip
    return found
