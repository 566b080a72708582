"""An exported gallery opened from disk in a real Chromium: no server, no request but for its own files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.browser.conftest import wait_until
from tests.browser.showcase_page import clicked, heard, small_targets, state, switches_in_place
from tests.web.small_galleries import rendered, written
from web.showcase import export


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = written(tmp_path_factory.mktemp("gallery"), durations_s=(0.6, 6.0, 6.0))
    folder = tmp_path_factory.mktemp("a folder with spaces, ümlaut") / "public"
    export.write(rendered(path, tmp_path_factory.mktemp("shelf")), folder)
    return folder


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_from_disk(
    folder: Path, open_page: Callable[..., Any], ledger: Any, violations: Any, width: int, scheme: str
) -> None:
    page = open_page((folder / "index.html").as_uri(), width=width, color_scheme=scheme, offline=True)
    page.locator(".vvg-cell[data-state=ready]").nth(8).wait_for()
    assert page.title() == "Small"
    switches_in_place(page)
    page.keyboard.press("Escape")
    clicked(page, 4)
    wait_until(lambda: heard(page) == (2, "mcadams"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 400:
        assert small_targets(page) == []
    asked = [urlsplit(request.url) for request in ledger.requests if not request.url.startswith("data:")]
    assert {one.scheme for one in asked} == {"file"}
    assert all(Path(unquote(one.path)).is_relative_to(folder) for one in asked)
    assert ledger.page_errors == []
    assert ledger.console_errors == []
    assert violations(page, "body") == []  # last: axe itself reads the style sheets, which a page from disk may not


def test_a_sound_left_behind_is_said(folder: Path, open_page: Callable[..., Any], ledger: Any) -> None:
    missing = next((folder / "sounds").glob("003-*-mcadams.js"))
    missing.rename(missing.with_suffix(".away"))
    page = open_page((folder / "index.html").as_uri())
    page.locator(".vvg-cell[data-state=ready]").nth(8).wait_for()
    clicked(page, 7)
    page.get_by_text("is not there: copy the whole folder").wait_for()
    assert state(page)["now"] is None
    clicked(page, 6)
    wait_until(lambda: heard(page) == (3, "original"))
    assert ledger.page_errors == []
