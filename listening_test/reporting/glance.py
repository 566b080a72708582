"""Every system in one row: what was found, with intervals, for the top of a report."""

from __future__ import annotations

from collections.abc import Iterator

from listening_test.analysis.results import Results
from listening_test.analysis.table import Column, Row, Table
from listening_test.figures import say

TITLE = "At a glance"


def glance(results: Results) -> Table:
    """One row a system; a cell holds an estimate with its interval, exclusions applied."""
    found: dict[str, dict[str, str]] = {}
    for name, system, text in _cells(results):
        found.setdefault(name, {})[system] = text
    systems = say.in_order(results, (system for cells in found.values() for system in cells))
    columns = (Column("system", "Label of the system"), *(Column(name, name) for name in found))
    rows = [{"system": system, **{name: cells.get(system) for name, cells in found.items()}} for system in systems]
    empty = Table("glance", TITLE, columns, reading="Estimates with their intervals; exclusions applied.")
    return empty.filled(rows, reason="" if rows else "There are no estimates yet.")


def _cells(results: Results) -> Iterator[tuple[str, str, str]]:
    """(measure, system, value with interval)."""
    yield from _rated(results)
    yield from _told(results)
    for measure, name in (
        ("hit", "Picked in a line-up when there"),
        ("false identification", "Somebody picked when not"),
    ):
        yield from _of(results, "line_up", f"{name} (%)", share=True, measure=measure, rung="all")
    yield from _of(results, "emotion", "Emotions recognised (UAR, %)", share=True, measure="UAR")


def _rated(results: Results) -> Iterator[tuple[str, str, str]]:
    table = results.tables.get("mos")
    for row in table.rows if table else ():
        if row["exclusions"] == "applied" and row["value"] is not None:
            number = "" if row["task"] == "mos" else f", {row['task']}"
            name = f"{say.titled(say.words(row['question']))} (1 to 5{number})"
            yield name, str(row["system"]), say.interval(row)


def _told(results: Results) -> Iterator[tuple[str, str, str]]:
    table = results.tables.get("reidentification")
    for row in table.rows if table else ():
        whole = row["rung"] == "all" and row["sex"] == "all" and row["exclusions"] == "applied"
        if whole and row["value"] is not None:
            number = "" if row["task"] == "same-different" else f", {row['task']}"
            usual = row["pair"] in ("original-original", "original-anonymized")  # the first is the originals' own
            pair = "" if usual else f", {say.words(row['pair'])}"
            yield f"Speaker told (AUC; 0.5 = guessing{pair}{number})", str(row["system"]), say.interval(row)


def _of(results: Results, key: str, name: str, *, share: bool, **wanted: str) -> Iterator[tuple[str, str, str]]:
    table = results.tables.get(key)
    for row in table.rows if table else ():
        same = all(row.get(column, value) == value for column, value in wanted.items())
        if same and row["exclusions"] == "applied" and row["value"] is not None:
            yield name, str(row["system"]), say.interval(_percent(row), 0) if share else say.interval(row)


def _percent(row: Row) -> Row:
    ends = {name: None if row[name] is None else 100 * float(row[name] or 0) for name in ("value", "low", "high")}
    return {**row, **ends}
