"""The page about evaluation runs in a real Chromium."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluation.figures.conditions import conditions
from evaluation.runs import Run
from tests.evaluation import example_run
from web.server import create_app
from web.settings import Settings

LIMIT_MS = 45_000
"""For thirteen figures, on a machine that has other things to do."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def address(serve: Callable[[Any], str], tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Iterator[str]:
    example_run.write(folder / "small study")
    (folder / "going" / "facts").mkdir(parents=True)
    settings = Settings(offline=True, data_dir=tmp_path_factory.mktemp("data"), demo_study=False, workers=1,
                        evaluations=str(folder))  # fmt: skip
    app = create_app(settings)
    yield serve(app)
    app.state.services.close()


def drawn(page: Any) -> int:
    """How many figures there are, once every one is drawn."""
    page.wait_for_selector(".vv-contents a", timeout=LIMIT_MS)
    figures = page.locator(".vv-contents a").count()
    seen = f"document.querySelectorAll('.js-plotly-plot .main-svg:first-child').length >= {figures}"
    page.wait_for_function(seen, timeout=LIMIT_MS)
    return figures


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), pytest.param("dark", 360, marks=pytest.mark.slow)])
def test_a_run_is_read_and_taken_away(
    address: str, folder: Path, open_page: Callable[..., Any], ledger: Any, violations: Any, theme: str, width: int
) -> None:
    page = open_page(
        f"{address}/machines?run=small%20study&__theme={theme}", width=width, height=844, accept_downloads=True
    )
    assert drawn(page) == 13
    heading = page.locator("#heading").inner_text()
    assert "Most private" in heading
    assert "against house, semi-informed; one utterance enrols; LibriSpeech; 8 speakers" in heading
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page, ".vv-results-page") == []
    attacks = [one.attacker for one in conditions(Run(folder / "small study"))]
    page.click("#attack input")
    page.get_by_role("option").last.click()
    page.wait_for_function(
        f"document.querySelector('#heading').innerText.includes('{attacks[-1]}, ignorant; one utterance enrols')"
    )
    assert drawn(page) == 13
    with page.expect_download() as taken:
        page.locator("#further a[href$='speakers.csv']").click()
    rows = list(csv.DictReader(io.StringIO(Path(taken.value.path()).read_text(encoding="utf-8"))))
    assert len(rows) == len(Run(folder / "small study").table("speakers"))
    with page.expect_download() as taken:
        page.get_by_role("link", name="Report").click()
    assert "<h1>small study</h1>" in Path(taken.value.path()).read_text(encoding="utf-8")
    ledger.assert_clean()


@pytest.mark.slow
def test_published_figures_can_be_taken_away(address: str, open_page: Callable[..., Any], ledger: Any) -> None:
    page = open_page(f"{address}/machines?run=small%20study")
    drawn(page)
    layer = "document.querySelectorAll('#attacked-0 .legend .traces').length"
    assert page.evaluate(layer) == 4
    page.locator("#papers input").uncheck()
    page.wait_for_function(f"{layer} === 0")
    assert drawn(page) == 13
    ledger.assert_clean()


def test_a_run_that_is_still_going_says_so_and_people_are_a_click_away(
    address: str, open_page: Callable[..., Any], ledger: Any
) -> None:
    page = open_page(f"{address}/results")
    page.get_by_role("link", name="By machines").click()
    drawn(page)
    page.click("#run input")
    page.get_by_role("option", name="going").click()
    page.wait_for_selector("text=the run may still be going")
    page.wait_for_function("!document.querySelector('.js-plotly-plot')")
    ledger.assert_clean()
