"""The words listeners see, in their language: assets/texts, whose keys are explained at the top of en.yaml."""

from __future__ import annotations

import string
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

from listening_test.study import Language, Text

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "texts"
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Texts:
    """The texts of one language. A key is a path with dots, such as "blocks.headphones.title"."""

    def __init__(self, language: Language, tree: dict[str, Any]) -> None:
        self.language = language
        self._texts = dict(_flat(tree))

    def keys(self) -> tuple[str, ...]:
        """Every key, in the order of the file."""
        return tuple(self._texts)

    def __contains__(self, key: object) -> bool:
        return key in self._texts

    def get(self, key: str) -> str:
        """The text as it stands in the file, {placeholders} unfilled.

        Raises:
            KeyError: if there is no such text: a fault of the program, not of whoever uses it.
        """
        try:
            return self._texts[key]
        except KeyError:
            raise KeyError(f"There is no text {key!r} in {FOLDER.name}/{self.language}.yaml.") from None

    def format(self, key: str, **values: object) -> str:
        """The text with its {placeholders} filled in; values may hold braces, they are not looked into."""
        return self.get(key).format(**values)

    def paragraphs(self, key: str, **values: object) -> list[str]:
        """The text's paragraphs, filled in: what blank lines part."""
        return paragraphs(self.format(key, **values))

    def section(self, name: str) -> dict[str, str]:
        """The texts under a name by the rest of their keys: section("page")["play"]."""
        start = f"{name}."
        return {key.removeprefix(start): text for key, text in self._texts.items() if key.startswith(start)}

    def language_name(self, name: str) -> str:
        """What a language, given by its English name, is called in this one; as given when it is not known."""
        return self._texts.get(f"languages.{name.strip().lower()}", name)

    def placeholders(self, key: str) -> frozenset[str]:
        """Names of the {placeholders} in a text."""
        return frozenset(name for _, name, _, _ in string.Formatter().parse(self.get(key)) if name is not None)


@cache
def texts(language: Language) -> Texts:
    """The texts of a language, read once.

    Raises:
        KeyError: if there are none in that language.
    """
    if language not in LANGUAGES:
        raise KeyError(f"There are texts in {', '.join(LANGUAGES)}, but {language!r} was asked for.")
    from ruamel.yaml import YAML

    return Texts(language, YAML(typ="safe", pure=True).load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8")))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text: what blank lines part, each on one line."""
    parts = "\n".join(line.strip() for line in text.splitlines()).split("\n\n")
    return [" ".join(part.split()) for part in parts if part.strip()]


def choose(text: Text, language: str) -> str:
    """An owner's text in a language; where it lacks that one, in the first it has; "" when it is empty."""
    return text.get(cast(Language, language)) or next((words for words in text.values() if words), "")


def _flat(tree: dict[str, Any], path: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in tree.items():
        pairs += _flat(value, f"{path}{key}.") if isinstance(value, dict) else [(f"{path}{key}", value)]
    return pairs
