"""Speech listed in a manifest.csv: a row a recording, with the columns path and speaker and what else is known."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from evaluation.corpus import Corpus, CorpusError, Utterance, name_of
from evaluation.corpus_words import emotion_of, key_of, language_of, session_of, sex_of, some, text_of

NEEDED = ("path", "speaker")
LARGEST_BYTES = 200 * 1024 * 1024
Row = dict[str, str]
Fault = tuple[str, str]
"""What is wrong, and where."""


def load(place: Path, *, split: str = "") -> Corpus:
    """The recordings of a manifest: `place` itself, or the manifest.csv in it. Paths start from its folder.

    Columns: path (or file), speaker; where they are known utterance (its key; else the file's name), sex, emotion,
    transcript, language, session, corpus, split, start_s, end_s. Without a session, LibriSpeech's names tell it.
    Relative paths may not lead out of the folder; absolute ones are taken as they are.

    Raises:
        CorpusError: if the table cannot be read, or `split` is not in it.
    """
    path = place if place.is_file() else place / "manifest.csv"
    rows, faults = _rows(path)
    rows = _of_split(rows, split, path)
    utterances: dict[str, Utterance] = {}
    there = {row["path"]: _stem(row) for _, row in rows if isinstance(_path(row["path"], path.parent), Path)}
    stems = Counter(there.values())
    for where, row in rows:
        made = _utterance(row, path.parent, unique=stems[_stem(row)] <= 1)
        if isinstance(made, str):
            faults.append((made, f"{where} ({row['path'][:80]})"))
        elif made.key in utterances:
            faults.append(("each utterance stands once, but the name stood there before", f"{where} ({made.key})"))
        else:
            utterances[made.key] = made
    found = tuple(utterances[key] for key in sorted(utterances))
    folder = path.parent.resolve().name
    problems = tuple(_sentences(path, faults))
    return Corpus(name_of(found, folder), split or folder, path.parent, found, problems=problems)


def _sentences(path: Path, faults: list[Fault]) -> Iterator[str]:
    """One for each kind of fault."""
    places: dict[str, list[str]] = {}
    for fault, where in faults:
        places.setdefault(fault, []).append(where)
    for fault, every in places.items():
        yield f"{path.name}: {fault}: {len(every)} left out, {some(every)}."


def _rows(path: Path) -> tuple[list[tuple[str, Row]], list[Fault]]:
    """Each row with what a sentence calls it; and those that are no rows."""
    if path.stat().st_size > LARGEST_BYTES:
        raise CorpusError(f"{path}: a table of at most 200 MB was expected, but it is larger: split it.")
    text = text_of(path)
    header = text.partition("\n")[0]
    delimiter = ";" if header.count(";") > header.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[str, Row]] = []
    faults: list[Fault] = []
    try:
        columns = [_column(name) for name in reader.fieldnames or []]
        _check(columns, path)
        reader.fieldnames = columns
        for cells in reader:
            where = f"line {reader.line_num}"
            if None in cells or None in cells.values():
                faults.append((f"{len(columns)} cells were expected, but another number came", where))
            elif any(cells.values()):
                rows.append((where, {column: cell.strip() for column, cell in cells.items()}))
    except csv.Error as error:
        raise CorpusError(
            f"{path}, line {reader.line_num}: a row of CSV was expected, but {error}: save it again."
        ) from None
    return rows, faults


def _column(name: str | None) -> str:
    word = (name or "").strip().lower()
    return "path" if word == "file" else word


def _check(columns: list[str], path: Path) -> None:
    missing = [name for name in NEEDED if name not in columns]
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if missing or twice:
        fault = f"{', '.join(missing)} missing" if missing else f"{', '.join(twice)} there twice"
        raise CorpusError(
            f"{path}: the columns path and speaker were expected, each once, but with {fault}: name them in line 1."
        )


def _of_split(rows: list[tuple[str, Row]], split: str, path: Path) -> list[tuple[str, Row]]:
    there = sorted({row["split"] for _, row in rows if row.get("split")})
    if not split or not there:
        return rows
    if split not in there:
        raise CorpusError(f"{path}: the split {split!r} was expected, but it has {some(there)}: choose one of them.")
    return [(where, row) for where, row in rows if row["split"] == split]


def _stem(row: Row) -> str:
    return row.get("utterance") or PurePosixPath(row["path"]).stem


def _utterance(row: Row, folder: Path, *, unique: bool) -> Utterance | str:
    """The row's utterance, or the rest of a sentence on why there is none."""
    path = _path(row["path"], folder)
    if isinstance(path, str):
        return path
    if not row["speaker"]:
        return "a speaker was expected, but the cell is empty"
    sex = sex_of(row.get("sex", ""))
    if sex is None:
        return f"the sex F, M or nothing was expected, but {row['sex'][:40]!r} came"
    part = _part(row)
    if part is None:
        return "start_s and end_s are seconds, the start before the end, but something else came"
    name = _stem(row) if unique or row.get("utterance") else str(PurePosixPath(row["path"]).with_suffix(""))
    return Utterance(
        key=key_of(name),
        path=path,
        speaker=row["speaker"],
        sex=sex,
        session=row.get("session") or session_of(path.stem),
        emotion=emotion_of(row.get("emotion", "")),
        start_s=part[0],
        end_s=part[1],
        language=language_of(row.get("language", "")),
        **{name: row.get(name, "") for name in ("transcript", "corpus")},
    )


def _path(cell: str, folder: Path) -> Path | str:
    if not cell or "\0" in cell:
        return "the path of a sound file was expected, but the cell is empty"
    try:
        path = folder / cell
        absolute = PurePosixPath(cell).is_absolute() or PureWindowsPath(cell).is_absolute()
        if not absolute and not path.resolve().is_relative_to(folder.resolve()):
            return "a file in the manifest's folder was expected, but the path leads out of it"
        return path if path.is_file() else "a sound file was expected, but there is none"
    except (OSError, RuntimeError) as error:
        return f"a sound file was expected, but it cannot be reached ({type(error).__name__})"


def _part(row: Row) -> tuple[float, float] | None:
    try:
        start_s, end_s = (float(row.get(name) or 0) for name in ("start_s", "end_s"))
    except ValueError:
        return None
    sensible = start_s >= 0 and (end_s == 0 or start_s < end_s < float("inf"))
    return (start_s, end_s) if sensible else None
