"""Long sequences in pieces, each with context on either side that is heard and dropped again."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple


class Span(NamedTuple):
    """Frames `start` to `stop` are heard; of what comes out, those at `own` are kept."""

    start: int
    stop: int
    own: slice


def spans(count: int, longest: int, context: int) -> Iterator[Span]:
    """`count` frames in pieces of nearly equal length, at most `longest`; one piece, without context, where they fit.

    What is kept of all pieces, one after the other, is every frame once.
    """
    pieces = -(-count // longest)
    edges = [piece * count // pieces for piece in range(pieces + 1)]
    for first, last in pairwise(edges):
        start, stop = max(0, first - context), min(count, last + context)
        yield Span(start, stop, slice(first - start, last - start))
