"""The database under the store: connections, transactions, durability, schema, and its errors as sentences.

SQLite: write-ahead log, foreign keys, `synchronous=FULL` (a commit is on the disk when it returns), `secure_delete`
(what is deleted is overwritten). One writer at a time: threads queue at a lock, processes at SQLite's own.
PostgreSQL: through pg8000, with its own locks.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, insert, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError, TimeoutError

from listening_test.models import KeyRow
from listening_test.store_faults import busy_sentence, is_busy, sentence_of, unreachable
from listening_test.store_records import StoreBusy, StoreError, StoreUnavailable

_UPGRADE_LOCK = 0x766F696365  # any number: PostgreSQL's advisory lock of whoever changes the schema
_TRACES = "traces"
"""A key that is there while deleted rows may have left traces."""


class Database:
    """A database that is open; safe to use from many threads. `close` it, or use it in a `with`."""

    def __init__(self, url: str, *, clock: Callable[[], float] = time.time, busy_timeout_s: float = 10.0) -> None:
        self._url = _understood(url)
        self._clock = clock
        self._busy_timeout_s = busy_timeout_s
        self._is_sqlite = self._url.get_backend_name() == "sqlite"
        self._turn = threading.Lock()
        if self._is_sqlite:
            _make_file(Path(self._url.database or ""))
        self._engine = _engine(self._url, busy_timeout_s)

    @classmethod
    def open(cls, url: str, *, clock: Callable[[], float] = time.time, busy_timeout_s: float = 10.0) -> Self:
        """Open the database at `url`, make it if it is not there, and bring its schema up to date.

        url: `sqlite:///data/voiceveil.db`, or `postgresql://user:password@host/name` (`postgres://` is the same).
        clock: gives seconds since 1970. busy_timeout_s: how long to wait for other writers.

        Raises:
            StoreError: if the address makes no sense, or what is there cannot be opened or is something else.
        """
        database = cls(url, clock=clock, busy_timeout_s=busy_timeout_s)
        try:
            database._prepare()
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Close every connection; the last one to leave an SQLite database folds its log into the file."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _prepare(self) -> None:
        from listening_test import migrations

        with self._in_sentences():
            if self._is_sqlite:
                self._write_ahead()
            try:
                with self._read() as connection:
                    current = migrations.is_current(connection)
                if not current:
                    with self._write() as connection:
                        self._upgrade(connection)
            except migrations.SchemaError as error:
                raise StoreError(f"{self._where}: {error}") from error
        self._erase_traces()

    def _upgrade(self, connection: Connection) -> None:
        from listening_test import migrations

        if not self._is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        if not migrations.is_current(connection):  # another process may have been here first
            migrations.upgrade(connection)

    def _write_ahead(self) -> None:
        """Switch to the write-ahead log; SQLite does not wait by itself when two processes do so at once."""
        deadline = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                with closing(self._raw()) as connection:
                    connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() > deadline:
                    raise sentence_of(error, self._where) from error
                time.sleep(0.02)
            except sqlite3.Error as error:
                raise sentence_of(error, self._where) from error

    def _raw(self, wait_s: float | None = None) -> sqlite3.Connection:
        """A connection of its own, outside of the pool and of any transaction."""
        wait_s = self._busy_timeout_s if wait_s is None else wait_s
        connection = sqlite3.connect(self._url.database or "", timeout=wait_s, isolation_level=None)
        _set_up(connection)
        return connection

    @property
    def _where(self) -> str:
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """A connection that sees one state of the database throughout."""
        with self._in_sentences(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        """A transaction: all of it is stored when the block ends, nothing of it if an error leaves the block."""
        with self._in_sentences(), self._one_at_a_time(), self._engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        if not self._is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=self._busy_timeout_s):
            raise StoreBusy(busy_sentence(self._where))
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _in_sentences(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise sentence_of(error.orig, self._where) from error
        except ConnectionError as error:  # pg8000 passes these on as they are
            raise unreachable(self._where) from error
        except TimeoutError as error:
            raise StoreBusy(busy_sentence(self._where)) from error

    def _note_traces(self, db: Connection) -> None:
        """Something is deleted for good in this transaction: `_erase_traces` has work, even after a crash."""
        if not self._is_sqlite:
            return
        db.execute(delete(KeyRow).where(KeyRow.name == _TRACES))
        db.execute(insert(KeyRow), {"name": _TRACES, "value": secrets.token_hex(8)})

    def _erase_traces(self) -> bool:
        """Have an SQLite database rewritten, and its write-ahead log emptied, if something was deleted for good.

        `secure_delete` overwrites deleted rows, but not the copies that moving rows between pages leaves in the gaps
        of pages: these go when the file is rewritten, which takes about 4 s per GB.

        Returns False if it could not be done now (others read or write for long, no room): the next withdrawal,
        `expire` or `open` does it. On PostgreSQL deleted rows cannot be read any more, and the server's autovacuum
        and log recycling overwrite them in time.
        """
        if not self._is_sqlite:
            return True
        try:
            with self._one_at_a_time(), closing(self._raw(self._busy_timeout_s / 5)) as connection:
                noted = connection.execute("SELECT value FROM key WHERE name = ?", (_TRACES,)).fetchone()
                if noted is None:
                    return True
                connection.execute("PRAGMA temp_store=FILE")  # the copy is as large as the database
                connection.execute("VACUUM")
                connection.execute("DELETE FROM key WHERE name = ? AND value = ?", (_TRACES, *noted))
                busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if busy:
                    connection.execute("INSERT OR REPLACE INTO key VALUES (?, ?)", (_TRACES, *noted))
        except (sqlite3.Error, StoreUnavailable):
            return False
        return not busy

    def backup(self, path: Path) -> Path:
        """Copy the whole database to `path` while it is in use; the copy is checked before it takes its name.

        Raises:
            StoreError: if the copy cannot be written, or the database is not SQLite (PostgreSQL has pg_dump).
        """
        if not self._is_sqlite:
            raise StoreError("Only an SQLite database is copied here: use pg_dump for PostgreSQL.")
        part = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(self._raw()) as source, closing(sqlite3.connect(part)) as copy:
                source.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
                (verdict,) = copy.execute("PRAGMA integrity_check").fetchone()
            if verdict != "ok":
                raise StoreError(f"{self._where} should be sound, but the check of its copy said: {verdict}.")
            part.replace(path)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self._where} could not be copied to {path}: {error}.") from error
        finally:
            part.unlink(missing_ok=True)
        return path


def plain(text: str) -> str:
    """Text as every database can hold it: without NUL, and with halves of surrogate pairs replaced."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _understood(url: str) -> URL:
    expected = "an address such as sqlite:///data/voiceveil.db or postgresql://user:password@host/name is expected"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"The database's address makes no sense: {expected}.") from error
    backend = parsed.get_backend_name()
    if backend in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+pg8000")
    if backend != "sqlite":
        raise StoreError(f"The database is SQLite or PostgreSQL, but {backend} came: {expected}.")
    if not parsed.database or parsed.database == ":memory:":
        raise StoreError("The database needs a file, so that answers outlive the program: sqlite:///data/voiceveil.db.")
    return parsed.set(drivername="sqlite+pysqlite")


