"""What the commands share: where the database is, which study is meant, files written whole or not at all."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from listening_test.study import StudyError

if TYPE_CHECKING:
    from listening_test.store import Store, StudyInfo


def default_database(environment: Mapping[str, str] = os.environ) -> str:
    """DATABASE_URL, else the SQLite file that the app uses."""
    folder = Path(environment.get("VOICEVEIL_DATA", "data"))
    return environment.get("DATABASE_URL", "") or f"sqlite:///{(folder / 'voiceveil.db').resolve().as_posix()}"


def open_store(args: argparse.Namespace) -> Store:
    """The database that --database names, else the default."""
    from listening_test.store import Store

    return Store.open(args.database or default_database())


def is_file(study: str) -> bool:
    """Whether STUDY means a file, not a name."""
    return Path(study).suffix.lower() in {".yaml", ".yml"} or Path(study).is_file()


def study_file(study: str) -> Path:
    """The study's YAML file.

    Raises:
        StudyError: if it is not there.
    """
    if not Path(study).is_file():
        raise StudyError(f"A study's YAML file was expected, but there is no {study}: see assets/studies for examples.")
    return Path(study)


def find_study(store: Store, study: str, version: int | None = None) -> StudyInfo:
    """A study of the database by its file or name, the latest version unless one is given.

    Raises:
        StudyError: if the database has no such study.
    """
    from listening_test import yaml_file

    name = yaml_file.load_study(study_file(study)).name if is_file(study) else study
    info = store.find(name, version)
    if info is None:
        known = ", ".join(sorted({one.name for one in store.studies()})) or "none yet"
        which = name if version is None else f"{name}, version {version},"
        raise StudyError(f"A study of the database was expected ({known}), but {which} came: render it first.")
    return info


def write(path: Path, data: bytes) -> None:
    """The whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
