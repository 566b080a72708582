"""The command before a study opens: power."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from listening_test.command_line import find_study, is_file, open_store, study_file
from listening_test.study import StudyError

if TYPE_CHECKING:
    from listening_test.analysis.table import Table
    from listening_test.forecast.assumptions import Assumptions
    from listening_test.study import Study, StudyClip

SHOWN = (
    "question",
    "pair",
    "rung",
    "measure",
    "half_width",
    "best_half_width",
    "power",
    "listeners_needed",
    "simulated_half_width",
    "simulated_power",
)
"""Columns on a terminal; --json has them all."""
SIMULATIONS_MOST = 10_000


def power(args: argparse.Namespace) -> int:
    """Print what a study will be able to show, as text or JSON."""
    from tqdm import tqdm

    from listening_test import power as planner

    if args.simulate > SIMULATIONS_MOST:
        raise StudyError(f"--simulate takes at most {SIMULATIONS_MOST} runs, but {args.simulate} came.")
    study, clips = _study(args)
    assumed = _assumed(args.assume)
    with tqdm(unit="goal", disable=None if args.simulate else True) as bar:

        def done(count: int, of: int) -> None:
            bar.total = of
            bar.update(count - bar.n)

        found = planner.tables(
            study, clips, assumed, listeners=args.listeners, runs=args.simulate, seed=args.seed, done=done
        )
    if args.json:
        print(json.dumps({table.key: table.to_json() for table in found}, indent=1, ensure_ascii=False))
    else:
        print(_text(study, args.listeners or study.limits.listeners, assumed, found))
    return 0


def _study(args: argparse.Namespace) -> tuple[Study, Sequence[StudyClip]]:
    """Of a file, or of the database by its name."""
    from listening_test import prepare

    if is_file(args.study):
        return prepare.read(study_file(args.study))
    with open_store(args) as store:
        info = find_study(store, args.study)
        return info.study, info.clips


def _assumed(texts: Sequence[str]) -> Assumptions:
    from listening_test.forecast.assumptions import Assumptions

    pairs = []
    for text in texts:
        name, equals, number = text.partition("=")
        try:
            pairs.append((name, float(number if equals else "")))
        except ValueError:
            raise StudyError(f"--assume takes NAME=NUMBER, but {text!r} came.") from None
    return Assumptions().changed(pairs)


def _text(study: Study, listeners: int, assumed: Assumptions, found: Sequence[Table]) -> str:
    from listening_test.reporting import plain

    expected, _, trials = found
    head = f"{study.title}: {listeners} listeners who finish, {round(listeners * assumed.used)} of them with answers "
    head += "that count."
    return "\n\n".join([head, plain.table_text(_short(expected)), plain.table_text(trials)])


def _short(table: Table) -> Table:
    """What fits on a terminal; goals and notes stand below."""
    several = len({row["rung"] for row in table.rows}) > 1
    names = [name for name in SHOWN if name != "rung" or several]
    columns = tuple(column for column in table.columns if column.name in names)
    goals = {f"{row['measure']}: {row['goal']}" for row in table.rows if row["goal"]}
    notes = {f"{row['measure']}: {row['note']}" for row in table.rows if row["note"]}
    rows = tuple({name: row[name] for name in names} for row in table.rows)
    below = (*_goal_lines(goals), *sorted(notes), *table.notes)
    return replace(table, columns=columns, rows=rows, notes=below)


def _goal_lines(goals: set[str]) -> list[str]:
    return [f"Goal of {goal}." for goal in sorted(goals)]
