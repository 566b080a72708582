"""The Listen page in a real Chromium: the demo study comes by itself, and is taken on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from listening_test import stimuli
from tests.browser.study_lab import take
from tests.web.owned_studies import Tones
from web.server import create_app
from web.settings import Settings


@pytest.fixture(scope="module")
def tones() -> Iterator[Tones]:
    tones = Tones()
    tones.go_on.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stimuli, "render", tones.render)
        yield tones


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, tones: Tones) -> Iterator[Any]:
    app = create_app(Settings(offline=True, data_dir=tmp_path_factory.mktemp("data"), workers=1))
    yield app
    app.state.services.close()


@pytest.fixture(scope="module")
def address(serve: Callable[[Any], str], app: Any) -> str:
    return serve(app)


@pytest.mark.slow
def test_the_demo_study_appears_and_is_taken(
    address: str, app: Any, tones: Tones, open_page: Callable[..., Any], ledger: Any, violations: Any
) -> None:
    page = open_page(f"{address}/studies?__theme=light")
    page.get_by_text("The study is being prepared").wait_for()
    assert violations(page, ".gradio-container") == []
    tones.go_on.set()
    page.wait_for_selector(".vvs-landing", timeout=60_000)
    assert page.locator("#study-status").inner_text().strip() == ""
    assert violations(page, ".gradio-container") == []
    for box in page.locator(".vvs-landing input[type=checkbox]").all():
        box.check()
    page.click(".vvs-next")
    page.wait_for_selector("[data-block=about_you]")
    assert page.url.split("?")[0] == f"{address}/studies"
    seen: set[str] = set()
    take(page, lambda one: seen.add(one.get_attribute(".vvs-stage:not([hidden]) .vvs-page", "data-block") or ""))
    assert {"about_you", "level", "task", "questionnaire"} <= seen
    page.wait_for_selector("[data-end=finished]")
    assert violations(page, ".gradio-container") == []
    store = app.state.services.store
    (info,) = store.studies()
    assert store.counts(info.id).finished == 1
    ledger.assert_clean()


def test_who_comes_back_goes_on_where_they_were(
    address: str, tones: Tones, open_page: Callable[..., Any], ledger: Any
) -> None:
    tones.go_on.set()
    page = open_page(f"{address}/studies?__theme=dark", width=390, height=844)
    page.wait_for_selector(".vvs-landing", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for box in page.locator(".vvs-landing input[type=checkbox]").all():
        box.check()
    page.click(".vvs-next")
    page.wait_for_selector("[data-block=about_you]")
    page.reload()
    page.wait_for_selector("[data-block=about_you]")
    ledger.assert_clean()
