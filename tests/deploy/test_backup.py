"""Copies of a database that is in use."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy.backup import BackupError, back_up, main

ROOT = Path(__file__).resolve().parents[2]

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def rows(path: Path) -> list[tuple]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT * FROM answer ORDER BY 1").fetchall()


def write(path: Path, value: int) -> sqlite3.Connection:
    """A connection left open: its row is committed, but still in the write-ahead log."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS answer (value)")
    connection.execute("INSERT INTO answer VALUES (?)", (value,))
    connection.commit()
    return connection


def test_no_database_yet_is_no_error(tmp_path, capsys):
    assert back_up(tmp_path, tmp_path / "backup", keep=2, now=NOON) == ()
    assert main([str(tmp_path), str(tmp_path / "backup")]) == 0
    assert "nothing to copy" in capsys.readouterr().out


def test_copy_holds_what_is_still_in_the_write_ahead_log(tmp_path):
    with closing(write(tmp_path / "studies.sqlite", 7)):
        assert (tmp_path / "studies.sqlite-wal").stat().st_size > 0
        (copy,) = back_up(tmp_path, tmp_path / "backup", keep=2, now=NOON)
    assert copy.name == "studies-20260101T120000Z.sqlite"
    assert rows(copy) == [(7,)]
    assert [path.name for path in (tmp_path / "backup").iterdir()] == [copy.name]


def test_the_newest_copies_of_each_database_are_kept(tmp_path):
    write(tmp_path / "studies.sqlite", 1).close()
    write(tmp_path / "studies-pilot.sqlite", 2).close()
    for day in range(4):
        back_up(tmp_path, tmp_path / "backup", keep=2, now=NOON + timedelta(days=day))
    names = sorted(path.name for path in (tmp_path / "backup").iterdir())
    assert names == [f"{stem}-2026010{day}T120000Z.sqlite" for stem in ("studies", "studies-pilot") for day in (3, 4)]


def test_the_database_of_the_app_is_copied_for_its_owner_alone(tmp_path):
    from web.settings import Settings

    database = Settings(data_dir=tmp_path).database.removeprefix("sqlite:///")
    with closing(write(Path(database), 3)):
        (copy,) = back_up(tmp_path, tmp_path / "backup", keep=2, now=NOON)
    assert rows(copy) == [(3,)]
    assert copy.stat().st_mode & 0o077 == 0


def test_what_is_no_database_is_one_sentence_and_leaves_no_copy(tmp_path, capsys):
    (tmp_path / "studies.sqlite").write_text("not a database, but long enough to be looked at" * 20)
    with pytest.raises(BackupError, match="could not be copied"):
        back_up(tmp_path, tmp_path / "backup", keep=2, now=NOON)
    assert list((tmp_path / "backup").iterdir()) == []
    assert main([str(tmp_path), str(tmp_path / "backup")]) == 1
    assert "studies.sqlite" in capsys.readouterr().err


def test_it_runs_as_a_script(tmp_path):
    write(tmp_path / "studies.sqlite", 1).close()
    script = [sys.executable, str(ROOT / "deploy/backup.py"), str(tmp_path), str(tmp_path / "backup")]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    assert rows(Path(done.stdout.strip())) == [(1,)]
    assert subprocess.run([*script, "--keep", "0"], capture_output=True).returncode == 2
