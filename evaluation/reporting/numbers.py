"""Rows of a run's tables as people read them: a value and its interval in one cell, notes below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evaluation.figures import say
from evaluation.figures.rows import Row
from evaluation.reporting.laid import Head, Laid
from evaluation.run_tables import TABLES, Column

ROWS_MAX = 60
NOTES = ("note", "why")
QUIET = {"figures": ("low", "high", "unit", "kind", "better", "level", "split", "about", "targets")}
"""Columns that only the file has, or that stand in another's cell."""
SHARES = frozenset({"eer", "clipped_eer", "share", "eer_originals", "eer_told", "best_other"})


def laid(rows: Sequence[Row], table: str, *, most: int = ROWS_MAX) -> Laid:
    """Rows of a table of run_tables for a page, without columns that say nothing."""
    notes = list(dict.fromkeys(text for row in rows[:most] if (text := _note(row))))
    columns = list(_columns(rows, table, notes))
    heads = tuple(head for head, _ in columns)
    lines = tuple(zip(*(cells[:most] for _, cells in columns), strict=True))
    return Laid(heads, lines, max(0, len(rows) - most), tuple(notes))


def codebook(table: str) -> Laid:
    """What the columns of a table mean."""
    heads = (Head("column", "Its name", False), Head("kind", "What its cells hold", False),
             Head("meaning", "What it means", False))  # fmt: skip
    return Laid(heads, tuple((one.name, one.kind, one.about) for one in TABLES[table]), 0)


def _columns(rows: Sequence[Row], table: str, notes: Sequence[str]) -> Iterator[tuple[Head, list[str]]]:
    for column in TABLES[table]:
        if column.name in (*QUIET.get(table, ()), *NOTES) or not any(_tells(row[column.name]) for row in rows):
            continue
        cells = [_cell(row, column) for row in rows]
        if column.name in ("value", "verdict"):
            cells = [cell + _mark(row, notes) for cell, row in zip(cells, rows, strict=True)]
        interval = ", with its 95 % interval" if column.name == "value" else ""
        name = column.name.replace("_", " ")
        yield Head(name, column.about + interval, column.kind in ("number", "whole")), cells


def _cell(row: Row, column: Column) -> str:
    cell = row[column.name]
    if column.name == "value":
        return say.interval(row)
    if column.name == "system":
        return say.name(str(cell))
    if cell is None or cell == "":
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else ""
    if column.name in SHARES:
        return say.percent(float(cell))
    if column.kind == "number":
        return say.number(float(cell), 2)
    return f"{cell:,}" if column.kind == "whole" else str(cell)


def _tells(cell: Any) -> bool:
    return cell not in (None, "", "all") and cell is not False


def _note(row: Row) -> str:
    return next((str(row[name]) for name in NOTES if row.get(name)), "")


def _mark(row: Row, notes: Sequence[str]) -> str:
    text = _note(row)
    return f" [{notes.index(text) + 1}]" if text in notes else ""
