"""`python app.py` as a process: it starts, says nothing about anybody, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from audio.clip import Clip, encode_wav

ROOT = Path(__file__).resolve().parents[1]


class App:
    """The app on a free port, with its temporary folder where the test can look."""

    def __init__(self, folder: Path, **settings: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        self.folder = folder
        self.log = folder / "log.txt"
        environment = {
            **os.environ,
            "PORT": self.address.rsplit(":", 1)[1],
            "TMPDIR": str(folder),
            "VOICEVEIL_OFFLINE": "1",
            "VOICEVEIL_DATA": str(folder / "data"),
            "VOICEVEIL_ADMIN_PASSWORD": "correct horse",
            "VOICEVEIL_DEMO_STUDY": "0",
            **settings,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
        self._wait()

    def _wait(self) -> None:
        pause = threading.Event()
        for _ in range(1200):
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            try:
                if httpx.get(f"{self.address}/healthz").status_code == 200:
                    return
            except httpx.TransportError:
                pause.wait(0.05)
        raise TimeoutError("the app did not start")

    def kept(self) -> list[Path]:
        """Files of uploads and results."""
        return [path for path in self.folder.glob("voiceveil-*/*/*") if path.is_file()]

    def end(self, how: int) -> int:
        self.process.send_signal(how)
        return self.process.wait(timeout=30)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., App]]:
    started: list[App] = []

    def one(**settings: str) -> App:
        started.append(App(tmp_path, **settings))
        return started[-1]

    yield one
    for app in started:
        if app.process.poll() is None:
            app.end(signal.SIGKILL)


def test_uploads_are_gone_at_shutdown_and_nothing_is_logged(start: Callable[[], App], voice: Clip) -> None:
    app = start()
    token = httpx.post(f"{app.address}/api/clips", content=encode_wav(voice)).json()["token"]
    assert httpx.get(f"{app.address}/media/{token}").status_code == 200
    assert httpx.post(f"{app.address}/api/clips", content=b"a secret text").status_code == 422
    assert [path.name for path in app.kept()] == [token]
    app.end(signal.SIGTERM)
    assert app.kept() == []
    log = app.log.read_text()
    assert log.startswith("VoiceVeil: http://127.0.0.1:")
    assert log.count("\n") == 1


@pytest.mark.slow
def test_what_a_killed_app_left_goes_at_the_next_start(start: Callable[[], App], voice: Clip) -> None:
    app = start()
    httpx.post(f"{app.address}/api/clips", content=encode_wav(voice))
    app.end(signal.SIGKILL)
    assert len(app.kept()) == 1
    again = start()
    assert again.kept() == []


def refusal(**settings: str) -> str:
    """What an app that cannot start says."""
    done = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    return done.stderr


def test_a_bad_setting_is_one_sentence(tmp_path: Path) -> None:
    assert refusal(PORT="many") == "PORT is a number from 0 to 65535, but 'many' came.\n"


def test_a_database_that_cannot_be_opened_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "voiceveil.db").write_text("no database at all" * 100)
    said = refusal(VOICEVEIL_DATA=str(tmp_path))
    assert said.count("\n") == 1
    assert "Traceback" not in said


def test_the_owner_s_password_is_shown_at_the_first_start_and_never_again(start: Callable[..., App]) -> None:
    app = start(VOICEVEIL_ADMIN_PASSWORD="")
    password = app.log.read_text().splitlines()[1].split(": ")[1].split(" ")[0]
    answer = httpx.post(f"{app.address}/admin/login", data={"password": password})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/")
    assert httpx.get(f"{app.address}/admin/", cookies=answer.cookies).status_code == 200
    app.end(signal.SIGTERM)
    again = start(VOICEVEIL_ADMIN_PASSWORD="")
    assert password not in again.log.read_text()
    assert "shown when this database was first used" in again.log.read_text()
