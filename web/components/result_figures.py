"""Places for the figures of results: each with its heading, how to read it, and the tables behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

PLACES = 24


@dataclass(frozen=True)
class Filled:
    """One figure: HTML over it, a plotly figure (None: words alone), HTML under it."""

    head: str
    figure: Any
    foot: str


class ResultFigures:
    """As many places as there may be figures; those without one are not on the page."""

    WIDTH = 4
    """Components of one place."""

    def __init__(self, places: int = PLACES, name: str = "plot") -> None:
        self._places = [self._place(f"{name}-{number}") for number in range(places)]

    @property
    def outputs(self) -> list[Any]:
        """What `filled` sets."""
        return [component for place in self._places for component in place]

    def filled(self, figures: Sequence[Filled]) -> list[Any]:
        """The places with these figures.

        Raises:
            ValueError: if there are more figures than places.
        """
        places = len(self._places)
        if len(figures) > places:
            raise ValueError(f"At most {places} figures have a place, but {len(figures)} came: raise PLACES.")
        updates: list[Any] = []
        for number in range(places):
            one = figures[number] if number < len(figures) else Filled("", None, "")
            plot = gr.update(value=one.figure, visible=one.figure is not None)
            updates += [gr.update(visible=number < len(figures)), one.head, plot, one.foot]
        return updates

    def _place(self, name: str) -> tuple[Any, ...]:
        with gr.Column(visible=False, elem_classes=["vv-figure"]) as column:
            head = gr.HTML("", padding=False)
            plot = gr.Plot(show_label=False, container=False, elem_id=name)
            foot = gr.HTML("", padding=False)
        return column, head, plot, foot
