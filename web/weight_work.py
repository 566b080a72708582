"""Downloads and checks of weights in the background: one thread each, shared by all who wait for the same weights."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from anonymizers import download, weights
from anonymizers.base import AnonymizerError, Progress
from anonymizers.heavy import downloading
from anonymizers.weight_lock import DownloadStopped
from anonymizers.weights import WeightRef
from anonymizers.workers import Stopped
from web.steps import Step

log = logging.getLogger(__name__)

POLL_S = 0.1
CLOSE_S = 3.0
Kind = Literal["download", "verify"]
State = Literal["running", "done", "stopped", "failed"]

OWNER = object()
"""Who waits without a browser: the owner who started it on the models page."""
OWNER_FIRST = "The owner of this app has to fetch {titles} first, on the page Models."
OFFLINE = "{titles} would have to be fetched, but VOICEVEIL_OFFLINE=1 forbids it: put the files into VOICEVEIL_MODELS."
STOPPED_BY_OWNER = "The download of {title} was stopped on the page Models; the next one goes on from there."
UNEXPECTED = "This ended in a way nobody expected ({name}): please report it."


@dataclass
class Work:
    """One download or check, running or over; `problem` is why it failed."""

    ref: WeightRef
    kind: Kind
    step: Step
    state: State = "running"
    problem: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    wanted_by: set[object] = field(default_factory=set)


class WeightWork:
    """The downloads and checks of this process, by the weights' id. `offline`: nothing may be fetched.

    `strangers`: whether anybody may cause a download; else only the owner.
    """

    def __init__(
        self,
        *,
        strangers: bool = True,
        offline: bool = False,
        fetch: Callable[..., Path] = download.fetch,
        verify: Callable[..., Path] = download.verify,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.strangers, self.offline = strangers, offline
        self._fetch, self._verify, self._now = fetch, verify, now
        self._lock = threading.Lock()
        self._works: dict[str, Work] = {}

    def download(self, ref: WeightRef) -> None:
        """Fetch in the background, as the owner wishes, whoever else waits for it or leaves."""
        self._join(ref, OWNER)

    def verify(self, ref: WeightRef) -> None:
        """Read all files in full and compare their digests, in the background; nothing happens if it is busy."""
        with self._lock:
            if not self.is_busy(ref.id):
                self._begin(Work(ref, "verify", Step(self._now)))

    def stop(self, weight_id: str) -> None:
        """End a download for everybody; what has come is kept."""
        if (work := self._works.get(weight_id)) is not None and work.kind == "download":
            work.cancelled.set()
            work.over.wait(CLOSE_S)

    def seen(self, weight_id: str) -> Work | None:
        """What is being done with these weights, or how the last thing ended; None if this process did nothing."""
        return self._works.get(weight_id)

    def is_busy(self, weight_id: str) -> bool:
        """Whether something is being done with these weights now."""
        work = self._works.get(weight_id)
        return work is not None and not work.over.is_set()

    def forget(self, weight_id: str) -> None:
        """Nothing is to be said any more of what was done; nothing happens while it is being done."""
        with self._lock:
            if not self.is_busy(weight_id):
                self._works.pop(weight_id, None)

    def obtain(self, refs: Sequence[WeightRef], progress: Progress, cancelled: threading.Event) -> None:
        """Fetch what is missing of these, for somebody who waits; the download ends when nobody waits for it any more.

        Raises:
            AnonymizerError: if it may not or cannot be fetched.
            Stopped: once `cancelled` is set.
        """
        gone = weights.missing(refs)
        to_train = [ref for ref in gone if ref.source == "here"]
        if to_train:
            raise AnonymizerError(f"{weights.status(to_train).detail}.")
        titles = ", ".join(dict.fromkeys(ref.title for ref in gone))
        if gone and self.offline:
            raise AnonymizerError(OFFLINE.format(titles=titles))
        if gone and not self.strangers:
            raise AnonymizerError(OWNER_FIRST.format(titles=titles))
        for ref in gone:
            self._wait(ref, progress, cancelled)

    def close(self) -> None:
        """Stop everything."""
        works = list(self._works.values())
        for work in works:
            work.cancelled.set()
        for work in works:
            work.over.wait(CLOSE_S)

    def _wait(self, ref: WeightRef, progress: Progress, cancelled: threading.Event) -> None:
        me = object()
        work = self._join(ref, me)
        try:
            while not work.over.wait(POLL_S):
                progress(work.step.fraction, work.step.doing)
                if cancelled.is_set():
                    raise Stopped
        finally:
            with self._lock:
                work.wanted_by.discard(me)
                if not work.wanted_by:
                    work.cancelled.set()
        if work.state == "failed":
            raise AnonymizerError(work.problem)
        if work.state == "stopped":
            raise AnonymizerError(STOPPED_BY_OWNER.format(title=ref.title))

    def _join(self, ref: WeightRef, me: object) -> Work:
        """The download of these weights, begun if none is under way; it goes on for as long as somebody wants it."""
        while True:
            with self._lock:
                work = self._works.get(ref.id)
                if work is None or work.over.is_set():
                    return self._begin(Work(ref, "download", Step(self._now), wanted_by={me}))
                if work.kind == "download" and not work.cancelled.is_set():
                    work.wanted_by.add(me)
                    return work
            work.over.wait()  # a check, or a download that is being stopped

    def _begin(self, work: Work) -> Work:
        self._works[work.ref.id] = work
        threading.Thread(target=self._run, args=(work,), name=f"{work.kind}-{work.ref.id}", daemon=True).start()
        return work

    def _run(self, work: Work) -> None:
        def progress(fraction: float, doing: str) -> None:
            work.step.note(fraction, downloading(doing))

        try:
            if work.kind == "download":
                self._fetch(work.ref, progress=progress, cancelled=work.cancelled)
            else:
                self._verify(work.ref, progress=progress)
            work.state = "done"
        except DownloadStopped:
            work.state = "stopped"
        except AnonymizerError as error:
            work.state, work.problem = "failed", str(error)
        except Exception as error:  # a thread that dies silently would leave the page waiting
            log.exception("The %s of %s failed", work.kind, work.ref.id)
            work.state, work.problem = "failed", UNEXPECTED.format(name=type(error).__name__)
        finally:
            work.over.set()
