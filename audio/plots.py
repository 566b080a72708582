"""Contours, densities and images as plotly figures. Nothing is computed here: see features, distributions, spectrogram.

Every figure is transparent, has no width of its own, and uses one mid grey for all text that reads on white and on
near-black (4.4:1 on both), so that one figure serves both modes; a page may still restyle `text` and `.gridlayer`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from audio.distributions import Density, densities, thinned
from audio.features import Contour
from audio.spectrogram import CEILING_DB, FLOOR_DB, TOP_HZ, colours

if TYPE_CHECKING:
    import plotly.graph_objects as go

TEXT = "#797979"
GRID = "rgba(128,128,128,0.22)"
CLEAR = "rgba(0,0,0,0)"
FONT = {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 12, "color": TEXT}
PANEL_PX = 170
TALL_PANEL_PX = 300
PICTURE_PX = 112
HEADING_PX = 34
TICKS_PX = 22
FOOT_PX = 110
TOP_KHZ = TOP_HZ / 1000

HZ_TICKS = (60, 80, 100, 150, 200, 300, 400, 600, 1000, 1500, 2000, 3000, 4000, 6000, 8000)
KURTOSIS_TICKS = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)

AXIS = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False, "automargin": True, "tickfont": FONT}
TIME_AXIS = {
    "ticksuffix": " s",
    "hoverformat": ".2f",
    "rangemode": "tozero",
    "spikethickness": 1,
    "spikedash": "solid",
    "spikecolor": TEXT,
}
DENSITY_AXIS = {"showticklabels": False, "rangemode": "tozero"}
KHZ_AXIS = {"range": [0, TOP_KHZ], "showgrid": False, "tickvals": [0, 4, 8], "ticktext": ["0", "4", "8 kHz"]}

LAYOUT = {
    "template": "none",
    "autosize": True,
    "paper_bgcolor": CLEAR,
    "plot_bgcolor": CLEAR,
    "font": FONT,
    "margin": {"l": 8, "r": 8, "t": HEADING_PX, "b": 8},
    "legend": {"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "font": FONT},
    "hoverlabel": {"bgcolor": "#20242C", "bordercolor": "#20242C", "font": {**FONT, "color": "#FFFFFF"}},
    "modebar": {"remove": ["pan", "select", "lasso", "zoomIn", "zoomOut", "autoScale"], "bgcolor": CLEAR},
    "dragmode": False,  # a finger that scrolls past a plot must not zoom it; the zoom button turns dragging on
    "uirevision": "kept",  # a system hidden in the legend stays hidden when the next result redraws the figure
}
NOTHING = {
    "text": "Nothing to draw:<br>no speech was found in this clip.",
    "xref": "paper",
    "yref": "paper",
    "x": 0.5,
    "y": 0.5,
    "showarrow": False,
}

READING = {
    "features_over_time": (
        "Higher = a brighter voice (centroid), energy around few frequencies, often a buzz (kurtosis), louder "
        "(loudness); a line inside the grey band left that feature alone."
    ),
    "distributions": (
        "Further right = more of it; the dot is the median. A curve inside the grey band left that feature alone; "
        "a new tail on the right is what processing added."
    ),
    "spectrograms": (
        "Brighter = more energy, on one scale for all. Stripes are the harmonics of the voice: closer together = lower "
        "voice; a dark top = no treble."
    ),
    "f0_over_time": (
        "Higher = higher voice (log axis: equal steps sound equal); gaps are unvoiced. The same shape moved up or down "
        "= intonation kept; a flatter line = monotone."
    ),
}
"""One line under each figure: how to read it."""

Trace = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Series:
    """One system's line: its key, its short title, its colour and dash from the registry, and what was measured."""

    key: str
    title: str
    colour: str
    dash: str
    contour: Contour


@dataclass(frozen=True, eq=False)
class Picture:
    """One system's spectrogram: a PNG (audio.spectrogram) of the whole clip, `duration_s` long, 0 to 8 kHz."""

    key: str
    title: str
    colour: str
    png: bytes
    duration_s: float


@dataclass(frozen=True)
class _Panel:
    """What is particular to one panel: heading, unit, hover format, and the ticks of a log axis (None: linear).

    Ticks of a density lie side by side and must leave room for one another on a phone.
    """

    heading: str
    unit: str
    digits: str
    ticks: tuple[int, ...] | None
    density_ticks: tuple[int, ...] | None


CENTROID = _Panel(
    "Spectral centroid, Hz (log axis)", "Hz", ".0f", HZ_TICKS, (50, 100, 200, 500, 1000, 2000, 4000, 8000)
)
KURTOSIS = _Panel("Spectral kurtosis, no unit (log axis)", "", ".1f", KURTOSIS_TICKS, KURTOSIS_TICKS)
LOUDNESS = _Panel("Loudness, LUFS", "LUFS", ".1f", None, None)
PITCH = _Panel("F0, Hz (log axis)", "Hz", ".0f", HZ_TICKS, HZ_TICKS)