def _make_file(path: Path) -> None:
    """An empty file for the owner's eyes only; a file that is there is left alone (closing it would drop its locks)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        if not path.is_file():
            raise StoreError(f"The database {path} should be a file, but something else has that name.") from error
    except OSError as error:
        raise sentence_of(error, str(path)) from error


def _engine(url: URL, busy_timeout_s: float) -> Engine:
    pool: dict[str, Any] = {"pool_size": 8, "max_overflow": 40, "pool_timeout": busy_timeout_s, "hide_parameters": True}
    if url.get_backend_name() == "sqlite":
        arguments = {"timeout": busy_timeout_s, "check_same_thread": False}
        engine = create_engine(url, connect_args=arguments, **pool)
        event.listen(engine, "connect", lambda connection, _: _set_up(connection))
        event.listen(engine, "begin", _begin)
        return engine
    engine = create_engine(url, connect_args={"timeout": 30}, **pool)
    event.listen(engine, "checkout", _check_alive)
    event.listen(engine, "connect", lambda connection, _: _wait_at_most(connection, busy_timeout_s))
    return engine


def _set_up(connection: sqlite3.Connection) -> None:
    connection.isolation_level = None  # transactions begin where we say so, see _begin
    for pragma in ("foreign_keys=ON", "synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin(connection: Connection) -> None:
    """Writers take their turn before they read, so that what they read still holds when they write."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


def _wait_at_most(connection: Any, busy_timeout_s: float) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {round(1000 * busy_timeout_s)}")
    cursor.close()
    connection.commit()


def _check_alive(connection: Any, *_: object) -> None:
    """One round trip; SQLAlchemy's own check takes three, and does not know every way in which pg8000 fails."""
    try:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        cursor.close()
        connection.autocommit = False
    except Exception as error:
        raise InvalidatePoolError from error
