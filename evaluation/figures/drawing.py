"""A figure of a run before plotly: panels, how to read it, what it rests on, and the rows it draws."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from audio.panels import Panel, Sketch, stacked
from evaluation.figures.rows import Row

PHONE_CHARS = 40
"""Of a line of a heading and the names beside it, on a phone of 360 px."""


@dataclass(frozen=True)
class Drawing:
    """A figure of a run.

    Attributes:
        sketch: what is drawn, its title, how to read it, when not to trust it.
        about: data, protocol and attacker or recogniser, in words.
        rows: the rows of the run's `table` that it shows.
    """

    sketch: Sketch
    about: str
    rows: tuple[Row, ...]
    table: str

    @property
    def key(self) -> str:
        """Its name in files and code."""
        return self.sketch.key


def drawing(
    key: str,
    title: str,
    panels: Sequence[Panel],
    rows: Iterable[Row],
    *,
    reading: str,
    about: str,
    caution: str = "",
    table: str = "figures",
    legend: bool = False,
    **layout: Any,
) -> Drawing:
    """A figure of these panels, of which there is at least one."""
    data, laid = stacked(panels, legend=legend, phone_chars=PHONE_CHARS)
    made = Sketch(key, title, data, {**laid, **layout}, (table,), reading, caution)
    return Drawing(made, about, tuple(rows), table)


def said(rows: Iterable[Row], column: str = "about") -> str:
    """What rows say of themselves, each once."""
    return "; ".join(dict.fromkeys(text for row in rows if (text := str(row.get(column) or "")))) or ""


def notes(rows: Iterable[Row]) -> str:
    """What is missing or doubtful in rows, each sentence once."""
    return " ".join(dict.fromkeys(text for row in rows if (text := str(row.get("note") or "").strip())))
