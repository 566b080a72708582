"""Melody and quality: pitch correlation with the original, and predicted opinion scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audio import marks
from audio.panels import Panel
from evaluation.figures import say
from evaluation.figures.drawing import Drawing, drawing, notes, said
from evaluation.figures.rows import Row, chosen, groups
from evaluation.looks import look
from evaluation.runs import Run

HEADINGS = {
    "rho_F0": "Pitch correlation",
    "DNSMOS OVRL": "DNSMOS overall",
    "DNSMOS P808": "DNSMOS P.808",
}
READING = (
    "Further right = better. Pitch correlation: 1 = the melody of the original. DNSMOS: quality as a machine predicts "
    "it, 1 to 5."
)
CAUTION = "DNSMOS was trained on noise suppression, not on anonymized voices: read differences, not levels."


def drawings(run: Run) -> Iterator[Drawing]:
    """One figure, a panel for every measure and data set."""
    table = run.table("figures")
    rows = [row for kind in ("prosody", "quality") for row in chosen(table, kind=kind, sex="all")]
    there = groups((row for row in rows if row["value"] is not None), "metric", "data")
    panels = [_panel(str(metric), str(data), own) for (metric, data), own in there.items()]
    if panels:
        dnsmos = CAUTION if any(str(metric).startswith("DNSMOS") for metric, _ in there) else ""
        yield drawing("sound", "Melody and quality", panels, rows, reading=READING, about=said(rows),
                      caution=f"{dnsmos} {notes(rows)}".strip())  # fmt: skip


def _panel(metric: str, data: str, rows: Sequence[Row]) -> Panel:
    systems = list(dict.fromkeys(str(row["system"]) for row in rows))
    found = [
        marks.dot(systems.index(str(row["system"])), row, look(str(row["system"])),
                  f"{say.name(str(row['system']))}: {say.interval(row)}; {say.basis(row)}")
        for row in rows
    ]  # fmt: skip
    lows = [float(row["low"] if row["low"] is not None else row["value"]) for row in rows]
    x_axis = {"range": [min(-0.02, *lows), 1.02], "dtick": 0.25} if metric == "rho_F0" else {"range": [0.9, 5.1]}
    heading = f"{HEADINGS.get(metric, metric)}; {data}"
    y_axis = marks.rows_axis([say.name(system) for system in systems])
    return Panel(heading, marks.dots(found), {**x_axis, "tickangle": 0}, y_axis, 0.8 * marks.rows_px(len(systems)))
