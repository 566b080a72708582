"""Where names of points stand, so that they cover neither one another nor leave the plot, also on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

PHONE_PX, CHAR_PX = 215.0, 6.6
"""Width of a plot on the narrowest phone, and of a character."""
LINE, GAP = 0.07, 0.02
"""Height of a name, and its distance from the point, as shares of the axes."""
SIDES = ("top right", "top left", "bottom right", "bottom left")


class Box(NamedTuple):
    """A rectangle, as shares of the axes."""

    left: float
    right: float
    low: float
    high: float


def sides(points: Sequence[tuple[float, float]], names: Sequence[str]) -> list[str]:
    """For each point (x, y as shares of the axes) the side of its name with the fewest overlaps, by greed."""
    taken = [Box(x - GAP, x + GAP, y - GAP, y + GAP) for x, y in points]
    found = []
    for point, name in zip(points, names, strict=True):
        boxes = {side: _box(point, CHAR_PX * len(name) / PHONE_PX, side) for side in SIDES}
        best = min(SIDES, key=lambda side: _cost(boxes[side], taken))
        found.append(best)
        taken.append(boxes[best])
    return found


def _box(point: tuple[float, float], width: float, side: str) -> Box:
    x, y = point
    low = y + GAP if side.startswith("top") else y - GAP - LINE
    left = x + GAP if side.endswith("right") else x - GAP - width
    return Box(left, left + width, low, low + LINE)


def _cost(box: Box, taken: Sequence[Box]) -> float:
    """Overlaps, and ten times what lies outside of the plot."""
    outside = max(0.0, box.right - 1.04) + max(0.0, -0.1 - box.left) + max(0.0, box.high - 1.1) + max(0.0, -box.low)
    return 10 * outside + sum(_common(box, other) for other in taken)


def _common(one: Box, other: Box) -> float:
    """Width in common of two boxes that meet."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.high, other.high) - max(one.low, other.low)
    return width if width > 0 and height > 0 else 0.0
