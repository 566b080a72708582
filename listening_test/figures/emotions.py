"""Which emotion is heard: recall by emotion with intervals, and confusion matrices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audio import marks
from audio.marks import Style
from audio.panels import Panel, Sketch, Trace
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, say, styles

CELL_PX = 34
SCALE = [[0.0, "rgba(0,114,178,0)"], [1.0, "rgba(0,114,178,0.62)"]]
"""A share as a tint of the page's own ground, so that the page's text reads on it in both modes."""


def sketches(results: Results) -> Iterator[Sketch]:
    """Recall, then one matrix for each system."""
    if table := results.tables.get("emotion"):
        yield recall(results, table)
    if table := results.tables.get("confusion"):
        yield confusion(results, table)


def recall(results: Results, table: Table) -> Sketch:
    """Recall of each emotion and their mean (UAR), bars by system with intervals."""
    rows = [row for row in table.rows if row["exclusions"] == "applied" and row["measure"] in ("recall", "UAR")]
    reading = (
        "Longer = the acted emotion is recognised more often; UAR is the mean over emotions. The original is the "
        "ceiling: no system can be judged beyond it. The dashed line is guessing."
    )
    return frame.sketch(
        "emotion_recall", "Emotions recognised", _bars(results, rows), [table], reading, legend=True, barmode="group"
    )


def confusion(results: Results, table: Table) -> Sketch:
    """Rows: what was acted; columns: what was heard; cells: share of the row."""
    known = say.looks(results)
    rows = [row for row in table.rows if row.get("exclusions", "applied") == "applied"]
    by_label = {str(key[0]): found for key, found in say.groups(rows, "system").items()}
    panels = [_matrix(styles.of(known, label)["name"], by_label[label]) for label in say.in_order(results, by_label)]
    reading = (
        "A row is what was acted, a column what listeners heard; each row adds up to 100 %. The diagonal is right; a "
        "strong cell beside it says which emotion is taken for which."
    )
    return frame.sketch("confusion", "Emotions confused", panels, [table], reading)


def _bars(results: Results, rows: Sequence[Row]) -> list[Panel]:
    if not rows:
        return []
    known = say.looks(results)
    emotions = list(dict.fromkeys(str(row["emotion"]) for row in rows if row["measure"] == "recall"))
    names = ["UAR", *(say.titled(say.words(emotion)) for emotion in emotions)]
    by_label = {str(key[0]): found for key, found in say.groups(rows, "system").items()}
    systems = say.in_order(results, by_label)
    traces = [_bar(by_label[one], emotions, styles.of(known, one)) for one in systems]
    height = len(names) * (10 + 12 * len(systems))
    x_axis = {"range": [0, 1.02], "tickformat": ".0%", "dtick": 0.25}
    shapes = [marks.line_at(1 / len(emotions))] if emotions else []
    return [Panel("Recall, share of acted emotions heard as acted", traces, x_axis, _rows(names), height, shapes)]


def _rows(names: Sequence[str]) -> dict[str, object]:
    return {**marks.rows_axis(names), "range": [len(names) - 0.5, -0.5]}


def _bar(rows: Sequence[Row], emotions: Sequence[str], style: Style) -> Trace:
    found = [row for row in rows if row["value"] is not None]
    places = [0 if row["measure"] == "UAR" else 1 + emotions.index(str(row["emotion"])) for row in found]
    name = marks.safe(style["name"])
    return marks.hbars(style, places, found, [f"{name}: {say.interval(row)}; {say.basis(row)}" for row in found])


def _matrix(name: str, rows: Sequence[Row]) -> Panel:
    acted = list(dict.fromkeys(str(row["acted"]) for row in rows))
    answered = list(dict.fromkeys(str(row["answered"]) for row in rows))
    cells = {(str(row["acted"]), str(row["answered"])): row for row in rows}
    shares = [[_share(cells.get((one, other))) for other in answered] for one in acted]
    counts = [[(cells.get((one, other)) or {}).get("answers") or 0 for other in answered] for one in acted]
    trace = {
        "type": "heatmap",
        "z": shares,
        "x": list(range(len(answered))),
        "y": list(range(len(acted))),
        "text": [[_percent(share) for share in line] for line in shares],
        "texttemplate": "%{text}",
        "customdata": counts,
        "hovertemplate": "%{text} (%{customdata} answers)<extra></extra>",
        "colorscale": SCALE,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }
    x_axis = {
        "tickvals": list(range(len(answered))),
        "ticktext": [_short(one) for one in answered],
        "showgrid": False,
        "title": {"text": "heard", "standoff": 4},
        "tickangle": 0,
    }
    y_axis = {**_rows([say.titled(say.words(one)) for one in acted])}
    return Panel(name, [trace], x_axis, y_axis, CELL_PX * max(2, len(acted)))


def _share(row: Row | None) -> float | None:
    return None if row is None or row["share"] is None else float(row["share"])


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _short(emotion: str) -> str:
    """An emotion in a narrow column: on a phone six stand side by side."""
    word = say.titled(say.words(emotion))
    return word if len(word) <= 7 else f"{word[:6]}."
