"""Which speakers are recognised best, and how similar voices sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from audio import marks
from audio.panels import Panel, Sketch
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, say, styles
from listening_test.figures.reidentification import CEILING, CHANCE, pair_heading, pair_place

MOST_SPEAKERS = 10
"""Rows of one panel; the table has all."""


def sketches(results: Results) -> Iterator[Sketch]:
    """Worst speakers, then similarity."""
    if table := results.tables.get("worst_speakers"):
        yield worst_speakers(results, table)
    if table := results.tables.get("similarity"):
        yield similarity(results, table)


def worst_speakers(results: Results, table: Table) -> Sketch:
    """Each speaker's shrunken AUC, a panel for each system; who is recognised best stands first."""
    known = say.looks(results)
    hidden = [row for row in table.rows if row["pair"] != CEILING]
    found = say.groups(hidden, "task", "pair", "system")
    order = say.in_order(results, (system for _, _, system in found))
    keys = sorted(found, key=lambda key: (str(key[0]), pair_place(key[1]), order.index(str(key[2]))))
    panels = [_speakers(pair_heading(*key[:2]), styles.of(known, str(key[2])), found[key]) for key in keys]
    most = f" At most {MOST_SPEAKERS} are drawn." if any(len(rows) > MOST_SPEAKERS for rows in found.values()) else ""
    reading = (
        "One row a speaker, the best recognised first. Filled: the estimate, drawn towards the mean as far as chance "
        f"explains it, with an interval that holds for all speakers at once; hollow: the raw value.{most}"
    )
    return frame.sketch("worst_speakers", "Worst speakers", panels, [table], reading)


def similarity(results: Results, table: Table) -> Sketch:
    """Mean similarity of pairs of one speaker and of two."""
    rows = [row for row in table.rows if row.get("exclusions", "applied") == "applied"]
    panels = [_similar(results, str(task), found) for (task,), found in say.groups(rows, "task").items()]
    reading = (
        "Filled: pairs of one speaker; hollow: pairs of two. The closer both lie, the less the voice tells the speaker."
    )
    shown = [table, *(one for one in [results.tables.get("similarity_auc")] if one)]
    return frame.sketch("similarity", "Similarity of voices", panels, shown, reading, table.caution)


def _speakers(heading: str, style: Mapping[str, str], rows: Sequence[Row]) -> Panel:
    rows = sorted(rows, key=lambda row: -float(row["value"] or 0))[:MOST_SPEAKERS]
    found = []
    for place, row in enumerate(rows):
        hover = f"{row['speaker']}: {say.interval(row)}, raw {say.number(row['raw'])}; {say.basis(row)}"
        found.append(marks.dot(place, row, style, hover, hollow=True, names=("raw", "", "")))
        found.append(marks.dot(place, row, style, hover))
    names = [f"{row['speaker']}{' (worst)' if row['worst'] else ''}" for row in rows]
    x_axis = {"range": [-0.02, 1.02], "dtick": 0.25, "tickformat": ".2f"}
    return Panel(
        f"{style['name']}: AUC by speaker, {heading[:1].lower()}{heading[1:]}",
        marks.dots(found),
        x_axis,
        marks.rows_axis(names),
        0.75 * marks.rows_px(len(names)),
        [marks.line_at(CHANCE)],
    )


def _similar(results: Results, task: str, rows: Sequence[Row]) -> Panel:
    known = say.looks(results)
    systems = say.in_order(results, (row["system"] for row in rows))
    found = []
    for row in rows:
        style, one = styles.of(known, str(row["system"])), row["same"] in (True, "same")
        hover = f"{style['name']}, {'one speaker' if one else 'two speakers'}: {say.interval(row)}; {say.basis(row)}"
        place = systems.index(str(row["system"])) + (-0.12 if one else 0.18)
        found.append(marks.dot(place, row, style, hover, hollow=not one))
    names = [styles.of(known, system)["name"] for system in systems]
    number = f" ({task})" if task != "speaker-similarity" else ""
    x_axis = {"range": [0.9, 5.1], "tickvals": [1, 2, 3, 4, 5]}
    heading = f"Mean similarity, 1 (very different) to 5 (very similar){number}"
    return Panel(heading, marks.dots(found), x_axis, marks.rows_axis(names), marks.rows_px(len(names)))
