"""Every word that the pages' code asks for is in the texts, in each language."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from listening_test.texts import LANGUAGES, texts

UI = Path(__file__).resolve().parents[2] / "listening_test" / "http" / "ui"


@pytest.fixture(scope="module")
def code() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(UI.glob("*.mjs")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_the_page_are_there(code: str, language: str) -> None:
    asked = set(re.findall(r"\bui\.([a-z_]+)", code))
    assert len(asked) > 30
    assert asked <= set(texts(language).section("page"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_page_fills_in_has_its_place(language: str) -> None:
    page = texts(language)
    for key, names in (
        ("progress", {"done", "of"}),
        ("retry_in", {"seconds"}),
        ("characters_left", {"left"}),
        ("keyboard", {"play", "answer"}),
    ):
        assert page.placeholders(f"page.{key}") == names


def test_the_pages_bring_everything_they_need_with_them(code: str) -> None:
    assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", code.replace("http://www.w3.org/2000/svg", ""))
    assert "innerHTML" not in code
    imported = set(re.findall(r'(?:from|import\()\s*"\./([a-z]+\.mjs)"', code))
    assert imported == {path.name for path in UI.glob("*.mjs")} - {"study.mjs"}
