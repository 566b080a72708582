"""The published figures of papers as a panel of their own: machines as attackers, other voices, other recognisers."""

from __future__ import annotations

from audio.panels import Panel
from evaluation import published
from evaluation.figures.published import traces
from listening_test.analysis.table import Column, Table

HEIGHT_PX = 300
MEANINGS = {
    "paper": "Number of the document",
    "class": "Emotion of a recall",
    "relation": "=, about or below, by the document's words",
    "value": "As the document gives it",
    "sex": "Of the speakers",
    "streaming": "online, semi or offline",
    "source": "Where in the document",
    "same_as": "The row of another table that gives the same setting",
}


def panel() -> Panel:
    """EER of machines against UAR of a recogniser, hollow grey, everything else on hover."""
    x_axis = {
        "range": [-1, 52],
        "ticksuffix": " %",
        "nticks": 6,
        "title": {"text": "machines' EER: right = more private", "standoff": 6},
    }
    y_axis = {"range": [20, 80], "ticksuffix": " %", "nticks": 7}
    return Panel("Published by others, not this study: UAR of a machine", traces(), x_axis, y_axis, HEIGHT_PX)


def table() -> Table:
    """Every published figure, for the file beside the plot."""
    columns = tuple(Column(name, MEANINGS.get(name, name.capitalize())) for name in published.COLUMNS)
    empty = Table(
        "published",
        "Published figures",
        columns,
        reading="One row a figure, as its document gives it; empty is what the document does not say.",
        method="Read off the tables and texts of the documents; nothing is averaged, converted or filled in.",
        caution="Other attackers, data and protocols than this study's: compare within one document only.",
    )
    return empty.filled(published.load().to_dict("records"))
