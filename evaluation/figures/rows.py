"""Rows of tables: chosen by their cells, in groups, in an order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from anonymizers import registry

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]
"""Cells by column; what is not known is None or ""."""
R = TypeVar("R", bound=Mapping[str, Any])


def chosen(table: pd.DataFrame, **wanted: Any) -> list[Row]:
    """The rows whose cells equal these, by system, the original first; within one system as they come."""
    for name, value in wanted.items():
        table = table[table[name] == value]
    rows = [{str(name): _known(cell) for name, cell in row.items()} for row in table.to_dict("records")]
    places = {system: place for place, system in enumerate(ordered((row["system"] for row in rows), registry.keys()))}
    return sorted(rows, key=lambda row: places[row["system"]])


def groups(rows: Iterable[R], *names: str) -> dict[tuple[Any, ...], list[R]]:
    """Rows by these cells, in the order they come."""
    found: dict[tuple[Any, ...], list[R]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found


def ordered(values: Iterable[str], order: Iterable[str]) -> list[str]:
    """Values, each once, those of `order` first and in it, the others as they come."""
    places = {value: place for place, value in enumerate(order)}
    return sorted(dict.fromkeys(values), key=lambda value: places.get(value, len(places)))


def _known(cell: Any) -> Any:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
