"""The figures of a run as plotly figures. Nothing is computed here: see figures/ and metrics/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from evaluation.figures import every, tradeoff
from evaluation.figures.conditions import Condition, conditions
from evaluation.figures.drawing import Drawing
from evaluation.runs import Run

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure with what a reader must know of it.

    Attributes:
        drawing: title, how to read it, when not to trust it, what it rests on, the rows that it shows.
        figure: transparent, without a width of its own, with mid-grey text that reads on white and on near-black.
        attacked: whether it shows one condition of attack, so that another one makes another figure.
    """

    drawing: Drawing
    figure: go.Figure
    attacked: bool


def figures(run: Run, condition: Condition | None = None, *, papers: bool = True) -> list[Figure]:
    """Every figure for which the run has numbers, privacy first.

    Args:
        condition: of attack, for the figures of privacy; the most telling one without it (see `conditions`).
        papers: whether the published figures lie behind the trade-off.
    """
    return [*attacked(run, condition, papers=papers), *others(run)]


def attacked(run: Run, condition: Condition | None = None, *, papers: bool = True) -> list[Figure]:
    """The figures that change with the condition of attack."""
    one = condition or next(iter(conditions(run)), None)
    return [_figure(drawing, attacked=True) for drawing in every.attacked(run, one, papers=papers)] if one else []


def others(run: Run) -> list[Figure]:
    """The figures that do not."""
    return [_figure(drawing, attacked=False) for drawing in every.others(run)]


def published() -> Figure:
    """The published figures alone, for which no run is needed."""
    return _figure(tradeoff.of_papers(), attacked=False)


def _figure(drawing: Drawing, *, attacked: bool) -> Figure:
    import plotly.graph_objects as go

    made = go.Figure({"data": drawing.sketch.data, "layout": drawing.sketch.layout})
    return Figure(drawing, made, attacked)
