"""The app as a process of its own on the loopback, and how much memory it and its workers hold."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT_S = 60.0


class AppProcess:
    """`python app.py` on a free port; a context manager. `started_in_s`: from the command to the first page.

    `settings`: environment variables beside those every benchmark has.
    """

    def __init__(self, **settings: str) -> None:
        self._settings = settings

    def __enter__(self) -> AppProcess:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._data = tempfile.TemporaryDirectory()
        settings = {"VOICEVEIL_OFFLINE": "1", "VOICEVEIL_DATA": self._data.name, "VOICEVEIL_DEMO_STUDY": "0"}
        environment = {**os.environ, "PORT": str(port), **settings, **self._settings}
        began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        self._wait(began)
        return self

    def _wait(self, began: float) -> None:
        pause = threading.Event()
        while time.perf_counter() - began < START_LIMIT_S:
            try:
                if httpx.get(self.address, timeout=5).status_code == 200:
                    self.started_in_s = time.perf_counter() - began
                    return
            except httpx.TransportError:
                pause.wait(0.05)
        self.__exit__()
        raise TimeoutError(f"the app showed no page within {START_LIMIT_S:g} s")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        self._data.cleanup()

    def memory_mb(self) -> float:
        """Memory of the app and all its processes, shared pages counted once (PSS), in MB (10^6 bytes)."""
        parent = psutil.Process(self._process.pid)
        return sum(_pss(process) for process in [parent, *parent.children(recursive=True)]) / 1e6


def _pss(process: psutil.Process) -> int:
    try:
        full = process.memory_full_info()
    except psutil.NoSuchProcess:
        return 0
    return getattr(full, "pss", full.uss)
