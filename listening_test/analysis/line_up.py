"""One recording of a person, then numbered voices: who is picked, when the person is there and when not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from listening_test.analysis import crossed
from listening_test.analysis.answers import EXCLUSIONS, Answers, Exclusions
from listening_test.analysis.estimate import COLUMNS
from listening_test.analysis.table import Column, Table
from listening_test.questions import NONE
from listening_test.study import LineUpTask

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
DRAWS = 2000
LINE_UP = Table(
    "line_up",
    "Voice line-up: is the person picked?",
    (
        Column("exclusions", "applied: by the study's rules; none: everybody's answers"),
        Column("system", "System the candidates went through"),
        Column("rung", "Rung of the attacker ladder, or all"),
        Column(
            "measure", "Person there: hit, foil when present, miss. Not there: false identification, correct rejection"
        ),
        Column("chance", "Share that somebody reaches who picks any of the voices blindly, and always picks one"),
        *COLUMNS,
    ),
    reading="Hit well above false identification / number of voices = people do find the person.",
    method="Shares of line-ups; intervals from a mixed model, crossed listeners and persons looked for.",
    caution="A hit rate alone says nothing: who always picks somebody has many hits and as many false identifications.",
)
POSITIONS = Table(
    "line_up_positions",
    "Voice line-up: does the place matter?",
    (
        Column("system", "System, or all"),
        Column("position", "Place of the voice in the line-up, from 1"),
        Column("shown", "Line-ups with so many voices in which the person stood there"),
        Column("correct_share", "Of these, the share in which the person was picked"),
        Column("chosen", "How often this place was picked in line-ups without the person"),
        Column("chosen_share", "As a share of the picks there"),
        Column("expected", "The share if the place did not matter"),
        Column(
            "p", "That all places are picked alike in line-ups without the person; the same in all rows of a system"
        ),
    ),
    reading="Bars far from the line = people pick by place, not by voice.",
    method=(
        "Chi-square of the places picked in line-ups without the person; its p-value by permuting each listener's "
        "picks over the places, since one listener's picks are alike."
    ),
    caution="With few picks a strong effect of place goes unnoticed.",
)


def tables(answers: Answers) -> list[Table]:
    """`line_up` and `line_up_positions` of all line-up tasks."""
    if not any(isinstance(task, LineUpTask) for task in answers.study.tasks):
        reason = "This study has no line-ups."
        return [LINE_UP.filled([], reason=reason), POSITIONS.filled([], reason=reason)]
    rows = [row for exclusions in EXCLUSIONS for row in _rows(answers, exclusions)]
    reason = "" if rows else "Nobody has seen a line-up yet."
    return [LINE_UP.filled(rows, reason=reason), POSITIONS.filled(_positions(answers), reason=reason)]


def _rows(answers: Answers, exclusions: Exclusions) -> Iterator[dict[str, Any]]:
    rated = answers.rated("line_up", exclusions)
    rungs = answers.study.design.rungs
    for system, own in answers.by_system(rated):
        for rung in (ALL, *(rungs if len(rungs) > 1 else ())):
            part = own if rung == ALL else own[own["rung"].eq(rung).fillna(False).astype(bool)]
            keys = {"exclusions": exclusions, "system": system, "rung": rung}
            yield from ({**keys, **row} for row in _measures(answers, part, (exclusions, system, rung)))


def _measures(answers: Answers, own: pd.DataFrame, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    present, value = own["present"].to_numpy(bool), own["value"].to_numpy(str)
    none, right = value == NONE, own["correct"].fillna(False).to_numpy(bool)
    plan, voices = answers.study.analysis, float(np.mean(_voices(own))) if len(own) else float("nan")
    for measure, among, picked, chance in (
        ("hit", present, right, 1 / voices),
        ("foil when present", present, ~right & ~none, 1 - 1 / voices),
        ("miss", present, none, 0.0),
        ("false identification", ~present, ~none, 1.0),
        ("correct rejection", ~present, none, 0.0),
    ):
        part = own[among]
        found = crossed.mean(
            picked[among].astype(float), part["listener"].to_numpy(str), part["speaker"].to_numpy(str),
            rng=answers.rng("line_up", *names, measure), confidence=plan.confidence,
            replicates=plan.replicates, scale="logit",
        )  # fmt: skip
        yield {"measure": measure, "chance": chance if len(part) else None, **found.row()}


def _voices(own: pd.DataFrame) -> npt.NDArray[np.int64]:
    """How many candidates each line-up has: its sounds but the person's own recording."""
    return own["sounds"].to_numpy(np.int64) - 1


def _positions(answers: Answers) -> list[dict[str, Any]]:
    rated = answers.rated("line_up")
    groups = [(ALL, rated), *answers.by_system(rated)] if len(rated) else []
    return [row for system, own in groups for row in _places(system, own, answers)]


def _places(system: str, own: pd.DataFrame, answers: Answers) -> Iterator[dict[str, Any]]:
    """Only line-ups with the most voices: places of shorter ones are not the same."""
    count = int(_voices(own).max())
    own = own[_voices(own) == count]
    present, value = own["present"].to_numpy(bool), own["value"].to_numpy(str)
    right = np.array([_right(text) for text in own["truth"].to_numpy(str)])
    picked = ~present & (value != NONE)
    places = value[picked].astype(int)
    p = permuted_p(places, own["listener"].to_numpy(str)[picked], count, answers.rng("positions", system))
    for place in range(1, count + 1):
        shown = present & (right == str(place))
        chosen = int(np.sum(places == place))
        yield {
            "system": system, "position": place, "shown": int(shown.sum()),
            "correct_share": float(np.mean(value[shown] == str(place))) if shown.any() else None,
            "chosen": chosen, "chosen_share": chosen / len(places) if len(places) else None,
            "expected": 1 / count, "p": p,
        }  # fmt: skip


def _right(truth: str) -> str:
    return str(json.loads(truth).get("correct", {}).get("line_up", ""))


def permuted_p(places: npt.NDArray[np.int64], listeners: Any, count: int, rng: np.random.Generator) -> float | None:
    """p-value that places 1 to count are picked alike: chi-square, against each listener's places renamed at random.

    Renaming keeps what a listener's picks have in common. None without picks of two listeners.
    """
    names, numbers = np.unique(listeners, return_inverse=True)
    if len(names) < 2:
        return None
    table = np.zeros((len(names), count))
    np.add.at(table, (numbers, places - 1), 1)
    observed = np.sum(table.sum(0) ** 2)
    drawn = np.array([np.sum(rng.permuted(table, axis=1).sum(0) ** 2) for _ in range(DRAWS)])
    return float((1 + np.sum(drawn >= observed - 1e-9)) / (1 + DRAWS))
