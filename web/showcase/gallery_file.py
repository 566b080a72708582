"""Reading a gallery: its YAML file, the table of its clips, and the clips' bytes; a sentence for every fault."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from web.showcase.gallery import Definition, Gallery, GalleryError, Row, Utterance

DEFAULT = Path(__file__).resolve().parents[2] / "assets" / "showcase.yaml"
LARGEST_TEXT_BYTES = 1_000_000
LARGEST_CLIP_BYTES = 20_000_000
MAX_CELLS = 1000
SHOWN_FAULTS = 10


def chosen(named: str | Path | None, data_dir: Path) -> Path:
    """The gallery's file: the one that a setting names, else showcase.yaml in the data folder, else the shipped one."""
    own = data_dir / "showcase.yaml"
    return Path(named) if named else own if own.is_file() else DEFAULT


def load(path: Path) -> Gallery:
    """The gallery in a file, its clips found (not decoded).

    Raises:
        GalleryError: if it cannot be read, is no gallery, or a clip is missing: a sentence for each fault.
    """
    definition = _definition(_tree(path), path.name)
    named = list(_utterances(definition, path.parent))
    rows = _rows(definition, named)
    if len(rows) * len(definition.systems) > MAX_CELLS:
        raise GalleryError(
            f"{path.name}: at most {MAX_CELLS} sounds were expected, but {len(rows)} clips through "
            f"{len(definition.systems)} systems are more: set per_group, or name fewer."
        )
    return Gallery(definition, rows)


def stamp(path: Path) -> tuple[Any, ...]:
    """What changes when the gallery's file, its table or one of its clips is edited; cheap to ask."""
    try:
        definition = _definition(_tree(path), path.name)
        files = [place for place, _ in _utterances(definition, path.parent)]
    except GalleryError as error:
        return str(path), str(error)
    manifest = [path.parent / definition.manifest] if definition.manifest else []
    return tuple((str(one), _seen(one)) for one in (path, *manifest, *files))


def _seen(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


def _text(path: Path, what: str) -> str:
    try:
        if path.stat().st_size > LARGEST_TEXT_BYTES:
            raise GalleryError(f"{path.name}: at most 1 MB was expected, but it is larger: cut it down.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise GalleryError(f"{what} was expected at {path}, but it cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise GalleryError(
            f"{path.name}: text in UTF-8 was expected, but other bytes came: save it as UTF-8."
        ) from None


def _tree(path: Path) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    text = _text(path, "A gallery")
    try:
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        said = error.problem or error.context or "it breaks off"
        raise GalleryError(f"{path.name}{line}: YAML was expected, but {said}: look at the indentation.") from None
    except (YAMLError, ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise GalleryError(f"{path.name}: YAML was expected, but {error}: save it again.") from None


def _definition(tree: Any, source: str) -> Definition:
    if not isinstance(tree, dict):
        raise GalleryError(f'{source}: a gallery was expected, lines like "title: …", but something else came.')
    try:
        return Definition.model_validate(tree)
    except ValidationError as error:
        faults = [f"{source}: {_sentence(fault)}" for fault in error.errors(include_url=False)]
        raise GalleryError(_listed(faults)) from None


def _sentence(fault: Any) -> str:
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault["loc"]).lstrip(".")
    if fault["type"] == "value_error":
        return f"{place}: {fault['ctx']['error']}.".removeprefix(": ")
    if fault["type"] == "extra_forbidden":
        return f"{place}: there is no such key: leave it out."
    if fault["type"] == "missing":
        return f"{place}: this is needed, but it is missing: add it."
    came = " ".join(str(fault["input"]).split())[:60]
    return f"{place}: {fault['msg'][0].lower()}{fault['msg'][1:]}, but {came!r} came: change it."


def _listed(faults: Sequence[str]) -> str:
    more = len(faults) - SHOWN_FAULTS
    return "\n".join([*faults[:SHOWN_FAULTS], *([f"… and {more} more like these."] if more > 0 else [])])


def _utterances(definition: Definition, folder: Path) -> Iterator[tuple[Path, Utterance]]:
    """Every clip that is named, with its place, in order."""
    if definition.manifest is None:
        yield from ((folder / one.file, one) for one in definition.utterances)
        return
    table = folder / definition.manifest
    yield from ((table.parent / one.file, one) for one in _manifest(table))


def _manifest(path: Path) -> list[Utterance]:
    text = _text(path, "A table of clips")
    header = text.partition("\n")[0]
    lines = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if header.count(";") > header.count(",") else ","
    )
    try:
        return [_of_line(cells, f"{path.name}, line {lines.line_num}") for cells in lines]
    except csv.Error as error:
        raise GalleryError(f"{path.name}: a table (CSV) was expected, but {error}: save it again.") from None


def _of_line(cells: dict[str | None, Any], place: str) -> Utterance:
    known = {
        name.strip().lower(): value or ""
        for name, value in cells.items()
        if name and name.strip().lower() in Utterance.model_fields
    }
    if not str(known.get("file", "")).strip():
        raise GalleryError(f"{place}: the name of a sound file was expected in the column file, but there is none.")
    try:
        return Utterance.model_validate(known)
    except ValidationError as error:
        raise GalleryError(_listed([f"{place}: {_sentence(fault)}" for fault in error.errors()])) from None


def _rows(definition: Definition, named: Sequence[tuple[Path, Utterance]]) -> tuple[Row, ...]:
    grouped: dict[str, list[tuple[Path, Utterance]]] = {name: [] for name in definition.groups}
    for path, one in named:
        group = getattr(one, definition.grouped_by)
        if group in grouped or not definition.groups:
            grouped.setdefault(group, []).append((path, one))
    if empty := [name for name in definition.groups if not grouped[name]]:
        raise GalleryError(
            f"groups: clips whose {definition.grouped_by} is {', '.join(empty)} were expected, but there are none: "
            "look at how the clips name it, it counts as it is written there."
        )
    shown = [(group, *one) for group, members in grouped.items() for one in members[: definition.per_group]]
    if not shown:
        raise GalleryError("At least one clip was expected, but there is none: add clips to the gallery.")
    faults = [fault for _, path, one in shown if (fault := _fault(definition, path, one))]
    if faults:
        raise GalleryError(_listed(faults))
    return tuple(
        Row(number, _licensed(definition, one), path, hashlib.sha256(path.read_bytes()).hexdigest(), group)
        for number, (group, path, one) in enumerate(shown, 1)
    )


def _licensed(definition: Definition, one: Utterance) -> Utterance:
    return one if one.licence else one.model_copy(update={"licence": definition.licence})


def _fault(definition: Definition, path: Path, one: Utterance) -> str:
    try:
        if not path.is_file():
            return f"{one.file}: a sound file was expected, but there is none at {path}: mend the name or add it."
        if path.stat().st_size > LARGEST_CLIP_BYTES:
            return f"{one.file}: a file of at most 20 MB was expected, but it is larger: cut it to one utterance."
    except (OSError, ValueError) as error:
        return f"{one.file}: a sound file was expected, but it cannot be reached: {error}."
    if not (one.licence or definition.licence):
        return f"{one.file}: a licence was expected, as everybody can hear this voice: say under which it is shown."
    needs_speaker = definition.level == "speaker" or any(column.level == "speaker" for column in definition.systems)
    if needs_speaker and not one.speaker:
        return f"{one.file}: a speaker was expected, as one pseudo-speaker is drawn for each: say who speaks."
    return ""
