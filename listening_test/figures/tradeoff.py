"""The trade-off: whether people still tell the speaker, against how natural or how emotional a voice stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, styles
from listening_test.figures.frame import Panel, Sketch
from listening_test.figures.reidentification import CHANCE, floor

HEIGHT_PX = 280
CEILING, HIDDEN = "original-original", "original-anonymized"
QUESTIONS = ("naturalness", "overall_quality", "intelligibility")


class _Utility(NamedTuple):
    heading: str
    rows: Mapping[str, Row]
    axis: Mapping[str, object]
    table: Table


def sketches(results: Results) -> Iterator[Sketch]:
    """One figure where a study has both sides of the trade-off."""
    table = results.tables.get("reidentification")
    utilities = list(_utilities(results))
    if table and utilities:
        yield tradeoff(results, table, utilities)


def tradeoff(results: Results, table: Table, utilities: list[_Utility]) -> Sketch:
    """A panel for each measure of what is kept; x is the AUC of people, reversed."""
    privacy = _privacy(table)
    panels = [_panel(results, privacy, one) for one in utilities if set(privacy) & set(one.rows)]
    reading = (
        "Right = more private (people tell the speaker less; the dashed line is guessing), up = better kept: the top "
        "right corner is what everybody wants. Bars are intervals of both estimates."
    )
    caution = (
        "Both axes are people's answers of this study alone. An AUC of people is not an EER of machines: published "
        "figures have axes of their own below."
    )
    tables = [table, *(one.table for one in utilities)]
    return frame.sketch("tradeoff", "Trade-off", panels, tables, reading, caution)


def _privacy(table: Table) -> dict[str, Row]:
    """AUC by system: of anonymized voices beside originals, and of originals beside originals as the ceiling."""
    found: dict[str, Row] = {}
    for row in table.rows:
        whole = row["exclusions"] == "applied" and row["rung"] == "all" and row["sex"] == "all"
        if whole and row["value"] is not None and row["pair"] in (CEILING, HIDDEN):
            found.setdefault(str(row["system"]), row)
    return found


def _utilities(results: Results) -> Iterator[_Utility]:
    if table := results.tables.get("mos"):
        rows = [row for row in table.rows if row["exclusions"] == "applied" and row["value"] is not None]
        by_question = {str(key[0]): found for key, found in frame.groups(rows, "question").items()}
        question = next((one for one in QUESTIONS if one in by_question), None)
        if question:
            heading = f"{frame.titled(frame.words(question))}, 1 to 5"
            axis = {"range": [0.9, 5.1], "tickvals": [1, 2, 3, 4, 5]}
            yield _Utility(heading, _by_system(by_question[question]), axis, table)
    if table := results.tables.get("emotion"):
        rows = [row for row in table.rows if row["exclusions"] == "applied" and row["measure"] == "UAR"]
        if by_system := _by_system([row for row in rows if row["value"] is not None]):
            axis = {"range": [0, 1.02], "tickformat": ".0%"}
            yield _Utility("Emotions recognised (UAR)", by_system, axis, table)


def _by_system(rows: list[Row]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(str(row["system"]), row)
    return found


def _panel(results: Results, privacy: Mapping[str, Row], utility: _Utility) -> Panel:
    known = frame.looks(results)
    both = frame.in_order(results, (system for system in privacy if system in utility.rows))
    traces = [_point(privacy[one], utility.rows[one], styles.of(known, one)) for one in both]
    x_axis = {
        "range": [1.02, floor([privacy[one] for one in both])],
        "dtick": 0.1,
        "tickformat": ".1f",
        "title": {"text": "AUC of people, reversed: right = more private", "standoff": 6},
    }
    return Panel(utility.heading, traces, x_axis, utility.axis, HEIGHT_PX, [frame.line_at(CHANCE)])


def _point(x: Row, y: Row, style: styles.Style) -> frame.Trace:
    hover = f"{style['name']}: AUC {frame.interval(x)}, {frame.interval(y)}"
    return {
        "x": [x["value"]],
        "y": [y["value"]],
        "mode": "markers+text",
        "text": [frame.safe(style["name"])],
        "textposition": "top right",
        "cliponaxis": False,
        "marker": {"color": style["colour"], "symbol": style["symbol"], "size": 11},
        "hovertemplate": frame.safe(hover) + "<extra></extra>",
        **frame.bars("x", x, style["colour"]),
        **frame.bars("y", y, style["colour"]),
    }
