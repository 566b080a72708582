"""Do listeners agree? Intraclass correlations of ratings, and Krippendorff's alpha of every answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from listening_test import questions
from listening_test.analysis import agreement, alpha, crossed, intraclass
from listening_test.analysis import estimate as estimates
from listening_test.analysis.agreement import Coefficient
from listening_test.analysis.answers import EXCLUSIONS, Answers
from listening_test.analysis.estimate import Estimate
from listening_test.analysis.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

Texts = npt.NDArray[np.object_]
FEW_RATERS, FEW_ITEMS = 3, 10
SAMPLE, SIDES = ("sample",), ("first", "second")
"""Slots of the sounds that an answer is about."""
NO_TASK = "This study asks nothing that several listeners answer about the same recording."
NOBODY = "Nobody has answered a rated trial yet."
RELIABILITY = Table(
    "reliability",
    "Do listeners agree?",
    (
        Column("exclusions", "applied: listeners who passed screening; none: everybody"),
        Column("task", "Key of the task"),
        Column("question", "What was asked"),
        Column("measure", "ICC(2,1), ICC(2,k), or Krippendorff's alpha with the level of its differences"),
        *estimates.COLUMNS[:-1],
        Column("raters", "Listeners who answered"),
        Column("items", "Recordings (of a clip through a system), or pairs of them, with answers of two listeners"),
        Column("per_item", "k: answers about a recording or pair, harmonic mean over all of them"),
        estimates.COLUMNS[-1],
    ),
    reading="1 = all listeners answer alike about the same recording; 0 = no more alike than by chance.",
    method=(
        "Items are recordings (a clip through a system); of tasks that compare two voices, pairs of recordings. "
        "ICC(2,1): agreement of single ratings, s²(items) / (s²(items) + s²(listeners) + s²(rest)); ICC(2,k): of the "
        "mean of the k ratings that a recording has (Shrout & Fleiss 1979, doi 10.1037/0033-2909.86.2.420). The "
        "variances come from squared differences between pairs of ratings, so that nobody need hear everything; they "
        "are cut off at 0. Krippendorff's alpha is nltk's (Krippendorff 2011, repository.upenn.edu/asc_papers/43). "
        "Intervals for other listeners and other speakers: first-order influences of the answers, clustered both ways "
        "(Cameron, Gelbach & Miller 2011, doi 10.1198/jbes.2010.07136), symmetric on Fisher's scale for intraclass "
        "correlations (Fisher 1925, Statistical Methods for Research Workers, section 39)."
    ),
    caution=(
        "Low values need not be bad: where systems sound alike, only noise is left to disagree on, and a wider range "
        "of systems raises every value. Where speakers are few, values come out a little low and intervals too narrow: "
        "in simulations, 95 % intervals cover in 91 to 97 % of studies with 20 or 40 speakers, in 85 to 90 % with 8."
    ),
)


@dataclass(frozen=True, eq=False)
class _Heard:
    """Answers to one question, one for each listener and item: numbers or names, and who and what they are about; (n,).

    `others` are the speakers of the second side, None where there is one voice.
    """

    values: npt.NDArray[Any]
    listeners: Texts
    items: Texts
    speakers: Texts
    others: Texts | None

    @property
    def answers_each(self) -> npt.NDArray[np.int64]:
        """Answers about each item."""
        return np.unique(self.items.astype(str), return_counts=True)[1]


def tables(answers: Answers) -> list[Table]:
    """`reliability`: every question of every task but line-ups, whose candidates are no recording of their own."""
    asked = list(_asked(answers))
    if not asked:
        return [RELIABILITY.filled([], reason=NO_TASK)]
    asked_of, confidence = questions.of(answers.study), answers.study.analysis.confidence
    rows = [
        {"exclusions": exclusions, "task": task, "question": question, **row}
        for task, question in asked
        for exclusions in EXCLUSIONS
        for row in _rows(answers.rated(question, exclusions, task=task), asked_of[question].numbered, confidence)
    ]
    answered = any(row["answers"] for row in rows)
    return [RELIABILITY.filled(rows if answered else [], reason="" if answered else NOBODY)]


def _asked(answers: Answers) -> Iterator[tuple[str, str]]:
    for key, task in zip(answers.study.task_keys(), answers.study.tasks, strict=True):
        if task.type != "line-up":
            yield from ((key, question) for question in questions.of_task(answers.study, key))


def _rows(rows: pd.DataFrame, numbered: bool, confidence: float) -> Iterator[dict[str, Any]]:
    heard = _heard(rows, numbered)
    each = heard.answers_each
    about = {
        "raters": len(np.unique(heard.listeners.astype(str))),
        "items": int(np.sum(each > 1)),
        "per_item": float(len(each) / np.sum(1 / each)) if len(each) else None,
    }
    for measure, found in _measures(heard, numbered, about["per_item"] or 1.0, confidence):
        doubt = _doubt(each) if found.value == found.value else ""
        yield {"measure": measure, **found.row(), **about, "note": " ".join(filter(None, (found.note, doubt)))}


def _heard(rows: pd.DataFrame, numbered: bool) -> _Heard:
    """Answers with a value and their sounds; a listener's first where one was asked twice about an item."""
    values = rows["value_number" if numbered else "value"]
    pairs = bool(len(rows)) and rows["sound_1_slot"].eq(SIDES[0]).fillna(False).any()
    items = _items(rows, SIDES if pairs else SAMPLE)
    kept = (values.notna() & ~rows.assign(item=items).duplicated(["listener", "item"])).to_numpy(bool)
    listeners, speakers = (rows[name].to_numpy(object)[kept] for name in ("listener", "speaker"))
    others = rows["other_speaker"].fillna(rows["speaker"]).to_numpy(object)[kept] if pairs else None
    kind = float if numbered else object
    return _Heard(values.to_numpy(object)[kept].astype(kind), listeners, items[kept], speakers, others)


