"""Copies every SQLite database of a folder, while it is in use.

    python deploy/backup.py DATA BACKUP [--every-h 24] [--keep 14]

Each copy is complete in itself (SQLite's backup API includes what is still in the write-ahead log) and is checked
before it takes its name. The standard library is all it needs.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

ENDINGS = (".db", ".sqlite")


class BackupError(RuntimeError):
    """Why a database could not be copied; one sentence."""


def back_up(data: Path, backup: Path, *, keep: int, now: datetime) -> tuple[Path, ...]:
    """Copy each `data`/*.db and *.sqlite to `backup`/NAME-YYYYMMDDTHHMMSSZ.db (or .sqlite), for its owner alone to
    read, and keep the newest `keep` copies of each.

    Returns the new copies; none when there is no database yet. Old copies are deleted only after a new one is there.

    Raises:
        BackupError: if a database cannot be read or the copy cannot be written; copies made before stay.
    """
    copies = []
    for database in sorted(path for path in data.glob("*") if path.suffix in ENDINGS):
        copies.append(_copy(database, backup / f"{database.stem}-{now:%Y%m%dT%H%M%SZ}{database.suffix}"))
        for old in _copies_of(database, backup)[:-keep]:
            old.unlink()
    return tuple(copies)


def _copy(database: Path, target: Path) -> Path:
    part = target.with_suffix(".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with closing(sqlite3.connect(database, timeout=30)) as source, closing(sqlite3.connect(part)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
        if verdict != "ok":
            raise BackupError(f"{database} should be a sound database, but the check of its copy said: {verdict}.")
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        raise BackupError(f"{database} could not be copied to {target}: {error}.") from error
    finally:
        part.unlink(missing_ok=True)
    return target


def _copies_of(database: Path, backup: Path) -> list[Path]:
    """Oldest first; the stamp in the name sorts by time."""
    return sorted(backup.glob(f"{database.stem}-[0-9]*T[0-9]*Z{database.suffix}"))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1 is expected, but {text} came")
    return number


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Copies every SQLite database of a folder, while it is in use.",
        epilog="example: python deploy/backup.py data backup --keep 14",
    )
    parser.add_argument("data", type=Path, help="the folder that holds the databases (*.db, *.sqlite)")
    parser.add_argument("backup", type=Path, help="the folder for the copies; made if it is not there")
    parser.add_argument("--keep", type=_positive, default=14, help="copies kept of each database (default 14)")
    parser.add_argument("--every-h", type=_positive, help="go on, one round every so many hours; without it: one round")
    options = parser.parse_args(argv)
    while True:
        status = _round(options.data, options.backup, options.keep)
        if not options.every_h:
            return status
        time.sleep(3600 * options.every_h)


def _round(data: Path, backup: Path, keep: int) -> int:
    try:
        copies = back_up(data, backup, keep=keep, now=datetime.now(UTC))
    except BackupError as error:
        print(error, file=sys.stderr, flush=True)
        return 1
    print("\n".join(map(str, copies)) or f"No database (*.db, *.sqlite) in {data} yet: nothing to copy.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
