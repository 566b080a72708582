"""Runs of an evaluation, read from their folders: tables of numbers and how they came about.

A folder that was damaged, or that a run is still filling, is no error: what can be read is read, and `problems` says
in sentences what cannot. Voiceprints (OUT/embeddings) are never read here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.run_tables import TABLES
from evaluation.summary import FOLDER, conformed

if TYPE_CHECKING:
    import pandas as pd

PROVENANCE = "provenance.json"
MAX_PROVENANCE_BYTES = 10_000_000
NO_FOLDER = "{path}: the folder of a run was expected, but there is none."
NO_TABLES = (
    "{name}: the tables of a run were expected in {name}/tables, but there are none: the run may still be going, "
    "or it was stopped. The same command goes on with it."
)


class Run:
    """One run.

    Attributes:
        folder: where it lies; name: the folder's, unless `name` says otherwise.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        self.folder, self.name = folder, name or folder.name
        self._tables: dict[str, pd.DataFrame] = {}
        self._faults: dict[str, str] = {}

    @property
    def token(self) -> str:
        """Stands for what the folder holds: another one after the run was made anew."""
        return f"{self.name} {[_stamp(path) for path in (self.folder / PROVENANCE, *self._paths.values())]}"

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """How the run came about; {} where that is not known (`problems` says why)."""
        path = self.folder / PROVENANCE
        try:
            if path.stat().st_size > MAX_PROVENANCE_BYTES:
                raise ValueError("it is larger than 10 MB")
            found = json.loads(path.read_text(encoding="utf-8"))
            if not isinstance(found, dict):
                raise ValueError("it holds no names with values")
        except FileNotFoundError:
            self._faults[PROVENANCE] = f"{self.name}: there is no {PROVENANCE}, so nobody knows how the run was made."
        except (OSError, ValueError, RecursionError) as error:
            self._faults[PROVENANCE] = f"{self.name}: {PROVENANCE} could not be read ({error})."
        else:
            return found
        return {}

    def table(self, name: str) -> pd.DataFrame:
        """A table with all columns of run_tables; without rows where it is missing or broken (`problems` says so).

        Do not change it: it is read once.

        Raises:
            KeyError: if no table of a run is called so.
        """
        if name not in TABLES:
            raise KeyError(f"One of the tables {', '.join(TABLES)} was expected, but {name!r} came.")
        if name not in self._tables:
            self._tables[name] = self._read(name)
        return self._tables[name]

    @property
    def problems(self) -> list[str]:
        """What is missing or broken, a sentence each. Looks at every table's columns, not at its rows."""
        if not self.folder.is_dir():
            return [NO_FOLDER.format(path=self.folder)]
        self.provenance  # noqa: B018  (notes its own fault)
        if not any(path.exists() for path in self._paths.values()):
            about = [text for name, text in self._faults.items() if name == PROVENANCE]
            return [*about, NO_TABLES.format(name=self.name)]
        for name in TABLES:
            if name not in self._tables and name not in self._faults:
                self._look(name)
        return list(self._faults.values())

    @property
    def shows(self) -> bool:
        """Whether there are figures to show."""
        return len(self.table("figures")) > 0

    @property
    def _paths(self) -> dict[str, Path]:
        return {name: self.folder / FOLDER / f"{name}.parquet" for name in TABLES}

    def _look(self, name: str) -> None:
        import pyarrow
        from pyarrow import parquet

        try:
            self._note_missing(name, parquet.read_schema(self._paths[name]).names)
        except FileNotFoundError:
            self._faults[name] = f"{self.name}: the table {name} is missing."
        except (OSError, ValueError, pyarrow.ArrowException) as error:
            self._faults[name] = _broken(self.name, name, error)

    def _read(self, name: str) -> pd.DataFrame:
        import pandas as pd
        import pyarrow

        try:
            found = pd.read_parquet(self._paths[name], engine="pyarrow")
            self._note_missing(name, list(found.columns))
            return conformed(name, [_filled(name, found)])
        except FileNotFoundError:
            self._faults[name] = f"{self.name}: the table {name} is missing."
        except (OSError, ValueError, TypeError, pyarrow.ArrowException) as error:
            self._faults[name] = _broken(self.name, name, error)
        return conformed(name, [])

    def _note_missing(self, name: str, columns: Iterable[str]) -> None:
        there = set(columns)
        if missing := [one.name for one in TABLES[name] if one.name not in there]:
            self._faults[name] = f"{self.name}: the table {name} lacks {', '.join(missing)}; shown without."


def listed(folders: Iterable[Path]) -> list[Run]:
    """Every run that lies directly in one of these folders, by name; no two have the same name.

    A folder that does not exist holds no runs. Of two runs of one name the later is called name-2.
    """
    found: dict[str, Run] = {}
    for path in (path for folder in folders for path in _below(folder)):
        name = next(one for one in _names(path.name) if one not in found)
        found[name] = Run(path, name)
    return sorted(found.values(), key=lambda run: run.name)


def _below(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError:
        return []


def _names(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _filled(name: str, found: pd.DataFrame) -> pd.DataFrame:
    """With the columns that are missing: nothing is known of them."""
    blank = {"text": "", "number": float("nan"), "whole": 0, "flag": False}
    missing = {one.name: blank[one.kind] for one in TABLES[name] if one.name not in found}
    return found.assign(**missing) if missing else found


def _broken(run: str, table: str, error: Exception) -> str:
    first = str(error).strip().partition("\n")[0][:200]
    return f"{run}: the table {table} could not be read ({type(error).__name__}: {first}); shown without."


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