def features_over_time(
    *, centroid: Sequence[Series], kurtosis: Sequence[Series], loudness: Sequence[Series]
) -> go.Figure:
    """Three panels under one another on one time axis, a line per system of at most 1000 points, gaps where NaN."""
    return _over_time([(CENTROID, centroid), (KURTOSIS, kurtosis), (LOUDNESS, loudness)], PANEL_PX)


def f0_over_time(series: Sequence[Series]) -> go.Figure:
    """F0 of every system over time on a log axis; at most 1000 points a line, gaps where unvoiced."""
    return _over_time([(PITCH, series)], TALL_PANEL_PX)


def distributions(*, centroid: Sequence[Series], kurtosis: Sequence[Series], loudness: Sequence[Series]) -> go.Figure:
    """Three panels, in each a density per system with a dot at its median; centroid and kurtosis on log axes."""
    panels = [(CENTROID, centroid), (KURTOSIS, kurtosis), (LOUDNESS, loudness)]
    traces = []
    for row, (panel, series) in enumerate(panels):
        curves = densities([one.contour for one in series], log=panel.ticks is not None)
        for one, curve in zip(series, curves, strict=True):
            if curve is not None:
                traces += _curve(panel, one, curve, row)
    axes = [({**_ticks(panel.density_ticks), "tickangle": 0}, DENSITY_AXIS) for panel, _ in panels]
    return _figure(traces, [panel.heading for panel, _ in panels], axes, PANEL_PX, hovermode="closest")


def spectrograms(
    pictures: Sequence[Picture], *, floor_db: float = FLOOR_DB, ceiling_db: float = CEILING_DB
) -> go.Figure:
    """One image per system under one another, on one time axis (s), one frequency axis (kHz), one scale (dB)."""
    longest_s = max((picture.duration_s for picture in pictures), default=0.0) or 1.0
    corners = {"x": [0, longest_s], "y": [0, TOP_KHZ], "mode": "markers", "opacity": 0, "hoverinfo": "skip"}
    traces = [{**corners, **_place(row)} for row in range(len(pictures))]
    traces += [_scale(floor_db, ceiling_db)] if pictures else []
    headings = [f'<span style="color:{picture.colour}">■</span> {picture.title}' for picture in pictures] or [""]
    time_axis = {**TIME_AXIS, "range": [0, longest_s], "showgrid": False}
    images = [_image(picture, row) for row, picture in enumerate(pictures)]
    axes = [(time_axis, KHZ_AXIS)] * len(headings)
    return _figure(traces, headings, axes, PICTURE_PX, shared_x=True, images=images, showlegend=False)


def _over_time(panels: Sequence[tuple[_Panel, Sequence[Series]]], panel_px: int) -> go.Figure:
    traces = [
        _line(panel, one, row)
        for row, (panel, series) in enumerate(panels)
        for one in series
        if np.isfinite(one.contour.values).any()
    ]
    axes = [(TIME_AXIS, _ticks(panel.ticks)) for panel, _ in panels]
    headings = [panel.heading for panel, _ in panels]
    return _figure(traces, headings, axes, panel_px, shared_x=True, hovermode="x unified")


def _line(panel: _Panel, one: Series, row: int) -> Trace:
    contour = thinned(one.contour)
    times_s = contour.times_s
    return {
        "x0": float(times_s[0]),
        "dx": float(times_s[1] - times_s[0]) if len(times_s) > 1 else 1.0,
        "y": contour.values.astype(np.float32),
        "mode": "lines" if np.isfinite(contour.values).sum() > 1 else "markers",
        "hovertemplate": f"%{{y:{panel.digits}}} {panel.unit}",
        **_look(one),
        **_place(row),
    }


def _curve(panel: _Panel, one: Series, curve: Density, row: int) -> list[Trace]:
    """The density and the dot at its median."""
    value = f"{one.title}: %{{x:{panel.digits}}} {panel.unit}"
    look = {**_look(one), **_place(row)}
    dot = {"mode": "markers", "marker": {"color": one.colour, "size": 9}, "showlegend": False}
    return [
        {
            **look,
            "x": curve.values.astype(np.float32),
            "y": curve.heights.astype(np.float32),
            "mode": "lines",
            "hovertemplate": value + "<extra></extra>",
        },
        {
            **look,
            **dot,
            "x": [curve.median],
            "y": [curve.median_height],
            "hovertemplate": value + " (median)<extra></extra>",
        },
    ]


