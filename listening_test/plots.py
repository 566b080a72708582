"""The figures of a study's results as plotly figures. Nothing is computed here: see figures/ and analysis/."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from audio.panels import Sketch
from listening_test.analysis.results import Results
from listening_test.figures import (
    acoustics,
    emotions,
    line_ups,
    machines,
    ratings,
    reidentification,
    speakers,
    tradeoff,
)

if TYPE_CHECKING:
    import plotly.graph_objects as go

PARTS: tuple[Callable[[Results], Iterator[Sketch]], ...] = (
    ratings.sketches,
    reidentification.sketches,
    machines.sketches,
    tradeoff.sketches,
    speakers.sketches,
    line_ups.sketches,
    emotions.sketches,
    acoustics.sketches,
)
"""In the order of the page and the report."""


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure with what a reader must know of it.

    Attributes:
        key: its name in files and code; title: its heading.
        figure: transparent, without a width of its own, with mid-grey text that reads on white and on near-black.
        tables: keys of the tables it shows, to be offered beside it.
        reading: one line: how to read it; caution: when not to trust it, "" if nothing.
    """

    key: str
    title: str
    figure: go.Figure
    tables: tuple[str, ...]
    reading: str
    caution: str


def figures(results: Results) -> list[Figure]:
    """A figure for each table that is there; one whose tables are empty says why."""
    import plotly.graph_objects as go

    return [
        Figure(
            one.key,
            one.title,
            go.Figure({"data": one.data, "layout": one.layout}),
            one.tables,
            one.reading,
            one.caution,
        )
        for part in PARTS
        for one in part(results)
    ]
