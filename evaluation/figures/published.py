"""The figures of papers as traces of a panel: EER of machines against UAR of a recogniser, hollow and grey."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import cache

from audio import marks
from audio.panels import Trace
from evaluation import published
from evaluation.published import Published

HOVER_CHARS = 64
GREY = "#8A8F98"
LEGEND = "Attacker of the published:"
LOOKS = {
    "lazy-informed": ("square-open", "lazy-informed"),
    "semi-informed": ("diamond-open", "semi-informed"),
    "ignorant": ("circle-open", "ignorant"),
    "": ("triangle-up-open", "not said"),
}
ORIGINAL = ("x-open", "unprotected")


def traces() -> list[Trace]:
    """A trace for each kind of attacker, all else on hover."""
    groups: dict[tuple[str, str], list[Published]] = {}
    for point in _points():
        groups.setdefault(_look(point), []).append(point)
    return [_trace(*look, points) for look, points in groups.items()]


@cache
def _points() -> tuple[Published, ...]:
    return tuple(published.points("EER", "UAR"))


def _look(point: Published) -> tuple[str, str]:
    return ORIGINAL if point.original else LOOKS.get(point.attacker, LOOKS[""])


def _trace(symbol: str, name: str, points: Sequence[Published]) -> Trace:
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
    return "<br>".join(marks.safe(line) for line in lines)
