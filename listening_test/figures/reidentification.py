"""Whether people tell the speaker of two recordings: within-listener AUC with what counts as chance, and the ROC."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from audio import marks
from audio.panels import Panel, Sketch, Trace
from audio.plots import TEXT
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, say, styles, system_rows

CHANCE = 0.5
CEILING = "original-original"
PAIRS = (CEILING, "original-anonymized", "anonymized-anonymized")
SEXES = {"F": "women", "M": "men", "X": "others"}
READ_AUC = (
    "Further right = people tell the speaker better; 0.5, the dashed line, is guessing, 1 is no error. Filled: the "
    "listeners who passed screening; hollow: everybody."
)
READ_MARGIN = (
    " The grey band is what counts as chance, decided beforehand. Chance is shown only where the interval of the "
    "equivalence test (see its table) lies within the band; an interval that merely touches the line shows nothing."
)


def sketches(results: Results) -> Iterator[Sketch]:
    """AUC, AUC by sex, pooled ROC."""
    if table := results.tables.get("reidentification"):
        yield reidentification(results, table)
        if any(row["sex"] != "all" for row in table.rows):
            yield by_sex(results, table)
    if table := results.tables.get("roc"):
        yield roc(results, table)


def reidentification(results: Results, table: Table) -> Sketch:
    """AUC of each system, a panel for each kind of pair, rungs of the attacker ladder below the whole."""
    rows = [row for row in table.rows if row["sex"] == "all"]
    margins, low = _margins(results), floor(_single_rung(rows))
    panels = [
        _panel(results, pair_heading(*key), _single_rung(found), "rung", low, margins.get(key))
        for key, found in by_pair(rows).items()
    ]
    equivalence = results.tables.get("equivalence")
    shown = [table, equivalence] if equivalence else [table]
    reading = READ_AUC + (READ_MARGIN if margins else "")
    return frame.sketch("reidentification", "Telling the speaker", panels, shown, reading, table.caution)


def by_sex(results: Results, table: Table) -> Sketch:
    """AUC for women's and for men's voices."""
    rows = [row for row in table.rows if row["sex"] != "all" and row["rung"] == "all"]
    applied = [row for row in rows if row["exclusions"] == "applied"]
    low = floor(applied)
    panels = [_panel(results, pair_heading(*key), found, "sex", low) for key, found in by_pair(applied).items()]
    reading = "Further right = people tell the speaker better. A system that hides one sex may not hide the other."
    return frame.sketch("reidentification_by_sex", "Telling the speaker, women and men", panels, [table], reading)


def roc(results: Results, table: Table) -> Sketch:
    """Pooled ROC of each system, a panel for each kind of pair."""
    panels = [roc_panel(pair_heading(*key), _curves(results, rows)) for key, rows in by_pair(table.rows).items()]
    pooled = results.tables.get("reidentification_pooled")
    reading = (
        "A curve along the diagonal = guessing; the further it bends to the top left, the better people tell the "
        "speaker. All listeners' answers are pooled here, which flatters privacy: go by the AUC above."
    )
    return frame.sketch("roc", "ROC of people", panels, [table, pooled] if pooled else [table], reading, legend=True)


def roc_panel(heading: str, traces: list[Trace]) -> Panel:
    """A panel of ROC curves with the diagonal of chance; both axes are shares."""
    share = {"range": [-0.02, 1.02], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
    dashed = {"color": TEXT, "dash": "dash", "width": 1}
    diagonal = {"type": "line", "x0": 0, "x1": 1, "y0": 0, "y1": 1, "line": dashed}
    x_axis = {**share, "title": {"text": "different speakers called the same", "standoff": 6}}
    y_axis = {**share, "title": {"text": "same speaker called the same", "standoff": 6}}
    return Panel(heading, traces, x_axis, y_axis, 300, [diagonal])


def curve(rows: Sequence[Row], name: str, style: Mapping[str, str]) -> Trace:
    """One ROC, its points from the strictest threshold to the laxest."""
    points = sorted((float(row["false_alarm_rate"] or 0), float(row["hit_rate"] or 0)) for row in rows)
    few, name = len(points) <= 12, marks.safe(name)
    return {
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "mode": "lines+markers" if few else "lines",
        "name": name,
        "legendgroup": name,
        "line": {"color": style["colour"], "dash": style["dash"], "width": 2},
        "marker": {"color": style["colour"], "symbol": style["symbol"], "size": 6},
        "hovertemplate": f"{name}: %{{y:.0%}} of same, %{{x:.0%}} of different<extra></extra>",
    }


def by_pair(rows: Iterable[Row]) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by task and kind of pair: originals first, as the ceiling, then what is asked about."""
    found = say.groups(rows, "task", "pair")
    return {key: found[key] for key in sorted(found, key=lambda key: (str(key[0]), pair_place(key[1])))}


