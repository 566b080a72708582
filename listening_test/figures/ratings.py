"""Mean opinion scores and the differences between systems."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audio import marks
from audio.panels import Panel, Sketch
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row, Table
from listening_test.figures import frame, say, styles, system_rows

HIGHER, LOWER, OPEN = "#0072B2", "#D55E00", "#8A8F98"
DECIDED = {"higher": HIGHER, "lower": LOWER}


def sketches(results: Results) -> Iterator[Sketch]:
    """Mean ratings, then their contrasts."""
    if table := results.tables.get("mos"):
        yield frame.sketch(
            "mos",
            "Ratings",
            [_ratings(results, key, rows) for key, rows in say.groups(table.rows, "task", "question").items()],
            [table],
            "Further right = rated better: mean rating, from 1 to 5. Filled: the listeners who passed screening, with "
            "the interval of their mean; hollow: everybody.",
        )
    if table := results.tables.get("mos_contrasts"):
        yield contrasts(results, table)


def contrasts(results: Results, table: Table) -> Sketch:
    """Differences between systems, one row a pair, in the colour of what is decided."""
    rows = [row for row in table.rows if row["exclusions"] == "applied" and row["value"] is not None]
    panels = [_contrasts(results, key, found) for key, found in say.groups(rows, "task", "question").items()]
    return frame.sketch(
        "mos_contrasts",
        "Differences between ratings",
        panels,
        [table],
        "Right of the line = the first of the two was rated better. Blue or red: the difference is decided (Holm-"
        "corrected); grey: undecided, which is not the same as equal.",
    )


def _ratings(results: Results, key: tuple[str, str], rows: Sequence[Row]) -> Panel:
    task, question = key
    names, traces = system_rows.by_system(results, rows)
    number = f" ({task})" if task not in ("mos", "", None) else ""
    x_axis = {"range": [0.9, 5.1], "tickvals": [1, 2, 3, 4, 5]}
    heading = say.titled(say.words(question)) + f", 1 to 5{number}"
    return Panel(heading, traces, x_axis, marks.rows_axis(names), marks.rows_px(len(names)))


def _contrasts(results: Results, key: tuple[str, str], rows: Sequence[Row]) -> Panel:
    known = say.looks(results)
    names, found = [], []
    for place, row in enumerate(rows):
        one, other = (styles.of(known, str(row[name]))["name"] for name in ("system", "other"))
        names.append(f"{one} − {other}")
        colour = DECIDED.get(str(row["decided"]), OPEN)
        style = {"name": names[-1], "colour": colour, "dash": "solid", "symbol": "circle"}
        p = f"; p {_p(row['p_holm'])} (Holm)" if row.get("p_holm") is not None else ""
        hover = f"{one} minus {other}: {say.interval(row)} points{p}; {row['decided']}"
        found.append(marks.dot(place, row, style, hover))
    ends = [abs(end) for one in found if one for end in (one.low, one.high, one.value) if end is not None]
    reach = max([0.5, *ends]) * 1.08
    heading = say.titled(say.words(key[1])) + ", difference in points"
    x_axis = {"range": [-reach, reach]}
    return Panel(
        heading, marks.dots(found), x_axis, marks.rows_axis(names), marks.rows_px(len(names)), [marks.line_at(0.0)]
    )


def _p(value: object) -> str:
    return "< 0.001" if isinstance(value, float) and value < 0.001 else f"= {value:.3f}"
