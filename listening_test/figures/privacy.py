"""Whether people tell the speaker: within-listener AUC, the pooled ROC, panels, worst speakers, similarity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, styles
from listening_test.figures.frame import Panel, Sketch

CHANCE = 0.5
RUNG_SYMBOLS = ("circle", "diamond", "square")
SEXES = {"F": "women", "M": "men", "X": "others"}
READ_AUC = (
    "Further right = people tell the speaker better; 0.5, the dashed line, is guessing, 1 is no error. Filled: the "
    "listeners who passed screening; hollow: everybody."
)


def sketches(results: Results) -> Iterator[Sketch]:
    """Everything about recognising a speaker from two recordings."""
    if table := results.tables.get("reidentification"):
        yield reidentification(results, table)
        if any(row["sex"] != "all" for row in table.rows):
            yield by_sex(results, table)
    if table := results.tables.get("roc"):
        yield roc(results, table)
    if table := results.tables.get("worst_speakers"):
        yield worst_speakers(results, table)
    if table := results.tables.get("similarity"):
        yield similarity(results, table)


def reidentification(results: Results, table: Table) -> Sketch:
    """AUC of each system, a panel for each kind of pair, rungs of the attacker ladder beside the whole."""
    rows = [row for row in table.rows if row["sex"] == "all"]
    margins = _margins(results)
    panels = [
        _auc_panel(results, _pair_heading(*key), _single_rung(found), margins.get(key))
        for key, found in frame.groups(rows, "task", "pair").items()
    ]
    equivalence = results.tables.get("equivalence")
    shown = [table, equivalence] if equivalence else [table]
    reading = READ_AUC
    if margins:
        reading += " The grey band is what counts as chance, decided beforehand: chance is shown only by an interval "
        reading += "that lies within it (at 1 − 2α, see the table), never by one that merely touches the line."
    return frame.sketch("reidentification", "Telling the speaker", panels, shown, reading, table.caution)


def by_sex(results: Results, table: Table) -> Sketch:
    """AUC for women's and men's voices."""
    rows = [
        row for row in table.rows if row["sex"] != "all" and row["rung"] == "all" and row["exclusions"] == "applied"
    ]
    panels = [
        _auc_panel(results, f"{_pair_heading(task, pair)}: {SEXES.get(str(sex), sex)}", found, None)
        for (task, pair, sex), found in frame.groups(rows, "task", "pair", "sex").items()
    ]
    reading = "Further right = people tell the speaker better; a system that hides men may not hide women."
    return frame.sketch(
        "reidentification_by_sex", "Telling the speaker, by sex of the voices", panels, [table], reading
    )


def roc(results: Results, table: Table) -> Sketch:
    """Pooled ROC of each system, a panel for each kind of pair."""
    panels = [
        roc_panel(_pair_heading(*key), _curves(results, rows))
        for key, rows in frame.groups(table.rows, "task", "pair").items()
    ]
    reading = (
        "A curve along the diagonal = guessing; the further it bends to the top left, the better people tell the "
        "speaker. All listeners' answers are pooled here, which flatters privacy: decide by the AUC above."
    )
    return frame.sketch("roc", "ROC of people", panels, [table], reading, legend=True)


def roc_panel(heading: str, traces: list[frame.Trace]) -> Panel:
    """A square panel of ROC curves with the diagonal of chance."""
    share = {"range": [-0.02, 1.02], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
    diagonal = {
        "type": "line",
        "x0": 0,
        "x1": 1,
        "y0": 0,
        "y1": 1,
        "line": {"color": frame.TEXT, "dash": "dash", "width": 1},
    }
    x_axis = {**share, "title": {"text": "Different speakers called the same", "standoff": 6}}
    y_axis = {**share, "title": {"text": "Same speaker called the same", "standoff": 6}}
    return Panel(heading, traces, x_axis, y_axis, 300, [diagonal])


def curve(rows: Sequence[Row], name: str, style: Mapping[str, str], **line: Any) -> frame.Trace:
    """One ROC, its points by falling threshold."""
    points = sorted((float(row["false_alarm_rate"] or 0), float(row["hit_rate"] or 0)) for row in rows)
    return {
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "mode": "lines+markers",
        "name": name,
        "legendgroup": name,
        "line": {"color": style["colour"], "dash": style["dash"], "width": 2, **line},
        "marker": {"color": style["colour"], "symbol": style["symbol"], "size": 6},
        "hovertemplate": f"{name}: %{{y:.0%}} of same, %{{x:.0%}} of different<extra></extra>",
    }


def worst_speakers(results: Results, table: Table) -> Sketch:
    """Each speaker's shrunken AUC, a panel for each system; who is recognised best stands first and is named."""
    known = frame.looks(results)
    found = frame.groups(table.rows, "task", "pair", "system")
    order = frame.in_order(results, (system for _, _, system in found))
    keys = sorted(found, key=lambda key: (str(key[0]), str(key[1]), order.index(str(key[2]))))
    panels = [_speakers_panel(_pair_heading(*key[:2]), styles.of(known, str(key[2])), found[key]) for key in keys]
    reading = (
        "One row a speaker, the best recognised first. Filled: the estimate, drawn towards the mean as far as chance "
        "explains it, with an interval that holds for all speakers at once; hollow: the speaker's raw value."
    )
    return frame.sketch("worst_speakers", "Worst speakers", panels, [table], reading)


