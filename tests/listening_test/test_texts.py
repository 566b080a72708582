"""What listeners read: the same keys and placeholders in every language, and nothing that tells a system."""

from __future__ import annotations

import re

import pytest

from anonymizers import registry
from listening_test.study import Study
from listening_test.texts import LANGUAGES, choose, paragraphs, texts

ENGLISH = texts("en")
SECTIONS = {"page", "consent", "blocks", "tasks", "questions", "emotions", "feedback", "errors", "ends", "attention"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_in_the_same_order(language):
    assert texts(language).keys() == ENGLISH.keys()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_placeholders(language):
    said = texts(language)
    assert [key for key in said.keys() if said.placeholders(key) != ENGLISH.placeholders(key)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_words(language):
    said = texts(language)
    assert [key for key in said.keys() if not isinstance(said.get(key), str) or not said.get(key).strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_holds_markup_or_a_double_space(language):
    said = texts(language)
    assert [key for key in said.keys() if re.search(r"[<>]|  |\bTODO\b", said.get(key))] == []


def test_nothing_is_left_in_english():
    german = texts("de")
    same = [key for key in ENGLISH.keys() if german.get(key) == ENGLISH.get(key)]
    names = [key for key in same if key.startswith("languages.")]
    fills = {"consent.facts.pay.text", "consent.facts.controller.text"}
    assert set(same) - set(names) - fills == set()


def test_every_section_is_explained_at_the_top_of_the_english_file():
    from listening_test.texts import FOLDER

    top = (FOLDER / "en.yaml").read_text(encoding="utf-8").split("\n\n")[0]
    assert {key.split(".")[0] for key in ENGLISH.keys()} >= SECTIONS
    assert [name for name in {key.split(".")[0] for key in ENGLISH.keys()} if f"#   {name}" not in top] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_names_a_system_or_what_it_does(language):
    said = texts(language)
    words = {key for key in registry.keys() if key != "original"} | {"anonymi", "mcadams", "formant", "vocoder"}
    assert [key for key in said.keys() if any(word in said.get(key).lower() for word in words)] == []


def test_every_task_and_block_has_title_and_text():
    from typing import get_args

    from listening_test.trial import Block

    kinds = [get_args(one.model_fields["type"].annotation)[0] for one in _tasks()]
    places = [f"tasks.{kind}" for kind in kinds] + [f"blocks.{name}" for name in get_args(Block) if name != "task"]
    assert [place for place in places if f"{place}.title" not in ENGLISH or f"{place}.text" not in ENGLISH] == []


def _tasks():
    from typing import get_args

    union = get_args(get_args(Study.model_fields["tasks"].annotation)[0])[0]
    return get_args(union)


def test_a_missing_text_is_named():
    with pytest.raises(KeyError, match=r"page\.sing"):
        ENGLISH.get("page.sing")


def test_a_missing_language_is_named():
    with pytest.raises(KeyError, match="en, de"):
        texts("fr")  # type: ignore[arg-type]


def test_texts_are_filled_in_whatever_the_value_holds():
    assert ENGLISH.format("page.progress", done="{of}", of=20) == "{of} of 20"


def test_a_section_has_the_rest_of_the_keys():
    assert ENGLISH.section("page")["play"] == "Play"
    assert ENGLISH.section("consent.facts")["minutes.term"] == "Time"


def test_paragraphs_are_what_blank_lines_part():
    assert paragraphs("one\ntwo\n \n\nthree  four\n") == ["one two", "three four"]
    assert len(ENGLISH.paragraphs("blocks.headphones.text")) == 2


@pytest.mark.parametrize(
    ("text", "language", "chosen"),
    [({"en": "a", "de": "b"}, "de", "b"), ({"en": "a"}, "de", "a"), ({"de": "", "en": "a"}, "de", "a"), ({}, "en", "")],
)
def test_an_owners_text_falls_back_to_a_language_it_has(text, language, chosen):
    assert choose(text, language) == chosen


@pytest.mark.parametrize(("name", "called"), [("English", "Englisch"), (" german ", "Deutsch"), ("Basque", "Basque")])
def test_languages_of_clips_have_names(name, called):
    assert texts("de").language_name(name) == called
