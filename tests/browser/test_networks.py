"""A system with weights, from its licence to its sound, in a real Chromium; a server of the tests plays the hub."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from anonymizers import runner
from anonymizers.heavy import Heavy
from audio.clip import Clip, encode_wav
from tests.anonymizers import fake_network, hub
from tests.anonymizers.fake_network import FILE, KEY
from web.server import create_app
from web.settings import Settings

PASSWORD = "correct horse"
HALF = 1_500_000


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[hub.Hub]:
    with fake_network.published(tmp_path, monkeypatch, licence="CC BY-NC 4.0", commercial=False) as server:
        yield server


@pytest.fixture
def start(server: hub.Hub, tmp_path: Path, serve: Callable[[Any], str]) -> Iterator[Callable[..., str]]:
    """start(**settings) -> the address of an app whose heavy process knows the system."""
    apps: list[Any] = []

    def one(**settings: Any) -> str:
        about = {"data_dir": tmp_path / "data", "demo_study": False, "workers": 1, "admin_password": PASSWORD}
        app = create_app(Settings(**{**about, **settings}))
        apps.append(app)
        services = app.state.services
        services.heavy = Heavy(services.weight_work.obtain, fake_network.process)
        return serve(app)

    yield one
    for app in apps:
        app.state.services.close()


@pytest.fixture
def held(server: hub.Hub) -> Iterator[tuple[threading.Event, threading.Event]]:
    """The first download stops half way: (it is there, it may go on)."""
    asked, go_on = threading.Event(), threading.Event()
    server.files[FILE].steps.append(hub.held(HALF, asked, go_on))
    yield asked, go_on
    go_on.set()


@pytest.fixture
def clip(tmp_path: Path, voice: Clip) -> Path:
    path = tmp_path / "voice.wav"
    path.write_bytes(encode_wav(voice))
    return path


def give(page: Any, clip: Path) -> None:
    page.wait_for_selector("#clip-input input[type=file]", state="attached")
    page.set_input_files("#clip-input input[type=file]", clip)
    page.wait_for_function("document.querySelector('#clip-input').innerText.includes('Use another clip')")


def tick(page: Any) -> None:
    page.locator(f"#system-{KEY} input[type=checkbox]:not([disabled])").first.check()


def accept(page: Any) -> None:
    page.locator(f"#accept-{KEY}").get_by_text("I accept CC BY-NC 4.0").wait_for()
    page.click(f"#accept-{KEY}")
    page.locator(f"#weights-{KEY}").get_by_text("Downloads 3.0 MB first").wait_for()


def row(page: Any, title: str = "Fake network") -> Any:
    return page.locator("#player .vvc-row", has_text=title)


def choose(page: Any) -> None:
    page.locator("#weights input").click()
    page.get_by_role("option", name="Fake Large").click()
    page.wait_for_selector("#panel", state="visible")


def heard(page: Any, title: str = "Fake network") -> None:
    page.wait_for_function(
        "(title) => [...document.querySelectorAll('#player .vvc-row[data-state=ready]')]"
        ".some((row) => row.innerText.includes(title))",
        arg=title,
    )


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), pytest.param(360, "dark", marks=pytest.mark.slow)])
def test_accept_download_hear(
    start: Callable[..., str],
    held: Any,
    clip: Path,
    open_page: Any,
    ledger: Any,
    violations: Any,
    width: int,
    theme: str,
) -> None:
    asked, go_on = held
    page = open_page(f"{start()}/?systems=mcadams&__theme={theme}", width=width)
    page.locator(f"#weights-{KEY}").get_by_text("forbids commercial use").wait_for()
    assert page.locator(f"#system-{KEY} input[type=checkbox]").first.is_disabled()
    assert violations(page, f"#system-{KEY}") == []
    accept(page)
    tick(page)
    give(page, clip)
    page.click("#compare")
    assert asked.wait(30)
    row(page).get_by_text("Downloading Fake Large: 1.5 of 3.0 MB", exact=True).wait_for()
    heard(page, "McAdams")  # meanwhile
    assert page.locator("#player .vvc-share:visible").count() == 1
    assert violations(page, "#player") == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    go_on.set()
    page.wait_for_selector("#findings", state="visible", timeout=60_000)
    heard(page)
    page.locator(f"#weights-{KEY}").get_by_text("Weights:").wait_for()
    assert page.locator("#numbers").get_by_text("Fake network").count() == 1
    ledger.assert_clean()


@pytest.mark.slow
def test_stop_during_a_download_and_the_next_one_goes_on(
    start: Callable[..., str], server: hub.Hub, held: Any, clip: Path, open_page: Any, ledger: Any
) -> None:
    asked, go_on = held
    page = open_page(f"{start()}/?systems=mcadams")
    accept(page)
    tick(page)
    give(page, clip)
    page.click("#compare")
    assert asked.wait(30)
    row(page).get_by_text("Downloading Fake Large: 1.5 of 3.0 MB").wait_for()
    page.click("#stop")
    row(page).get_by_text(runner.STOPPED).wait_for()
    page.wait_for_selector("#compare:not([disabled])")  # nobody waits for the download any more, so it ends
    page.locator(f"#weights-{KEY}").get_by_text("have come already").wait_for()
    go_on.set()
    page.click("#compare")
    page.wait_for_selector("#findings", state="visible", timeout=60_000)
    heard(page)
    assert server.ranges()[0] == ""
    assert server.ranges()[1].startswith("bytes=")
    ledger.assert_clean()


@pytest.mark.slow
def test_others_wait_and_see_their_place_but_not_with_light_systems(
    start: Callable[..., str], clip: Path, open_page: Any, tmp_path: Path
) -> None:
    address = start()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    first = open_page(f"{address}/?systems=mcadams")
    accept(first)
    for page, held_by in ((first, str(pipe)), (open_page(f"{address}/?systems=mcadams"), "")):
        tick(page)
        page.locator(f"#system-{KEY}").get_by_role("button", name="Parameters").click()
        page.get_by_label("Held by").fill(held_by)
        give(page, clip)
        page.click("#compare")
        heard(page, "McAdams")
        row(page).get_by_text("looking for the nearest frames" if held_by else "1 ahead of you").wait_for()
    pipe.write_bytes(b"go on")
    heard(first)
    heard(page)


@pytest.mark.slow
def test_with_an_owner_strangers_fetch_and_accept_nothing(
    start: Callable[..., str], server: hub.Hub, open_page: Any, ledger: Any, violations: Any
) -> None:
    address = start(downloads="owner")
    page = open_page(address)
    page.locator(f"#weights-{KEY}").get_by_text("The owner of this app has to accept it first").wait_for()
    assert not page.locator(f"#accept-{KEY}").is_visible()

    owner = open_page(f"{address}/admin/models")
    owner.fill("#password", PASSWORD)
    owner.click("button")
    owner.goto(f"{address}/admin/models")
    line = owner.locator("#all tr", has_text="Fake Large")
    line.get_by_text("not here, licence to accept").wait_for()
    choose(owner)
    owner.locator("#accept").get_by_text("I accept CC BY-NC 4.0").click()
    asked, go_on = threading.Event(), threading.Event()
    server.files[FILE].steps.append(hub.held(HALF, asked, go_on))
    owner.click("#download")
    owner.locator("#progress").get_by_text("Downloading Fake Large: 1.5 of 3.0 MB").wait_for()
    assert violations(owner, ".gradio-container") == []
    owner.reload()  # it goes on without the page
    line.get_by_text("being fetched").wait_for()
    go_on.set()
    line.get_by_text("here", exact=True).wait_for()
    choose(owner)
    owner.locator("#progress").get_by_text("All of it is here.").wait_for()

    page.reload()
    page.locator(f"#weights-{KEY}").get_by_text("Weights:").wait_for()
    tick(page)

    owner.click("#verify")
    owner.locator("#progress").get_by_text("as it was when it was fetched").wait_for()
    owner.click("#delete")
    owner.click("#delete-now")
    owner.get_by_text("is deleted; 3.0 MB are free again").wait_for()
    line.get_by_text("not here").wait_for()
    ledger.assert_clean()