def similarity(results: Results, table: Table) -> Sketch:
    """Mean similarity of pairs of one speaker and of two."""
    by_task = frame.groups(_applied(table), "task") if "task" in _names(table) else {("",): _applied(table)}
    panels = [_similarity_panel(results, str(task), rows) for (task,), rows in by_task.items() if rows]
    reading = (
        "Filled: pairs of one speaker; hollow: pairs of two. The closer both lie, the less the voice tells the speaker."
    )
    shown = [table, *(one for one in [results.tables.get("similarity_auc")] if one)]
    return frame.sketch("similarity", "Similarity of voices", panels, shown, reading, table.caution)


def _similarity_panel(results: Results, task: str, rows: Sequence[Row]) -> Panel:
    known = frame.looks(results)
    systems = frame.in_order(results, (row["system"] for row in rows))
    found = []
    for row in rows:
        style, one = styles.of(known, str(row["system"])), _is_same(row)
        kind = "one speaker" if one else "two speakers"
        hover = f"{style['name']}, {kind}: {frame.interval(row)}; {frame.basis(row)}"
        place = systems.index(str(row["system"])) + (-0.15 if one else 0.15)
        found.append(frame.dot(place, row, style, hover, hollow=not one))
    names = [styles.of(known, system)["name"] for system in systems]
    number = f" ({task})" if task not in ("speaker-similarity", "") else ""
    heading = f"Mean similarity, 1 (very different) to 5 (very similar){number}"
    x_axis = {"range": [0.9, 5.1], "tickvals": [1, 2, 3, 4, 5]}
    return Panel(heading, frame.dots(found), x_axis, frame.rows_axis(names), frame.rows_px(len(names)))


def _is_same(row: Row) -> bool:
    value = row.get("same", row.get("pair_kind"))
    return value in (True, "same")


def _names(table: Table) -> set[str]:
    return {column.name for column in table.columns}


def _applied(table: Table) -> list[Row]:
    return [row for row in table.rows if row.get("exclusions", "applied") == "applied"]


def _pair_heading(task: Any, pair: Any) -> str:
    number = f" ({task})" if task not in ("same-different", "speaker-similarity", "", None) else ""
    return frame.titled(frame.words(pair) or frame.words(task)) + number


def _margins(results: Results) -> dict[tuple[Any, Any], float]:
    """What counts as chance, by task and pair."""
    table = results.tables.get("equivalence")
    rows = [row for row in table.rows if row["margin"] is not None] if table else []
    return {(row["task"], row["pair"]): float(row["margin"] or 0) for row in rows}


