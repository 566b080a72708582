"""What pydantic found wrong with a study, as sentences: the place, what was expected, what came, what to do."""

from __future__ import annotations

import types
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from listening_test.study import Study, Text

_KINDS = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list (lines that start with a hyphen)",
    "dict": "a list of keys and values",
    "model": "a list of keys and values",
    "path": "a path",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_LENGTHS = {
    "string_too_short": ("at least", "min_length", "characters"),
    "string_too_long": ("at most", "max_length", "characters"),
    "too_short": ("at least", "min_length", "entries"),
    "too_long": ("at most", "max_length", "entries"),
}
_PATTERNS = {
    "name": "small letters, digits and hyphens, at most 60 (it becomes part of addresses and file names)",
    "key": "small letters, digits and underscores, starting with a letter, at most 40",
}


def sentences(error: ValidationError) -> list[str]:
    """A sentence for each fault, in the order of the definition."""
    return [_sentence(fault) for fault in error.errors(include_url=False)]


def shown(value: Any) -> str:
    """A value as a sentence names it: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return ("lines of its own" if isinstance(value, dict) else "a list") if value else "nothing"
    if isinstance(value, int | float):
        return str(value).lower()[:60]
    text = " ".join((value if isinstance(value, str) else str(value)).split())
    return f'"{text if len(text) <= 60 else text[:57] + "…"}"'


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word most like this one."""
    return max(known, key=lambda other: SequenceMatcher(None, word.lower(), other.lower()).ratio())


def _sentence(fault: Any) -> str:
    place, expected_here, is_key = _walk(fault["loc"])
    kind, context, came = fault["type"], fault.get("ctx", {}), shown(fault["input"])
    if kind == "extra_forbidden":
        return _unknown_key(place, fault["loc"])
    if kind == "missing":
        return f"{place}: this is needed, but it is missing: add it."
    if kind in ("literal_error", "union_tag_invalid"):
        return _one_of(place, context.get("expected") or context["expected_tags"], fault, is_key)
    if kind == "union_tag_not_found":
        return f'{place}: a task says of what type it is, but this one does not: add a line like "type: mos".'
    if kind == "value_error":
        return f"{place}: {context['error']}." if place else f"{context['error']}."
    if expected_here == Text and kind == "dict_type":
        return (
            f'{place}: a text for each language was expected, lines like "en: …", but {came} came: name the language.'
        )
    were = "were" if kind in _LENGTHS or kind == "string_pattern_mismatch" else "was"
    return (
        f"{place}: {_expected(kind, context, fault)} {were} expected, but {came} came: {_mend(kind, fault['input'])}."
    )


def _expected(kind: str, context: dict[str, Any], fault: Any) -> str:
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"a number of {words} {context[key]:g}"
    if kind in _LENGTHS:
        words, key, of = _LENGTHS[kind]
        return f"{words} {context[key]} {of}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(fault["loc"][-1]), f"a text like {context['pattern']}")
    return _KINDS.get(kind.split("_")[0], f"another value ({fault['msg']})")


def _mend(kind: str, came: Any) -> str:
    if kind == "string_type" and isinstance(came, int | float):
        return "put it in quotes"
    return "write more" if kind in ("string_too_short", "too_short") else "change it"


def _one_of(place: str, expected: str, fault: Any, is_key: bool) -> str:
    known = [word.strip().strip("'") for word in expected.replace(" or ", ", ").split(",")]
    word = fault["input"].get("type") if isinstance(fault["input"], dict) else fault["input"]
    mend = f"did you mean {nearest(word, known)}?" if isinstance(word, str) and not is_key else "choose one of them."
    where = f"{place}.type" if fault["type"] == "union_tag_invalid" else place
    what = f"one of {', '.join(known)}" if len(known) > 1 else known[0]
    return f"{where}: {what} was expected, but {shown(word)} came: {mend}"


def _unknown_key(place: str, location: tuple[int | str, ...]) -> str:
    owner = _annotation(location[:-1])
    known = list(owner.model_fields) if isinstance(owner, type) and issubclass(owner, BaseModel) else []
    name = str(location[-1])
    if not known:
        return f"{place}: there is no such key: leave it out."
    return f'{place}: there is no key "{name}" here; the nearest is "{nearest(name, known)}" (of {", ".join(known)}).'


def _walk(location: tuple[int | str, ...]) -> tuple[str, Any, bool]:
    """A fault's place as an owner would write it, such as tasks[1].questions[0]; what belongs there; whether it is
    about a key."""
    place = ""
    for i, part in enumerate(location):
        if part == "[key]" or _models(_annotation(location[:i])):  # the latter: pydantic names the type of task here
            continue
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place.lstrip("."), _annotation(location), "[key]" in location


def _annotation(location: tuple[int | str, ...]) -> Any:
    """What the models say belongs at a place; None where they say nothing."""
    here: Any = Study
    for part in location:
        here = None if here is None else _step(_plain(here), part)
    return None if here is None else _plain(here)


def _step(here: Any, part: int | str) -> Any:
    if models := _models(here):
        return next((one for one in models if part in get_args(one.model_fields["type"].annotation)), None)
    if isinstance(here, type) and issubclass(here, BaseModel):
        field = here.model_fields.get(str(part))
        return field.annotation if field else None
    arguments = get_args(here)
    return arguments[-1] if get_origin(here) in (list, dict) else None


def _plain(annotation: Any) -> Any:
    """An annotation without Annotated and `| None`."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [one for one in get_args(annotation) if one is not type(None)]
        return _plain(rest[0]) if len(rest) == 1 else annotation
    return annotation


def _models(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The models a union chooses from by their type; none for anything else."""
    if annotation is None or get_origin(annotation) not in (Union, types.UnionType):
        return ()
    return tuple(one for one in get_args(annotation) if isinstance(one, type) and issubclass(one, BaseModel))