def pair_place(pair: Any) -> int:
    """Where a kind of pair stands among the others."""
    return PAIRS.index(pair) if pair in PAIRS else len(PAIRS)


def pair_heading(task: Any, pair: Any) -> str:
    """A kind of pair in words, with the task where a study has several of one type."""
    number = f" ({task})" if task not in ("same-different", "speaker-similarity", "", None) else ""
    return say.titled(say.words(pair) or say.words(task)) + number


def _margins(results: Results) -> dict[tuple[Any, Any], float]:
    """What counts as chance, by task and pair."""
    table = results.tables.get("equivalence")
    rows = [row for row in table.rows if row["margin"] is not None and row["pair"] != CEILING] if table else []
    return {(row["task"], row["pair"]): float(row["margin"] or 0) for row in rows}


def _single_rung(rows: Sequence[Row]) -> list[Row]:
    """Without the rungs where there is only one, which says what the whole says."""
    rungs = {row["rung"] for row in rows} - {"all"}
    return [row for row in rows if len(rungs) > 1 or row["rung"] == "all"]


def _panel(
    results: Results, heading: str, rows: Sequence[Row], part: str, low: float, margin: float | None = None
) -> Panel:
    """A row for each system and each part of it ("rung" or "sex"); all panels begin at `low`, to be compared."""
    known = say.looks(results)
    lines = _lines(results, rows, part)
    found = []
    for row in rows:
        style, everybody = styles.of(known, str(row["system"])), row["exclusions"] == "none"
        who = ", nobody excluded" if everybody else ""
        name = _line_name(style["name"], str(row[part]))
        hover = f"{name}{who}: AUC {say.interval(row)}; {say.basis(row)}"
        place = lines.index((str(row["system"]), str(row[part]))) + (0.3 if everybody else 0.0)
        found.append(marks.dot(place, row, style, hover, hollow=everybody))
    systems, parts = ([line[n] for line in lines] for n in (0, 1))
    titles = [styles.of(known, system)["name"] for system in systems]
    names = marks.below_one_name(titles, ["" if one == "all" else SEXES.get(one, one) for one in parts], ", ")
    shapes = [marks.line_at(CHANCE)] + ([marks.band(CHANCE - margin, CHANCE + margin)] if margin else [])
    x_axis = system_rows.area_axis(low)
    height_px = marks.rows_px(len(names))
    return Panel(f"{heading}, AUC", marks.dots(found), x_axis, marks.rows_axis(names), height_px, shapes)


def floor(rows: Sequence[Row]) -> float:
    """Where an axis of AUC begins: a little below chance, or below the lowest interval."""
    lows = [float(row[name] or 0) for row in rows for name in ("low", "value") if row[name] is not None]
    return max(-0.02, min([0.38, *(low - 0.03 for low in lows)]))


def _lines(results: Results, rows: Sequence[Row], part: str) -> list[tuple[str, str]]:
    systems = say.in_order(results, (row["system"] for row in rows))
    parts = sorted(dict.fromkeys(str(row[part]) for row in rows), key=lambda one: one != "all")
    there = {(str(row["system"]), str(row[part])) for row in rows}
    return [(system, one) for system in systems for one in parts if (system, one) in there]


def _line_name(name: str, part: str) -> str:
    return name if part == "all" else f"{name}, {SEXES.get(part, part)}"


def _curves(results: Results, rows: Sequence[Row]) -> list[Trace]:
    known = say.looks(results)
    by_label = {str(system): found for (system,), found in say.groups(rows, "system").items()}
    ordered = say.in_order(results, by_label)
    return [curve(by_label[one], styles.of(known, one)["name"], styles.of(known, one)) for one in ordered]
