"""Databases to test with (an SQLite file, and a PostgreSQL server that lives as long as the tests), and listeners."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, NullPool, create_engine, make_url, text

from listening_test.store import Store
from tests.listening_test import taking

SERVER_SETTINGS = ("listen_addresses=''", "fsync=off", "full_page_writes=off", "shared_buffers=16MB")


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_tables: Path) -> str:
    """Address of a database file with the tables and nothing in them."""
    path = tmp_path / "study.db"
    shutil.copy(sqlite_tables, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file to copy: making the tables takes longer than most tests."""
    path = tmp_path_factory.mktemp("tables") / "study.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """Address of a database without rows; a test that asks for it runs on SQLite and on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a database without tables, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'bare.db'}"
    url = request.getfixturevalue("postgresql_server")
    with _outside_transactions(url) as connection:
        connection.execute(text("DROP SCHEMA IF EXISTS public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An open, empty store."""
    with Store.open(store_url) as store:
        yield store


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """Address of a PostgreSQL database with the tables and nothing in them."""
    Store.open(postgresql_server).close()
    with _outside_transactions(postgresql_server) as connection:
        connection.execute(text("TRUNCATE study, key RESTART IDENTITY CASCADE"))
    return postgresql_server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Address of a PostgreSQL database that tests may empty, in a server of our own; without one tests are skipped.

    VOICEVEIL_TEST_POSTGRES names a server (its user may create databases) to be used instead. Never skipped in CI.
    """
    given = os.environ.get("VOICEVEIL_TEST_POSTGRES")
    if given:
        with _database(given) as url:
            yield url
        return
    programs = _postgresql_programs()
    if programs is None:
        reason = "no PostgreSQL: install Debian's package postgresql, or name a server in VOICEVEIL_TEST_POSTGRES"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with _server(programs) as server, _database(server) as url:
        yield url


@contextmanager
def _database(server: str) -> Iterator[str]:
    """A database of our own in `server`; gone afterwards."""
    name = f"voiceveil_test_{secrets.token_hex(6)}"
    address = make_url(server).set(drivername="postgresql+pg8000")
    with _outside_transactions(address) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield address.set(database=name).render_as_string(hide_password=False)
    finally:
        with _outside_transactions(address) as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _outside_transactions(url: str | URL) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def _postgresql_programs() -> Path | None:
    """The folder with initdb and pg_ctl: the newest that Debian has installed, or one on the PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    found = installed[-1] if installed else shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def _server(programs: Path) -> Iterator[str]:
    """A server in a folder of its own, reached by a socket in there alone; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="postgresql-") as home:
        if os.geteuid() == 0:  # initdb refuses root
            account = pwd.getpwnam("postgres")
            os.chown(home, account.pw_uid, account.pw_gid)
        data = f"{home}/data"
        _as_postgres(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N", "--locale=C")
        settings = " ".join(f"-c {setting}" for setting in (*SERVER_SETTINGS, f"unix_socket_directories={home}"))
        _as_postgres(programs / "pg_ctl", "-D", data, "-l", f"{home}/log", "-o", settings, "-w", "start")
        try:
            yield f"postgresql+pg8000://postgres@/postgres?unix_sock={home}/.s.PGSQL.5432"
        finally:
            _as_postgres(programs / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")


def _as_postgres(*command: Any) -> None:
    root: dict[str, Any] = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(
        [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **root
    )
    if done.returncode:
        pytest.fail(f"{Path(command[0]).name} ended with status {done.returncode}: the PostgreSQL tests cannot run.")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[taking.Lab]:
    """The tiny study behind its routes."""
    with taking.lab(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def rating(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A listener saved before a rating."""
    folder = tmp_path_factory.mktemp("rating")
    return taking.saved(folder, lambda page: taking.rated(page) and page["questions"][0]["key"] == "overall_quality")


@pytest.fixture(scope="session")
def last_page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A listener saved before the last page."""
    return taking.saved(tmp_path_factory.mktemp("last"), lambda page: page["block"] == "questionnaire")


@pytest.fixture
def at(tmp_path: Path, rating: Any) -> Iterator[Any]:
    """A listener, and a rated page with one choice, heard."""
    with taking.again(tmp_path, rating) as found:
        yield found


@pytest.fixture
def at_last(tmp_path: Path, last_page: Any) -> Iterator[Any]:
    """A listener, and the page with the comment."""
    with taking.again(tmp_path, last_page) as found:
        yield found
