"""What the figures of a study share: panels under one another, points with intervals, reference lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from audio.plots import AXIS, FONT, LAYOUT, TEXT
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import styles

Trace = dict[str, Any]
Shape = dict[str, Any]

ROW_PX = 30
GAP_PX, TITLED_GAP_PX = 78, 100
HEAD_PX = 48
PHONE_CHARS, LEAST_CHARS = 47, 18
"""Of one line of a heading and the names beside it: what fits on a phone; and of a heading at least."""
FOOT_PX = 46
LEGEND_PX = 44
BAND = "rgba(128,128,128,0.20)"


@dataclass(frozen=True)
class Sketch:
    """A figure before plotly: what it is called, what it draws, how to read it.

    Attributes:
        data, layout: what plotly.graph_objects.Figure takes.
        tables: keys of the tables it shows.
    """

    key: str
    title: str
    data: list[Trace]
    layout: dict[str, Any]
    tables: tuple[str, ...]
    reading: str
    caution: str = ""


@dataclass(frozen=True)
class Panel:
    """One panel: heading over it (plain text), traces without axes, both axes, its height, and shapes without axes.

    A shape's x0, x1 (y0, y1) are in units of the axis, or with "across": True span the other axis.
    """

    heading: str
    traces: list[Trace]
    x_axis: Mapping[str, Any]
    y_axis: Mapping[str, Any]
    height_px: float
    shapes: Sequence[Shape] = ()


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


def sketch(
    key: str,
    title: str,
    panels: Sequence[Panel],
    tables: Sequence[Table],
    reading: str,
    caution: str = "",
    *,
    legend: bool = False,
    **layout: Any,
) -> Sketch:
    """A figure of these panels; without anything in them, it says the tables' reason in their place."""
    panels = [panel for panel in panels if panel.traces]
    caution = caution or " ".join(dict.fromkeys(table.caution for table in tables if table.caution))
    data, laid = stacked(panels, legend=legend) if panels else empty(reasons(tables))
    return Sketch(key, title, data, {**laid, **layout}, tuple(table.key for table in tables), reading, caution)


def reasons(tables: Sequence[Table]) -> str:
    """Why there is nothing to draw: what the tables say, else what their rows say."""
    said = [table.reason for table in tables if table.reason]
    said = said or [str(row["note"]) for table in tables for row in table.rows if row.get("note")]
    return " ".join(dict.fromkeys(said)) or "No answers to show yet."


def empty(reason: str) -> tuple[list[Trace], dict[str, Any]]:
    """A figure that says why there is none."""
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 0.5, "xanchor": "left", "showarrow": False}
    note = {**place, "text": _wrapped(reason), "align": "left", "font": FONT}
    hidden = {"visible": False}
    return [], {**LAYOUT, "height": 96, "annotations": [note], "xaxis": hidden, "yaxis": hidden}


def stacked(panels: Sequence[Panel], *, legend: bool = False) -> tuple[list[Trace], dict[str, Any]]:
    """Traces and layout of panels under one another."""
    foot_px = FOOT_PX + (LEGEND_PX if legend else 0)
    gaps_px = [TITLED_GAP_PX if "title" in panel.x_axis else GAP_PX for panel in panels]
    inner_px = sum(panel.height_px for panel in panels) + sum(gaps_px[:-1])
    layout: dict[str, Any] = {
        **LAYOUT,
        "height": round(HEAD_PX + inner_px + foot_px),
        "margin": {"l": 8, "r": 12, "t": HEAD_PX, "b": foot_px},
        "showlegend": legend,
        "hovermode": "closest",
        "shapes": [],
        "annotations": [],
    }
    data: list[Trace] = []
    chars = max(LEAST_CHARS, PHONE_CHARS - _longest(panels))
    top_px = 0.0
    for number, panel in enumerate(panels):
        axes = _axes(number)
        top, bottom = 1 - top_px / inner_px, 1 - (top_px + panel.height_px) / inner_px
        domain = [max(0.0, bottom), min(1.0, top)]
        layout["xaxis" + axes["xaxis"][1:]] = {**AXIS, "fixedrange": True, **panel.x_axis, "anchor": axes["yaxis"]}
        layout["yaxis" + axes["yaxis"][1:]] = {
            **AXIS, "fixedrange": True, **panel.y_axis, "anchor": axes["xaxis"], "domain": domain
        }  # fmt: skip
        data += [{**trace, **axes} for trace in panel.traces]
        layout["shapes"] += [_placed(shape, axes) for shape in panel.shapes]
        layout["annotations"].append(_heading(panel.heading, axes, chars))
        top_px += panel.height_px + gaps_px[number]
    return legend_once(data), layout


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