def _look(one: Series) -> Trace:
    """A system looks the same in every panel, and one legend entry shows and hides it in all of them."""
    # The original is a broad band beneath: a system that changed nothing runs down its middle, and both are seen.
    beneath = one.key == "original"
    line = {"color": one.colour, "dash": one.dash, "width": 5 if beneath else 1.5}
    return {"name": one.title, "legendgroup": one.key, "line": line, "opacity": 0.7 if beneath else 1.0}


def _place(row: int) -> dict[str, str]:
    """The axes of a panel, counted from 0 at the top."""
    number = str(row + 1) if row else ""
    return {"xaxis": "x" + number, "yaxis": "y" + number}


def _image(picture: Picture, row: int) -> dict[str, Any]:
    axes = _place(row)
    return {
        "source": "data:image/png;base64," + base64.b64encode(picture.png).decode(),
        "xref": axes["xaxis"],
        "yref": axes["yaxis"],
        "x": 0,
        "y": TOP_KHZ,
        "sizex": picture.duration_s,
        "sizey": TOP_KHZ,
        "sizing": "stretch",
        "layer": "below",
    }


def _scale(floor_db: float, ceiling_db: float) -> Trace:
    """The colour bar, which plotly only draws for a trace."""
    table = colours()
    scale = [[i / (len(table) - 1), f"rgb({r},{g},{b})"] for i, (r, g, b) in enumerate(table.tolist())]
    bar = {
        "orientation": "h",
        "thickness": 10,
        "len": 1.0,
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
        "ticksuffix": " dB",
        "outlinewidth": 0,
        "title": {"text": "Power re a full-scale sine", "side": "top"},
        "tickfont": FONT,
    }
    marker = {"colorscale": scale, "cmin": floor_db, "cmax": ceiling_db, "color": [floor_db], "colorbar": bar}
    return {"x": [0], "y": [0], "mode": "markers", "hoverinfo": "skip", "marker": {**marker, "opacity": 0}}


def _ticks(ticks: tuple[int, ...] | None) -> dict[str, Any]:
    if ticks is None:
        return {"nticks": 6}
    return {"type": "log", "tickvals": list(ticks), "ticktext": [str(tick) for tick in ticks]}


def _figure(
    traces: list[Trace],
    headings: Sequence[str],
    axes: Sequence[tuple[dict[str, Any], dict[str, Any]]],
    panel_px: int,
    *,
    shared_x: bool = False,
    images: Sequence[dict[str, Any]] = (),
    **layout: Any,
) -> go.Figure:
    """Panels under one another, each with its heading and its (x axis, y axis).

    One plain dictionary, given to plotly at once: adding panel by panel takes it twenty times as long.
    """
    import plotly.graph_objects as go

    rows, gap_px = len(headings), HEADING_PX + (0 if shared_x else TICKS_PX)
    inner_px = rows * panel_px + (rows - 1) * gap_px
    every: dict[str, Any] = {**LAYOUT, "height": HEADING_PX + inner_px + FOOT_PX, "images": list(images), **layout}
    for row, (x_axis, y_axis) in enumerate(axes):
        top = 1 - row * (panel_px + gap_px) / inner_px
        place, last = _place(row), row == rows - 1
        shared = {"matches": "x" if row else None, "showticklabels": last} if shared_x else {}
        every["xaxis" + place["xaxis"][1:]] = {**AXIS, **x_axis, **shared, "anchor": place["yaxis"]}
        domain = [max(0.0, top - panel_px / inner_px), top]
        every["yaxis" + place["yaxis"][1:]] = {
            **AXIS, "fixedrange": True, **y_axis, "anchor": place["xaxis"], "domain": domain
        }  # fmt: skip
    every["annotations"] = [_head(row, text) for row, text in enumerate(headings)] if traces else [NOTHING]
    return go.Figure({"data": _legend_once(traces), "layout": every})


def _legend_once(traces: list[Trace]) -> list[Trace]:
    """The traces as plotly wants them; of each legend group only the first line has an entry."""
    named: set[str] = set()
    done = []
    for trace in traces:
        group = trace.get("legendgroup", "")
        done.append({"type": "scatter", "showlegend": group not in named, **trace})
        named.add(group)
    return done


def _head(row: int, text: str) -> dict[str, Any]:
    """A heading over a panel, flush left: it says what the axis shows without turning anyone's head."""
    place = {"xref": "paper", "yref": _place(row)["yaxis"] + " domain", "x": 0, "y": 1}
    anchor = {"xanchor": "left", "yanchor": "bottom", "yshift": 4, "showarrow": False}
    return {"text": text, "font": {**FONT, "size": 13}, **place, **anchor}
