"""Can people still tell who is speaking? Same or different, per kind of pair, system, rung of the ladder, and sex."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from listening_test.analysis import equivalence, pooled, within
from listening_test.analysis.answers import EXCLUSIONS, Answers, Exclusions
from listening_test.analysis.estimate import COLUMNS, Estimate
from listening_test.analysis.table import Column, Table
from listening_test.study import SameDifferentTask

if TYPE_CHECKING:
    import pandas as pd

QUESTION = "same_different"
ALL = "all"
ROUNDING = 1e-9
SEE_POOLED = "The table of pooled answers says what can be said."
KEYS = (
    Column("exclusions", "applied: by the study's rules; none: everybody's answers"),
    Column("task", "Task of the study"),
    Column("pair", "What was compared: original-original is the ceiling"),
    Column("system", "System"),
    Column("rung", "Rung of the attacker ladder, or all"),
)
REIDENTIFICATION = Table(
    "reidentification",
    "Re-identification: do people still recognise the speaker?",
    (
        *KEYS,
        Column("sex", "Sex of the speakers: F, M, or all"),
        *COLUMNS,
        Column("d_prime", "The AUC as a distance in standard deviations: sqrt(2) z(AUC)"),
        Column("d_prime_low", "Lower end of its interval"),
        Column("d_prime_high", "Upper end of its interval"),
        Column("c", "Criterion: above 0 = inclined to say different, below 0 = inclined to say same"),
        Column("hit_rate", "Share of same-speaker pairs that were called the same"),
        Column("false_alarm_rate", "Share of different-speaker pairs that were called the same"),
    ),
    reading="0.5 = no better than chance (private); 1 = always recognised. Listeners are compared with themselves.",
    method=(
        "Within-listener area under the ROC curve of six-point confidence, ties half; interval for other listeners and "
        "other speakers. d' = sqrt(2) z(AUC); c = -(z(H) + z(F))/2 with (n + 0.5)/(N + 1) (Hautus 1995)."
    ),
    caution=(
        "This is what these people could do with these clips: a machine, or somebody who knows the voice, may do "
        "better, and the worst speaker may be far worse off than the mean."
    ),
)
EQUIVALENCE = Table(
    "equivalence",
    "Is it chance? Equivalence tests",
    (
        *KEYS,
        Column("margin", "Chance is an AUC within 0.5 ± this; chosen before the answers came"),
        Column("auc", "Within-listener AUC"),
        Column("low", "Lower end of the interval of the two one-sided tests (90 % for a test at 5 %)"),
        Column("high", "Upper end of it"),
        Column("p", "The larger p-value of both tests; chance is declared below 0.05"),
        Column("verdict", "chance within the margin, above chance, below chance, or undecided"),
        Column("note", "What is missing or doubtful"),
    ),
    reading="Only 'chance within the margin' is evidence of privacy. 'Undecided' means that too little is known.",
    method="Two one-sided t tests (Schuirmann 1987) with the standard error and df of the within-listener AUC.",
    caution="For this attacker and this margin. Not being significantly above chance would be no evidence of privacy.",
)


def tables(answers: Answers) -> list[Table]:
    """`reidentification`, `equivalence`, `reidentification_pooled` and `roc` of all same-different tasks."""
    found = list(cells(answers))
    reason = missing(answers, found)
    rows, verdicts = [], []
    for keys, own in found:
        estimate = _area(own, answers)
        rows.append({**keys, **estimate.row(), **estimate.map(d_prime).bounds("d_prime"), **rates(own)})
        if keys["sex"] == ALL:
            verdicts.append({name: keys[name] for name in keys if name != "sex"} | _verdict(estimate, answers))
    return [
        REIDENTIFICATION.filled(rows, reason=reason),
        EQUIVALENCE.filled(verdicts, reason=reason),
        *pooled.tables(answers, [(keys, own) for keys, own in found if keys["rung"] == keys["sex"] == ALL], reason),
    ]


def missing(answers: Answers, found: Sequence[tuple[dict[str, str], Any]]) -> str:
    """Why there is nothing, or only what everybody said; "" if there is all."""
    if not any(isinstance(task, SameDifferentTask) for task in answers.study.tasks):
        return "This study does not ask whether two recordings are of one person."
    if not found:
        return "Nobody has compared two voices yet."
    applied = any(keys["exclusions"] == "applied" for keys, _ in found)
    return "" if applied else "By the rules of the study no answer is to be used yet."


def cells(answers: Answers) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    """The answers of each row: of all rungs and both sexes together, then of each rung and of each sex."""
    for key, task in zip(answers.study.task_keys(), answers.study.tasks, strict=True):
        if isinstance(task, SameDifferentTask):
            for exclusions in EXCLUSIONS:
                yield from _cells(answers, exclusions, key)


def _cells(answers: Answers, exclusions: Exclusions, task: str) -> Iterator[tuple[dict[str, str], pd.DataFrame]]:
    rated = answers.rated(QUESTION, exclusions, task=task)
    groups = dict(iter(rated.groupby(["pair", "system"], sort=False)))
    order = {system: n for n, system in enumerate(answers.systems)}
    for pair, system in sorted(groups, key=lambda key: (key[0] != "original-original", key[0], order.get(key[1], 99))):
        own = groups[pair, system]
        keys = {"exclusions": exclusions, "task": task, "pair": str(pair), "system": str(system)}
        yield {**keys, "rung": ALL, "sex": ALL}, own
        for name, values in (("rung", answers.study.design.rungs), ("sex", ("F", "M"))):
            parts = [(value, own[own[name].eq(value).fillna(False).astype(bool)]) for value in values]
            if sum(len(part) > 0 for _, part in parts) > 1:
                yield from (({**keys, "rung": ALL, "sex": ALL, name: value}, part) for value, part in parts)


def arrays(own: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Signed confidence, whether it is one speaker, listener, speaker, other speaker: each (n,)."""
    same = own["same"].to_numpy(bool)
    names = [own[name].to_numpy(str) for name in ("listener", "speaker", "other_speaker")]
    return own["value_number"].to_numpy(float), same, names[0], names[1], names[2]


