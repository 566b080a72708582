"""Mean opinion scores of every system, and the differences between systems."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from listening_test.analysis import crossed
from listening_test.analysis.answers import EXCLUSIONS, Answers, Exclusions
from listening_test.analysis.estimate import COLUMNS
from listening_test.analysis.table import Column, Table
from listening_test.study import MosTask

if TYPE_CHECKING:
    import pandas as pd

ALPHA = 0.05
MOS = Table(
    "mos",
    "Quality: mean opinion scores",
    (
        Column("exclusions", "applied: by the study's rules; none: everybody's answers"),
        Column("task", "Task of the study"),
        Column("question", "What was asked"),
        Column("system", "System"),
        *COLUMNS,
        Column("naive_low", "Lower end of the pooled interval that treats all answers as independent: for comparison"),
        Column("naive_high", "Upper end of that interval"),
    ),
    reading="Higher = rated better, from 1 to 5. Where intervals are wide, few speakers or listeners were heard.",
    method=(
        "Mean of the ratings; interval from a mixed model with crossed random listeners and speakers (MINQUE, "
        "Satterthwaite's t), or the two-way bootstrap for very large studies. naive_*: mean ± 1.96 standard errors."
    ),
    caution=(
        "Scores of two studies cannot be compared: listeners use the whole scale whatever they hear (Cooper & "
        "Yamagishi 2023, arXiv 2305.10608). Compare systems within a study, between its anchors."
    ),
)
CONTRASTS = Table(
    "mos_contrasts",
    "Quality: differences between systems",
    (
        Column("exclusions", "applied: by the study's rules; none: everybody's answers"),
        Column("task", "Task of the study"),
        Column("question", "What was asked"),
        Column("system", "One system"),
        Column("other", "The system it is compared with"),
        *COLUMNS,
        Column("p", "Two-sided p-value that both are rated alike"),
        Column("p_holm", "The same, corrected for all comparisons of the question (Holm 1979)"),
        Column("effect_size", "The difference in standard deviations of the ratings within a system"),
        Column("decided", "higher or lower when the corrected p is below 0.05, else undecided"),
    ),
    reading="Above 0 = the first system is rated better. Undecided does not mean equal.",
    method=(
        "Difference of means; what listeners and speakers share cancels (two-way clusters: Cameron, Gelbach & Miller "
        "2011; Satterthwaite's t). p-values corrected by Holm (1979) within each question."
    ),
    caution="An undecided difference may be large: look at its interval, not at its p-value.",
)


def tables(answers: Answers) -> list[Table]:
    """`mos` and `mos_contrasts` of all rating tasks."""
    asked = list(_asked(answers))
    if not asked:
        reason = "This study asks for no ratings of quality, naturalness or intelligibility."
        return [MOS.filled([], reason=reason), CONTRASTS.filled([], reason=reason)]
    scores = [row for one in asked for row in _scores(answers, *one)]
    contrasts = [row for one in asked for row in _contrasts(answers, *one)]
    reason = "" if any(row["answers"] for row in scores) else "Nobody has rated anything yet."
    few = "" if contrasts or reason else "A comparison needs ratings of two systems."
    return [
        MOS.filled(scores, reason=reason, notes=_notes(answers)),
        CONTRASTS.filled(contrasts, reason=reason or few),
    ]


def _asked(answers: Answers) -> Iterator[tuple[Exclusions, str, str]]:
    """Every question of every rating task, with and without exclusions."""
    for key, task in zip(answers.study.task_keys(), answers.study.tasks, strict=True):
        if isinstance(task, MosTask):
            yield from ((exclusions, key, question) for question in task.questions for exclusions in EXCLUSIONS)


def _notes(answers: Answers) -> list[str]:
    anchors = {system.anchor for system in answers.study.systems}
    missing = [
        name for name, anchor in (("the original", "original"), ("the low anchor", "low")) if anchor not in anchors
    ]
    if not missing:
        return []
    return [f"This study has no {' and no '.join(name.removeprefix('the ') for name in missing)} as an anchor."]


def by_system(ratings: pd.DataFrame, answers: Answers) -> Iterator[tuple[str, pd.DataFrame]]:
    """The rows of each system that has any, in the order to show."""
    groups = dict(iter(ratings.groupby("system", sort=False)))
    return ((system, groups[system]) for system in answers.systems if system in groups)


def _scores(answers: Answers, exclusions: Exclusions, task: str, question: str) -> Iterator[dict[str, Any]]:
    plan = answers.study.analysis
    ratings = answers.rated(question, exclusions, task=task)
    for system, own in by_system(ratings, answers):
        values = own["value_number"].to_numpy(float)
        found = crossed.mean(
            values, own["listener"].to_numpy(str), own["speaker"].to_numpy(str),
            rng=answers.rng("mos", exclusions, task, question, system),
            confidence=plan.confidence, replicates=plan.replicates,
        )  # fmt: skip
        low, high = _pooled(values, plan.confidence)
        keys = {"exclusions": exclusions, "task": task, "question": question, "system": system}
        yield {**keys, **found.row(), "naive_low": low, "naive_high": high}


def _pooled(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """Mean ± z standard errors, as if answers were independent."""
    from scipy import stats

    if len(values) < 2:
        return math.nan, math.nan
    half = float(stats.norm.ppf((1 + confidence) / 2)) * values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def _contrasts(answers: Answers, exclusions: Exclusions, task: str, question: str) -> list[dict[str, Any]]:
    rated = list(by_system(answers.rated(question, exclusions, task=task), answers))
    keys = {"exclusions": exclusions, "task": task, "question": question}
    confidence = answers.study.analysis.confidence
    rows = [{**keys, **_contrast(*one, *other, confidence)} for one, other in combinations(rated, 2)]
    for row, corrected in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["p_holm"] = corrected
        row["decided"] = "undecided" if not corrected < ALPHA else "higher" if row["value"] > 0 else "lower"
    return rows


def _contrast(one: str, mine: pd.DataFrame, other: str, theirs: pd.DataFrame, confidence: float) -> dict[str, Any]:
    left, right = (own["value_number"].to_numpy(float) for own in (mine, theirs))
    parts = np.concatenate([(left - left.mean()) / len(left), (right.mean() - right) / len(right)])
    listeners, speakers = (np.concatenate([mine[name], theirs[name]]).astype(str) for name in ("listener", "speaker"))
    found = crossed.total(left.mean() - right.mean(), parts, listeners, speakers, confidence=confidence)
    free = len(left) + len(right) - 2
    within = ((left - left.mean()) ** 2).sum() + ((right - right.mean()) ** 2).sum()
    sd = math.sqrt(within / free) if free > 0 else 0.0
    effect = found.value / sd if sd else math.nan
    return {
        "system": one,
        "other": other,
        **found.row(),
        "p": p_value(found.value, found.se, found.df),
        "effect_size": effect,
    }


def p_value(value: float, se: float, df: float) -> float:
    """Two-sided p-value that the value is 0, by Student's t; NaN without a standard error."""
    from scipy import stats

    return float(2 * stats.t.sf(abs(value) / se, max(1.0, df))) if se > 0 else math.nan


def holm(p_values: list[float]) -> list[float]:
    """p-values corrected for their number (Holm 1979); those that are NaN stay so and do not count."""
    from statsmodels.stats.multitest import multipletests

    known = [p for p in p_values if not math.isnan(p)]
    corrected = iter(multipletests(known, method="holm")[1].tolist() if known else [])
    return [math.nan if math.isnan(p) else next(corrected) for p in p_values]
