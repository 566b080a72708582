"""How precise the study is by now, and how many listeners it still takes: widths only, never results."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from listening_test.analysis import crossed, within
from listening_test.analysis.answers import Answers
from listening_test.analysis.estimate import Estimate
from listening_test.analysis.table import Column, Table
from listening_test.forecast.spread import Spread, effective, listeners_needed
from listening_test.study import MosTask, SameDifferentTask

if TYPE_CHECKING:
    import pandas as pd

AREA = "AUC"
MEAN = "mean rating"
FEW = 10
"""With fewer listeners their scatter is hardly known."""
PRECISION = Table(
    "precision",
    "Precision reached",
    (
        Column("task", "Key of the task"),
        Column("question", "What was asked"),
        Column("pair", "What was compared; empty where nothing was"),
        Column("measure", f"{MEAN} or {AREA} (within listeners)"),
        Column("system", "System; a letter while the study is masked and open"),
        Column("half_width", "Half width of the interval now"),
        Column("wanted", "Half width that was asked for: mos_difference/2, or auc_margin"),
        Column("reached", "Whether it is as narrow as that"),
        Column("listeners_now", "Listeners whose answers count"),
        Column("listeners_needed", "How many it takes in all, going by the scatter so far; empty where no number does"),
        Column("note", "What is missing or doubtful"),
    ),
    reading=(
        "Wide intervals need more listeners; where no number of listeners would do, the study has too few speakers."
    ),
    method=(
        "Half widths of the intervals of mean ratings and of within-listener AUCs, for other listeners and other "
        "speakers. Forecast: what comes from listeners and from single answers shrinks with 1/listeners, what comes "
        "from speakers stays, with t quantiles by Satterthwaite (1946, doi 10.2307/3002019). With exclusions applied."
    ),
    caution=(
        "The number needed is a forecast from scatter that is itself estimated, and rough with few listeners. Stop "
        "when the precision is reached that was asked for beforehand, never when a result pleases."
    ),
)


@dataclass(frozen=True, eq=False)
class _Cell:
    """One estimate: what it is of, and the parts of its variance."""

    about: dict[str, Any]
    estimate: Estimate
    spread: Spread | None
    wanted: float


def tables(answers: Answers) -> list[Table]:
    """`precision`: each system's mean rating by question, and its AUC by kind of pair."""
    if not any(isinstance(task, MosTask | SameDifferentTask) for task in answers.study.tasks):
        return [PRECISION.filled([], reason="No precision is asked for in line-ups, similarity and emotion alone.")]
    confidence = answers.study.analysis.confidence
    rows = [_row(cell, confidence) for cell in _cells(answers)]
    return [PRECISION.filled(rows, reason="" if rows else "No answers that count yet.")]


def _row(cell: _Cell, confidence: float) -> dict[str, Any]:
    found = cell.estimate
    half_width = (found.high - found.low) / 2 if found.se > 0 else math.nan
    known = not math.isnan(half_width)
    needed, note = _needed(cell, half_width, confidence) if known else (None, found.note)
    return {
        **cell.about,
        "half_width": half_width,
        "wanted": cell.wanted,
        "reached": half_width <= cell.wanted if known else None,
        "listeners_now": found.listeners,
        "listeners_needed": needed,
        "note": note,
    }


def _needed(cell: _Cell, half_width: float, confidence: float) -> tuple[int | None, str]:
    """How many listeners in all, and what is doubtful about it."""
    if cell.spread is None or not cell.spread.half_width(confidence) > 0:
        return None, "What comes from listeners and what from speakers cannot be told apart yet."
    now = cell.spread.half_width(confidence)

    def expected(count: float) -> float:
        share = cell.spread.with_listeners(count) if cell.spread else None
        return half_width / now * share.half_width(confidence) if share else math.nan

    per_head = cell.spread.of_listeners / cell.estimate.listeners
    found = listeners_needed(lambda count: expected(count * per_head) <= cell.wanted)
    if found is None:
        best = half_width / now * cell.spread.best_half_width(confidence)
        return None, (
            f"More listeners alone will not do: with these {cell.estimate.speakers} speakers it stays at {best:.2g} or "
            "more. Add speakers."
        )
    rough = f"A rough guess: fewer than {FEW} listeners." if cell.estimate.listeners < FEW else ""
    return found, rough


def _cells(answers: Answers) -> Iterator[_Cell]:
    for key, task in zip(answers.study.task_keys(), answers.study.tasks, strict=True):
        if isinstance(task, MosTask):
            for question in task.questions:
                yield from _by_system(answers, key, question, ["system"], _mean)
        elif isinstance(task, SameDifferentTask):
            yield from _by_system(answers, key, "same_different", ["pair", "system"], _area)


def _by_system(
    answers: Answers,
    key: str,
    question: str,
    by: list[str],
    cell: Callable[[dict[str, Any], pd.DataFrame, Answers], _Cell],
) -> Iterator[_Cell]:
    rated = answers.rated(question, task=key)
    rated = rated[rated["value_number"].notna()]
    order = {system: number for number, system in enumerate(answers.systems)}
    groups = dict(iter(rated.groupby(by, sort=True)))
    for names in sorted(groups, key=lambda names: (*names[:-1], order.get(names[-1], len(order)))):
        pair = str(names[0]) if len(names) > 1 else ""
        about = {"task": key, "question": question, "pair": pair, "system": str(names[-1])}
        yield cell(about, groups[names], answers)


def _mean(about: dict[str, Any], own: pd.DataFrame, answers: Answers) -> _Cell:
    decided = answers.study.analysis
    values, listeners, speakers = own["value_number"].to_numpy(float), own["listener"], own["speaker"]
    found = crossed.mean(
        values, listeners.to_numpy(str), speakers.to_numpy(str),
        rng=answers.rng("precision", *about.values()), confidence=decided.confidence, replicates=decided.replicates,
    )  # fmt: skip
    clusters = crossed.Clusters.of(listeners.to_numpy(str), speakers.to_numpy(str))
    return _Cell({**about, "measure": MEAN}, found, mean_spread(values, clusters), decided.mos_difference / 2)


def mean_spread(values: np.ndarray, clusters: crossed.Clusters) -> Spread | None:
    """The parts of the variance of a mean, from variance components; None where they cannot be told apart."""
    from listening_test.analysis import components

    if min(clusters.counts[1:]) < 2:
        return None
    groups = (clusters.listeners, clusters.speakers)
    try:
        found = components.estimate_positive(
            values, np.ones((len(values), 1)), [components.indicators(one) for one in groups]
        )
    except ValueError:  # as many effects as answers
        return None
    sizes = [*(effective(one) for one in groups), float(len(values))]
    parts = [float(part) / size for part, size in zip(found.values, sizes, strict=True)]
    return Spread(*parts, *sizes)


def _area(about: dict[str, Any], own: pd.DataFrame, answers: Answers) -> _Cell:
    decided = answers.study.analysis
    scores, same = own["value_number"].to_numpy(float), own["same"].to_numpy(bool)
    who = [own[name].to_numpy(str) for name in ("listener", "speaker", "other_speaker")]
    found = within.auc(scores, same, *who, confidence=decided.confidence)
    people, voices = within.parts(scores, same, *who)
    known = not (math.isnan(people.value) or math.isnan(voices.value))
    both = np.concatenate(who[1:])
    spread = (
        Spread(people.value, voices.value, 0.0, people.df + 1, effective(both), float(len(scores))) if known else None
    )
    return _Cell({**about, "measure": AREA}, found, spread, decided.auc_margin)
