"""Mean opinion scores of every system, and the differences between systems."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from listening_test.analysis import crossed
from listening_test.analysis import estimate as estimates
from listening_test.analysis.answers import EXCLUSIONS, Answers, Exclusions
from listening_test.analysis.estimate import Estimate
from listening_test.analysis.table import Column, Table
from listening_test.study import MosTask

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Z95 = 1.96
"""What other tools multiply the pooled standard error by, whatever the confidence."""
ANCHORS = ("original", "low", "strong")
NO_TASK = "This study asks for no ratings of quality, naturalness or intelligibility."
NOBODY = "Nobody has rated a recording yet."
NONE_USED = "No listener passed screening yet: rows with exclusions applied are empty."

_ABOUT = (
    Column("exclusions", "applied: listeners who passed screening; none: everybody"),
    Column("task", "Key of the task"),
    Column("question", "What was rated, from 1 to 5"),
    Column("system", "System; a letter while the study is masked and open"),
)
_SHARED_CAUTION = (
    "Means of two studies cannot be compared: listeners use the whole scale whatever they hear (range equalising: "
    "Cooper & Yamagishi 2023, arXiv 2305.10608). Compare systems within this study, and look at where the anchors are."
)
MOS = Table(
    "mos",
    "Mean opinion scores",
    (
        *_ABOUT,
        *estimates.COLUMNS,
        Column("naive_low", "Lower end of the pooled interval, as other tools report it: too narrow"),
        Column("naive_high", "Upper end of the pooled interval"),
    ),
    reading="Mean rating from 1 (bad) to 5 (excellent), with its interval for other listeners and other speakers.",
    method=(
        "Mean of all ratings; interval from a mixed model with crossed random listeners and speakers (variance "
        "components by MINQUE, Rao 1971, doi 10.1016/0047-259X(71)90001-7; Student's t with Satterthwaite's degrees of "
        "freedom), or from the two-way bootstrap where the model cannot be had. naive_low and naive_high: mean ± 1.96 "
        "sd/√n over all ratings as if they were independent, which they are not; for comparison with other tools only."
    ),
    caution=_SHARED_CAUTION,
)
CONTRASTS = Table(
    "mos_contrasts",
    "Differences between mean opinion scores",
    (
        *_ABOUT,
        Column("other", "System it is compared with"),
        *estimates.COLUMNS,
        Column("p", "Two-sided p-value of no difference"),
        Column("p_holm", "p, corrected by Holm's method for all pairs of this question"),
        Column("effect_size", "Difference / pooled sd of the ratings of both systems"),
        Column(
            "decided", "higher or lower where p_holm is below 1 - confidence (0.05 unless the study says otherwise)"
        ),
    ),
    reading="Mean rating of the system minus that of the other; positive = the first was rated better.",
    method=(
        "Difference of means; listeners and speakers that both systems share cancel. Variance clustered by listeners "
        "and by speakers (Cameron, Gelbach & Miller 2011, doi 10.1198/jbes.2010.07136), Student's t with "
        "Satterthwaite's degrees of freedom. p-values of all pairs of one question and task corrected by Holm (1979, "
        "jstor.org/stable/4615733). Effect size: d, the difference over the pooled standard deviation of single "
        "ratings, within systems and with all their variance, between listeners and speakers too (Westfall, Kenny & "
        "Judd 2014, doi 10.1037/xge0000014)."
    ),
    caution="Undecided is not equal: it may mean that too few listeners or speakers were heard. " + _SHARED_CAUTION,
)


@dataclass(frozen=True, eq=False)
class _Ratings:
    """Ratings of one system: values, who gave each, whose voice it was; (n,)."""

    values: Floats
    listeners: npt.NDArray[Any]
    speakers: npt.NDArray[Any]

    @property
    def mean(self) -> float:
        return float(self.values.mean()) if len(self.values) else math.nan

    @property
    def contributions(self) -> Floats:
        """(y - mean)/n, (n,)."""
        return (self.values - self.mean) / len(self.values) if len(self.values) else self.values


def tables(answers: Answers) -> list[Table]:
    """`mos` and `mos_contrasts`: every mos task, question, system and pair of systems; with and without exclusions."""
    tasks = {
        key: task
        for key, task in zip(answers.study.task_keys(), answers.study.tasks, strict=True)
        if isinstance(task, MosTask)
    }
    if not tasks:
        return [table.filled([], reason=NO_TASK) for table in (MOS, CONTRASTS)]
    means: list[dict[str, Any]] = []
    contrasts: list[dict[str, Any]] = []
    for key, task in tasks.items():
        for question in task.questions:
            for about, rated in _both(answers, key, task, question):
                means += _means(answers, about, rated)
                contrasts += _contrasts(answers, about, rated)
    reason = _reason(means)
    if reason == NOBODY:
        means, contrasts = [], []
    notes = [_anchors(answers, key, task) for key, task in tasks.items()]
    alone = reason or ("" if contrasts else "With one system there is nothing to compare.")
    return [MOS.filled(means, reason=reason, notes=notes), CONTRASTS.filled(contrasts, reason=alone)]


def _both(
    answers: Answers, key: str, task: MosTask, question: str
) -> Iterator[tuple[dict[str, Any], Mapping[str, _Ratings]]]:
    """What rows are about, and the ratings by system: with exclusions applied, then without."""
    systems = _systems(answers, task)
    for exclusions in EXCLUSIONS:
        rows = answers.rated(question, exclusions, task=key)
        about = {"exclusions": exclusions, "task": key, "question": question}
        yield about, {system: _ratings(rows, system) for system in systems}


def _systems(answers: Answers, task: MosTask) -> list[str]:
    labels = set(answers.study.task_systems(task))
    if answers.masked:
        from listening_test.export import masks

        labels = {letter for label, letter in masks(answers.study).items() if label in labels}
    return [system for system in answers.systems if system in labels]


def _ratings(rows: pd.DataFrame, system: str) -> _Ratings:
    own = rows[rows["system"].eq(system).fillna(False).astype(bool) & rows["value_number"].notna()]
    return _Ratings(
        own["value_number"].to_numpy(float), own["listener"].to_numpy(object), own["speaker"].to_numpy(object)
    )


def _means(answers: Answers, about: Mapping[str, Any], rated: Mapping[str, _Ratings]) -> Iterator[dict[str, Any]]:
    decided = answers.study.analysis
    for system, one in rated.items():
        rng = answers.rng("mos", about["task"], about["question"], system, about["exclusions"])
        found = crossed.mean(
            one.values, one.listeners, one.speakers,
            rng=rng, confidence=decided.confidence, replicates=decided.replicates,
        )  # fmt: skip
        yield {**about, "system": system, **found.row(), **_naive(one.values)}


def _naive(values: Floats) -> dict[str, float]:
    """The mean ± 1.96 sd/√n of pooled ratings; nothing for fewer than two."""
    if len(values) < 2:
        return {}
    half = Z95 * float(values.std(ddof=1)) / math.sqrt(len(values))
    return {"naive_low": float(values.mean()) - half, "naive_high": float(values.mean()) + half}


def _contrasts(answers: Answers, about: Mapping[str, Any], rated: Mapping[str, _Ratings]) -> list[dict[str, Any]]:
    rows, confidence = [], answers.study.analysis.confidence
    for system, other in itertools.combinations(rated, 2):
        one, two = rated[system], rated[other]
        found = _difference(one, two, confidence)
        rows.append(
            {
                **about, "system": system, "other": other, **found.row(),
                "p": _p(found), "effect_size": found.value / _pooled_sd(one.values, two.values),
            }
        )  # fmt: skip
    for row, p_holm in zip(rows, _holm([row["p"] for row in rows]), strict=True):
        row |= {"p_holm": p_holm, "decided": _decided(row["value"], p_holm, 1 - confidence)}
    return rows


def _difference(one: _Ratings, two: _Ratings, confidence: float) -> Estimate:
    if not len(one.values) or not len(two.values):
        return Estimate(note="No answers yet.")
    return crossed.total(
        one.mean - two.mean,
        np.concatenate([one.contributions, -two.contributions]),
        np.concatenate([one.listeners, two.listeners]),
        np.concatenate([one.speakers, two.speakers]),
        confidence=confidence,
    )


def _p(difference: Estimate) -> float:
    """Two-sided p of Student's t; NaN without a standard error."""
    if not difference.se > 0:
        return math.nan
    from scipy import stats

    return float(2 * stats.t.sf(abs(difference.value) / difference.se, max(1.0, difference.df)))


