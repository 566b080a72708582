"""What each emotion (or gender) is taken for: the original beside each system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from audio.panels import Panel, Trace
from evaluation.figures import say
from evaluation.figures.drawing import Drawing, drawing
from evaluation.figures.rows import Row, chosen, groups, ordered
from evaluation.recognisers.base import CORE_EMOTIONS
from evaluation.runs import Run

CELL_PX, GAP, ALL_GAP = 36.0, 0.6, 0.25
"""Height of a cell; between both matrices, and above the sums, in cells."""
SCALE = [[0.0, "rgba(0,114,178,0)"], [1.0, "rgba(0,114,178,0.62)"]]
SUMS_SCALE = [[0.0, "rgba(128,128,128,0)"], [1.0, "rgba(128,128,128,0.62)"]]
"""A share as a tint of the page's own ground, so that the page's text reads on it in both modes."""
ORIGINAL = "original"
READING = (
    "Original left, a system right. A row is what was acted, a column what was heard: bold, the share of the row in %, "
    "and how many; a strong cell beside the diagonal says which is taken for which. Grey: how often each was answered."
)


def drawings(run: Run) -> Iterator[Drawing]:
    """One figure for each attribute; nothing where nobody guessed one."""
    for (what,), rows in groups(chosen(run.table("confusion")), "what").items():
        panels = [panel for (who, attack), own in groups(rows, "recogniser", "attack").items()
                  for panel in _panels(str(who), str(attack), own)]  # fmt: skip
        about = "; ".join(
            f"{who}, {say.ATTACKS.get(attack, attack)}" for who, attack in groups(rows, "recogniser", "attack")
        )
        title = "Emotions confused" if what == "emotion" else f"{str(what).capitalize()} confused"
        yield drawing(f"confusion-{what}", title, panels, rows, reading=READING, about=about, table="confusion")


def _panels(who: str, attack: str, rows: Sequence[Row]) -> Iterator[Panel]:
    by_system = groups(rows, "system")
    original = by_system.pop((ORIGINAL,), [])
    how = f", {say.ATTACKS.get(attack, attack)}" if attack != "fixed" else ""
    for (system,), own in by_system.items():
        beside = "Original | " if original else ""
        yield _panel(f"{beside}{say.name(system)}, {who}{how}", [part for part in (original, own) if part])
    if original and not by_system:
        yield _panel(f"Original, {who}{how}", [original])


def _panel(heading: str, matrices: Sequence[Sequence[Row]]) -> Panel:
    every = [row for rows in matrices for row in rows]
    classes = ordered((str(row[side]) for row in every for side in ("truth", "said")), CORE_EMOTIONS)
    wide = len(classes) + GAP
    traces = [trace for n, rows in enumerate(matrices) for trace in _matrix(classes, rows, n * wide)]
    ticks = [n * wide + place for n in range(len(matrices)) for place in range(len(classes))]
    below = len(classes) + ALL_GAP
    x_axis: dict[str, Any] = {
        "tickvals": ticks, "ticktext": [one[:3] for one in classes] * len(matrices), "showgrid": False,
        "range": [-0.5, wide * len(matrices) - GAP - 0.5], "tickangle": 0, "ticks": "",
    }  # fmt: skip
    y_axis = {
        "tickvals": [*range(len(classes)), below], "ticktext": [*classes, "all"], "showgrid": False,
        "range": [below + 0.5, -0.5], "ticks": "",
    }  # fmt: skip
    return Panel(heading, traces, x_axis, y_axis, CELL_PX * (below + 1))


def _matrix(classes: Sequence[str], rows: Sequence[Row], left: float) -> Iterator[Trace]:
    """The matrix and, below it, the shares of all answers."""
    cells = {(row["truth"], row["said"]): row for row in rows}
    lines = [[cells.get((truth, said)) for said in classes] for truth in classes]
    counts = [[int(cell["count"]) if cell else 0 for cell in line] for line in lines]
    shares = [[cell["share"] if cell else None for cell in line] for line in lines]
    yield _heatmap(shares, counts, left, list(range(len(classes))), SCALE)
    sums = [sum(line[n] for line in counts) for n in range(len(classes))]
    total = sum(sums)
    yield _heatmap([[one / total if total else None for one in sums]], [sums], left, [len(classes) + ALL_GAP],
                   SUMS_SCALE)  # fmt: skip


def _heatmap(
    shares: list[list[float | None]], counts: list[list[int]], left: float, places: list[float], scale: Any
) -> Trace:
    text = [[_cell(*both) for both in zip(*lines, strict=True)] for lines in zip(shares, counts, strict=True)]
    return {
        "type": "heatmap",
        "z": shares,
        "x": [left + n for n in range(len(shares[0]))],
        "y": places,
        "text": text,
        "texttemplate": "%{text}",
        "textfont": {"size": 12},
        "customdata": counts,
        "hovertemplate": "%{z:.1%}, %{customdata}<extra></extra>",
        "colorscale": scale,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
    }


def _cell(share: float | None, count: int) -> str:
    return "" if share is None else f"<b>{100 * share:.0f}</b><br>{count}"
