"""All figures of a run, privacy first, as drawings."""

from __future__ import annotations

from collections.abc import Iterator

from evaluation.figures import acoustics, attacks, bars, confusion, det, sound, speakers, tradeoff
from evaluation.figures.conditions import Condition
from evaluation.figures.drawing import Drawing
from evaluation.runs import Run


def attacked(run: Run, condition: Condition, *, papers: bool = True) -> Iterator[Drawing]:
    """The figures that change with the condition of attack; `papers`: published figures lie behind the trade-off."""
    yield from tradeoff.drawings(run, condition, papers=papers)
    yield from attacks.drawings(run, condition)
    yield from speakers.drawings(run, condition)
    yield from det.drawings(run, condition)


def others(run: Run) -> Iterator[Drawing]:
    """The figures that do not: attributes, emotion, acoustics, words, melody and quality."""
    yield from bars.attributes(run)
    yield from bars.recalls(run)
    yield from confusion.drawings(run)
    yield from acoustics.drawings(run)
    yield from bars.words(run)
    yield from sound.drawings(run)
