"""Results of studies: shown at once as they were last kept, computed again in the background when they are old.

Statistics take seconds, so no page waits for them. One study is computed at a time, in a process that ends with the
job: comparisons have theirs to themselves, and the memory is given back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from anonymizers import __version__
from anonymizers.workers import Stopped, WorkerLost, Workers
from listening_test.analysis.results import EXTRAS, Results
from listening_test.store_records import NotFound, Origin, StoreError
from web import study_computing

if TYPE_CHECKING:
    from listening_test.analysis.table import Table
    from listening_test.store import Store
    from listening_test.store_records import Computed, StudyInfo

AGAIN_S = 30.0
"""While a study is open, results are computed again at most this often, and at most a fifth of the time."""
ATTEMPTS = 3
"""Results of somebody who withdrew meanwhile are thrown away and computed again, so often."""
FAILED = "The results could not be computed ({kind}: {error}). Those shown, if any, are from before."
LOST = "The process that computed the results ended, perhaps for want of memory. Those shown, if any, are from before."
log = logging.getLogger(__name__)
Job = tuple[int, Origin]


@dataclass(frozen=True)
class Shown:
    """What there is of a study's results.

    Attributes:
        results: as they were last computed; None before the first time, or after somebody withdrew.
        stale: whether they are of other answers, another state or another version than now.
        since_s: when the computation under way was asked for, in s since 1970; None when there is none.
        part: what is being computed.
        problem: why the last computation failed, in a sentence; "" if it did not.
    """

    results: Results | None = None
    stale: bool = True
    since_s: float | None = None
    part: str = ""
    problem: str = ""


@dataclass(frozen=True)
class _Running:
    since_s: float
    cancelled: threading.Event
    part: str = ""


class StudyResults:
    """The results of the studies of a store.

    Args:
        store: where answers are, and where results are kept.
        url: its address, for the process that computes.
        workers: makes what calls a function in another process (Workers), for one computation.
        extras: parts that need the sounds, each computed and kept apart.
    """

    def __init__(
        self,
        store: Store,
        url: str,
        *,
        workers: Callable[[], AbstractContextManager[Any]] = lambda: Workers(1, study_computing.step_back),
        extras: Sequence[str] = EXTRAS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._url, self._workers, self._extras, self._clock = store, url, workers, extras, clock
        self._lock, self._turn = threading.Lock(), threading.Lock()
        self._running: dict[Job, _Running] = {}
        self._threads: dict[Job, threading.Thread] = {}
        self._problems: dict[Job, tuple[str, str]] = {}
        self._closed = False

    def kept(self, info: StudyInfo, origin: Origin = "participant", *, owner: bool = True) -> Results | None:
        """The results as they were last kept; others than the owner get what is public of them. Starts nothing.

        Raises:
            StoreError: if the database cannot say.
        """
        kept = [self._store.results(info.id, key) for key in self._keys(info, origin)]
        return _joined(kept, owner=owner)

    def shown(self, info: StudyInfo, origin: Origin = "participant", *, owner: bool = True) -> Shown:
        """What is kept now, for the owner or for others (`kept`); what is old is computed in the background from here
        on, unless it has just failed.

        Raises:
            StoreError: if the database cannot say.
        """
        job = (info.id, origin)
        fingerprint = self._store.fingerprint(info.id, (origin,))
        kept = {key: self._store.results(info.id, key) for key in self._keys(info, origin)}
        stale = any(one is None or _is_old(one, fingerprint) for one in kept.values())
        failed = self._problems.get(job, ("", ""))
        problem = failed[1] if failed[0] == fingerprint else ""
        if stale and not problem and self._is_due(info, kept[origin]):
            self._start(info, origin)
        running = self._running.get(job)
        since_s, part = (running.since_s, running.part) if running else (None, "")
        return Shown(_joined(kept.values(), owner=owner), stale, since_s, part, problem)

    def again(self, info: StudyInfo, origin: Origin = "participant") -> None:
        """Compute now what is old, also after a failure."""
        self._problems.pop((info.id, origin), None)
        self._start(info, origin)

    def wait(self, info: StudyInfo, origin: Origin = "participant") -> None:
        """Return once nothing of these results is being computed."""
        thread = self._threads.get((info.id, origin))
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """End every computation."""
        with self._lock:
            self._closed = True
            for running in self._running.values():
                running.cancelled.set()
        for thread in list(self._threads.values()):
            thread.join()

    def _keys(self, info: StudyInfo, origin: Origin) -> list[str]:
        """Under which keys results are kept: the answers' own, and when the study is closed the further parts.

        These take long, and what machines say or voices measure could tell a masked system.
        """
        return [origin, *(f"{origin}/{extra}" for extra in self._extras if info.state == "closed")]

    def _is_due(self, info: StudyInfo, kept: Computed | None) -> bool:
        if kept is None or info.state != "open" or kept.software_version != __version__:
            return True
        took_s = kept.data["about"].get("seconds") or 0.0
        return self._clock() - kept.computed_s >= max(AGAIN_S, 5 * took_s)

    def _start(self, info: StudyInfo, origin: Origin) -> None:
        job = (info.id, origin)
        with self._lock:
            if job in self._running or self._closed:
                return
            self._running[job] = _Running(self._clock(), threading.Event())
            thread = threading.Thread(target=self._run, args=(info, origin), name=f"results-{info.id}", daemon=True)
            self._threads[job] = thread
            thread.start()

    def _run(self, info: StudyInfo, origin: Origin) -> None:
        job = (info.id, origin)
        cancelled = self._running[job].cancelled
        try:
            with self._turn, self._workers() as workers:
                if cancelled.is_set():
                    raise Stopped
                for key in self._keys(info, origin):
                    self._running[job] = replace(self._running[job], part=key.partition("/")[2])
                    self._compute(info, key, origin, partial(workers.call, cancelled=cancelled))
        except (Stopped, NotFound):  # the app ends, or the study was deleted
            pass
        except WorkerLost:
            self._fail(info, origin, LOST)
        except StoreError as error:
            self._fail(info, origin, str(error))
        except Exception as error:  # a thread that dies silently would leave the page waiting
            log.exception("Results could not be computed")
            self._fail(info, origin, FAILED.format(kind=type(error).__name__, error=error))
        finally:
            with self._lock:
                del self._running[job]

    def _compute(self, info: StudyInfo, key: str, origin: Origin, call: Callable[..., Any]) -> None:
        for _ in range(ATTEMPTS):
            kept = self._store.results(info.id, key)
            if kept is not None and not _is_old(kept, self._store.fingerprint(info.id, (origin,))):
                return
            fingerprint, data = call(study_computing.compute, self._url, info.id, origin, key.partition("/")[2])
            if self._store.put_results(info.id, key, fingerprint, data):
                return

    def _fail(self, info: StudyInfo, origin: Origin, problem: str) -> None:
        try:
            fingerprint = self._store.fingerprint(info.id, (origin,))
        except StoreError:  # the database may be why; it is asked again at the next look
            return
        self._problems[info.id, origin] = fingerprint, problem


def _is_old(kept: Computed, fingerprint: str) -> bool:
    return kept.fingerprint != fingerprint or kept.software_version != __version__


def _joined(kept: Iterable[Computed | None], *, owner: bool) -> Results | None:
    """The results with the tables of the further parts; for others than the owner, what is public of them."""
    from listening_test.analysis.public import public

    first, *others = kept
    if first is None:
        return None
    results = Results.from_json(first.data)
    for one in others:
        if one is not None:
            results = results.with_tables(list(Results.from_json({"about": {}, **one.data}).tables.values()))
    told = results.tables.get("reidentification")
    if told is not None and told.rows:
        results = results.with_tables([_published()])
    return results if owner else public(results)


@cache
def _published() -> Table:
    """What papers say of other systems, shown beside the trade-off."""
    from listening_test.figures import published

    return published.table()
