"""What a Results page shows of a study: its figures, drawn once, and what stands around them."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from web import result_files
from web.components.result_figures import PLACES, Filled
from web.pages import results_words as words
from web.pages.results_tables import Place, others

if TYPE_CHECKING:
    from listening_test.analysis.results import Results
    from listening_test.plots import Figure
    from listening_test.store_records import Origin, StudyInfo

KEPT = 8
log = logging.getLogger(__name__)


@dataclass
class Drawer:
    """Draws figures, and keeps those of the last few results: plotly takes 10 ms for each."""

    _kept: OrderedDict[str, list[Figure]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def figures(self, view: View) -> list[Figure]:
        """The figures that show something."""
        with self._lock:
            found = self._kept.get(view.token)
        if found is None:
            found = _drawn(view.results)
            with self._lock:
                self._kept[view.token] = found
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return found


@dataclass(frozen=True)
class View:
    """The results of a study as somebody sees them; `results` is None before they are there."""

    info: StudyInfo
    origin: Origin
    results: Results | None

    @property
    def subject(self) -> str:
        """Stands for whose results these are, and who may see them."""
        return f"{result_files.name_of(self.info)} {self.origin} {self.info.state} {self.info.published_s}"

    @property
    def token(self) -> str:
        """Stands for what is shown: another one, something else."""
        results = self.results
        facts = (results.about["computed_s"], len(results.tables)) if results else ()
        return f"{self.subject} {facts}"

    def heading(self, figures: list[Figure]) -> str:
        """What stands over the figures."""
        return words.heading(self._place, self.results, figures)

    def filled(self, figures: list[Figure]) -> list[Filled]:
        """The figures with what stands over and under each."""
        tables = self.results.tables if self.results else {}
        mark = str(self.results.about.get("watermark") or "") if self.results else ""
        return [
            Filled(words.figure_head(one, mark), one.figure, words.figure_foot(self._place, one, tables))
            for one in figures
        ]

    def others(self, figures: list[Figure]) -> str:
        """The tables that no figure shows."""
        used = {key for one in figures for key in one.tables}
        there = self.results is not None and self.results.about.get("enrolled")
        tables = self.results.tables if self.results and there else {}
        note = words.NO_FIGURES if there and not figures else ""
        return note + others(self._place, [table for key, table in tables.items() if key not in used])

    @property
    def _place(self) -> Place:
        return Place(self.info, self.origin, self.results.about.get("styles") or {} if self.results else {})


def _drawn(results: Results | None) -> list[Figure]:
    if results is None or not results.about.get("enrolled"):
        return []
    try:
        from listening_test import plots

        return [one for one in plots.figures(results) if one.figure.data][:PLACES]
    except Exception:  # the tables are worth showing without
        log.exception("Figures could not be drawn")
        return []
