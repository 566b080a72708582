"""Figures of panels under one another, each with its heading and axes, as dictionaries that plotly takes.

Listening studies and evaluation runs draw with them; what is in the panels is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from audio.plots import AXIS, FONT, LAYOUT

Trace = dict[str, Any]
Shape = dict[str, Any]

GAP_PX, TITLED_GAP_PX = 78, 100
HEAD_PX = 48
PHONE_CHARS, LEAST_CHARS = 47, 18
"""Of one line of a heading and the names beside it: what fits on a phone; and of a heading at least."""
FOOT_PX = 46
LEGEND_PX = 44


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


def empty(reason: str) -> tuple[list[Trace], dict[str, Any]]:
    """A figure that says why there is none."""
    place = {"xref": "paper", "yref": "paper", "x": 0, "y": 0.5, "xanchor": "left", "showarrow": False}
    note = {**place, "text": _wrapped(reason), "align": "left", "font": FONT}
    hidden = {"visible": False}
    return [], {**LAYOUT, "height": 96, "annotations": [note], "xaxis": hidden, "yaxis": hidden}


def stacked(
    panels: Sequence[Panel], *, legend: bool = False, phone_chars: int = PHONE_CHARS
) -> tuple[list[Trace], dict[str, Any]]:
    """Traces and layout of panels under one another; headings are in lines of at most `phone_chars`, names included."""
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
    chars = max(LEAST_CHARS, phone_chars - _longest(panels))
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


def legend_once(traces: list[Trace]) -> list[Trace]:
    """Traces as scatters unless they say otherwise; of each legend group only the first has an entry."""
    named: set[str] = set()
    done = []
    for trace in traces:
        group = trace.get("legendgroup", "")
        done.append({"type": "scatter", "showlegend": bool(group) and group not in named, **trace})
        named.add(group)
    return done


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
