"""Kept results: what makes them old, what deletes them, and what may be published."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from listening_test import migrations
from listening_test.store import NotFound, Store, WrongState
from listening_test.store_studies import lock_study
from tests.listening_test import store_study as small

DATA = {"about": {"title": "Ä"}, "tables": [{"rows": [[1, 2.5, None, True, "x"]]}]}


def kept(store: Store, study_id: int) -> str:
    """Results of now in the store; their fingerprint."""
    fingerprint = store.fingerprint(study_id)
    assert store.put_results(study_id, "participant", fingerprint, DATA)
    return fingerprint


def test_what_is_kept_comes_back(store_url):
    with Store.open(store_url, clock=lambda: 7.0) as store:
        info = small.opened(store)
        assert store.results(info.id, "participant") is None
        fingerprint = kept(store, info.id)
        found = store.results(info.id, "participant")
        assert (found.data, found.fingerprint, found.computed_s) == (DATA, fingerprint, 7.0)
        assert found.software_version
        assert store.put_results(info.id, "participant", fingerprint, {"about": {}})
        assert store.results(info.id, "participant").data == {"about": {}}
        assert store.results(info.id, "simulation") is None


def test_the_fingerprint_changes_with_whatever_results_depend_on(store):
    info = small.opened(store)
    seen = [store.fingerprint(info.id)]

    def changes(*, whether: bool = True) -> None:
        now = store.fingerprint(info.id)
        assert (now != seen[-1]) is whether
        assert whether is False or now not in seen
        seen.append(now)

    changes(whether=False)
    listener = small.enrol(store, info.id).listener
    changes()
    trial = store.current(listener.id)
    store.issue(trial.id)
    changes(whether=False)  # looking at a page answers nothing
    store.save(trial.id, {"headphone_softest": "1"})
    changes()
    small.enrol(store, info.id, "preview")
    changes(whether=False)
    store.save(store.current(listener.id).id, {}, state="screened_out", reason="headphones")
    changes()
    again = small.enrol(store, info.id).listener  # takes the place
    changes()
    store.withdraw(again.id)
    changes()
    store.close_study(info.id)
    changes()


def test_origins_have_fingerprints_of_their_own(store):
    info = small.opened(store)
    before = {origin: store.fingerprint(info.id, (origin,)) for origin in ("participant", "simulation")}
    small.answer_all(store, small.enrol(store, info.id, "simulation").listener.id)
    assert store.fingerprint(info.id, ("participant",)) == before["participant"]
    assert store.fingerprint(info.id, ("simulation",)) != before["simulation"]


def test_who_withdraws_leaves_the_results_too(sqlite_url, tmp_path):
    with Store.open(sqlite_url) as store:
        info = small.opened(store)
        listener = small.enrol(store, info.id).listener
        store.put_results(info.id, "participant", store.fingerprint(info.id), {"comment": "WRITTEN-BY-SOMEBODY"})
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        assert any(b"WRITTEN-BY-SOMEBODY" in path.read_bytes() for path in files)
        store.withdraw(listener.id)
        assert store.results(info.id, "participant") is None
        assert not any(b"WRITTEN-BY-SOMEBODY" in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())


def test_results_computed_while_somebody_withdrew_are_not_kept(store):
    info = small.opened(store)
    listener = small.enrol(store, info.id).listener
    before = store.fingerprint(info.id)
    small.enrol(store, info.id)
    assert store.put_results(info.id, "participant", before, DATA)  # a newcomer is in no results yet: they are only old
    store.withdraw(listener.id)
    assert not store.put_results(info.id, "participant", before, DATA)
    assert store.results(info.id, "participant") is None
    kept(store, info.id)


def test_results_that_come_during_a_withdrawal_wait_for_it(postgresql_url):
    """On PostgreSQL two transactions run at once: the results must see that somebody has gone."""
    with Store.open(postgresql_url) as store:
        info = small.opened(store)
        listener = small.enrol(store, info.id).listener
        before, done = store.fingerprint(info.id), []
        late = threading.Thread(target=lambda: done.append(store.put_results(info.id, "participant", before, DATA)))
        with store._write() as db:
            lock_study(db, info.id)
            late.start()
            late.join(0.2)
            assert late.is_alive()
            db.execute(text("DELETE FROM participant WHERE id = :id"), {"id": listener.id})
            store._note(db, info.id, "withdrawn", "participant")
        late.join(10)
        assert done == [False]


def test_results_go_when_answers_expire(store_url):
    now_s = 0.0
    with Store.open(store_url, clock=lambda: now_s) as store:
        info = small.opened(store, limits={"listeners": 4, "keep_answers_days": 1})
        small.answer_all(store, small.enrol(store, info.id).listener.id)
        store.close_study(info.id)
        before = kept(store, info.id)
        store.publish(info.id)
        now_s = 90_000.0
        assert store.expire().answers == (info.id,)
        assert store.results(info.id, "participant") is None
        assert store.fingerprint(info.id) != before
        assert not store.put_results(info.id, "participant", before, DATA)


def test_only_a_closed_study_is_published(store_url):
    now_s = 5.0
    with Store.open(store_url, clock=lambda: now_s) as store:
        info = small.opened(store)
        assert info.published_s is None
        with pytest.raises(WrongState, match="small is open: only a study that is closed can be published"):
            store.publish(info.id)
        store.close_study(info.id)
        assert store.published() == []
        assert store.publish(info.id).published_s == 5.0
        now_s = 6.0
        assert store.publish(info.id).published_s == 5.0
        assert [one.id for one in store.published()] == [info.id]
        assert store.unpublish(info.id).published_s is None
        store.unpublish(info.id)
        assert store.published() == []
        kinds = [event.kind for event in store.events(info.id)]
        assert kinds[-2:] == ["published", "unpublished"]


def test_a_study_that_opens_again_is_no_longer_public_and_has_no_results(store):
    info = small.opened(store)
    store.close_study(info.id)
    store.publish(info.id)
    kept(store, info.id)
    again = store.open_study(info.id, info.digest)
    assert again.published_s is None
    assert store.published() == []
    assert store.results(info.id, "participant") is None


def test_the_newest_published_comes_first(store_url):
    seconds = itertools.count()
    with Store.open(store_url, clock=lambda: float(next(seconds))) as store:
        infos = [small.opened(store, name=name) for name in ("one", "two")]
        for info in reversed(infos):
            store.close_study(info.id)
            store.publish(info.id)
        assert [one.name for one in store.published()] == ["one", "two"]


def test_what_is_not_there_is_a_sentence(store):
    calls = [
        lambda: store.fingerprint(99),
        lambda: store.put_results(99, "participant", "0.x", {}),
        lambda: store.publish(99),
        lambda: store.unpublish(99),
    ]
    for call in calls:
        with pytest.raises(NotFound, match="no study number 99"):
            call()
    assert store.results(99, "participant") is None


def test_deleting_a_study_deletes_its_results(store):
    info = small.opened(store)
    kept(store, info.id)
    store.delete_study(info.id)
    assert store.results(info.id, "participant") is None


def test_a_changed_draft_loses_what_was_computed_of_it(store):
    info = small.ready(store)
    kept(store, info.id)
    store.update_study(info.id, small.study(title="Another"), "name: small\n", Path("studies"))
    assert store.results(info.id, "participant") is None


def test_a_database_of_the_version_before_keeps_its_studies(bare_url):
    engine = create_engine(bare_url)
    try:
        with engine.begin() as connection:
            config = migrations._config()
            config.attributes["connection"] = connection
            command.upgrade(config, "r0001")
            connection.execute(
                text(
                    "INSERT INTO study (name, version, state, link, preview_key, simulation_key, definition, clips, "
                    "yaml, folder, digest, salt, created_s, software_version) VALUES ('small', 1, 'closed', 'l', 'p', "
                    "'s', :definition, '[]', 'name: small', '.', '', 'salt', 1, '0.1.0')"
                ),
                {"definition": small.study().model_dump_json()},
            )
    finally:
        engine.dispose()
    with Store.open(bare_url) as store:
        (info,) = store.studies()
        assert (info.name, info.published_s) == ("small", None)
        assert store.publish(info.id).published_s is not None
        kept(store, info.id)
