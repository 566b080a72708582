"""How each system of a study looks and what it is called, the same in every figure, table and page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audio.marks import Style
from evaluation.looks import UNKNOWN_COLOUR, look
from listening_test.study import LOW_ANCHOR, Study

LOW_ANCHOR_COLOUR, MASKED_COLOUR = "#A1785C", "#7C83A8"
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "pentagon", "star", "hexagon", "triangle-down")


def styles(study: Study, systems: tuple[str, ...], *, masked: bool = False) -> dict[str, dict[str, str]]:
    """The style of each system by its label: name and colour from the registry.

    Several labels of one system share its colour and differ in dash and symbol. Letters of a masked study share one
    colour that no system has: how a letter looks must not tell what it stands for.
    """
    if masked:
        return {letter: _masked(letter, i) for i, letter in enumerate(systems)}
    seen: dict[str, int] = {}
    found = {}
    for label in systems:
        key = study.system(label).system
        found[label] = _style(label, key, seen.get(key, 0))
        seen[key] = seen.get(key, 0) + 1
    return found


def of(known: Mapping[str, Style], system: str) -> Style:
    """The style of a label, a neutral one where it is not known."""
    return known.get(system) or _plain(system or "all", UNKNOWN_COLOUR)


def _masked(letter: str, number: int) -> dict[str, str]:
    return _plain(letter, MASKED_COLOUR, DASHES[number % len(DASHES)], SYMBOLS[number % len(SYMBOLS)])


def _style(label: str, key: str, number: int) -> dict[str, str]:
    title, colour, dash = _registered(key)
    own = label.removeprefix(key).strip(" -_") or label
    name = title if label == key else f"{title} ({own})"
    dashes = [dash, *(one for one in DASHES if one != dash)]
    return _plain(name, colour, dashes[number % len(dashes)], SYMBOLS[number % len(SYMBOLS)])


def _registered(key: str) -> tuple[str, str, str]:
    if key == LOW_ANCHOR:
        return "Low anchor", LOW_ANCHOR_COLOUR, "dot"
    own = look(key)
    return own["name"], own["colour"], own["dash"]


def _plain(name: Any, colour: str, dash: str = "solid", symbol: str = "circle") -> dict[str, str]:
    return {"name": str(name), "colour": colour, "dash": dash, "symbol": symbol}
