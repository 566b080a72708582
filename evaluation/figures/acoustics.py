"""What happened to centroid, kurtosis and loudness, by acted emotion (Gaznepoglu & Peters 2025, Fig. 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from audio import marks
from audio.distributions import Density, densities
from audio.features import Contour
from audio.panels import Panel, Trace
from audio.plots import KURTOSIS_TICKS
from evaluation.corpus_words import data_set
from evaluation.figures import say
from evaluation.figures.drawing import Drawing, drawing, notes, said
from evaluation.figures.rows import Row, chosen, groups
from evaluation.figures.sections import Sections
from evaluation.looks import look
from evaluation.runs import Run

if TYPE_CHECKING:
    import pandas as pd

ORDER = ("angry", "happy", "neutral", "sad")
"""Emotions from high to low medians, where speech keeps them (paper 001)."""
ROW_PX, RIDGE_PX = 22.0, 20.0
HZ_TICKS = (200, 300, 500, 700, 1000, 1500, 2000, 3000, 4000, 6000, 8000)
READING = "A curve = recordings of one emotion, or all; the dot is their median; further right = {more}."
ORDER_READING = (
    " Where emotion is kept, medians fall from angry over happy and neutral to sad: ✓ they do, ✗ two changed places."
)
CAUTION = "One value a recording, inside the original's speech."
ORDER_CAUTION = (
    " An order that is kept does not prove that emotion is heard, and medians that are close to one another change "
    "places by chance: see their intervals."
)


@dataclass(frozen=True)
class Feature:
    """A feature: its metric in figures, its column in files, and how it is drawn."""

    metric: str
    column: str
    title: str
    heading: str
    more: str
    ticks: tuple[int, ...] | None


FEATURES = (
    Feature("centroid", "centroid_hz", "Spectral centroid", "Median spectral centroid, Hz (log axis)", "brighter",
            HZ_TICKS),
    Feature("kurtosis", "kurtosis", "Spectral kurtosis", "Median spectral kurtosis, no unit (log axis)",
            "energy around fewer frequencies", KURTOSIS_TICKS),
    Feature("loudness", "loudness_lufs", "Loudness", "Integrated loudness, LUFS", "louder", None),
)  # fmt: skip


def drawings(run: Run) -> Iterator[Drawing]:
    """A figure for each feature, a panel for each data set."""
    files = run.table("files")
    there = files[(files["side"] == "trial") & (files["state"] == "done")]
    names = there["corpus"].map(lambda corpus: data_set(corpus)[0])
    for feature in FEATURES:
        medians = chosen(run.table("figures"), kind="acoustics", metric=feature.metric)
        by_data = groups((row for row in medians if row["value"] is not None), "data")
        panels = [_panel(feature, str(data), own, there[names == data]) for (data,), own in by_data.items()]
        if panels:
            acted = any(row["group"] for row in medians)
            yield drawing(
                feature.metric, feature.title + (" by emotion" if acted else ""), panels, medians, about=said(medians),
                reading=READING.format(more=feature.more) + (ORDER_READING if acted else ""),
                caution=f"{CAUTION}{ORDER_CAUTION if acted else ''} {notes(medians)}".strip(),
            )  # fmt: skip


def kept(medians: Mapping[str, float]) -> bool | None:
    """Whether medians fall in the order of ORDER; None unless all four are known."""
    if any(emotion not in medians for emotion in ORDER):
        return None
    values = [medians[emotion] for emotion in ORDER]
    return all(one > other for one, other in pairwise(values))


def verdict(medians: Mapping[str, float]) -> str:
    """The order in a mark: kept, or the first two neighbours whose medians changed places; "" where it is not known."""
    found = kept(medians)
    if found is None:
        return ""
    if found:
        return " ✓ kept"
    one, other = next((one, other) for one, other in pairwise(ORDER) if medians[one] <= medians[other])
    return f" ✗ {other} ≥ {one}"


def _panel(feature: Feature, data: str, medians: Sequence[Row], files: pd.DataFrame) -> Panel:
    acted = [one for one in ORDER if one in {row["group"] for row in medians}]
    shown = [row for row in medians if (row["group"] in acted if acted else row["group"] == "")]
    shown.sort(key=lambda row: [*ORDER, ""].index(row["group"]))  # of each system; the sort is stable
    samples = [_sample(files, feature, row) for row in shown]
    contours = [Contour(feature.metric, "", np.arange(len(one), dtype=float), one) for one in samples]
    curves = densities(contours, log=feature.ticks is not None, points=120)
    sections = Sections()
    traces: list[Trace] = []
    places: dict[int, float] = {}
    for (system,), own in groups(shown, "system").items():
        sections.heading(say.name(system) + verdict({row["group"]: row["value"] for row in own}))
        for row in own:
            places[id(row)] = sections.row(str(row["group"]) or "all", ROW_PX) + ROW_PX / 2 - 3
    for row, curve, sample in zip(shown, curves, samples, strict=True):
        traces += _ridge(row, curve, sample, places[id(row)])
    x_axis, left = _x_axis(feature, [curve.values[_seen(curve)] for curve in curves if curve is not None], shown)
    traces.append(sections.texts(left))
    return Panel(f"{feature.heading}; {data}", traces, x_axis, sections.y_axis, sections.at_px)


def _sample(files: pd.DataFrame, feature: Feature, row: Row) -> np.ndarray:
    own = files[(files["system"] == row["system"]) & ((files["emotion"] == row["group"]) | (row["group"] == ""))]
    values = own[feature.column].to_numpy(float)
    return values[np.isfinite(values) & ((values > 0) | (feature.ticks is None))]


def _ridge(row: Row, curve: Density | None, sample: np.ndarray, base: float) -> Iterator[Trace]:
    style = look(str(row["system"]))
    text = f"{style['name']}, {row['group'] or 'all'}: median {say.interval(row)}"
    spread = ""
    if len(sample):
        low, high = np.percentile(sample, [5, 95])
        spread = f"{len(sample)} recordings, 5 to 95 %: {say.interval({**row, 'value': low, 'low': None})} to "
        spread += say.interval({**row, "value": high, "low": None})
    if curve is not None and curve.heights.max() > 0:
        seen = _seen(curve)
        heights = base - RIDGE_PX * curve.heights[seen] / curve.heights.max()
        values = curve.values[seen]
        yield {
            "x": np.concatenate([values[:1], values, values[-1:]]).astype(np.float32),
            "y": np.concatenate([[base], heights, [base]]).astype(np.float32),
            "mode": "lines",
            "fill": "toself",
            "fillcolor": _tint(style["colour"]),
            "line": {"color": style["colour"], "width": 1},
            "hoverinfo": "skip",
        }  # fmt: skip
    yield {
        "x": [row["value"]],
        "y": [base - 4],
        "mode": "markers",
        "marker": {"color": style["colour"], "size": 8},
        "hovertemplate": say.hover(text, spread),
        **marks.bars("x", row, style["colour"]),
    }


def _seen(curve: Density) -> np.ndarray:
    """Where a curve is high enough to be seen."""
    return curve.heights > 0.01 * curve.heights.max()


def _x_axis(feature: Feature, drawn: Sequence[np.ndarray], medians: Sequence[Row]) -> tuple[dict[str, Any], float]:
    """The axis over everything that is drawn, and where it begins."""
    every = np.concatenate([*drawn, [row["value"] for row in medians]])
    low, high = float(every.min()), float(every.max())
    if feature.ticks is None:
        pad = 0.04 * (high - low) or 1.0
        return {"range": [low - pad, high + pad], "nticks": 6, "tickangle": 0}, low - pad
    low, high = np.log10(low), np.log10(high)
    pad = 0.04 * (high - low) or 0.1
    ticks = [tick for tick in feature.ticks if low - pad <= np.log10(tick) <= high + pad]
    ends = {"type": "log", "range": [low - pad, high + pad], "tickangle": 0}
    return {**ends, "tickvals": ticks, "ticktext": [f"{tick:,}" for tick in ticks]}, float(10 ** (low - pad))


def _tint(colour: str) -> str:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.3)"
