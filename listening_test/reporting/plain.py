"""Tables as text for a terminal, and as CSV files."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from typing import Any

from evaluation.csv_file import harmless
from listening_test.analysis.results import Results
from listening_test.analysis.table import Cell, Table

WIDTH = 100
QUIET = frozenset({"se", "df", "method"})
"""Columns that a terminal does without; CSV and JSON have them."""


def text(results: Results) -> str:
    """Every table with how to read it."""
    about = results.about
    head = f"{about.get('title', '')}: {about.get('used', 0)} of {about.get('enrolled', 0)} listeners used, "
    head += f"{about.get('answers', 0)} rated answers"
    mark = [str(about["watermark"])] if about.get("watermark") else []
    return "\n\n".join([*mark, head, *(table_text(table) for table in results.tables.values())])


def csv_of(table: Table) -> bytes:
    """The table as CSV (UTF-8, a header line), all columns; nothing that a spreadsheet would take for a formula."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\r\n")
    names = [column.name for column in table.columns]
    writer.writerow(names)
    writer.writerows([[harmless(_csv_cell(row[name])) for name in names] for row in table.rows])
    return file.getvalue().encode("utf-8")


def files(results: Results) -> dict[str, bytes]:
    """File name to content: a CSV for each table that has columns, and everything in results.json."""
    found = {f"{key}.csv": csv_of(table) for key, table in results.tables.items() if table.columns}
    whole = json.dumps(results.to_json(), indent=1, ensure_ascii=False) + "\n"
    return {**found, "results.json": whole.encode("utf-8")}


def shown(cell: Cell) -> str:
    """A cell for people: three significant digits of a share or a rating, a dash for nothing."""
    if cell is None or cell == "":
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float):
        return _number(cell)
    return str(cell)


def _number(value: float) -> str:
    if value == int(value) and abs(value) >= 10:
        return f"{value:.0f}"
    if value and abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def table_text(table: Table) -> str:
    """One table with how to read it; columns that say nothing are left out."""
    lines = [f"{table.title} ({table.key})", "=" * (len(table.title) + len(table.key) + 3)]
    lines += [_wrapped(table.reason)] if table.reason else []
    lines += [_wrapped(table.reading)] if table.reading else []
    lines += [_aligned(table)] if table.rows else []
    lines += [_wrapped(f"Caution: {table.caution}")] if table.caution and table.rows else []
    return "\n".join([*lines, *(_wrapped(note) for note in table.notes)])


def _aligned(table: Table) -> str:
    names = [column.name for column in table.columns if column.name not in QUIET and _tells(table, column.name)]
    cells = [names, *([shown(row[name]) for name in names] for row in table.rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    right = [all(isinstance(row[name], int | float | None) for row in table.rows) for name in names]
    return "\n".join(
        "  ".join(
            cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in cells
    )


def _tells(table: Table, name: str) -> bool:
    return any(row[name] not in (None, "") for row in table.rows)


def _wrapped(text_: str) -> str:
    return textwrap.fill(text_, WIDTH)


def _csv_cell(cell: Cell) -> Any:
    return "" if cell is None else str(cell)