def _pooled_sd(one: Floats, two: Floats) -> float:
    """The square root of the mean variance within both, weighted by their degrees of freedom; NaN where it is 0."""
    free = len(one) + len(two) - 2
    if not len(one) or not len(two) or not free:
        return math.nan
    squares = float(np.sum((one - one.mean()) ** 2) + np.sum((two - two.mean()) ** 2))
    return math.sqrt(squares / free) or math.nan


def _holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for all that are known; NaN stays."""
    values = np.array(p, float)
    known = np.isfinite(values)
    if known.any():
        from statsmodels.stats.multitest import multipletests

        values[known] = multipletests(values[known], method="holm")[1]
    return [float(value) for value in values]


def _decided(difference: float, p_holm: float, alpha: float) -> str:
    return "undecided" if not p_holm < alpha else "higher" if difference > 0 else "lower"


def _reason(means: Sequence[Mapping[str, Any]]) -> str:
    heard: dict[Exclusions, int] = {
        exclusions: sum(row["answers"] for row in means if row["exclusions"] == exclusions) for exclusions in EXCLUSIONS
    }
    return NOBODY if not heard["none"] else "" if heard["applied"] else NONE_USED


def _anchors(answers: Answers, key: str, task: MosTask) -> str:
    """Which anchors listeners heard; says nothing of which letter is one."""
    there = {answers.study.system(label).anchor for label in answers.study.task_systems(task)}
    heard = [anchor for anchor in ANCHORS if anchor in there]
    missing = [anchor for anchor in ANCHORS if anchor not in there]
    words = f"Anchors heard in {key}: {', '.join(heard) or 'none'}."
    if not missing:
        return words
    return f"{words} Missing: {', '.join(missing)}; without them ratings stretch over whatever is heard."
