"""The Showcase page in a real Chromium: sounds that come by themselves, played one by one, in order, in place."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import wait_until
from tests.browser.showcase_page import (
    clicked,
    heard,
    played,
    recorded,
    same_moment,
    small_targets,
    state,
    switches_in_place,
)
from tests.web import small_galleries
from web.server import create_app
from web.settings import Settings


@pytest.fixture(scope="module")
def last_sound() -> threading.Event:
    """The third sentence's sounds wait for this."""
    return threading.Event()


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Any], str], last_sound: threading.Event
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("gallery")
    small_galleries.written(folder, durations_s=(0.6, 6.0, 0.6))
    (folder / "bob_1.wav").write_text("no sound")
    app = create_app(Settings(offline=True, data_dir=folder, demo_study=False, workers=1))
    showcase = app.state.services.showcase

    def call(function: Callable[..., Any], cell: Any, cancelled: threading.Event) -> Any:
        while cell.row.path.stem == "ann_2" and not last_sound.wait(0.02) and not cancelled.is_set():
            pass
        return function(cell)

    showcase._call = call
    yield serve(app)
    app.state.services.close()


def test_a_gallery_is_played(
    address: str, last_sound: threading.Event, open_page: Callable[..., Any], ledger: Any, violations: Any
) -> None:
    page = open_page(f"{address}/showcase?__theme=light")
    page.get_by_text("of 9 sounds are ready").wait_for()
    page.locator(".vvg-cell[data-state=ready]").first.wait_for()
    assert page.locator(".vvg-cell[data-state=waiting], .vvg-cell[data-state=running]").count() > 0
    page.locator(".vvg-problem").first.wait_for()  # bob's file is none
    assert violations(page, ".gradio-container") == []
    last_sound.set()
    page.wait_for_function("document.querySelectorAll('.vvg-cell[data-state=ready]').length === 6")
    page.get_by_text("3 of 9 sounds could not be made").wait_for()

    switches_in_place(page)
    page.keyboard.press("Escape")
    wait_until(lambda: state(page)["now"] is None)

    recorded(page)
    page.locator(".vvg-row-play").first.click()  # every system in order, by itself
    wait_until(lambda: len(played(page)) == 3 and state(page)["now"] is None)
    assert played(page) == [[1, column] for column in small_galleries.SYSTEMS]
    page.locator(".vvg-head").nth(1).click()  # every sentence in order; the one without a sound is passed over
    wait_until(lambda: heard(page) == (3, "mcadams"))
    assert played(page)[3:] == [[1, "mcadams"], [3, "mcadams"]]
    page.get_by_role("button", name="Stop", exact=True).click()

    with page.expect_download() as waiting:
        page.get_by_text("Download the gallery").click()
    assert Path(waiting.value.path()).stat().st_size > 100_000
    assert page.get_by_text("Try these systems").get_attribute("href").startswith(f"{address}/?systems=mcadams,")
    assert violations(page, ".gradio-container") == []
    ledger.assert_clean()


def test_by_keyboard_and_with_filters(address: str, last_sound: threading.Event, open_page: Any, ledger: Any) -> None:
    last_sound.set()
    page = open_page(f"{address}/showcase")
    page.wait_for_function("document.querySelectorAll('.vvg-cell[data-state=ready]').length === 6")
    assert page.locator(".vvg-grid button[tabindex='0']").count() == 1
    page.locator(".vvg-grid button[tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowDown", "End", "Home", "ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Space")
    wait_until(lambda: heard(page) == (3, "original"))
    page.keyboard.press("3")
    wait_until(lambda: heard(page) == (3, "pitch-formant"))
    assert len(same_moment(page)) == 1
    page.get_by_role("button", name="Pitch + formant", exact=True).click()  # hidden: it is heard no longer
    wait_until(lambda: state(page)["now"] is None)
    assert page.locator(".vvg-cell:visible").count() == 6
    page.get_by_role("button", name="anger", exact=True).click()
    assert page.locator(".vvg-cell:visible").count() == 2
    page.keyboard.press("2")
    wait_until(lambda: heard(page) == (3, "mcadams"))
    ledger.assert_clean()


def test_on_a_phone_in_the_dark(
    address: str, last_sound: threading.Event, open_page: Callable[..., Any], ledger: Any, violations: Any
) -> None:
    last_sound.set()
    page = open_page(f"{address}/showcase?__theme=dark", width=390, height=844, reduced_motion="reduce", has_touch=True)
    page.wait_for_function("document.querySelectorAll('.vvg-cell[data-state=ready]').length === 6")
    page.locator(".vvg-filters summary").click()
    clicked(page, 7)
    wait_until(lambda: heard(page) == (3, "mcadams"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert small_targets(page) == []
    assert violations(page, ".gradio-container") == []
    ledger.assert_clean()
