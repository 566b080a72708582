"""What is drawn in panels: points with intervals in rows, reference lines, bands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from audio.plots import TEXT
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row
from listening_test.figures import styles
from listening_test.figures.frame import Shape, Trace
from listening_test.figures.say import basis, in_order, interval, looks, safe

ROW_PX = 30
BAND = "rgba(128,128,128,0.20)"


@dataclass(frozen=True)
class Dot:
    """A value with its interval in a row of a dot plot; `hover` is plain text."""

    row: float
    value: float
    low: float | None
    high: float | None
    style: styles.Style
    hover: str
    hollow: bool = False


def dots(found: Iterable[Dot | None]) -> list[Trace]:
    """Points with intervals, one trace a point: each has a colour and a symbol of its own."""
    return [_dot(one) for one in found if one is not None]


def dot(
    place: float,
    row: Row,
    style: styles.Style,
    hover: str,
    *,
    hollow: bool = False,
    names: tuple[str, str, str] = ("value", "low", "high"),
) -> Dot | None:
    """The point of a row of a table; None where it has no value."""
    value, low, high = (_float(row.get(name)) for name in names)
    return None if value is None else Dot(place, value, low, high, style, hover, hollow)


def bars(axis: str, row: Row, colour: str, *, names: tuple[str, str, str] = ("value", "low", "high")) -> dict[str, Any]:
    """error_x or error_y of a single point; nothing where it has no interval."""
    value, low, high = (_float(row.get(name)) for name in names)
    if value is None or low is None or high is None:
        return {}
    ends = {"type": "data", "symmetric": False, "array": [high - value], "arrayminus": [value - low]}
    return {f"error_{axis}": {**ends, "color": colour, "thickness": 1.5, "width": 4}}


def rows_axis(names: Sequence[str]) -> dict[str, Any]:
    """A y axis of rows by name, the first at the top."""
    return {
        "tickvals": list(range(len(names))),
        "ticktext": [escape(name) for name in names],
        "range": [len(names) - 0.4, -0.6],
        "showgrid": False,
        "ticks": "",
    }


def area_axis(low: float) -> dict[str, Any]:
    """An x axis of areas from `low` to 1; chance has a tick, and few ticks leave room on a phone."""
    return {"range": [low, 1.02], "dtick": 0.25, "tickformat": ".2f", "tickangle": 0}


def below_one_name(groups: Sequence[str], parts: Sequence[str], joint: str) -> list[str]:
    """Names of rows: the group and its part, but the part alone where the row above is of the same group."""
    wholes = [f"{group}{joint}{part}" if part else group for group, part in zip(groups, parts, strict=True)]
    return [parts[n] if n and groups[n - 1] == group and parts[n] else wholes[n] for n, group in enumerate(groups)]


def rows_px(count: int) -> float:
    """Height of a panel of so many rows."""
    return ROW_PX * (count + 0.4)


def line_at(value: float, *, dash: str = "dash") -> Shape:
    """A vertical reference line."""
    return {"type": "line", "x0": value, "x1": value, "across": True, "line": {"color": TEXT, "width": 1, "dash": dash}}


def band(low: float, high: float) -> Shape:
    """A vertical band behind the points."""
    fill = {"fillcolor": BAND, "line": {"width": 0}, "layer": "below"}
    return {"type": "rect", "x0": low, "x1": high, "across": True, **fill}


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


def _float(cell: Any) -> float | None:
    return None if cell is None else float(cell)


def _dot(one: Dot) -> Trace:
    colour = one.style["colour"]
    symbol = one.style["symbol"] + ("-open" if one.hollow else "")
    trace: Trace = {
        "x": [one.value],
        "y": [one.row],
        "mode": "markers",
        "marker": {"color": colour, "symbol": symbol, "size": 7 if one.hollow else 10},
        "hovertemplate": safe(one.hover) + "<extra></extra>",
    }
    if one.low is not None and one.high is not None:
        bars = {
            "type": "data",
            "symmetric": False,
            "array": [one.high - one.value],
            "arrayminus": [one.value - one.low],
        }
        trace["error_x"] = {
            **bars,
            "color": colour,
            "thickness": 1 if one.hollow else 2,
            "width": 3 if one.hollow else 5,
        }
    return trace
