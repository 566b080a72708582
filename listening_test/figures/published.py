"""The published figures of papers as a panel of their own: machines as attackers, other voices, other recognisers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from evaluation import published
from evaluation.published import Published
from listening_test.analysis.table import Column, Table
from listening_test.figures import frame, say
from listening_test.figures.frame import Panel

HEIGHT_PX = 300
HOVER_CHARS = 64
GREY = "#8A8F98"
LEGEND = "Attacker of the published:"
LOOKS = {
    "lazy-informed": ("square-open", "lazy-informed"),
    "semi-informed": ("diamond-open", "semi-informed"),
    "ignorant": ("triangle-up-open", "ignorant"),
    "": ("circle-open", "not said"),
}
ORIGINAL = ("x-open", "unprotected")
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
    groups: dict[tuple[str, str], list[Published]] = {}
    for point in published.points("EER", "UAR"):
        groups.setdefault(_look(point), []).append(point)
    x_axis = {
        "range": [-1, 52],
        "ticksuffix": " %",
        "nticks": 6,
        "title": {"text": "machines' EER: right = more private", "standoff": 6},
    }
    y_axis = {"range": [20, 80], "ticksuffix": " %", "nticks": 7}
    traces = [_trace(*look, points) for look, points in groups.items()]
    return Panel("Published by others, not this study: UAR of a machine", traces, x_axis, y_axis, HEIGHT_PX)


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


def _look(point: Published) -> tuple[str, str]:
    return ORIGINAL if point.original else LOOKS.get(point.attacker, LOOKS[""])


def _trace(symbol: str, name: str, points: Sequence[Published]) -> frame.Trace:
    return {
        "x": [point.x for point in points],
        "y": [point.y for point in points],
        "mode": "markers",
        "name": name,
        "legendgroup": f"published {name}",
        "marker": {"color": GREY, "symbol": symbol, "size": 8},
        "customdata": [_hover(point) for point in points],
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _hover(point: Published) -> str:
    lines = [part for line in point.lines for part in textwrap.wrap(line, HOVER_CHARS)]
    return "<br>".join(say.safe(line) for line in lines)
