"""How alike two voices are rated, and whether that tells one speaker from two."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from listening_test.analysis import crossed, equivalence, within
from listening_test.analysis.answers import EXCLUSIONS, Answers, Exclusions
from listening_test.analysis.estimate import COLUMNS
from listening_test.analysis.reidentification import arrays
from listening_test.analysis.table import Column, Table
from listening_test.study import SpeakerSimilarityTask

if TYPE_CHECKING:
    import pandas as pd

QUESTION = "similarity"
SIMILARITY = Table(
    "similarity",
    "Speaker similarity",
    (
        Column("exclusions", "applied: by the study's rules; none: everybody's answers"),
        Column("task", "Task of the study"),
        Column("system", "System"),
        Column("same", "Whether both recordings are of one speaker"),
        *COLUMNS,
    ),
    reading="1 = very different, 5 = very similar. One speaker rated like two = a voice tells little about who speaks.",
    method="Mean of the ratings; mixed model with crossed listeners and speakers (of the first recording).",
    caution="How far a voice was changed is not how private it is: the AUC of the next table is nearer to that.",
)
AUC = Table(
    "similarity_auc",
    "Speaker similarity: does it tell one speaker from two?",
    (
        Column("exclusions", "applied: by the study's rules; none: everybody's answers"),
        Column("task", "Task of the study"),
        Column("system", "System"),
        *COLUMNS,
        Column("margin", "Chance is an AUC within 0.5 ± this; chosen before the answers came"),
        Column("p", "Equivalence test: the larger p-value of both tests"),
        Column("verdict", "chance within the margin, above chance, below chance, or undecided"),
    ),
    reading="0.5 = voices of one speaker are rated no more alike than those of two.",
    method="Within-listener AUC of the ratings; two one-sided tests for equivalence to chance (Schuirmann 1987).",
    caution="Listeners were asked how alike voices are, not who speaks: same or different is the stricter test.",
)


def tables(answers: Answers) -> list[Table]:
    """`similarity` and `similarity_auc` of all similarity tasks."""
    keys = [
        key
        for key, task in zip(answers.study.task_keys(), answers.study.tasks, strict=True)
        if isinstance(task, SpeakerSimilarityTask)
    ]
    if not keys:
        reason = "This study does not ask how similar voices are."
        return [SIMILARITY.filled([], reason=reason), AUC.filled([], reason=reason)]
    parts = [part for key in keys for exclusions in EXCLUSIONS for part in _parts(answers, exclusions, key)]
    reason = _missing(parts)
    means = [row for named, own in parts for row in _means(answers, named, own)]
    areas = [{**named, **_area(answers, own)} for named, own in parts]
    return [SIMILARITY.filled(means, reason=reason), AUC.filled(areas, reason=reason)]


def _missing(parts: list[tuple[dict[str, str], pd.DataFrame]]) -> str:
    if not parts:
        return "Nobody has compared two voices yet."
    applied = any(named["exclusions"] == "applied" for named, _ in parts)
    return "" if applied else "By the rules of the study no answer is to be used yet."


def _parts(answers: Answers, exclusions: Exclusions, task: str) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    for system, own in answers.by_system(answers.rated(QUESTION, exclusions, task=task)):
        yield {"exclusions": exclusions, "task": task, "system": system}, own


def _means(answers: Answers, named: dict[str, str], own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    plan = answers.study.analysis
    scores, same, listeners, speakers, _ = arrays(own)
    for kind in (True, False):
        chosen = same == kind
        found = crossed.mean(
            scores[chosen], listeners[chosen], speakers[chosen], rng=answers.rng("similarity", kind, *named.values()),
            confidence=plan.confidence, replicates=plan.replicates,
        )  # fmt: skip
        yield {**named, "same": kind, **found.row()}


def _area(answers: Answers, own: pd.DataFrame) -> dict[str, Any]:
    plan = answers.study.analysis
    estimate = within.auc(*arrays(own), confidence=plan.confidence)
    found = equivalence.of(estimate, plan.auc_margin)
    return {**estimate.row(), "margin": found.margin, "p": found.p, "verdict": found.verdict or "undecided"}
