"""What systems did to the acoustics of recordings, beside what people said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audio import marks
from audio.marks import Style
from audio.panels import Panel, Sketch, Trace
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, say, styles

FEATURES = {
    "kurtosis": ("Kurtosis", "kurtosis_change_octaves", "kurtosis, in doublings", "doubling"),
    "centroid": ("Centroid", "centroid_change_octaves", "centroid, in octaves", "octave"),
    "loudness": ("Loudness", "loudness_change_lu", "loudness before levelling, in LU", "LU"),
}
PERCEIVED = {
    "naturalness": ("Naturalness", (0.9, 5.1)),
    "overall_quality": ("Overall quality", (0.9, 5.1)),
    "intelligibility": ("Intelligibility", (0.9, 5.1)),
    "same-speaker confidence": ("Same-speaker confidence", (-3.2, 3.2)),
    "anger heard where it was not acted": ("Anger heard, not acted", (-0.04, 1.04)),
}
ORDER = ("anger", "happiness", "neutral", "sadness")
HEIGHT_PX = 240
KURTOSIS_TICKS = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)


def sketches(results: Results) -> Iterator[Sketch]:
    """Slopes, then recordings one by one, then kurtosis and anger by emotion."""
    if table := results.tables.get("acoustic_links"):
        yield links(results, table)
    if table := results.tables.get("acoustic_points"):
        for feature in FEATURES if table.rows else ("kurtosis",):
            yield points(results, table, feature)
    if table := results.tables.get("kurtosis_emotion"):
        yield kurtosis_emotion(results, table)


def links(results: Results, table: Table) -> Sketch:
    """Slope of each answer on each change, one panel for each kind of answer."""
    panels = [_slopes(str(name), rows) for (name,), rows in say.groups(table.rows, "perceived").items()]
    reading = (
        "Right of the line = the more the feature rises (by an octave, a doubling, a LU), the higher what people said; "
        "an interval across the line is undecided."
    )
    return frame.sketch("acoustic_links", "Acoustics and what people said", panels, [table], reading)


def points(results: Results, table: Table, feature: str) -> Sketch:
    """One point a recording, in the colour of its system."""
    title, column, axis, _ = FEATURES[feature]
    panels = [
        _scatter(results, str(name), rows, column, axis)
        for (name,), rows in say.groups(table.rows, "perceived").items()
    ]
    reading = (
        "One point a recording through a system, at what changed (right = more than in the original) and what people "
        "said of it on average; larger = more answers."
    )
    sounds = results.tables.get("acoustics")
    shown = [table, sounds] if sounds else [table]
    return frame.sketch(
        f"acoustic_points_{feature}",
        f"{title} and perception",
        panels,
        shown,
        reading,
        table.caution,
        legend=bool(panels),
    )


def kurtosis_emotion(results: Results, table: Table) -> Sketch:
    """Median kurtosis by acted emotion, and how often each is heard as anger."""
    rows = sorted(table.rows, key=lambda row: _emotion_place(row["acted"]))
    panels = [_kurtosis(results, rows), _anger(results, rows)] if rows else []
    reading = (
        "Where emotion survives, kurtosis falls from anger over happiness and neutral to sadness. A system that lifts "
        "the kurtosis of sad speech and whose sad speech is heard as anger does what Gaznepoglu and Peters "
        "(2025) suspected."
    )
    return frame.sketch(
        "kurtosis_emotion", "Does higher kurtosis make sad sound angry?", panels, [table], reading, legend=bool(panels)
    )


def _slopes(perceived: str, rows: Sequence[Row]) -> Panel:
    names, found = [], []
    for place, row in enumerate(rows):
        title, _, _, _ = FEATURES.get(str(row["feature"]), (str(row["feature"]), "", "", ""))
        names.append(f"{title}, per {row['per']}")
        decided = row["low"] is not None and row["high"] is not None and float(row["low"]) * float(row["high"]) > 0
        style = {"name": title, "colour": "#0072B2" if decided else "#8A8F98", "dash": "solid", "symbol": "circle"}
        hover = f"{names[-1]}: {say.interval(row)}; {say.basis(row)}"
        found.append(marks.dot(place, row, style, hover))
    ends = [abs(end) for one in found if one for end in (one.low, one.high, one.value) if end is not None]
    reach = 1.08 * max(ends, default=1.0)
    heading = f"{_title(perceived)}: slope"
    axes: tuple[Mapping[str, Any], Mapping[str, Any]] = ({"range": [-reach, reach]}, marks.rows_axis(names))
    return Panel(heading, marks.dots(found), *axes, marks.rows_px(len(names)), [marks.line_at(0.0)])


def _scatter(results: Results, perceived: str, rows: Sequence[Row], column: str, axis: str) -> Panel:
    known = say.looks(results)
    by_label = {str(key[0]): found for key, found in say.groups(rows, "system").items()}
    traces = [_cloud(by_label[one], styles.of(known, one), column) for one in say.in_order(results, by_label)]
    low, high = PERCEIVED.get(perceived, ("", None))[1] or (None, None)
    y_axis = {"range": [low, high]} if low is not None else {}
    x_axis = {"title": {"text": f"change of {axis}", "standoff": 6}, "nticks": 7}
    return Panel(_title(perceived), traces, x_axis, y_axis, HEIGHT_PX, [marks.line_at(0.0)])


def _cloud(rows: Sequence[Row], style: Style, column: str) -> Trace:
    rows = [row for row in rows if row[column] is not None]
    name = marks.safe(style["name"])
    return {
        "x": [row[column] for row in rows],
        "y": [row["mean"] for row in rows],
        "mode": "markers",
        "name": name,
        "legendgroup": name,
        "marker": {
            "color": style["colour"],
            "symbol": style["symbol"],
            "size": [min(14.0, 5.0 + 2.0 * float(row["answers"] or 0) ** 0.5) for row in rows],
            "opacity": 0.7,
        },
        "customdata": [marks.safe(f"{row['clip']}, {row['answers']} answers") for row in rows],
        "hovertemplate": f"{name}, %{{customdata}}: change %{{x:.2f}}, mean %{{y:.2f}}<extra></extra>",
    }


def _kurtosis(results: Results, rows: Sequence[Row]) -> Panel:
    """Medians; a line joins the emotions of one system, so that its order is seen."""
    known = say.looks(results)
    emotions = _emotions(rows)
    traces = []
    for label, own in _by_label(results, rows):
        style, name = styles.of(known, label), marks.safe(styles.of(known, label)["name"])
        own = [row for row in own if row["kurtosis"] is not None]
        traces.append({
            "x": [row["kurtosis"] for row in own],
            "y": [emotions.index(str(row["acted"])) for row in own],
            "mode": "lines+markers",
            "name": name,
            "legendgroup": name,
            "line": {"color": style["colour"], "dash": style["dash"], "width": 1.5},
            "marker": {"color": style["colour"], "symbol": style["symbol"], "size": 9},
            "hovertemplate": f"{name}: %{{x:.1f}}<extra></extra>",
        })  # fmt: skip
    names = [say.titled(say.words(one)) for one in emotions]
    ticks = {"tickvals": list(KURTOSIS_TICKS), "ticktext": [str(tick) for tick in KURTOSIS_TICKS]}
    x_axis = {"type": "log", **ticks}
    return Panel("Median kurtosis (log axis)", traces, x_axis, marks.rows_axis(names), marks.rows_px(len(names)))


def _anger(results: Results, rows: Sequence[Row]) -> Panel:
    known = say.looks(results)
    emotions, found = _emotions(rows), []
    by_label = _by_label(results, rows)
    for number, (label, own) in enumerate(by_label):
        style = styles.of(known, label)
        offset = 0.6 * ((number + 0.5) / len(by_label) - 0.5)
        for row in own:
            value = say.interval(row, names=("anger_share", "anger_low", "anger_high"))
            hover = f"{style['name']}, {row['acted']}: {value}; {row['answers']} answers"
            place = emotions.index(str(row["acted"])) + offset
            found.append(marks.dot(place, row, style, hover, names=("anger_share", "anger_low", "anger_high")))
    names = [say.titled(say.words(one)) for one in emotions]
    height_px = max(marks.rows_px(len(names)), len(names) * (14 + 14 * len(by_label)))
    x_axis = {"range": [-0.02, 1.02], "tickformat": ".0%", "dtick": 0.25}
    return Panel("Share heard as anger", marks.dots(found), x_axis, marks.rows_axis(names), height_px)


def _emotions(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(str(row["acted"]) for row in rows))


def _emotion_place(emotion: Any) -> int:
    return ORDER.index(emotion) if emotion in ORDER else len(ORDER)


def _by_label(results: Results, rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    by_label = {str(key[0]): found for key, found in say.groups(rows, "system").items()}
    return [(label, by_label[label]) for label in say.in_order(results, by_label)]


def _title(perceived: str) -> str:
    return PERCEIVED.get(perceived, (say.titled(say.words(perceived)), None))[0]
