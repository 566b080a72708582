"""Processes that do the heavy work, so that a crash, a hang or a "stop" costs one job and nobody else anything."""

from __future__ import annotations

import multiprocessing
import queue
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

PRELOADED = ["numpy", "scipy.signal", "scipy.fft", "soundfile", "soxr", "pyworld", "anonymizers.registry"]
"""Imported once and shared by every worker, where processes can be forked from a server."""

POLL_S = 0.05


class Stopped(Exception):
    """The job was cancelled; its worker was ended and replaced."""


class WorkerLost(Exception):
    """The worker ended by itself (a crash in a codec or a vocoder, memory); another has taken its place."""


def _nothing() -> None:
    """A warm-up that does nothing."""


def _serve(connection: Connection, warm_up: Callable[[], object]) -> None:
    """Do jobs until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the app; the app ends us
    with suppress(Exception):  # what fails here fails again in the job that needs it, and is told there
        warm_up()
    while True:
        try:
            function, args, kwargs = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = ("done", function(*args, **kwargs))
        except Exception as error:
            answer = ("raised", error)
        try:
            connection.send(answer)
        except (BrokenPipeError, OSError):
            return
        except Exception as error:  # what cannot be pickled
            connection.send(("raised", RuntimeError(f"{type(error).__name__}: {error}")))


class _Worker:
    def __init__(self, context: Any, warm_up: Callable[[], object]) -> None:
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, warm_up), daemon=True)
        self.process.start()
        theirs.close()

    def call(self, cancelled: threading.Event, function: Callable, args: tuple, kwargs: dict) -> Any:
        try:
            self.connection.send((function, args, kwargs))
            while not self.connection.poll(POLL_S):
                if cancelled.is_set():
                    raise Stopped
            kind, answer = self.connection.recv()
        except (EOFError, OSError):
            raise WorkerLost(
                "The process doing this ended without an answer: try again, or with a shorter clip."
            ) from None
        if kind == "raised":
            raise answer
        return answer

    def end(self) -> None:
        self.connection.close()
        if self.process.is_alive():
            self.process.kill()
        self.process.join()


class Workers:
    """`count` processes; `call` takes the next idle one, waiting for it if need be. Close it when done.

    Each process runs `warm_up` once before its first job: what it imports and loads is there when somebody waits.
    """

    def __init__(self, count: int, warm_up: Callable[[], object] = _nothing) -> None:
        methods = multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:
            self._context.set_forkserver_preload(PRELOADED)
        # Not SimpleQueue: where several threads get with a timeout, CPython's may wait for ever.
        self._idle: queue.Queue[_Worker] = queue.Queue()
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._warm_up = warm_up
        self.count = count
        for _ in range(count):
            self._add()

    def call(self, function: Callable, *args: Any, cancelled: threading.Event | None = None, **kwargs: Any) -> Any:
        """function(*args, **kwargs), done in a worker; function and arguments must be importable and picklable.

        Raises:
            Stopped: once `cancelled` is set, at once if the job is running, and without starting it if it is not.
            WorkerLost: if the process died.
            Exception: whatever the function raised.
        """
        cancelled = cancelled or threading.Event()
        worker = self._take(cancelled)
        try:
            answer = worker.call(cancelled, function, args, kwargs)
        except (Stopped, WorkerLost):
            self._replace(worker)
            raise
        except BaseException:
            self._idle.put(worker)
            raise
        self._idle.put(worker)
        return answer

    def _take(self, cancelled: threading.Event) -> _Worker:
        while not cancelled.is_set() and not self._closed:
            try:
                return self._idle.get(timeout=POLL_S)
            except queue.Empty:
                continue
        raise Stopped

    def _add(self) -> None:
        with self._lock:
            if not self._closed:
                worker = _Worker(self._context, self._warm_up)
                self._all.add(worker)
                self._idle.put(worker)

    def _replace(self, worker: _Worker) -> None:
        with self._lock:
            self._all.discard(worker)
        worker.end()
        self._add()

    def process_ids(self) -> list[int]:
        """The workers' process ids, for those who measure memory."""
        with self._lock:
            return [worker.process.pid for worker in self._all if worker.process.pid]

    def close(self) -> None:
        """End every worker, also the busy ones."""
        with self._lock:
            self._closed = True
            workers, self._all = self._all, set()
        for worker in workers:
            worker.end()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
