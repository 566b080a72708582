"""A study in a database of its own, and its pages as processes that can be killed: what the study benchmarks share."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from listening_test.store import Store, StudyInfo

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "assets" / "studies" / "demo.yaml"
START_LIMIT_S = 60.0


@contextmanager
def demo_study(places: int, *, rendering: int = 2, **screening: int) -> Iterator[tuple[str, Store, StudyInfo]]:
    """The demo study with so many places, rendered by so many processes and open: database URL, store, study.

    `screening` changes what the demo says of it, e.g. attention_checks=2.
    """
    from anonymizers.workers import Workers
    from listening_test import prepare
    from listening_test.store import Store
    from listening_test.study import digest

    study, clips = prepare.read(DEMO)
    parts = {
        "limits": study.limits.model_copy(update={"listeners": places}),
        "screening": study.screening.model_copy(update=screening),
    }
    study = study.model_copy(update=parts)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{(Path(folder) / 'study.db').as_posix()}"
        with Store.open(url) as store:
            info = store.add_study(study, DEMO.read_text(encoding="utf-8"), DEMO.parent)
            store.set_clips(info.id, clips)
            with Workers(rendering) as workers:
                info = prepare.render(store, store.study(info.id), call=workers.call, jobs=rendering)
            store.open_study(info.id, digest(study, clips))
            yield url, store, store.study(info.id)


class StudyServer:
    """`python -m listening_test serve` on one port of the loopback: start, kill -9, start again. A context manager."""

    def __init__(self, database_url: str, *, workers: int = 1) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._database_url, self._workers = database_url, workers
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "listening_test", "serve", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--workers", str(self._workers), "--database", self._database_url],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # so that its workers can be killed with it
        )
        self._wait()

    def _wait(self) -> None:
        pause, began = threading.Event(), time.perf_counter()
        while time.perf_counter() - began < START_LIMIT_S:
            try:
                httpx.get(f"{self.address}/healthz", timeout=5)
                return
            except httpx.TransportError:
                pause.wait(0.02)
        raise TimeoutError(f"the study's pages did not start within {START_LIMIT_S:g} s")

    def kill(self) -> None:
        """kill -9 it and its workers."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def __enter__(self) -> StudyServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.kill()
