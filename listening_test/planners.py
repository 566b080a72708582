"""Planners of the studies that people enrol in, each dealt once: dealing takes longer than a plan."""

from __future__ import annotations

import threading

from listening_test.plan import Planner
from listening_test.store_records import StudyInfo
from listening_test.study import digest

KEPT = 8


class Planners:
    """Keeps the planners of the studies used last. Safe to use from many threads."""

    def __init__(self) -> None:
        self._planners: dict[str, Planner] = {}
        self._turn = threading.Lock()

    def of(self, info: StudyInfo) -> Planner:
        """The planner of a study as it is now.

        Raises:
            StudyError: if the clips do not allow the study.
        """
        name = digest(info.study, info.clips)
        with self._turn:  # many may arrive at once: one of them deals, the others wait
            planner = self._planners.pop(name, None) or Planner(info.study, info.clips)
            self._planners[name] = planner  # last in line
            while len(self._planners) > KEPT:
                del self._planners[next(iter(self._planners))]
        return planner
