"""A study's YAML file: read into a Study with a sentence for every fault, and written back from one."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from listening_test import questions, study_faults
from listening_test.study import Study, StudyError, System
from listening_test.study_faults import shown

LARGEST_BYTES = 262_144
DEEPEST = 12
"""Levels of nesting; the longest path of a study has six."""
LARGEST_NUMBER = 10**18


def load_study(path: Path) -> Study:
    """The study in a file.

    Raises:
        StudyError: if the file cannot be read, or holds no study: a sentence for each fault, with its place.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise StudyError(f"A study file was expected at {path}, but it cannot be read: {error.strerror}.") from None
    _check_size(len(data), path.name)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise StudyError(f"{path.name}: text in UTF-8 was expected, but other bytes came: save it as UTF-8.") from None
    return parse_study(text, path.name)


def parse_study(text: str, source: str = "the study") -> Study:
    """The study in a YAML text; `source` is what the sentences call it.

    Raises:
        StudyError: if it is no YAML, or no study: a sentence for each fault, with its place.
    """
    _check_size(len(text.encode("utf-8", "replace")), source)
    tree = _parse(text, source)
    if not isinstance(tree, dict):
        raise StudyError(f'{source}: a study was expected, lines like "name: my-study", but {shown(tree)} came.')
    _refuse(source, list(_faults_of_values(tree)))
    try:
        study = Study.model_validate(tree)
    except ValidationError as error:
        raise StudyError(_listed(source, study_faults.sentences(error))) from None
    _refuse(source, questions.problems(study))
    return study


def _refuse(source: str, sentences: list[str]) -> None:
    if sentences:
        raise StudyError(_listed(source, sentences))


def _listed(source: str, sentences: list[str]) -> str:
    return "\n".join(f"{source}: {sentence}" for sentence in sentences)


def form_to_yaml(study: Study) -> str:
    """The study as YAML that reads back as the same study; what stands at its default is left out."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import LiteralScalarString

    def styled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: styled(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [styled(entry) for entry in value]
        return LiteralScalarString(value) if isinstance(value, str) and _is_block(value) else value

    writer, out = YAML(), io.StringIO()
    writer.width, writer.allow_unicode = 110, True
    writer.indent(mapping=2, sequence=4, offset=2)
    writer.dump(styled(_definition(study)), out)
    return out.getvalue()


def _definition(study: Study) -> dict[str, Any]:
    """What to write: no defaults, and of a system its label and anchor only where they are not the usual ones."""
    tree = study.model_dump(mode="json", exclude_defaults=True)
    for system, written in zip(study.systems, tree["systems"], strict=True):
        usual = System(system=system.system)
        for key in ("label", "anchor"):
            written.pop(key, None)
            if getattr(system, key) != getattr(usual, key):
                written[key] = getattr(system, key)
    tree["tasks"] = [{"type": task.pop("type"), **task} for task in tree["tasks"]]
    return tree


def _is_block(text: str) -> bool:
    """Whether a text is written as lines of its own and comes back the same."""
    plain = all(sign.isprintable() or sign == "\n" for sign in text)
    return "\n" in text and plain and not text.endswith("\n") and all(x == x.strip() for x in text.split("\n"))


def _check_size(size_bytes: int, source: str) -> None:
    if size_bytes > LARGEST_BYTES:
        raise StudyError(
            f"{source}: at most {LARGEST_BYTES // 1024} kB were expected, but it is larger: "
            "a study holds texts and settings, the voices stay in files of their own."
        )


def _parse(text: str, source: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        _check_events(text, source)
        return YAML(typ="safe", pure=True).load(text)
    except StudyError:
        raise
    except DuplicateKeyError as error:
        name = re.search(r'found duplicate key "?(.*?)"? with value', str(error.problem))
        which = f'"{name.group(1)}"' if name else "a key"
        raise StudyError(
            f"{source}, {_line(error.problem_mark)}: each key stands once, but {which} stands twice: keep one of them."
        ) from None
    except MarkedYAMLError as error:
        said = error.problem or error.context or "it breaks off"
        raise StudyError(
            f"{source}, {_line(error.problem_mark or error.context_mark)}: YAML was expected, but {said}: "
            "look at the indentation, colons and quotes there."
        ) from None
    except (YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise StudyError(f"{source}: YAML was expected, but it cannot be read ({said}).") from None


def _check_events(text: str, source: str) -> None:
    """Refuses, before anything is built, what no study needs: aliases (they multiply), tags, deep nesting."""
    from ruamel.yaml import YAML
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, DocumentStartEvent, NodeEvent

    depth, documents = 0, 0
    for event in YAML(typ="safe", pure=True).parse(text):
        what = ""
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        documents += isinstance(event, DocumentStartEvent)
        if isinstance(event, AliasEvent) or (isinstance(event, NodeEvent) and event.anchor):
            what = "an anchor or alias (& or *)"
        elif getattr(event, "tag", None) is not None:
            what = "a tag (!)"
        elif depth > DEEPEST:
            what = f"more than {DEEPEST} levels of nesting"
        elif documents > 1:
            what = "a second document (---)"
        if what:
            raise StudyError(
                f"{source}, {_line(event.start_mark)}: plain YAML was expected, but {what} came: leave it out."
            )


def _line(mark: Any) -> str:
    return f"line {mark.line + 1}" if mark is not None else "at its end"


def _faults_of_values(value: Any, place: str = "") -> Iterator[str]:
    """What YAML can say and a study cannot hold: keys that are no texts, numbers without end, signs without a shape."""
    if isinstance(value, dict):
        for key, entry in value.items():
            if not isinstance(key, str):
                yield f"{place or 'at the top'}: every key is a text, but {shown(key)} came: put it in quotes."
            yield from _faults_of_values(key) if isinstance(key, str) else ()
            yield from _faults_of_values(entry, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list):
        for i, entry in enumerate(value):
            yield from _faults_of_values(entry, f"{place}[{i}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield f"{place}: a number with an end was expected, but {value} came: write a number."
    elif isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        yield f"{place}: a number of at most 18 digits was expected, but a longer one came: write a smaller one."
    elif isinstance(value, str) and questions.unreadable(value):
        yield f"{place or 'a key'}: a text was expected, but it holds control characters: leave them out."
    elif not isinstance(value, str | int | float | None):
        yield f"{place}: a text or a number was expected, but {shown(value)} came: put it in quotes."
