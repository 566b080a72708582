"""What of a study's results anybody may see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from listening_test.analysis.results import Results
from listening_test.analysis.table import Cell, Row, Table

NAMES = {"speaker": "Speaker", "other_speaker": "Speaker", "target": "Speaker", "clip": "Recording"}
"""Columns whose cells name people or their recordings, and what stands in place of a name."""


def public(results: Results) -> Results:
    """Results without tables that are for the owner alone, and without names of speakers and recordings.

    A name may be a person's. In its place stands a number, the same in every table, in notes and reasons too.
    """
    tables = [table for table in results.tables.values() if table.public]
    codes = dict(_codes(tables))
    return Results(results.about, {table.key: _coded(table, codes) for table in tables})


def _codes(tables: list[Table]) -> Iterator[tuple[tuple[str, str], str]]:
    for kind in sorted(set(NAMES.values())):
        columns = {column for column, one in NAMES.items() if one == kind}
        names = {str(row[name]) for table in tables for row in table.rows for name in columns & row.keys() if row[name]}
        for number, name in enumerate(sorted(names), start=1):
            yield (kind, name), f"{kind} {number}"


def _coded(table: Table, codes: Mapping[tuple[str, str], str]) -> Table:
    named = [column.name for column in table.columns if column.name in NAMES]
    texts = {name: code for (_, name), code in codes.items()} if named else {}
    rows = tuple(_coded_row(row, codes, texts) for row in table.rows) if named else table.rows
    notes = tuple(_said(note, texts) for note in table.notes)
    return replace(table, rows=rows, notes=notes, reason=_said(table.reason, texts))


def _coded_row(row: Row, codes: Mapping[tuple[str, str], str], texts: Mapping[str, str]) -> dict[str, Cell]:
    def coded(name: str, cell: Cell) -> Cell:
        if name in NAMES and cell:
            return codes.get((NAMES[name], str(cell)), cell)
        return _said(cell, texts) if name == "note" and isinstance(cell, str) else cell

    return {name: coded(name, cell) for name, cell in row.items()}


def _said(text: str, codes: Mapping[str, str]) -> str:
    """The text with codes in place of names that stand alone."""
    if not codes or not text:
        return text
    either = "|".join(re.escape(name) for name in sorted(codes, key=len, reverse=True))
    return re.sub(rf"(?<![\w-])(?:{either})(?![\w-])", lambda found: codes[found[0]], text)
