"""Processes that do the heavy work, so that a crash, a hang or a "stop" costs one job and nobody else anything."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

PRELOADED = ["numpy", "scipy.signal", "scipy.fft", "soundfile", "soxr", "pyworld", "anonymizers.registry"]
"""Imported once and shared by every worker, where processes can be forked from a server."""

POLL_S = 0.05
REPORT_S = 0.1
"""A worker tells of its progress at most this often, unless it does something new."""
SETTINGS = "VOICEVEIL_"
STOP = getattr(signal, "SIGUSR1", None)
"""What asks a worker to stop its job and stay; None where there is no such signal."""

Progress = Callable[[float, str], None]


class Stopped(Exception):
    """The job was cancelled."""


class WorkerLost(Exception):
    """The worker ended by itself (a crash in a codec or a vocoder, memory); another has taken its place."""


def _nothing() -> None:
    """A warm-up that does nothing."""


class _Halt(BaseException):
    """Raised inside a job that is to stop; no `except Exception` keeps it from doing so."""


class _Stoppable:
    """Lets a signal stop a job, and nothing but a job."""

    def __init__(self) -> None:
        self._running = False
        if STOP is not None:
            signal.signal(STOP, self._stop)

    def _stop(self, *_: object) -> None:
        if self._running:
            self._running = False
            raise _Halt

    def run(self, function: Callable, args: tuple, kwargs: dict) -> Any:
        """function(*args, **kwargs), unless it is stopped: then _Halt."""
        try:
            self._running = True
            return function(*args, **kwargs)
        finally:
            self._running = False


class _Report:
    """Sends progress to whoever waits for the job."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._told_s, self._doing = connection, float("-inf"), ""

    def __call__(self, fraction: float, doing: str) -> None:
        now_s = time.monotonic()
        if doing != self._doing or now_s - self._told_s >= REPORT_S:
            self._told_s, self._doing = now_s, doing
            self._connection.send(("progress", (float(fraction), str(doing))))


def _serve(connection: Connection, warm_up: Callable[[], object], settings: Mapping[str, str]) -> None:
    """Do jobs until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the app; the app ends us
    stoppable = _Stoppable()
    _take_over(settings)
    with suppress(Exception):  # what fails here fails again in the job that needs it, and is told there
        warm_up()
    while True:
        try:
            function, args, kwargs, reports = connection.recv()
        except (EOFError, OSError):
            return
        if reports:
            kwargs["progress"] = _Report(connection)
        try:
            answer = ("done", stoppable.run(function, args, kwargs))
        except _Halt as halt:
            if _while_importing(halt.__traceback__):
                return  # a module that was loaded by half would fail in every later job
            answer = ("stopped", None)
        except Exception as error:
            answer = ("raised", error)
        try:
            connection.send(answer)
        except (BrokenPipeError, OSError):
            return
        except Exception as error:  # what cannot be pickled
            connection.send(("raised", RuntimeError(f"{type(error).__name__}: {error}")))
        del function, args, kwargs, answer  # else they wait in memory for the next job


def _take_over(settings: Mapping[str, str]) -> None:
    """The settings of whoever started this process, not of the server that it was forked from."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        del os.environ[name]
    os.environ.update(settings)


def _while_importing(traceback: TracebackType | None) -> bool:
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        traceback = traceback.tb_next
    return False


class _Worker:
    def __init__(self, context: Any, warm_up: Callable[[], object]) -> None:
        self.connection, theirs = context.Pipe()
        settings = {name: value for name, value in os.environ.items() if name.startswith(SETTINGS)}
        self.process = context.Process(target=_serve, args=(theirs, warm_up, settings), daemon=True)
        self.process.start()
        theirs.close()
        self.is_busy = False

    def call(
        self, cancelled: threading.Event, progress: Progress | None, function: Callable, args: tuple, kwargs: dict
    ) -> Any:
        try:
            self.connection.send((function, args, kwargs, progress is not None))
            self.is_busy = True
            while (kind := (received := self._received(cancelled))[0]) == "progress":
                if progress is not None:
                    progress(*received[1])
            self.is_busy = False
        except (EOFError, OSError):
            raise WorkerLost(
                "The process doing this ended without an answer: try again, or with a shorter clip."
            ) from None
        if kind == "raised":
            raise received[1]
        return received[1]

    def _received(self, cancelled: threading.Event) -> tuple[str, Any]:
        while not self.connection.poll(POLL_S):
            if cancelled.is_set():
                raise Stopped
        received = self.connection.recv()
        if received[0] == "progress" and cancelled.is_set():
            raise Stopped
        return received

    def stops_within(self, seconds: float) -> bool:
        """Ask the job to stop; whether it did, so that the worker is free for another."""
        if STOP is None or seconds <= 0 or not self.process.pid:
            return False
        until_s = time.monotonic() + seconds
        try:
            os.kill(self.process.pid, STOP)
            while self.connection.poll(max(0.0, until_s - time.monotonic())):
                if self.connection.recv()[0] != "progress":
                    self.is_busy = False
                    return True
        except (EOFError, OSError):
            pass
        return False

    def end(self) -> None:
        self.connection.close()
        if self.process.is_alive():
            self.process.kill()
        self.process.join()


class Workers:
    """`count` processes; `call` takes the next idle one, waiting for it if need be. Close it when done.

    Each process runs `warm_up` once before its first job: what it imports and loads is there when somebody waits.
    A job that is cancelled ends with its process; with `grace_s` it has so many seconds to stop by itself first, and
    what the process has loaded stays.
    """

    def __init__(self, count: int, warm_up: Callable[[], object] = _nothing, *, grace_s: float = 0.0) -> None:
        methods = multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        if "forkserver" in methods:
            self._context.set_forkserver_preload(PRELOADED)
        # Not SimpleQueue: where several threads get with a timeout, CPython's may wait for ever.
        self._idle: queue.Queue[_Worker] = queue.Queue()
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._warm_up, self._grace_s = warm_up, grace_s
        self.count = count
        for _ in range(count):
            self._add()

    def call(
        self,
        function: Callable,
        *args: Any,
        cancelled: threading.Event | None = None,
        progress: Progress | None = None,
        **kwargs: Any,
    ) -> Any:
        """function(*args, **kwargs), done in a worker; function and arguments must be importable and picklable.

        With `progress`, the function gets an argument of that name, and what it tells it arrives here.

        Raises:
            Stopped: once `cancelled` is set, within the grace if the job is running, and without starting it if not.
            WorkerLost: if the process died.
            Exception: whatever the function raised.
        """
        cancelled = cancelled or threading.Event()
        worker = self._take(cancelled)
        try:
            answer = worker.call(cancelled, progress, function, args, kwargs)
        except Stopped:
            if worker.stops_within(self._grace_s):
                self._idle.put(worker)
            else:
                self._replace(worker)
            raise
        except WorkerLost:
            self._replace(worker)
            raise
        except BaseException:
            if worker.is_busy:  # its answer would come to whoever is next
                self._replace(worker)
            else:
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
