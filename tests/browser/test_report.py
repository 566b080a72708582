"""A report opened from disk without a network: drawn, quiet, readable on a phone, in the dark and on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from listening_test import report
from tests.listening_test import analysed, known_tables, planning

FIGURES = 18
PAPER_PX = 688


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a study with every task and every kind of table."""
    study = planning.study(analysed.EVERY_TASK, design=analysed.ROOM)
    answers = analysed.of(study, listeners=3).frame
    styles = known_tables.about()["styles"]
    styles["mcadams"]["name"] = "Prosody scaling (mild)"  # among the longest there are
    source = report.Source(study, planning.clips(), "name: planned\n", known_tables.results(styles=styles), answers)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_bytes(report.build(source, at_s=1_700_000_000.0).files["report.html"])
    return path


@pytest.fixture
def opened(file: Path, open_page: Any, ledger: Any) -> Any:
    """opened(**options) -> the page, every figure drawn."""

    def open_(**options: Any) -> Any:
        page = open_page(file.as_uri(), offline=True, **options)
        page.wait_for_function(f"document.documentElement.dataset.drawn === '{FIGURES}'")
        return page

    return open_


def test_it_opens_offline_asks_for_nothing_and_complains_of_nothing(opened: Any, file: Path, ledger: Any):
    page = opened()
    page.wait_for_load_state("networkidle")
    assert [one.url for one in ledger.requests if not one.url.startswith("data:")] == [file.as_uri()]
    assert ledger.console_errors == []
    assert ledger.page_errors == []
    assert page.locator(".plot .main-svg").count() >= FIGURES


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(opened: Any, width: int):
    page = opened(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    widths = page.evaluate("[...document.querySelectorAll('.plot .main-svg')].map((svg) => svg.clientWidth)")
    assert max(widths) <= min(width, PAPER_PX)


def test_no_heading_of_a_panel_is_cut_off_on_a_phone(opened: Any):
    page = opened(width=390)
    cut = page.evaluate(
        """[...document.querySelectorAll('.plot')].flatMap((plot) => [...plot.querySelectorAll('.annotation-text')]
            .filter((text) => text.getBoundingClientRect().right > plot.getBoundingClientRect().right + 1)
            .map((text) => text.textContent))"""
    )
    assert cut == []


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_anybody_can_read_it(opened: Any, violations: Any, scheme: str):
    page = opened(color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert violations(page, "main") == []


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_text_of_figures_has_the_colour_of_the_page(opened: Any, scheme: str):
    page = opened(color_scheme=scheme)
    colours = page.evaluate(
        """[...new Set([...document.querySelectorAll('.plot text')].map((text) => getComputedStyle(text).fill))]"""
    )
    assert colours == [page.evaluate("getComputedStyle(document.body).color")]


def test_tables_open_and_their_file_can_be_taken(opened: Any, tmp_path: Path):
    page = opened()
    page.locator("#table-mos summary").click()
    with page.expect_download() as waiting:
        page.locator("#table-mos .file").click()
    assert waiting.value.suggested_filename == "mos.csv"
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    assert text.startswith("exclusions,task,question,system,value")


def test_answers_can_be_taken(opened: Any):
    page = opened()
    with page.expect_download() as waiting:
        page.locator("#answers .file").click()
    assert waiting.value.suggested_filename == "report.answers.csv.gz"
    assert Path(waiting.value.path()).read_bytes()[:2] == b"\x1f\x8b"


def test_on_paper_every_table_is_open_and_everything_fits(opened: Any):
    page = opened(width=PAPER_PX)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function("!document.querySelector('details:not([open])')")
    wide = page.evaluate(
        f"""[...document.querySelectorAll('table, .plot, pre')]
            .filter((one) => one.getBoundingClientRect().right > {PAPER_PX} + 1)
            .map((one) => one.outerHTML.slice(0, 60))"""
    )
    assert wide == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


def test_it_prints_on_sheets_of_a4_in_light_colours(opened: Any):
    page = opened(color_scheme="dark")
    data = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", data)) > 5
    boxes = set(re.findall(rb"/MediaBox\s*\[\s*0 0 (\d+)[.\d]* (\d+)", data))
    assert boxes <= {(b"594", b"841"), (b"595", b"842"), (b"596", b"842"), (b"594", b"842"), (b"595", b"841")}
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
