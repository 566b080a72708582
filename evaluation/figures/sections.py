"""One panel with a heading for every system and rows below it: many rows, one axis, readable on a phone.

The y axis is in pixels from the top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from audio.panels import Trace
from audio.plots import FONT

HEADING_PX, GAP_PX = 22.0, 8.0


@dataclass
class Sections:
    """Takes headings and rows from the top to the bottom; `at_px` is where the next one begins."""

    at_px: float = 0.0
    headings: list[tuple[float, str]] = field(default_factory=list)
    rows: list[tuple[float, str]] = field(default_factory=list)

    def heading(self, text: str) -> None:
        """Begin a section."""
        self.at_px += GAP_PX if self.at_px else 0.0
        self.headings.append((self.at_px + HEADING_PX / 2, text))
        self.at_px += HEADING_PX

    def row(self, name: str, height_px: float) -> float:
        """Add a row; returns its middle."""
        middle = self.at_px + height_px / 2
        self.rows.append((middle, name))
        self.at_px += height_px
        return middle

    @property
    def y_axis(self) -> dict[str, Any]:
        """Names of rows as ticks."""
        return {
            "tickvals": [middle for middle, _ in self.rows],
            "ticktext": [escape(name) for _, name in self.rows],
            "range": [self.at_px + 2, 0],
            "showgrid": False,
            "ticks": "",
        }

    def texts(self, left: float) -> Trace:
        """The headings, beginning at this value of the x axis."""
        return {
            "x": [left] * len(self.headings),
            "y": [middle for middle, _ in self.headings],
            "mode": "text",
            "text": [f"<b>{escape(text)}</b>" for _, text in self.headings],
            "textposition": "middle right",
            "textfont": FONT,
            "hoverinfo": "skip",
        }


def offsets(count: int, pitch_px: float) -> Sequence[float]:
    """Where so many marks of one row lie around its middle."""
    return [pitch_px * (number - (count - 1) / 2) for number in range(count)]