def _area(own: pd.DataFrame, answers: Answers) -> Estimate:
    estimate = within.auc(*arrays(own), confidence=answers.study.analysis.confidence)
    alone = math.isnan(estimate.value) and own["same"].nunique() > 1
    return replace(estimate, note=f"{estimate.note} {SEE_POOLED}") if alone else estimate


def d_prime(auc: float) -> float:
    """sqrt(2) z(AUC); NaN where the area is 0 or 1, whose distance has no bound."""
    from scipy import stats

    return math.sqrt(2) * float(stats.norm.ppf(auc)) if ROUNDING < auc < 1 - ROUNDING else math.nan


def rates(own: pd.DataFrame) -> dict[str, float]:
    """Hit rate, false-alarm rate and criterion of "same" (any confidence) with the log-linear correction."""
    from scipy import stats

    scores, same, *_ = arrays(own)
    yes, hits, alarms = scores > 0, same.sum(), (~same).sum()
    hit, alarm = (
        (float((yes & kind).sum()) + 0.5) / (float(count) + 1) for kind, count in ((same, hits), (~same, alarms))
    )
    shares = {
        "hit_rate": float(yes[same].mean()) if hits else math.nan,
        "false_alarm_rate": float(yes[~same].mean()) if alarms else math.nan,
    }
    known = hits > 0 and alarms > 0
    return {**shares, "c": -(float(stats.norm.ppf(hit)) + float(stats.norm.ppf(alarm))) / 2 if known else math.nan}


def _verdict(estimate: Estimate, answers: Answers) -> dict[str, Any]:
    found = equivalence.of(estimate, answers.study.analysis.auc_margin)
    cells = {"margin": found.margin, "auc": estimate.value, "low": found.low, "high": found.high, "p": found.p}
    return {**cells, "verdict": found.verdict or "undecided", "note": estimate.note}
