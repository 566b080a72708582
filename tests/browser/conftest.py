"""A real Chromium for the tests of this folder: it listens in on what the pages say, ask for and complain about."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
LOOPBACK = {"127.0.0.1", "localhost"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


def chromium_path() -> str | None:
    """The Chromium of this machine, or None."""
    named = os.environ.get("VOICEVEIL_CHROMIUM")
    if named:
        return named
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium with a fake microphone. Without one the tests skip; in CI they fail."""
    path = chromium_path()
    if path is None or not Path(path).exists():
        reason = "no Chromium here: install it (Debian: apt install chromium) or set VOICEVEIL_CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Ledger:
    """What pages did: errors on their console, uncaught errors, and every host they asked."""

    console_errors: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    requests: list[Any] = field(default_factory=list)

    def watch(self, page: Any) -> None:
        page.on("console", lambda message: message.type == "error" and self.console_errors.append(message.text))
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        page.on("request", self._note)
        page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).hostname or ""))

    def _note(self, request: Any) -> None:
        self.requests.append(request)
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob", "about"}:
            self.hosts.add(parts.hostname or "")

    def assert_clean(self, *, expected_errors: tuple[str, ...] = ()) -> None:
        """Nothing outside this machine was asked, and nothing went wrong that a test did not provoke."""
        assert self.hosts <= LOOPBACK, f"asked hosts outside this machine: {self.hosts - LOOPBACK}"
        assert self.page_errors == []
        unexpected = [text for text in self.console_errors if not any(word in text for word in expected_errors)]
        assert unexpected == []


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def open_page(chromium: Any, ledger: Ledger) -> Iterator[Callable[..., Any]]:
    """open_page(url, width=1280, height=800, **context options) -> a page in its own context, noted in `ledger`."""
    contexts = []

    def open_(url: str, *, width: int = 1280, height: int = 800, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)  # machines that are busy: what comes late is no fault
        ledger.watch(page)
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Any], str]]:
    """serve(app) -> its address; the app runs in a thread on a free port of the loopback until the tests end."""
    import uvicorn

    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: Any) -> str:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        wait_until(lambda: server.started or not thread.is_alive())
        if not server.started:
            raise RuntimeError("the app did not start; its log says why")
        running.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join(timeout=10)


def wait_until(done: Callable[[], bool], limit_s: float = 30.0) -> None:
    """Blocks until `done()`, without a fixed sleep in a test."""
    pause = threading.Event()
    for _ in range(int(limit_s / 0.02)):
        if done():
            return
        pause.wait(0.02)
    raise TimeoutError(f"nothing happened within {limit_s} s")


@pytest.fixture
def violations() -> Callable[..., list[str]]:
    """violations(page, selector) -> what axe finds against WCAG A and AA inside the selector."""
    from axe_playwright_python.sync_playwright import Axe

    def find(page: Any, selector: str) -> list[str]:
        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        found = Axe().run(page, context=selector, options=options).response["violations"]
        return [f"{each['id']}: {node['target']} {node['failureSummary']}" for each in found for node in each["nodes"]]

    return find


@pytest.fixture(scope="session")
def player_lab(serve: Callable[[Any], str]) -> Any:
    """The harness app with the sounds of the player's tests."""
    from tests.browser import harness

    lab = harness.Lab(sounds=harness.player_sounds())
    lab.url = serve(harness.build(lab))
    return lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Any], str]) -> Iterator[Any]:
    """A StudyLab: a database with an open study, behind the participants' routes."""
    from listening_test.http.app import create
    from listening_test.store import Store
    from tests.browser.study_lab import StudyLab

    database = f"sqlite:///{tmp_path_factory.mktemp('study') / 'study.db'}"
    with Store.open(database) as store:
        lab = StudyLab(store, database, url=serve(create(database)))
        lab.info = lab.add()
        yield lab


@pytest.fixture
def player(open_page: Callable[..., Any], player_lab: Any) -> Any:
    """A page with the player alone, three tracks loaded."""
    from tests.browser import harness

    page = open_page(f"{player_lab.url}/plain")
    page.wait_for_function("window.mounted")
    page.evaluate(harness.TOOLS)
    harness.show(page, harness.comparison(*harness.THREE))
    return page


@pytest.fixture
def at(lab: Any, open_page: Callable[..., Any]) -> Callable[..., Any]:
    """at(trials…, **options of open_page) -> a page on which a new listener takes these trials; page.token."""

    def open_(*trials: Any, language: str = "en", **options: Any) -> Any:
        token = lab.token(*trials, language=language)
        page = open_page(f"{lab.url}/take/{token}", **options)
        page.token = token
        page.wait_for_selector("[data-block]")
        return page

    return open_