def safe(text: str) -> str:
    """Text that plotly takes for nothing but text."""
    return escape(text).replace("%{", "% {")


def rows_axis(names: Sequence[str]) -> dict[str, Any]:
    """A y axis of rows by name, the first at the top."""
    return {
        "tickvals": list(range(len(names))),
        "ticktext": [escape(name) for name in names],
        "range": [len(names) - 0.4, -0.6],
        "showgrid": False,
        "ticks": "",
    }


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


def groups(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by these cells, in the order they come."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found


def looks(results: Results) -> Mapping[str, styles.Style]:
    """The style of each system, by label."""
    return results.about.get("styles") or {}


def in_order(results: Results, systems: Iterable[Any]) -> list[str]:
    """Systems, each once, in the study's order; what it does not know comes last, as it came."""
    order = {label: i for i, label in enumerate(results.about.get("systems") or ())}
    return sorted(dict.fromkeys(str(one) for one in systems), key=lambda label: order.get(label, len(order)))


def words(key: Any) -> str:
    """A key of the study as words: "original-anonymized" and "overall_quality" read as they are said."""
    text = str(key or "").replace("_", " ")
    known = {
        "mos": "Ratings",
        "original-original": "original beside original",
        "original-anonymized": "original beside anonymized",
        "anonymized-anonymized": "anonymized beside anonymized",
    }
    return known.get(text, text)


def titled(*parts: Any) -> str:
    """A heading of these parts, the first with a capital."""
    text = ", ".join(str(part) for part in parts if part)
    return text[:1].upper() + text[1:]


def number(value: Any, digits: int = 2) -> str:
    """A number for people; a dash for none."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def interval(row: Row, digits: int = 2, *, names: tuple[str, str, str] = ("value", "low", "high")) -> str:
    """A value with its interval, e.g. "3.42 (3.10 to 3.74)"."""
    value, low, high = (row.get(name) for name in names)
    ends = f" ({number(low, digits)} to {number(high, digits)})" if low is not None and high is not None else ""
    return number(value, digits) + ends


def basis(row: Row) -> str:
    """What an estimate rests on, for a hover."""
    parts = [f"{row[name]} {name}" for name in ("answers", "listeners", "speakers") if row.get(name)]
    return ", ".join(parts)


def legend_once(traces: list[Trace]) -> list[Trace]:
    """Traces as scatters unless they say otherwise; of each legend group only the first has an entry."""
    named: set[str] = set()
    done = []
    for trace in traces:
        group = trace.get("legendgroup", "")
        done.append({"type": "scatter", "showlegend": bool(group) and group not in named, **trace})
        named.add(group)
    return done


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


def _axes(number: int) -> dict[str, str]:
    suffix = str(number + 1) if number else ""
    return {"xaxis": "x" + suffix, "yaxis": "y" + suffix}


def _placed(shape: Shape, axes: Mapping[str, str]) -> Shape:
    across = shape.get("across")
    plain = {name: value for name, value in shape.items() if name != "across"}
    y = {"y0": 0, "y1": 1, "yref": axes["yaxis"] + " domain"} if across else {"yref": axes["yaxis"]}
    return {**plain, "xref": axes["xaxis"], **y}


def _longest(panels: Sequence[Panel]) -> int:
    """Characters of the longest name beside the panels."""
    return max((len(str(name)) for panel in panels for name in panel.y_axis.get("ticktext", ())), default=0)


def _heading(text: str, axes: Mapping[str, str], chars: int) -> dict[str, Any]:
    place = {"xref": "paper", "yref": axes["yaxis"] + " domain", "x": 0, "y": 1}
    anchor = {"xanchor": "left", "yanchor": "bottom", "yshift": 6, "showarrow": False, "align": "left"}
    return {"text": _wrapped(text, chars), "font": {**FONT, "size": 13}, **place, **anchor}


def _wrapped(text: str, width: int = 60) -> str:
    import textwrap

    return "<br>".join(escape(line) for line in textwrap.wrap(text, width)[:6])
