"""The server dies while somebody answers: the answer stays on the page and arrives when the server is back."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from listening_test.store import Store
from tests.browser import study_lab as lab_
from tests.browser.conftest import wait_until

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=1) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


@contextmanager
def server(database: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The participants' routes as a process of their own, killed at the end like a machine that loses its power."""
    command = [sys.executable, "-m", "uvicorn", "--factory", "listening_test.http.app:from_environment"]
    process = subprocess.Popen(
        [*command, "--port", str(port), "--log-level", "error", "--no-access-log"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database},
    )
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}") or process.poll() is not None)
        assert process.poll() is None
        yield process
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)


def test_a_killed_server_loses_no_answer(tmp_path: Path, open_page: Callable[..., Any]) -> None:
    database, port = f"sqlite:///{tmp_path / 'study.db'}", free_port()
    with Store.open(database) as store:
        lab = lab_.StudyLab(store, database)
        lab.info = lab.add()
        token = lab.token(lab_.MOS, lab_.SAME_DIFFERENT)
        with server(database, port):
            page = open_page(f"http://127.0.0.1:{port}/take/{token}")
            page.wait_for_selector("[data-block=task]")
            lab_.hear(page)
            page.keyboard.press("5")
        page.keyboard.press("Enter")
        page.wait_for_selector(".vvs-problem button")
        assert "Your answer is safe" in page.inner_text(".vvs-problem")
        assert page.locator("input:checked").get_attribute("value") == "5"
        assert lab.answers(token)[0] == {}
        with server(database, port):
            page.wait_for_function("() => document.querySelectorAll('.vvs-play').length === 2")
            assert lab.answers(token)[0] == {"overall_quality": "5"}
            lab_.hear(page)
            page.keyboard.press("1")
            page.keyboard.press("Enter")
            page.wait_for_selector("[data-end=finished]")
        assert lab.answers(token) == [{"overall_quality": "5"}, {"same_different": "-3"}]
