"""What is drawn in panels: points with intervals in rows, reference lines, bands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from audio.panels import Shape, Trace
from audio.plots import TEXT

Style = Mapping[str, str]
"""name (short, for axes and legends), colour, dash and symbol of one system."""
Row = Mapping[str, Any]
"""A row of a table: cells by name, None for nothing."""
ROW_PX = 30
BAND = "rgba(128,128,128,0.20)"
SIDES = ("top right", "top left", "bottom right", "bottom left")
NEAR_X, NEAR_Y, RIGHT_END = 0.3, 0.08, 0.85
"""As shares of the axes: points whose names could meet, and beyond which a name does not fit to the right."""


@dataclass(frozen=True)
class Dot:
    """A value with its interval in a row of a dot plot; `hover` is plain text."""

    row: float
    value: float
    low: float | None
    high: float | None
    style: Style
    hover: str
    hollow: bool = False


def dots(found: Iterable[Dot | None]) -> list[Trace]:
    """Points with intervals, one trace a point: each has a colour and a symbol of its own."""
    return [_dot(one) for one in found if one is not None]


def dot(
    place: float,
    row: Row,
    style: Style,
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


def hbars(style: Style, places: Sequence[float], rows: Sequence[Row], hovers: Sequence[str]) -> Trace:
    """Horizontal bars of one system with intervals, at these places; all rows have a value, some no interval."""
    values = [float(row["value"]) for row in rows]
    ends = [(row.get("low"), row.get("high")) for row in rows]
    below = [0.0 if low is None else value - low for value, (low, _) in zip(values, ends, strict=True)]
    above = [0.0 if high is None else high - value for value, (_, high) in zip(values, ends, strict=True)]
    reach = {"type": "data", "symmetric": False, "array": above, "arrayminus": below}
    return {
        "type": "bar",
        "orientation": "h",
        "name": safe(style["name"]),
        "legendgroup": safe(style["name"]),
        "x": values,
        "y": list(places),
        "marker": {"color": style["colour"], "line": {"width": 0}},
        "customdata": list(hovers),
        "hovertemplate": "%{customdata}<extra></extra>",
        "error_x": {**reach, "color": TEXT, "thickness": 1.5, "width": 3},
    }


def rows_axis(names: Sequence[str]) -> dict[str, Any]:
    """A y axis of rows by name, the first at the top."""
    return {
        "tickvals": list(range(len(names))),
        "ticktext": [escape(name) for name in names],
        "range": [len(names) - 0.4, -0.6],
        "showgrid": False,
        "ticks": "",
    }


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


def sides(points: Sequence[tuple[float, float]]) -> list[str]:
    """Where the name of each point stands, so that names of near points do not cover each other.

    points: (x, y) as shares of the axes.
    """
    found: list[str] = []
    for x, y in points:
        near = {
            side
            for (other, at), side in zip(points, found, strict=False)
            if abs(other - x) < NEAR_X and abs(at - y) < NEAR_Y
        }
        left = x > RIGHT_END
        order = SIDES[1:] + SIDES[:1] if left else SIDES
        found.append(next((side for side in order if side not in near), order[0]))
    return found


def safe(text: str) -> str:
    """Text that plotly takes for nothing but text."""
    return escape(text).replace("%{", "% {")


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
