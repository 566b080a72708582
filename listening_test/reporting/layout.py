"""A table as people read it: estimates with their intervals in one cell, with and without exclusions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from listening_test.analysis.table import Cell, Row, Table
from listening_test.figures import styles
from listening_test.reporting.plain import shown

QUIET = frozenset({"se", "df", "method", "exclusions", "naive_low", "naive_high"})
"""Columns that only the file has."""
EVERYBODY = "nobody excluded"
SYSTEMS = frozenset({"system", "other"})


@dataclass(frozen=True)
class Head:
    """A column as shown: its name and what it means; whether its cells are numbers."""

    name: str
    meaning: str
    numeric: bool


@dataclass(frozen=True)
class Laid:
    """A table as shown; `more` rows are left to the file."""

    heads: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int


def laid(table: Table, looks: Mapping[str, styles.Style], *, most: int = 80) -> Laid:
    """The table for a page: short names of systems, one cell for an estimate and its interval."""
    names = [column.name for column in table.columns]
    meanings = {column.name: column.meaning for column in table.columns}
    rows, others = _parted(table, names)
    spans = {name: ends for name in names if (ends := _ends(name, names))}
    within = {end for ends in spans.values() for end in ends}
    kept = [name for name in names if name not in QUIET | within and _tells(rows, name)]
    beside = next((name for name in spans if name in kept), None) if others else None
    heads, cells = [], [list[str]() for _ in rows]
    for name in kept:
        interval = name in spans
        numeric = interval or all(isinstance(row[name], int | float | None) for row in rows)
        meaning = meanings[name] + (", with its interval" if interval else "")
        heads.append(Head(_title(name), meaning, numeric))
        for row, line in zip(rows, cells, strict=True):
            line.append(_cell(row, name, spans, looks))
        if name == beside:
            heads.append(Head(EVERYBODY, f"{meaning}, of all listeners", True))
            for row, line in zip(rows, cells, strict=True):
                other = others.get(_key(row, names, name))
                line.append(_cell(other, name, spans, looks) if other else "–")
    return Laid(tuple(heads), tuple(map(tuple, cells[:most])), max(0, len(cells) - most))


def _parted(table: Table, names: Sequence[str]) -> tuple[list[Row], dict[tuple[Cell, ...], Row]]:
    """Rows with exclusions applied, and those without by what they are about; all rows where there is no such thing."""
    if "exclusions" not in names:
        return list(table.rows), {}
    applied = [row for row in table.rows if row["exclusions"] == "applied"]
    if not applied:
        return list(table.rows), {}
    value = next((name for name in names if _ends(name, names)), "")
    none = [row for row in table.rows if row["exclusions"] == "none"]
    return applied, {_key(row, names, value): row for row in none} if value else {}


def _key(row: Row, names: Sequence[str], value: str) -> tuple[Cell, ...]:
    """What a row is about: the columns before its first estimate, exclusions aside."""
    return tuple(row[name] for name in names[: names.index(value)] if name != "exclusions")


def _ends(name: str, names: Sequence[str]) -> tuple[str, str] | None:
    ends = ("low", "high") if name == "value" else (f"{name}_low", f"{name}_high")
    return ends if all(end in names for end in ends) else None


def _tells(rows: Sequence[Row], name: str) -> bool:
    return any(row[name] not in (None, "") for row in rows)


def _cell(row: Row, name: str, spans: Mapping[str, tuple[str, str]], looks: Mapping[str, styles.Style]) -> str:
    if name in SYSTEMS and row[name] in looks:
        return looks[str(row[name])]["name"]
    text = shown(row[name])
    low, high = (row[end] for end in spans.get(name, (name, name)))
    if name in spans and low is not None and high is not None:
        text += f" ({shown(low)} to {shown(high)})"
    return text.replace("-", "−") if isinstance(row[name], int | float) else text


def _title(name: str) -> str:
    return {"value": "estimate"}.get(name, name.replace("_", " "))
