"""The voices of a study: the rows of its manifest, or the files of its folder, each read once and checked."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from audio.clip import SUFFIXES, ClipError, decode
from listening_test.study import Study, StudyClip, StudyError
from listening_test.study_faults import shown

NEEDED = ("file", "speaker", "sex")
OPTIONAL = ("emotion", "transcript", "session", "language", "licence")
SEXES: dict[str, Literal["F", "M", "X"]] = {"f": "F", "female": "F", "m": "M", "male": "M", "x": "X"}
LONGEST_S = 600.0
"""Longer files are not read to their end; how long a study's clips may be is the study's own limit."""
LARGEST_FILE_BYTES = 200 * 1024 * 1024
LARGEST_MANIFEST_BYTES = 20 * 1024 * 1024
SHOWN_FAULTS = 20


@dataclass(frozen=True)
class _Row:
    place: str  # what a sentence calls it: "manifest.csv, row 3 (anna_1.wav)"
    path: Path
    key: str
    cells: dict[str, str]


def read(study: Study, folder: Path, *, inside: Path | None = None) -> list[StudyClip]:
    """The clips of a study, in the order of its manifest, or of the names of its files.

    `folder` is what relative paths in the study start from; paths in a manifest start from the manifest's folder.
    With `inside`, every file has to lie in that folder.

    Raises:
        StudyError: if the manifest or a clip is missing, unreadable or wrong: a sentence for each, with file and row.
    """
    rows = _rows(study, folder)
    faults = list(_faults_of_rows(rows, inside))
    if not faults:
        clips = [_clip(row) for row in rows]
        faults = [clip for clip in clips if isinstance(clip, str)]
        good = [clip for clip in clips if isinstance(clip, StudyClip)]
        faults += _same_bytes(good)
    if faults:
        more = len(faults) - SHOWN_FAULTS
        raise StudyError("\n".join(faults[:SHOWN_FAULTS] + ([f"… and {more} more like these."] if more > 0 else [])))
    return good


def _rows(study: Study, folder: Path) -> list[_Row]:
    source = study.clips.manifest or study.clips.folder or Path()
    place = folder / source
    rows = _rows_of_manifest(place) if study.clips.manifest else _rows_of_folder(place)
    if not rows:
        raise StudyError(f"{source}: at least one clip was expected, but there is none: add clips.")
    for column, values in study.clips.include.items():
        if not any(column in row.cells for row in rows):
            raise StudyError(
                f"clips.include.{column}: a column of {source.name} was expected, but it has only "
                f"{', '.join(rows[0].cells)}: choose one of them."
            )
        rows = [row for row in rows if row.cells.get(column, "") in values]
    if not rows:
        raise StudyError(
            f"clips.include: at least one clip of {source} was expected to match, but none does: "
            "look at the values, they count as they are written there."
        )
    return rows


def _rows_of_folder(folder: Path) -> list[_Row]:
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    except OSError as error:
        raise StudyError(
            f"A folder of clips was expected at {folder}, but it cannot be read: {error.strerror}."
        ) from None
    return [_Row(path.name, path, path.name, _cells_of_name(path)) for path in paths]


def _cells_of_name(path: Path) -> dict[str, str]:
    """speaker_anything.ext; `_f_` or `_m_` in the name, in either case, tells the sex."""
    sex = re.search(r"_([fm])(?:_|$)", path.stem.lower())
    return {"file": path.name, "speaker": path.stem.split("_")[0], "sex": sex.group(1) if sex else "x"}


def _rows_of_manifest(path: Path) -> list[_Row]:
    rows, faults = [], []
    reader = csv.DictReader(io.StringIO(_text(path), newline=""), delimiter=_delimiter(path), strict=True)
    try:
        columns = [(name or "").strip().lower() for name in reader.fieldnames or []]
        _check_columns(columns, path)
        reader.fieldnames = columns
        for cells in reader:
            place = f"{path.name}, line {reader.line_num}"
            if None in cells or None in cells.values():
                faults.append(f"{place}: {len(columns)} cells were expected, but another number came: quote commas.")
                continue
            cells = {column: cell.strip() for column, cell in cells.items()}
            if any(cells.values()):
                rows.append(_Row(f"{place} ({cells['file']})", path.parent / cells["file"], cells["file"], cells))
    except csv.Error as error:
        faults.append(f"{path.name}, line {reader.line_num}: a row of CSV was expected, but {error}: save it again.")
    if faults:
        raise StudyError("\n".join(faults[:SHOWN_FAULTS]))
    return rows


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_MANIFEST_BYTES:
            raise StudyError(f"{path.name}: a table of at most 20 MB was expected, but it is larger: cut it down.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise StudyError(
            f"A manifest was expected at {path}, but it cannot be read: {error.strerror}. It is a table (CSV) with a "
            f"row for each clip and the columns {', '.join(NEEDED)}, and where they are known {', '.join(OPTIONAL)}."
        ) from None
    except UnicodeDecodeError:
        raise StudyError(f"{path.name}: text in UTF-8 was expected, but other bytes came: save it as UTF-8.") from None


def _delimiter(path: Path) -> str:
    """Semicolons where a spreadsheet in German, French… wrote the file, else commas."""
    header = _text(path).partition("\n")[0]
    return ";" if header.count(";") > header.count(",") else ","


def _check_columns(columns: list[str], path: Path) -> None:
    if missing := [name for name in NEEDED if name not in columns]:
        raise StudyError(
            f"{path.name}: the columns {', '.join(NEEDED)} were expected, but {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing: name them in the first line."
        )
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise StudyError(f"{path.name}: each column stands once, but {', '.join(twice)} stands twice: keep one.")


def _faults_of_rows(rows: list[_Row], inside: Path | None) -> Iterator[str]:
    seen: dict[Path, str] = {}
    for row in rows:
        if not row.cells["speaker"]:
            yield f"{row.place}: a speaker was expected, but the cell is empty: write who speaks."
        if row.cells["sex"].lower() not in SEXES:
            came = shown(row.cells["sex"] or None)
            yield f"{row.place}: a sex was expected, F, M or X (unknown), but {came} came: change it."
        if fault := _fault_of_path(row, inside):
            yield fault
            continue
        path = row.path.resolve()
        if path in seen:
            yield f"{row.place}: each file stands once, but {seen[path]} has it too: keep one of them."
        seen.setdefault(path, row.place)


def _fault_of_path(row: _Row, inside: Path | None) -> str:
    if not row.cells["file"] or "\0" in row.cells["file"]:
        return f"{row.place}: the name of a sound file was expected, but the cell is empty: write one."
    try:
        path = row.path.resolve()
        if inside is not None and not path.is_relative_to(inside.resolve()):
            return f"{row.place}: a file in the study's own folder was expected, but it lies outside: copy it there."
        if not path.is_file():
            return f"{row.place}: a sound file was expected, but there is none at {row.path}: mend the name or add it."
        if path.stat().st_size > LARGEST_FILE_BYTES:
            return f"{row.place}: a file of at most 200 MB was expected, but it is larger: cut it down."
    except (OSError, RuntimeError) as error:
        return f"{row.place}: a sound file was expected, but it cannot be reached: {error}."
    return ""


def _clip(row: _Row) -> StudyClip | str:
    """The row's clip, or a sentence on why there is none."""
    try:
        data = row.path.read_bytes()
        clip = decode(data, max_duration_s=LONGEST_S).clip
    except ClipError as error:
        return f"{row.place}: {error}"
    except OSError as error:
        return f"{row.place}: a sound file was expected, but it cannot be read: {error.strerror}."
    if clip.is_silent:
        return f"{row.place}: a voice was expected, but the file is digital silence: record or export it again."
    facts = {name: row.cells.get(name, "") for name in OPTIONAL}
    return StudyClip(
        key=row.key,
        path=row.path.absolute(),  # to be found again from anywhere
        speaker=row.cells["speaker"],
        sex=SEXES[row.cells["sex"].lower()],
        duration_s=clip.duration_s,
        sha256=hashlib.sha256(data).hexdigest(),
        **facts,
    )


def _same_bytes(clips: list[StudyClip]) -> list[str]:
    first: dict[str, str] = {}
    return [
        f"{clip.key}: each clip was expected to be another recording, but it is the same as {other}: keep one of them."
        for clip in clips
        if (other := first.setdefault(clip.sha256, clip.key)) != clip.key
    ]
