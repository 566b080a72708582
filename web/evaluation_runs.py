"""The evaluation runs that this server shows, read again when their folders change, with their figures kept."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from evaluation.figures.conditions import Condition, conditions
from evaluation.runs import Run, listed

if TYPE_CHECKING:
    from evaluation.plots import Figure

KEPT_RUNS, KEPT_FIGURES, KEPT_REPORTS = 4, 16, 2
log = logging.getLogger(__name__)
T = TypeVar("T")


class EvaluationRuns:
    """Runs in these folders. Everything is read when it is asked for; the last few answers are kept.

    Whoever is given a run may read its tables from several threads: they are read at most once too often.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._lock = threading.Lock()
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._figures: OrderedDict[str, list[Figure]] = OrderedDict()
        self._reports: OrderedDict[str, bytes] = OrderedDict()

    def listed(self) -> list[Run]:
        """All runs by name, the broken ones among them."""
        return [self._known(run) for run in listed(self._folders)]

    def find(self, name: str) -> Run | None:
        """The run of that name."""
        return next((run for run in self.listed() if run.name == name), None)

    def attacked(self, run: Run, condition: Condition | None, *, papers: bool = True) -> list[Figure]:
        """The figures that change with the condition of attack."""
        from evaluation import plots

        key = f"{run.token} {condition.key if condition else ''} {papers}"
        return self._kept(
            self._figures, key, lambda: _drawn(lambda: plots.attacked(run, condition, papers=papers)), KEPT_FIGURES
        )

    def others(self, run: Run) -> list[Figure]:
        """The figures that do not."""
        from evaluation import plots

        return self._kept(self._figures, run.token, lambda: _drawn(lambda: plots.others(run)), KEPT_FIGURES)

    def published(self) -> list[Figure]:
        """The published figures, for which no run is needed."""
        from evaluation import plots

        return self._kept(self._figures, "", lambda: _drawn(lambda: [plots.published()]), KEPT_FIGURES)

    def report(self, run: Run) -> bytes:
        """The run's report."""
        from evaluation import report

        return self._kept(self._reports, run.token, lambda: report.html(run), KEPT_REPORTS)

    def _known(self, run: Run) -> Run:
        """The run as it was read before, if its folder is still the same."""
        return self._kept(self._runs, run.token, lambda: run, KEPT_RUNS)

    def _kept(self, kept: OrderedDict[str, T], key: str, make: Callable[[], T], most: int) -> T:
        with self._lock:
            if key in kept:
                kept.move_to_end(key)
                return kept[key]
        made = make()
        with self._lock:
            kept[key] = made
            while len(kept) > most:
                kept.popitem(last=False)
        return made


def condition_of(run: Run, key: str) -> Condition | None:
    """The condition of that key, else the most telling one; None where nobody attacked."""
    every = conditions(run)
    return next((one for one in every if one.key == key), next(iter(every), None))


def _drawn(draw: Callable[[], list[Figure]]) -> list[Figure]:
    try:
        return draw()
    except Exception:  # the tables are worth showing without
        log.exception("Figures of a run could not be drawn")
        return []
