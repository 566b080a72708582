"""Example voices: those shipped in assets/demo, and a few fetched from their publishers on request."""

from __future__ import annotations

import csv
import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from anonymizers.base import Progress, silent
from web.archives import ExamplesError, UnreachableError
from web.publishers import PUBLISHERS, SEXES, Source, clips

__all__ = ["PUBLISHERS", "Example", "ExamplesError", "Source", "fetch_examples", "list_examples", "shipped_examples"]

DEMO = Path(__file__).resolve().parents[1] / "assets" / "demo"
_INDEX, _LICENCE = "examples.json", "LICENCE.txt"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Example:
    """A clip to try things on: `id` is unique and opaque, `detail` one line, `licence` how it may be used.

    `transcript` (what is said), `language` ("English") and `speaker` ("emodb-03"): "" where they are not known.
    """

    id: str
    title: str
    detail: str
    licence: str
    path: Path
    transcript: str = ""
    language: str = ""
    speaker: str = ""


def shipped_examples(folder: Path = DEMO) -> tuple[Example, ...]:
    """The clips of `folder`/manifest.csv that are there, in its order; none when it has no manifest."""
    manifest = folder / "manifest.csv"
    if not manifest.is_file():
        return ()
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (folder / row["file"]).is_file()]
    return tuple(
        Example(
            id=f"demo-{Path(row['file']).stem}",
            title=row["title"],
            detail=", ".join(filter(None, (SEXES.get(row["sex"]), row["language"], row["emotion"]))),
            licence=row["licence"],
            path=folder / row["file"],
            transcript=row.get("transcript", ""),
            language=row.get("language", ""),
            speaker=row.get("speaker", ""),
        )
        for row in rows
    )


def list_examples(data_dir: Path) -> tuple[Example, ...]:
    """The shipped clips, then those fetched into `data_dir` before."""
    folders = sorted(path.parent for path in _home(data_dir).glob(f"*/{_INDEX}"))
    return shipped_examples() + tuple(example for folder in folders for example in _read(folder))


def fetch_examples(
    data_dir: Path,
    *,
    sources: tuple[Source, ...] = PUBLISHERS,
    offline: bool,
    progress: Progress = silent,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Example, ...]:
    """Fetch a few clips from each source into `data_dir`/examples, or only look them up where they are already there.

    A source comes whole or not at all. One that fails does not keep the others from coming. `stopped` is asked
    throughout a download.

    Returns:
        the clips of all `sources`.

    Raises:
        ExamplesError: if any source could not be fetched; those that came stay, and are in `list_examples`.
    """
    failures: dict[str, ExamplesError] = {}
    for number, source in enumerate(sources):
        if _read(_home(data_dir) / source.key):
            continue
        if offline:
            raise ExamplesError(
                "Fetching examples needs a network, but VOICEVEIL_OFFLINE=1 forbids it: use the shipped ones."
            )
        try:
            _fetch(_home(data_dir), source, _part(progress, number, len(sources)), stopped)
        except ExamplesError as error:
            failures[source.name] = error
            if stopped():
                break
    if failures:
        raise _all_in_one(failures)
    progress(1.0, "Examples are here")
    return tuple(example for source in sources for example in _read(_home(data_dir) / source.key))


def _all_in_one(failures: dict[str, ExamplesError]) -> ExamplesError:
    """One sentence where all failed for want of a network, else one for each source."""
    if all(isinstance(error, UnreachableError) for error in failures.values()):
        names = " and ".join(failures)
        return UnreachableError(f"{names} could not be reached: fetching needs a network; the shipped examples do not.")
    return ExamplesError(" ".join(f"{name}: {error}" for name, error in failures.items()))


def _home(data_dir: Path) -> Path:
    return Path(data_dir) / "examples"


def _part(progress: Progress, number: int, count: int) -> Progress:
    return lambda fraction, doing: progress((number + fraction) / count, doing)


def _read(folder: Path) -> tuple[Example, ...]:
    """The examples of a fetched folder; none when it is absent or was damaged."""
    try:
        index = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
        examples = tuple(Example(**{**row, "path": folder / Path(row["path"]).name}) for row in index)
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError):
        _log.warning("The index of fetched examples %s cannot be read: delete its folder to fetch them again.", folder)
        return ()
    return examples if all(example.path.is_file() for example in examples) else ()


def _fetch(home: Path, source: Source, progress: Progress, stopped: Callable[[], bool]) -> None:
    """Fetch into a folder of its own, which takes its name when all is there."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{source.key}-", dir=home) as name:
            folder = Path(name) / source.key
            folder.mkdir()
            rows = [_save(folder, *clip) for clip in clips(source, progress, stopped)]
            (folder / _LICENCE).write_text(_licence_text(source, rows), encoding="utf-8")
            (folder / _INDEX).write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
            _settle(folder, home / source.key)
    except OSError as error:
        raise ExamplesError(f"{home} should take the examples, but cannot be written ({error.strerror}).") from error


def _settle(folder: Path, target: Path) -> None:
    if target.exists() and not _read(target):
        shutil.rmtree(target)
    try:
        folder.rename(target)
    except OSError:
        if not _read(target):  # another process was quicker: its clips are the same
            raise


def _save(folder: Path, row: dict[str, str], data: bytes) -> dict[str, str]:
    (folder / row["path"]).write_bytes(data)
    return row


def _licence_text(source: Source, rows: list[dict[str, str]]) -> str:
    files = "\n".join(row["path"] for row in rows)
    return f"{source.attribution}\n\nLicence: {source.licence}\nFrom: {source.url}\nUnchanged files:\n{files}\n"
