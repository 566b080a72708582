"""Opening a database: addresses, rights, schema, errors as sentences, copies."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, event, inspect, text

from listening_test.models import Base
from listening_test.store import DiskFull, Store, StoreBusy, StoreError, StoreUnavailable

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def connection(url: str) -> Iterator:
    engine = create_engine(url)
    try:
        with engine.connect() as opened:
            yield opened
    finally:
        engine.dispose()


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def test_migrations_from_nothing_make_the_tables_of_the_models(bare_url):
    Store.open(bare_url).close()
    with connection(bare_url) as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
        assert set(inspect(db).get_table_names()) == {*Base.metadata.tables, "alembic_version"}


def test_indexes_are_those_of_the_models(bare_url):
    """compare_metadata does not look at conditions of indexes."""
    Store.open(bare_url).close()
    with connection(bare_url) as db:
        found = {index["name"]: index for index in inspect(db).get_indexes("participant")}
    for name, condition in (("participant_place", "replaced_s"), ("participant_platform", "platform_id_hash")):
        assert found[name]["unique"]
        (where,) = [text for key, text in found[name]["dialect_options"].items() if key.endswith("_where")]
        assert condition in str(where)


def test_opening_again_changes_nothing(bare_url):
    with Store.open(bare_url) as store:
        store.set_key("name", "value")
    with Store.open(bare_url) as store:
        assert store.key("name", lambda: "another") == "value"


def test_migrations_work_from_any_folder_with_any_name(tmp_path):
    folder = tmp_path / "100 % täst"
    folder.mkdir()
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from listening_test.store import Store\n"
        "Store.open('sqlite:///deep/er/study.db').close()"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=folder, check=True)
    assert (folder / "deep" / "er" / "study.db").is_file()


def test_many_open_a_new_database_at_once(bare_url):
    failures: list[BaseException] = []

    def open_it() -> None:
        try:
            with Store.open(bare_url) as store:
                assert store.studies() == []
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_database_of_a_newer_version_is_left_alone(bare_url):
    Store.open(bare_url).close()
    with connection(bare_url) as db:
        db.execute(text("UPDATE alembic_version SET version_num = 'r9999'"))
        db.commit()
    with pytest.raises(StoreError, match=r"r9999.*newer version"):
        Store.open(bare_url)


def test_other_peoples_tables_are_left_alone(bare_url):
    with connection(bare_url) as db:
        db.execute(text("CREATE TABLE study (name TEXT)"))
        db.commit()
    with pytest.raises(StoreError, match="other tables called study"):
        Store.open(bare_url)
    with connection(bare_url) as db:
        assert inspect(db).get_table_names() == ["study"]


def test_a_killed_upgrade_leaves_an_empty_database(bare_url, monkeypatch):
    from listening_test import migrations

    real = migrations.upgrade

    def dies(connection):
        real(connection)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "upgrade", dies)
    with pytest.raises(KeyboardInterrupt):
        Store.open(bare_url)
    with connection(bare_url) as db:
        assert inspect(db).get_table_names() == []
    monkeypatch.undo()
    Store.open(bare_url).close()


def test_sqlite_is_durable_checks_references_and_overwrites(sqlite_url):
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}
    with Store.open(sqlite_url) as store, store._read() as db:
        assert {name: db.execute(text(f"PRAGMA {name}")).scalar() for name in wanted} == wanted


def test_only_the_owner_may_read_the_file(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'data' / 'study.db'}") as store:
        store.set_key("a", "b")
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
        assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "data").iterdir()} == {
            "study.db": 0o600,
            "study.db-wal": 0o600,
            "study.db-shm": 0o600,
        }


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "makes no sense"),
        ("study.db", "makes no sense"),
        ("mysql://root@localhost/x", "SQLite or PostgreSQL, but mysql"),
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("oracle+nothing://x", "but oracle"),
    ],
)
def test_an_address_that_makes_no_sense_is_a_sentence(url, sentence):
    with pytest.raises(StoreError, match=sentence):
        Store.open(url)


def test_what_is_no_database_is_a_sentence_and_stays(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("Dear diary, " * 500)
    with pytest.raises(StoreError, match="cannot be read as one"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text() == "Dear diary, " * 500


def test_a_folder_in_place_of_the_file_is_a_sentence(tmp_path):
    with pytest.raises(StoreError, match="should be a file"):
        Store.open(f"sqlite:///{tmp_path}")


def test_a_file_in_place_of_the_folder_is_a_sentence(tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError, match="data"):
        Store.open(f"sqlite:///{tmp_path / 'data' / 'study.db'}")


def test_a_server_that_is_not_there_is_a_sentence_without_the_password(tmp_path):
    url = f"postgresql://owner:geheim@/study?unix_sock={tmp_path}/.s.PGSQL.5432"
    with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
        Store.open(url)
    assert "geheim" not in str(caught.value)


def test_both_names_of_postgresql_are_taken(postgresql_url):
    for name in ("postgres://", "postgresql://"):
        Store.open(postgresql_url.replace("postgresql+pg8000://", name)).close()


def test_a_locked_database_is_a_sentence_and_the_next_try_works(sqlite_url):
    with Store.open(sqlite_url, busy_timeout_s=0.05) as store:
        with closing(sqlite3.connect(file_of(sqlite_url), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreBusy, match=r"nothing was stored.*try again"):
                store.set_key("a", "1")
            assert store.studies() == []
            other.execute("ROLLBACK")
        store.set_key("a", "2")
        assert store.key("a", lambda: "3") == "2"


def test_a_locked_table_of_postgresql_is_a_sentence(postgresql_url):
    with Store.open(postgresql_url, busy_timeout_s=0.05) as store, connection(postgresql_url) as other:
        other.execute(text("LOCK TABLE key IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(StoreBusy, match="held by others"):
            store.set_key("a", "1")
        other.rollback()
        store.set_key("a", "2")
        assert store.key("a", lambda: "3") == "2"


def test_a_full_disk_is_a_sentence_and_what_was_stored_stays(sqlite_url):
    with Store.open(sqlite_url) as store:
        store.set_key("before", "safe")
        pages: int | None = None

        def limit(connection, _):
            connection.execute(f"PRAGMA max_page_count={pages}").close()

        with store._read() as db:
            pages = db.execute(text("PRAGMA page_count")).scalar()
        event.listen(store._engine, "connect", limit)
        store._engine.dispose()
        with pytest.raises(DiskFull, match=r"full: nothing of this was stored.*make room"):
            store.set_key("large", "x" * 100_000)
        assert store.key("before", lambda: "lost") == "safe"
        pages = 1_000_000
        store._engine.dispose()
        store.set_key("large", "x" * 100_000)


def test_a_postgresql_that_was_restarted_is_reached_again(postgresql_url):
    with Store.open(postgresql_url) as store:
        store.set_key("a", "1")
        with connection(postgresql_url) as other:
            others = "pid <> pg_backend_pid() AND datname = current_database()"
            other.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"))
        assert store.key("a", lambda: "2") == "1"


def test_a_postgresql_that_stops_in_the_middle_is_a_sentence(postgresql_url):
    with Store.open(postgresql_url) as store:
        with pytest.raises(StoreUnavailable, match="cannot be reached"):
            write_and_stop(store, postgresql_url)
        assert store.key("half", lambda: "nothing stored") == "nothing stored"


def write_and_stop(store: Store, url: str) -> None:
    with store._write() as db:
        db.execute(text("INSERT INTO key VALUES ('half', 'done')"))
        pid = db.execute(text("SELECT pg_backend_pid()")).scalar()
        with connection(url) as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        db.execute(text("INSERT INTO key VALUES ('other', 'half')"))


def test_the_first_to_ask_makes_a_key(store):
    results: list[str] = []
    threads = [
        threading.Thread(target=lambda number=number: results.append(store.key("salt", lambda: f"made by {number}")))
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len(set(results)) == 1
    store.set_key("salt", None)
    assert store.key("salt", lambda: "new") == "new"


def test_a_copy_is_whole_and_for_the_owner_alone(sqlite_url, tmp_path):
    with Store.open(sqlite_url) as store:
        store.set_key("a", "1")
        copy = store.backup(tmp_path / "copies" / "study.db")
        store.set_key("a", "2")
    assert [path.name for path in copy.parent.iterdir()] == ["study.db"]
    assert copy.stat().st_mode & 0o777 == 0o600
    with Store.open(f"sqlite:///{copy}") as restored:
        assert restored.key("a", lambda: "3") == "1"


def test_a_copy_that_cannot_be_written_is_a_sentence(sqlite_url, tmp_path):
    (tmp_path / "taken").mkdir()
    with Store.open(sqlite_url) as store:
        with pytest.raises(StoreError, match="could not be copied"):
            store.backup(tmp_path / "taken")
        assert list(tmp_path.glob("*.part")) == []


def test_postgresql_is_copied_by_its_own_tool(postgresql_url, tmp_path):
    with Store.open(postgresql_url) as store, pytest.raises(StoreError, match="pg_dump"):
        store.backup(tmp_path / "copy.db")