def _single_rung(rows: Sequence[Row]) -> list[Row]:
    """Without the rungs where there is only one, which says what the whole says."""
    rungs = {row["rung"] for row in rows} - {"all"}
    return [row for row in rows if len(rungs) > 1 or row["rung"] == "all"]


def _auc_panel(results: Results, heading: str, rows: Sequence[Row], margin: float | None) -> Panel:
    known = frame.looks(results)
    lines = _lines(results, rows)
    found = []
    for row in rows:
        style = {**styles.of(known, str(row["system"]))}
        everybody = row["exclusions"] == "none"
        rung = "" if row["rung"] == "all" else f", {row['rung']} listeners"
        hover = f"{style['name']}{rung}{', nobody excluded' if everybody else ''}: AUC {frame.interval(row)}"
        hover += f"; {frame.basis(row)}"
        place = lines.index((str(row["system"]), str(row["rung"]))) + (0.3 if everybody else 0.0)
        found.append(frame.dot(place, row, style, hover, hollow=everybody))
    names = [_line_name(styles.of(known, system)["name"], rung) for system, rung in lines]
    shapes = [frame.line_at(CHANCE)] + ([frame.band(CHANCE - margin, CHANCE + margin)] if margin else [])
    x_axis = {"range": [_floor(rows), 1.02], "dtick": 0.1, "tickformat": ".1f"}
    return Panel(
        f"{heading}, AUC", frame.dots(found), x_axis, frame.rows_axis(names), frame.rows_px(len(names)), shapes
    )


def _floor(rows: Sequence[Row]) -> float:
    lows = [float(row[name] or 0) for row in rows for name in ("low", "value") if row[name] is not None]
    return max(-0.02, min([0.38, *(low - 0.03 for low in lows)]))


def _lines(results: Results, rows: Sequence[Row]) -> list[tuple[str, str]]:
    systems = frame.in_order(results, (row["system"] for row in rows))
    rungs = list(dict.fromkeys(str(row["rung"]) for row in rows))
    rungs.sort(key=lambda rung: rung != "all")
    there = {(str(row["system"]), str(row["rung"])) for row in rows}
    return [(system, rung) for system in systems for rung in rungs if (system, rung) in there]


def _line_name(name: str, rung: str) -> str:
    return name if rung == "all" else f"· {rung}"


def _curves(results: Results, rows: Sequence[Row]) -> list[frame.Trace]:
    known = frame.looks(results)
    found = frame.groups(rows, "system")
    ordered = frame.in_order(results, (system for (system,) in found))
    by_label = {str(system): rows_ for (system,), rows_ in found.items()}
    return [curve(by_label[one], styles.of(known, one)["name"], styles.of(known, one)) for one in ordered]


def _speakers_panel(heading: str, style: Mapping[str, str], rows: Sequence[Row]) -> Panel:
    rows = sorted(rows, key=lambda row: -float(row["value"] or 0))[:MOST_SPEAKERS]
    found = []
    for place, row in enumerate(rows):
        hover = f"{row['speaker']}: {frame.interval(row)}, raw {frame.number(row['raw'])}; {frame.basis(row)}"
        found.append(frame.dot(place + 0.2, row, style, hover, hollow=True, names=("raw", "", "")))
        found.append(frame.dot(place, row, style, hover))
    names = [f"{row['speaker']}{' ◂ worst' if row['worst'] else ''}" for row in rows]
    x_axis = {"range": [-0.02, 1.02], "dtick": 0.25, "tickformat": ".2f"}
    return Panel(
        f"{style['name']}: {heading[:1].lower()}{heading[1:]}, AUC by speaker",
        frame.dots(found), x_axis, frame.rows_axis(names), 0.75 * frame.rows_px(len(names)), [frame.line_at(CHANCE)],
    )  # fmt: skip


MOST_SPEAKERS = 20
"""Rows of one panel; the table has all."""
