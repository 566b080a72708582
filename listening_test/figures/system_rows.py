"""Rows of systems of a study, and the axis of areas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audio.marks import dot, dots
from audio.panels import Trace
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row
from listening_test.figures import styles
from listening_test.figures.say import basis, in_order, interval, looks


def area_axis(low: float) -> dict[str, Any]:
    """An x axis of areas from `low` to 1; chance has a tick, and few ticks leave room on a phone."""
    return {"range": [low, 1.02], "dtick": 0.25, "tickformat": ".2f", "tickangle": 0}


def by_system(
    results: Results, rows: Sequence[Row], digits: int = 2, *, unit: str = "", offset: float = 0.0
) -> tuple[list[str], list[Trace]]:
    """Names and traces of a dot plot with one row a system; without exclusions hollow and a little below."""
    known = looks(results)
    systems = in_order(results, (row["system"] for row in rows))
    both = len({row.get("exclusions", "applied") for row in rows}) > 1
    found = []
    for row in rows:
        style = styles.of(known, str(row["system"]))
        everybody = row.get("exclusions") == "none"
        hollow = everybody and both
        who = ", nobody excluded" if everybody else ""
        hover = f"{style['name']}{who}: {interval(row, digits)}{unit}; {basis(row)}"
        place = systems.index(str(row["system"])) + offset + (0.3 if hollow else 0.0)
        found.append(dot(place, row, style, hover, hollow=hollow))
    return [styles.of(known, system)["name"] for system in systems], dots(found)
