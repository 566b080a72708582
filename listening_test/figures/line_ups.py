"""Line-ups: who is picked when the person is there, and when not; whether the place of a voice matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audio import marks
from audio.marks import Style
from audio.panels import Panel, Shape, Sketch
from audio.plots import TEXT
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, say, styles, system_rows

MEASURES = {
    "hit": "Person there: picked (hit)",
    "foil when present": "Person there: somebody else picked",
    "miss": "Person there: nobody picked (miss)",
    "false identification": "Person not there: somebody picked",
    "correct rejection": "Person not there: nobody picked",
}


def sketches(results: Results) -> Iterator[Sketch]:
    """Rates, then positions."""
    if table := results.tables.get("line_up"):
        yield rates(results, table)
    if table := results.tables.get("line_up_positions"):
        yield positions(results, table)


def rates(results: Results, table: Table) -> Sketch:
    """A panel for each rate, a row for each system."""
    rows = [row for row in table.rows if row.get("rung", "all") == "all"]
    found = {str(key[0]): rows_ for key, rows_ in say.groups(rows, "measure").items()}
    x_axis = {"range": [-0.02, 1.02], "tickformat": ".0%", "dtick": 0.25}
    panels = []
    for measure in [*(one for one in MEASURES if one in found), *(one for one in found if one not in MEASURES)]:
        names, traces = system_rows.by_system(results, found[measure])
        heading = MEASURES.get(measure, say.titled(measure))
        shapes = _guessing(found[measure]) if measure == "hit" else []
        panels.append(Panel(heading, traces, x_axis, marks.rows_axis(names), marks.rows_px(len(names)), shapes))
    reading = (
        "Many hits with few false identifications = people find the person among others. Hits alone say little: who "
        "always picks somebody hits often, by luck as often as the dashed line says, and accuses always."
    )
    return frame.sketch("line_up", "Line-ups", panels, [table], reading)


def _guessing(rows: Sequence[Row]) -> list[Shape]:
    """Hits of somebody who always picks, at random."""
    chances = {row["chance"] for row in rows if row.get("chance") is not None}
    return [marks.line_at(float(chance or 0)) for chance in chances]


def positions(results: Results, table: Table) -> Sketch:
    """How often each place of a line-up is chosen, beside what no preference would give."""
    known = say.looks(results)
    by_label = {str(key[0]): rows for key, rows in say.groups(table.rows, "system").items()}
    order = sorted(say.in_order(results, by_label), key=lambda label: label != "all")
    top = max((float(row["chosen_share"] or 0) for row in table.rows), default=0.0)
    panels = [_places(_name(known, label), by_label[label], top) for label in order]
    reading = (
        "Bars: how often each place was picked; the short lines: how often it would be without a preference for a "
        "place. Bars far above their line = listeners favour that place."
    )
    return frame.sketch("line_up_positions", "Places in line-ups", panels, [table], reading)


def _name(known: Mapping[str, Style], label: str) -> str:
    return "All systems" if label == "all" else styles.of(known, label)["name"]


def _places(name: str, rows: Sequence[Row], top: float) -> Panel:
    places = [str(row["position"]) for row in rows]
    at = list(range(len(rows)))
    bars = {
        "type": "bar",
        "x": at,
        "y": [row["chosen_share"] for row in rows],
        "marker": {"color": TEXT, "line": {"width": 0}},
        "width": 0.6,
        "hovertemplate": "picked in %{y:.0%}<extra></extra>",
    }
    expected = [
        {
            "type": "line", "x0": place - 0.42, "x1": place + 0.42, "y0": row["expected"], "y1": row["expected"],
            "line": {"color": "#D55E00", "width": 3},
        }
        for place, row in zip(at, rows, strict=True)
        if row.get("expected") is not None
    ]  # fmt: skip
    x_axis = {"tickvals": at, "ticktext": places, "showgrid": False, "title": {"text": "place", "standoff": 4}}
    y_axis = {"tickformat": ".0%", "range": [0, max(0.5, 1.05 * top)], "nticks": 5}
    return Panel(f"{name}: share of picks", [bars], x_axis, y_axis, 130, expected)
