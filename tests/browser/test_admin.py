"""The owner's page in a real Chromium: from the login to a deleted study."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from listening_test import stimuli
from tests.browser.conftest import wait_until
from tests.web.owned_studies import SMALL, Tones
from web.server import create_app
from web.settings import Settings
from web.study_service import EXAMPLES

PASSWORD = "correct horse"
HOSTILE = "<img src=x onerror=document.title='hit'>${document.title='hit'}{{constructor}}"


@pytest.fixture(scope="module")
def tones() -> Iterator[Tones]:
    tones = Tones()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stimuli, "render", tones.render)
        yield tones


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, tones: Tones) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("data")
    app = create_app(Settings(offline=True, data_dir=folder, admin_password=PASSWORD, demo_study=False, workers=1))
    yield app
    app.state.services.close()


@pytest.fixture(scope="module")
def address(serve: Callable[[Any], str], app: Any) -> str:
    return serve(app)


@pytest.fixture
def studies(app: Any) -> Iterator[Any]:
    """The app's study service, without studies."""
    studies = app.state.services.studies
    yield studies
    for info in studies.store.studies():
        studies.delete(info.id, info.name)


@pytest.fixture
def admin(address: str, studies: Any, open_page: Callable[..., Any]) -> Callable[..., Any]:
    """admin(**options of open_page) -> the owner's page, logged in."""

    def open_(theme: str = "light", **options: Any) -> Any:
        page = open_page(f"{address}/admin/", **options)
        page.fill("#password", PASSWORD)
        page.click("button")
        page.goto(f"{address}/admin/?__theme={theme}")
        page.wait_for_selector("#nothing")
        return page

    return open_


def write(page: Any, text: str) -> None:
    page.click("#new")
    page.wait_for_selector("#editor", state="visible")
    page.fill("#yaml textarea", text)


def save(page: Any, text: str) -> None:
    write(page, text)
    page.click("#save")
    page.wait_for_selector("#panel", state="visible")


def press(page: Any, *ids: str) -> None:
    """Press buttons, each once the page offers it."""
    for one in ids:
        page.wait_for_selector(f"#{one}:not([disabled])", state="visible")
        page.click(f"#{one}")


def render(page: Any) -> None:
    press(page, "render")
    page.wait_for_selector("#open", state="visible", timeout=60_000)


def fill(page: Any, one: str, text: str) -> None:
    page.locator(f"#{one} :is(input, textarea)").first.fill(text)


@pytest.mark.parametrize(
    ("theme", "width"),
    [("light", 1280), pytest.param("dark", 390, marks=pytest.mark.slow)],
)
def test_from_a_form_to_an_export(
    admin: Callable[..., Any], address: str, studies: Any, violations: Any, ledger: Any, theme: str, width: int
) -> None:
    page = admin(theme, width=width, accept_downloads=True)

    def look() -> None:
        assert violations(page, ".gradio-container") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    look()
    page.click("#new")
    page.get_by_role("tab", name="Form").click()
    page.click("#use-form")
    page.get_by_text("ethics.controller").wait_for()  # what is missing is said where the button is
    fill(page, "form-title", "A study from the form")
    fill(page, "form-controller", "The test bench")
    fill(page, "form-voices", "Made by a synthesiser.")
    fill(page, "form-listeners", "3")
    look()
    page.click("#use-form")
    page.wait_for_function("document.querySelector('#yaml textarea').value.includes('name: a-study-from-the-form')")
    page.click("#save")
    page.wait_for_selector("#panel", state="visible")
    look()
    press(page, "check")
    page.get_by_text("This study is feasible.").wait_for()
    page.get_by_role("heading", name="What it will be able to show").wait_for()
    page.locator("#findings-of-check").get_by_text("Listeners it takes").wait_for()
    look()
    render(page)
    preview = page.input_value("#preview-link textarea, #preview-link input")
    assert httpx.get(preview).status_code == 200
    press(page, "open")
    page.get_by_text("It is open: send the link.").wait_for()
    link = page.input_value("#study-link textarea, #study-link input")
    assert link.startswith(f"{address}/study/")
    agreed = {"language": "en", "consent_version": "1", "age_ok": True, "device": "pointer"}
    assert httpx.post(f"{link}/enrol", json=agreed).status_code == 201
    press(page, "refresh")
    page.locator("#watch").get_by_text("Taking it now").wait_for()
    wait_until(lambda: "Enrolled\n1" in page.inner_text("#watch"))
    look()
    with page.expect_download() as download:
        page.locator("#exports").get_by_text("CSV", exact=True).click()
    assert download.value.suggested_filename == "a-study-from-the-form-v1.csv"
    press(page, "close")
    page.get_by_text("It is closed.").wait_for()
    assert httpx.post(f"{link}/enrol", json=agreed).status_code != 201
    look()
    page.get_by_role("button", name="Delete").first.click()
    fill(page, "typed", "another")
    page.click("#delete")
    page.get_by_text("type its name: a-study-from-the-form").wait_for()
    fill(page, "typed", "a-study-from-the-form")
    page.click("#delete")
    page.get_by_text("are deleted").wait_for()
    assert studies.store.studies() == []
    ledger.assert_clean()


