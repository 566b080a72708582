"""Rendering of studies in the background: one thread a study, heavy work in the worker processes, a way to stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from anonymizers.workers import Stopped, WorkerLost
from listening_test.study import StudyClip, StudyError, digest

if TYPE_CHECKING:
    from listening_test.store import Store
    from listening_test.store_records import StudyInfo

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a rendering is: sounds done of all, and once it is over, why it is."""

    state: Literal["running", "done", "stopped", "failed"] = "running"
    done: int = 0
    of: int = 0
    problem: str = ""


class Renders:
    """The renderings of this process. `call` runs a function in a worker process, `reader` gives what reads clips."""

    def __init__(
        self, store: Store, call: Callable[..., Any], reader: Callable[[StudyInfo], Callable[..., Any]]
    ) -> None:
        self._store, self._call, self._reader = store, call, reader
        self._lock = threading.Lock()
        self._progress: dict[int, Progress] = {}
        self._threads: dict[int, tuple[threading.Thread, threading.Event]] = {}

    def start(self, study_id: int, then: Callable[[], object] = lambda: None) -> None:
        """Render what a study still lacks; nothing happens if that is under way. `then` runs after success."""
        with self._lock:
            if self.is_running(study_id):
                return
            cancelled = threading.Event()
            thread = threading.Thread(
                target=self._run, args=(study_id, cancelled, then), name=f"render-{study_id}", daemon=True
            )
            self._progress[study_id] = Progress()
            self._threads[study_id] = thread, cancelled
            thread.start()

    def stop(self, study_id: int, *, wait: bool = False) -> None:
        """End a rendering; what is rendered stays, and the next start goes on from there."""
        if study_id in self._threads:
            self._threads[study_id][1].set()
        if wait:
            self.wait(study_id)

    def wait(self, study_id: int) -> None:
        """Return once no rendering of the study is under way."""
        if study_id in self._threads:
            self._threads[study_id][0].join()

    def is_running(self, study_id: int) -> bool:
        """Whether this process renders the study now."""
        return study_id in self._threads and self._threads[study_id][0].is_alive()

    def progress(self, study_id: int) -> Progress | None:
        """How far it is, or how the last one ended; None if this process has not rendered the study."""
        return self._progress.get(study_id)

    def close(self) -> None:
        """Stop them all and wait."""
        for study_id in list(self._threads):
            self.stop(study_id, wait=True)

    def _run(self, study_id: int, cancelled: threading.Event, then: Callable[[], object]) -> None:
        try:
            self._render(study_id, cancelled)
            then()
            self._note(study_id, state="done")
        except Stopped:
            self._end(study_id, "stopped", "Stopped. What is rendered stays; Render goes on from there.")
        except (StudyError, WorkerLost) as error:
            self._end(study_id, "failed", str(error))
        except Exception as error:  # a thread that dies silently would leave the page waiting
            log.exception("Rendering failed")
            self._end(study_id, "failed", f"Rendering ended unexpectedly ({type(error).__name__}): {error}")

    def _render(self, study_id: int, cancelled: threading.Event) -> None:
        from listening_test import check, prepare

        def call(function: Callable[..., Any], *args: Any) -> Any:
            return self._call(function, *args, cancelled=cancelled)

        info = self._store.study(study_id)
        found = call(self._reader(info), info.study, info.folder)
        errors = [one.sentence for one in call(check.check, info.study, found) if one.severity == "error"]
        if errors:
            raise StudyError("\n".join(errors))
        prepare.render(
            self._store,
            self._with_clips(info, found),
            call=call,
            planned=lambda done, of: self._note(study_id, done=done, of=of),
            rendered=lambda: self._note(study_id, done=self._progress[study_id].done + 1),
            cancelled=cancelled,
        )
        if cancelled.is_set():
            raise Stopped

    def _with_clips(self, info: StudyInfo, found: Sequence[StudyClip]) -> StudyInfo:
        if info.clips and digest(info.study, info.clips) != digest(info.study, found):
            self._store.update_study(info.id, info.study, info.yaml, info.folder)  # drops what the old voices became
        self._store.set_clips(info.id, list(found))
        self._store.set_state(info.id, "rendering")
        return self._store.study(info.id)

    def _end(self, study_id: int, state: Literal["stopped", "failed"], problem: str) -> None:
        try:
            if self._store.study(study_id).state == "rendering":
                self._store.set_state(study_id, "draft")
        except Exception:  # the database may be why; the page says so already
            log.exception("The state of a study could not be stored")
        self._note(study_id, state=state, problem=problem)

    def _note(self, study_id: int, **what: Any) -> None:
        self._progress[study_id] = replace(self._progress[study_id], **what)
