"""A table as people read it: estimates with their intervals in one cell, with and without exclusions side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from audio.marks import Style
from evaluation.reporting.laid import Head, Laid
from listening_test.analysis.table import Cell, Row, Table
from listening_test.figures.say import words
from listening_test.reporting.plain import shown

QUIET = frozenset({"se", "df", "method", "exclusions", "naive_low", "naive_high"})
"""Columns that only the file has."""
NOTE = "note"
BASIS = ("answers", "listeners", "speakers")
SYSTEMS = frozenset({"system", "other"})
WORDS = frozenset({"pair", "question", "reason"})
SMALL = 1e-3


def laid(table: Table, looks: Mapping[str, Style], *, most: int = 60) -> Laid:
    """The table for a page: short names of systems, one cell for an estimate and its interval, notes below."""
    shape = _Shape.of(table)
    notes = tuple(dict.fromkeys(str(row[NOTE]) for row in shape.rows[:most] if row.get(NOTE)))
    columns = list(_columns(shape, looks, notes))
    heads = tuple(head for head, _ in columns)
    rows = tuple(zip(*(cells for _, cells in columns), strict=True))
    return Laid(heads, rows[:most], max(0, len(rows) - most), notes)


@dataclass(frozen=True)
class _Shape:
    """What of a table is shown: rows, the same rows without exclusions, columns, and intervals by their value."""

    table: Table
    rows: list[Row]
    everybody: Mapping[tuple[Cell, ...], Row]
    names: list[str]
    spans: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, table: Table) -> _Shape:
        names = [column.name for column in table.columns]
        spans = {name: ends for name in names if (ends := _ends(name, names))}
        within = {end for ends in spans.values() for end in ends}
        rows, everybody = _parted(table, names, next(iter(spans), ""))
        kept = [name for name in names if name not in QUIET | within | {NOTE} and _tells(rows, name)]
        if all(name in kept for name in BASIS):
            kept = [name for name in kept if name not in BASIS[1:]]
        return cls(table, rows, everybody, kept, spans)


def _columns(shape: _Shape, looks: Mapping[str, Style], notes: Sequence[str]) -> Iterator[tuple[Head, list[str]]]:
    meanings = {column.name: column.meaning for column in shape.table.columns}
    every = list(meanings)
    beside = next(iter(shape.spans), "") if shape.everybody else ""
    for name in shape.names:
        numeric = name in shape.spans or all(isinstance(row[name], int | float | None) for row in shape.rows)
        interval = ", with its interval" if name in shape.spans else ""
        head = Head(_title(name), meanings[name] + interval, numeric)
        if name == BASIS[0] and name in shape.names and BASIS[1] in meanings and BASIS[1] not in shape.names:
            meaning = "Answers, listeners and speakers that it rests on"
            yield Head(" / ".join(BASIS), meaning, True), [_basis(row) for row in shape.rows]
            continue
        cells = [_cell(row, name, shape.spans, looks) for row in shape.rows]
        if name == next(iter(shape.spans), ""):
            cells = [cell + _mark(row, notes) for cell, row in zip(cells, shape.rows, strict=True)]
        yield head, cells
        if name == beside:
            others = [shape.everybody.get(_key(row, every, name)) for row in shape.rows]
            cells = [_cell(row, name, shape.spans, looks) if row else "–" for row in others]
            yield Head("nobody excluded", f"{meanings[name]}, of all listeners", True), cells


def _parted(table: Table, names: Sequence[str], value: str) -> tuple[list[Row], Mapping[tuple[Cell, ...], Row]]:
    """Rows with exclusions applied, and those without by what they are about; all rows where nothing is excluded."""
    applied = [row for row in table.rows if row.get("exclusions") == "applied"]
    if not applied:
        return list(table.rows), {}
    none = [row for row in table.rows if row["exclusions"] == "none"]
    return applied, {_key(row, names, value): row for row in none} if value else {}


def _key(row: Row, names: Sequence[str], value: str) -> tuple[Cell, ...]:
    """What a row is about: the columns before its first estimate, exclusions aside."""
    return tuple(row[name] for name in names[: names.index(value)] if name != "exclusions")


def _ends(name: str, names: Sequence[str]) -> tuple[str, str] | None:
    """The columns that hold the ends of a value's interval."""
    plain = name == "value" or (name == "auc" and "value" not in names and "auc_low" not in names)
    ends = ("low", "high") if plain else (f"{name}_low", f"{name}_high")
    return ends if all(end in names for end in ends) else None


def _tells(rows: Sequence[Row], name: str) -> bool:
    """Whether a column says anything; "all" and one task throughout say nothing."""
    cells = {row[name] for row in rows}
    if name == "task" or cells == {"all"}:
        return len(cells) > 1
    return bool(cells - {None, ""})


def _cell(row: Row, name: str, spans: Mapping[str, tuple[str, str]], looks: Mapping[str, Style]) -> str:
    cell = row[name]
    if name in SYSTEMS and str(cell) in looks:
        return looks[str(cell)]["name"]
    if name in WORDS:
        return words(cell) or "–"
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return shown(cell)
    if name not in spans:
        return _p(cell) if name.split("_")[0] == "p" else _number(cell)
    low, high = (row[end] for end in spans[name])
    ends = f" ({_two(low)} to {_two(high)})" if low is not None and high is not None else ""
    return _two(cell) + ends


def _two(cell: Cell) -> str:
    """A number of an estimate: two decimals."""
    return f"{cell:.2f}".replace("-", "−") if isinstance(cell, int | float) else "–"


def _p(cell: float) -> str:
    return "< 0.001" if cell < SMALL else _number(cell)


def _number(cell: float) -> str:
    rounded = 0.0 if isinstance(cell, float) and abs(cell) < SMALL / 2 else cell
    return shown(rounded).replace("-", "−")


def _mark(row: Row, notes: Sequence[str]) -> str:
    note = row.get(NOTE)
    return f" [{notes.index(str(note)) + 1}]" if note and note in notes else ""


def _basis(row: Row) -> str:
    return " / ".join(shown(row[name]) for name in BASIS)


def _title(name: str) -> str:
    return {"value": "estimate", "p_holm": "p (Holm)"}.get(name, name.replace("_", " "))