def test_wrong_passwords_stay_outside(address: str, open_page: Callable[..., Any], violations: Any) -> None:
    page = open_page(f"{address}/admin/")
    assert page.url == f"{address}/admin/login"
    page.fill("#password", "wrong")
    page.click("button")
    page.get_by_text("This is not the password").wait_for()
    assert page.locator("#nothing").count() == 0
    assert violations(page, "main") == []


def test_log_out_closes_the_door(admin: Callable[..., Any], address: str) -> None:
    page = admin()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_selector("#password")
    page.goto(f"{address}/admin/")
    assert page.url == f"{address}/admin/login"


def test_voices_are_uploaded_with_the_file(admin: Callable[..., Any], studies: Any, tmp_path: Path) -> None:
    packed = tmp_path / "voices.zip"
    with zipfile.ZipFile(packed, "w") as out:
        for file in (EXAMPLES / "voices").iterdir():
            out.write(file, f"my voices/{file.name}")
    page = admin()
    write(page, SMALL)
    page.set_input_files("#voices input[type=file]", packed)
    page.locator("#voices").get_by_text("voices").first.wait_for()
    wait_until(lambda: page.locator("#voices .file-preview").count() == 1)
    page.click("#save")
    page.wait_for_selector("#panel", state="visible")
    (info,) = studies.store.studies()
    assert (info.folder / "voices" / "manifest.csv").is_file()


def test_a_fault_in_the_file_keeps_what_was_typed(admin: Callable[..., Any], studies: Any) -> None:
    page = admin()
    write(page, SMALL.replace("title:", "titel:"))
    page.click("#save")
    page.locator("#said-of-file").get_by_text("title").first.wait_for()
    assert "titel: A small study" in page.input_value("#yaml textarea")
    assert studies.store.studies() == []


def test_a_rendering_can_be_stopped_and_goes_on(admin: Callable[..., Any], tones: Tones, studies: Any) -> None:
    page = admin()
    save(page, SMALL)
    tones.go_on.clear()
    press(page, "render", "stop")
    page.get_by_text("Stopped. What is rendered stays").wait_for()
    tones.go_on.set()
    render(page)
    assert [info.state for info in studies.store.studies()] == ["ready"]


def test_markup_in_a_study_stays_text(admin: Callable[..., Any], ledger: Any) -> None:
    page = admin()
    save(page, SMALL.replace("title: A small study", f'title: "{HOSTILE}"'))
    page.locator("#heading").get_by_text("<img src=x").wait_for()
    press(page, "edit")
    page.wait_for_selector("#editor", state="visible")
    assert HOSTILE in page.input_value("#yaml textarea")
    assert page.locator("img[src=x]").count() == 0
    assert page.title() != "hit"
    ledger.assert_clean()
