"""The trade-off: whether people still tell the speaker, against how natural or how emotional a voice stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from audio import marks
from audio.marks import Style
from audio.panels import Panel, Sketch, Trace
from audio.plots import FONT
from evaluation.figures.published import LEGEND
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, published, say, styles
from listening_test.figures.reidentification import CEILING, CHANCE, floor

HEIGHT_PX = 280
HIDDEN = "original-anonymized"
QUESTIONS = ("naturalness", "overall_quality", "intelligibility")


class _Privacy(NamedTuple):
    """x: a row with value, low and high for each system, and how its axis is drawn; right is always more private."""

    name: str
    rows: Mapping[str, Row]
    range: tuple[float, float]
    title: str


class _Utility(NamedTuple):
    """y, in the same way."""

    heading: str
    rows: Mapping[str, Row]
    axis: Mapping[str, Any]
    table: Table


def sketches(results: Results) -> Iterator[Sketch]:
    """One figure where a study has both sides of the trade-off."""
    table = results.tables.get("reidentification")
    utilities = list(_utilities(results))
    if table and utilities:
        yield tradeoff(results, table, utilities)


def tradeoff(results: Results, table: Table, utilities: list[_Utility]) -> Sketch:
    """A panel for each measure of what is kept; x is the AUC of people, or their pooled EER where there is none."""
    privacy = _told(table) or _pooled(results)
    panels = [_panel(results, privacy, one) for one in utilities if set(privacy.rows) & set(one.rows)]
    panels += [published.panel()] if panels else []
    reading = (
        "Right = more private (people tell the speaker less; the dashed line is guessing), up = better kept: the top "
        "right corner is what everybody wants. Bars are intervals of both estimates. Hollow and grey, on axes of their "
        "own: figures of papers; attacker, protocol and data appear when you point at one."
    )
    caution = (
        "Coloured points are people's answers of this study. The grey ones are machines on other recordings: an EER "
        "of machines is not an AUC of people, and neither can be turned into the other."
    )
    tables = [table, *(one.table for one in utilities)]
    tables += [known] if (known := results.tables.get("published")) else []
    made = frame.sketch("tradeoff", "Trade-off", panels, tables, reading, caution, legend=bool(panels))
    made.layout["legend"] = {
        **made.layout["legend"],
        "title": {"text": LEGEND, "font": FONT, "side": "top"},
    }
    return made


def _told(table: Table) -> _Privacy | None:
    """AUC by system: of anonymized voices beside originals, and of originals beside originals as the ceiling."""
    rows = [row for row in table.rows if row["rung"] == "all" and row["sex"] == "all" and _counts(row, "value")]
    if not rows:
        return None
    return _Privacy("AUC", _by_system(rows), (1.02, floor(rows)), "people's AUC: right = more private")


def _pooled(results: Results) -> _Privacy:
    """The pooled EER by system, for studies in which nobody heard enough pairs for an AUC of their own."""
    table = results.tables.get("reidentification_pooled")
    rows = [
        {**row, "value": row["eer"], "low": row["eer_low"], "high": row["eer_high"]}
        for row in (table.rows if table else ())
        if _counts(row, "eer")
    ]
    return _Privacy("pooled EER", _by_system(rows), (-0.02, 0.66), "people's pooled EER: right = more private")


def _counts(row: Row, name: str) -> bool:
    return row["exclusions"] == "applied" and row[name] is not None and row["pair"] in (CEILING, HIDDEN)


def _utilities(results: Results) -> Iterator[_Utility]:
    if table := results.tables.get("mos"):
        rows = [row for row in table.rows if row["exclusions"] == "applied" and row["value"] is not None]
        by_question = {str(key[0]): found for key, found in say.groups(rows, "question").items()}
        question = next((one for one in QUESTIONS if one in by_question), None)
        if question:
            heading = f"{say.titled(say.words(question))}, 1 to 5"
            axis = {"range": [0.9, 5.1], "tickvals": [1, 2, 3, 4, 5]}
            yield _Utility(heading, _by_system(by_question[question]), axis, table)
    if table := results.tables.get("emotion"):
        rows = [row for row in table.rows if row["exclusions"] == "applied" and row["measure"] == "UAR"]
        if by_system := _by_system([row for row in rows if row["value"] is not None]):
            axis = {"range": [0, 1.02], "tickformat": ".0%"}
            yield _Utility("Emotions recognised (UAR)", by_system, axis, table)


def _by_system(rows: Sequence[Row]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(str(row["system"]), row)
    return found


def _panel(results: Results, privacy: _Privacy, utility: _Utility) -> Panel:
    known = say.looks(results)
    both = say.in_order(results, (system for system in privacy.rows if system in utility.rows))
    points = [(privacy.rows[one], utility.rows[one]) for one in both]
    at = marks.sides([(_share(x, privacy.range), _share(y, utility.axis["range"])) for x, y in points])
    traces = [
        _point(x, y, privacy.name, styles.of(known, one), side)
        for one, (x, y), side in zip(both, points, at, strict=True)
    ]
    title = {"text": privacy.title, "standoff": 6}
    x_axis = {"range": list(privacy.range), "dtick": 0.1, "tickformat": ".1f", "title": title}
    return Panel(utility.heading, traces, x_axis, utility.axis, HEIGHT_PX, [marks.line_at(CHANCE)])


def _share(row: Row, ends: Sequence[float]) -> float:
    """Where a value lies on an axis, 0 at its beginning."""
    return (float(row["value"] or 0) - ends[0]) / (ends[1] - ends[0])


def _point(x: Row, y: Row, name: str, style: Style, side: str) -> Trace:
    hover = f"{style['name']}: {name} {say.interval(x)}, {say.interval(y)}"
    return {
        "x": [x["value"]],
        "y": [y["value"]],
        "mode": "markers+text",
        "text": [marks.safe(style["name"])],
        "textposition": side,
        "cliponaxis": False,
        "marker": {"color": style["colour"], "symbol": style["symbol"], "size": 11},
        "hovertemplate": marks.safe(hover) + "<extra></extra>",
        **marks.bars("x", x, style["colour"]),
        **marks.bars("y", y, style["colour"]),
    }
