"""A table as people read it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Head:
    """A column as shown: its name, what it means, whether its cells are numbers."""

    name: str
    meaning: str
    numeric: bool


@dataclass(frozen=True)
class Laid:
    """A table as shown; `more` rows are left to the file; cells refer to footnotes by their number in brackets."""

    heads: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]
    more: int
    footnotes: tuple[str, ...] = ()