def _items(rows: pd.DataFrame, slots: tuple[str, ...]) -> Texts:
    """What each answer is about: clip and system of the sounds in these slots, in whichever order they were heard."""
    found: list[list[str]] = [[] for _ in range(len(rows))]
    for name in [column for column in rows.columns if column.startswith("sound_") and column.endswith("_slot")]:
        stem = name.removesuffix("slot")
        sounds = zip(rows[name], rows[f"{stem}clip"], rows[f"{stem}system"], strict=True)
        for own, (slot, clip, system) in zip(found, sounds, strict=True):
            own += [f"{clip}/{system}"] if isinstance(slot, str) and slot in slots else []
    items = np.empty(len(rows), object)
    items[:] = [" | ".join(sorted(own)) for own in found]
    return items


def _measures(heard: _Heard, numbered: bool, per_item: float, confidence: float) -> Iterator[tuple[str, Estimate]]:
    if numbered:
        one = _interval(intraclass.icc(heard.values, heard.listeners, heard.items), heard, confidence)
        yield "ICC(2,1)", replace(one.map(_share), se=one.se)
        yield "ICC(2,k)", one.map(lambda value: _share(intraclass.of_several(value, per_item)))
    levels: tuple[alpha.Level, ...] = ("ordinal", "interval") if numbered else ("nominal",)
    for level in levels:
        found = _interval(alpha.alpha(heard.values, heard.items, level), heard, confidence)
        yield f"Krippendorff's alpha ({level})", replace(found, high=float(np.minimum(found.high, 1.0)))


def _share(value: float) -> float:
    """A share of variance: within 0 and 1; NaN stays."""
    return float(np.clip(value, 0.0, 1.0))


def _interval(found: Coefficient, heard: _Heard, confidence: float) -> Estimate:
    answers, listeners, speakers = crossed.Clusters.of(heard.listeners, heard.speakers, heard.others).counts
    if np.isnan(found.value):
        return Estimate(answers=answers, listeners=listeners, speakers=speakers, note=_missing(heard))
    several = heard.answers_each[heard.answers_each > 1]
    if len(several) < FEW_ITEMS:
        note = (
            f"An interval needs {FEW_ITEMS} recordings or pairs with answers of two listeners; here are {len(several)}."
        )
        return Estimate(found.value, answers=answers, listeners=listeners, speakers=speakers, note=note)
    return agreement.interval(
        found, float(several.mean()), heard.listeners, heard.speakers, others=heard.others, confidence=confidence
    )


def _missing(heard: _Heard) -> str:
    if not len(heard.values):
        return "No answers yet."
    if not np.any(heard.answers_each > 1):
        return "No two listeners have answered about the same recording, so nothing is known of their agreement."
    if len(np.unique(heard.values)) < 2:
        return "All answers are equal: without variation, agreement is not defined."
    return "Too few different recordings and listeners to tell agreement from chance."


def _doubt(each: npt.NDArray[np.int64]) -> str:
    """A sentence where most items have few answers."""
    few = int(np.sum(each < FEW_RATERS))
    if 2 * few <= len(each):
        return ""
    return f"{few} of {len(each)} recordings or pairs were heard by fewer than {FEW_RATERS} listeners: little is known."
