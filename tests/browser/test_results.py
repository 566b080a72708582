"""The Results pages in a real Chromium: what a stakeholder reads, and what the owner publishes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.listening_test import known_tables, rendered_study
from tests.web import known_results
from web.server import create_app
from web.settings import Settings

PASSWORD = "correct horse"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("data")
    app = create_app(Settings(offline=True, data_dir=folder, admin_password=PASSWORD, demo_study=False, workers=1))
    yield app
    app.state.services.close()


@pytest.fixture(scope="module")
def address(serve: Callable[[Any], str], app: Any) -> str:
    return serve(app)


@pytest.fixture
def studies(app: Any) -> Iterator[Any]:
    """The store, with known results: all of them published, and a few that are not; empty again afterwards."""
    store = app.state.services.store
    for name in ("shown", "hidden"):
        info = rendered_study.opened(store, name=name, title=f"The study called {name}")
        store.close_study(info.id)
        few = None if name == "shown" else known_tables.results(known_tables.mos(), known_tables.comments())
        for origin in ("participant", "simulation"):
            known_results.kept(store, store.study(info.id), origin, few)
        if name == "shown":
            store.publish(info.id)
    yield store
    for info in store.studies():
        store.delete_study(info.id)


@pytest.fixture
def owned(address: str, open_page: Callable[..., Any]) -> Callable[..., Any]:
    """owned(study) -> the owner's page of results, logged in."""

    def open_(study: str, **options: Any) -> Any:
        page = open_page(f"{address}/admin/", **options)
        page.fill("#password", PASSWORD)
        page.click("button")
        page.wait_for_url(f"{address}/admin/")
        page.goto(f"{address}/admin/results?study={study}&__theme=light")
        return page

    return open_


def drawn(page: Any) -> int:
    """How many figures there are, once every one is drawn."""
    page.wait_for_selector(".vv-contents a")
    figures = page.locator(".vv-contents a").count()
    page.wait_for_function(f"document.querySelectorAll('.js-plotly-plot .main-svg:first-child').length >= {figures}")
    return figures


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), pytest.param("dark", 390, marks=pytest.mark.slow)])
def test_a_stakeholder_reads_published_results(
    address: str, studies: Any, open_page: Callable[..., Any], ledger: Any, violations: Any, theme: str, width: int
) -> None:
    page = open_page(f"{address}/results?__theme={theme}", width=width, height=844, accept_downloads=True)
    assert drawn(page) >= 8
    assert page.locator("#heading").get_by_text("The study called shown").count() == 1
    assert page.get_by_text("hidden").count() == 0
    assert page.get_by_text("my aunt").count() == 0
    assert violations(page, ".gradio-container") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("summary", has_text="When not to trust it").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("details[open] p").first.is_visible()
    page.locator(".vv-figure summary", has_text="The numbers").first.click()
    assert violations(page, ".vv-figure") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    link = page.locator(".vv-figure details[open] a.vv-button").first
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "shown-v1-mos.csv"
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert {row["system"] for row in rows} == {"original", "low-anchor", "mcadams", "devoiced"}
    last = page.locator(".vv-contents a").last
    last.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("window.scrollY > 500")
    assert page.evaluate("'#' + document.activeElement.id") == last.get_attribute("href")
    ledger.assert_clean()


def test_nothing_published_has_one_thing_to_do(
    address: str, open_page: Callable[..., Any], ledger: Any, violations: Any
) -> None:
    page = open_page(f"{address}/results")
    page.get_by_text("No results are published").wait_for()
    assert violations(page, ".gradio-container") == []
    page.get_by_role("link", name="Take the listening study").click()
    page.wait_for_url("**/studies")
    ledger.assert_clean()


def test_the_owner_publishes_in_two_steps_and_takes_back(
    address: str, studies: Any, owned: Callable[..., Any], open_page: Callable[..., Any], ledger: Any, violations: Any
) -> None:
    page = owned("hidden-v1")
    drawn(page)
    page.locator("#public").get_by_text("Only you can see").wait_for()
    assert violations(page, ".gradio-container") == []
    page.click("#publish")
    page.locator("#confirm").get_by_text("Nobody will see").wait_for()
    assert violations(page, "#confirm") == []
    page.click("#keep-private")
    page.wait_for_selector("#confirm", state="hidden")
    assert studies.find("hidden").published_s is None
    page.click("#publish")
    page.click("#publish-now")
    page.locator("#public").get_by_text("Public since").wait_for()
    stranger = open_page(f"{address}/results?study=hidden-v1")
    stranger.locator("#heading").get_by_text("The study called hidden").wait_for()
    assert stranger.locator("#results-of label").count() >= 2
    stranger.get_by_role("radio", name="The study called shown").check()
    stranger.locator("#heading").get_by_text("The study called shown").wait_for()
    page.click("#unpublish")
    page.locator("#public").get_by_text("Only you can see").wait_for()
    stranger.reload()
    stranger.get_by_text("There are no published results at this address").wait_for()
    stranger.locator("#heading").get_by_text("The study called shown").wait_for()
    ledger.assert_clean()


def test_simulated_answers_are_marked_everywhere(
    studies: Any, owned: Callable[..., Any], ledger: Any, violations: Any
) -> None:
    page = owned("hidden-v1", width=390, height=844)
    drawn(page)
    assert page.get_by_text("SIMULATED, NOT PEOPLE").count() == 0
    page.get_by_role("radio", name="Simulated listeners").check()
    page.locator(".vv-watermark").get_by_text("SIMULATED, NOT PEOPLE").wait_for()
    places = drawn(page)
    assert page.locator(".vv-figure .vv-mark").count() == places
    assert violations(page, ".gradio-container") == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    ledger.assert_clean()


def test_results_are_computed_in_the_background_and_appear_by_themselves(
    app: Any, studies: Any, owned: Callable[..., Any], ledger: Any
) -> None:
    info = known_results.taken(studies, name="fresh", title="The study called fresh")
    page = owned("fresh-v1")
    page.locator("#status").get_by_text("computed for the first time").wait_for()
    page.locator("#heading").get_by_text("3 began, 3 finished, 3 used").wait_for(timeout=90_000)
    assert studies.results(info.id, "participant") is not None
    ledger.assert_clean()


def test_the_panel_of_a_study_leads_to_its_results(address: str, studies: Any, owned: Callable[..., Any]) -> None:
    page = owned("shown-v1")
    page.goto(f"{address}/admin/")
    page.get_by_role("radio", name="hidden").check()
    page.locator("#exports").get_by_role("link", name="Results").click()
    page.locator("#heading").get_by_text("The study called hidden").wait_for()
