"""What the owner sees: how a study fills, the long table, payment, retention, erasure."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from listening_test import payment
from listening_test.store import Expired, Store, StoreError
from tests.listening_test import store_study as small

DAY_S = 86_400.0


def test_an_empty_study_has_empty_numbers(store):
    info = small.opened(store)
    watch = store.counts(info.id)
    assert (watch.places, watch.enrolled, watch.taking, watch.abandoned, watch.minutes) == (4, 0, 0, 0, ())
    assert watch.answers_per_system == {"original": 0, "mcadams": 0}
    assert store.table(info.id) == []


def test_the_watch_counts_each_listener_once(store_url):
    now_s = 0.0
    with Store.open(store_url, clock=lambda: now_s) as store:
        info = small.opened(store, limits={"listeners": 9, "abandoned_after_h": 2})
        finished, screened, lost_early, lost_late, gone, taking = (small.enrol(store, info.id) for _ in range(6))
        small.enrol(store, info.id, "preview")
        store.save(store.current(lost_late.listener.id).id, {"headphone_softest": "1"})
        now_s = 90.0
        small.answer_all(store, finished.listener.id)
        store.save(store.current(screened.listener.id).id, {}, state="screened_out", reason="headphones")
        store.withdraw(gone.listener.id)
        now_s = 7201.0
        store.issue(store.current(taking.listener.id).id)
        watch = store.counts(info.id)
        assert (watch.enrolled, watch.taking, watch.finished, watch.screened_out, watch.abandoned) == (5, 1, 1, 1, 2)
        assert (watch.withdrawn, watch.replaced, watch.minutes) == (1, 0, (1.5,))
        assert watch.dropped_at == {"headphones": 1, "mos": 1}
        assert watch.screened_out_for == {"headphones": 1}
        assert watch.answers_per_system == {"original": 4, "mcadams": 2}
        assert store.counts(info.id, "preview").enrolled == 1
        assert store.listener(lost_early.token).state == "taking"


def test_the_long_table_has_a_row_for_each_answer(store_url):
    now_s = 100.0
    with Store.open(store_url, clock=lambda: now_s) as store:
        info = small.opened(store)
        listener = small.enrol(store, info.id, device="touch", platform="p", platform_id="secret-id").listener
        now_s = 160.0
        small.answer_all(store, listener.id, value="2")
        table = store.table(info.id)
    assert [(row["position"], row["question"]) for row in table] == [
        (0, "headphone_softest"),
        *((position, question) for position in (1, 2, 3) for question in ("overall_quality", "comment")),
    ]
    assert table[1] == {
        "study": "small",
        "study_version": 1,
        "digest": info.digest,
        "origin": "participant",
        "listener": listener.public_id,
        "place": 0,
        "rung": "unfamiliar",
        "language": "en",
        "device": "touch",
        "listener_state": "finished",
        "replaced": False,
        "enrolled_s": 100.0,
        "finished_s": 160.0,
        "position": 1,
        "block": "task",
        "kind": "rated",
        "task": "mos",
        "attempt": 1,
        "question": "overall_quality",
        "value": "2",
        "truth": {"system": "original", "speaker": "A"},
        "system": "original",
        "sounds": [
            sound("a/1", slot="sample", position=0, plays=1, coverage=1.0),
            sound("a/2", slot="reference", position=1, plays=2, coverage=0.99),
        ],
        "response_time_s": 3.5,
        "issued_s": 160.0,
        "received_s": 160.0,
        "software_version": info.software_version,
    }
    assert table[0]["sounds"][0]["clip"] == table[0]["system"] == ""
    assert "secret-id" not in repr(table)


def sound(clip: str, **facts) -> dict:
    known = {"clip": clip, "speaker": "A", "sex": "F", "emotion": "", "system": "original", "level": "utterance"}
    return known | {"duration_s": 2.5} | facts


def test_the_table_keeps_origins_apart(store):
    info = small.opened(store)
    for origin in ("participant", "preview", "simulation"):
        small.answer_all(store, small.enrol(store, info.id, origin).listener.id)
    assert {row["origin"] for row in store.table(info.id)} == {"participant"}
    both = store.table(info.id, ["preview", "simulation"])
    assert {row["origin"] for row in both} == {"preview", "simulation"}
    assert len(both) == 14


def test_answers_of_those_who_are_not_through_are_in_the_table(store):
    info = small.opened(store)
    listener = small.enrol(store, info.id).listener
    store.save(store.current(listener.id).id, {"headphone_softest": "3"})
    (row,) = store.table(info.id)
    assert (row["listener_state"], row["finished_s"], row["value"]) == ("taking", None, "3")


def test_people_can_be_paid_by_who_has_the_key_alone(store):
    info = small.opened(store)
    unpaid = small.enrol(store, info.id, platform="prolific", platform_id="before the key")
    key = store.make_payment_key()
    ids = ["5f1e2d3c", "ünï \U0001f600", "x" * 200]
    listeners = [small.enrol(store, info.id, platform="prolific", platform_id=id_).listener for id_ in ids]
    payments = store.payments(info.id, key)
    assert [(one.platform, one.platform_id) for one in payments] == [("prolific", id_) for id_ in ids]
    assert [one.public_id for one in payments] == [listener.public_id for listener in listeners]
    assert {one.state for one in payments} == {"taking"}
    assert unpaid.listener.public_id not in {one.public_id for one in payments}
    with pytest.raises(payment.PaymentError, match="another key"):
        store.payments(info.id, payment.make_key_pair().private)
    with pytest.raises(payment.PaymentError, match="44 characters"):
        store.payments(info.id, "not a key")
    with pytest.raises(StoreError, match="There is a payment key"):
        store.make_payment_key()
    assert store.make_payment_key(replace=True) != key


def test_forgotten_ids_are_gone_and_their_answers_stay(store):
    info = small.opened(store)
    key = store.make_payment_key()
    listener = small.enrol(store, info.id, platform="prolific", platform_id="5f1e2d3c").listener
    small.enrol(store, info.id)
    small.answer_all(store, listener.id)
    assert store.forget_platform_ids(info.id) == 1
    assert store.payments(info.id, key) == []
    assert len(store.table(info.id)) == 7
    assert not small.enrol(store, info.id, platform="prolific", platform_id="5f1e2d3c").resumed


def test_voices_and_answers_expire_so_long_after_closing(store_url):
    now_s = 0.0
    with Store.open(store_url, clock=lambda: now_s) as store:
        limits = {"listeners": 4, "keep_answers_days": 30, "keep_voices_days": 10}
        info, kept = small.opened(store, limits=limits), small.opened(store, limits={"keep_voices_days": None})
        for one in (info, kept):
            small.answer_all(store, small.enrol(store, one.id).listener.id)
        assert store.expire(1000 * DAY_S) == Expired()  # still open
        now_s = DAY_S
        store.close_study(info.id)
        store.close_study(kept.id)
        assert store.expire(11 * DAY_S - 1) == Expired()
        assert store.expire(11 * DAY_S) == Expired(voices=(info.id,))
        with pytest.raises(StoreError, match="some time after a study closed"):
            store.audio(store.stimuli(info.id)[0].id)
        assert len(store.table(info.id)) == 7
        now_s = 31 * DAY_S
        assert store.expire() == Expired(answers=(info.id,))
        assert store.expire() == Expired()
        assert store.table(info.id) == []
        assert [event.kind for event in store.events(info.id)][-2:] == ["voices expired", "answers expired"]
        assert len(store.table(kept.id)) == 7
        assert len(store.audio(store.stimuli(kept.id)[0].id)) > 0


def files(folder: Path) -> bytes:
    """Everything that lies in the database's files."""
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def test_no_byte_of_who_withdrew_is_left_in_any_file(sqlite_url, tmp_path):
    with Store.open(sqlite_url) as store:
        info = small.opened(store, limits={"listeners": 60})
        store.make_payment_key()
        taking = {}
        for number in range(24):
            mark = f"WRITTEN-BY-{number:03}-" * (1 + 40 * (number % 3))
            enrolled = small.enrol(store, info.id, platform="p", platform_id=mark, device=f"DEVICE-{number:03}")
            small.answer_all(store, enrolled.listener.id, value=mark)
            taking[number] = enrolled.listener
        written = files(tmp_path)
        for number, listener in taking.items():
            assert f"WRITTEN-BY-{number:03}".encode() in written
            assert listener.public_id.encode() in written
        for number in (0, 23, 11, 5, 6, 7, 2):
            listener = taking.pop(number)
            names = [trial.page for trial in store.trials(listener.id)]
            names += [sound.token for trial in store.trials(listener.id) for sound in trial.sounds]
            store.withdraw(listener.id)
            left = files(tmp_path)
            texts = [f"WRITTEN-BY-{number:03}", f"DEVICE-{number:03}", listener.public_id, *names]
            assert [text for text in texts if text.encode() in left] == []
        assert all(f"WRITTEN-BY-{number:03}".encode() in left for number in taking)


def test_the_file_is_rewritten_so_that_gaps_of_pages_keep_no_copies(sqlite_url):
    with Store.open(sqlite_url) as store:
        info = small.opened(store, limits={"listeners": 9})
        listeners = [small.enrol(store, info.id, pages=40).listener for _ in range(9)]
        with closing(store._raw()) as connection:
            full = connection.execute("PRAGMA page_count").fetchone()[0]
            for listener in listeners[1:]:
                store.withdraw(listener.id)
            assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
            assert connection.execute("PRAGMA page_count").fetchone()[0] < 0.7 * full


def test_a_reader_in_the_way_delays_the_erasure_only(sqlite_url, tmp_path):
    with Store.open(sqlite_url, busy_timeout_s=0.1) as store:
        info = small.opened(store)
        listener = small.enrol(store, info.id, device="ERASE-ME").listener
        with store._read() as reader:
            assert reader.exec_driver_sql("SELECT count(*) FROM participant").scalar() == 1
            store.withdraw(listener.id)
            assert store.counts(info.id).enrolled == 0
            assert b"ERASE-ME" in files(tmp_path)
        store.expire()
        assert b"ERASE-ME" not in files(tmp_path)


def test_an_erasure_that_a_crash_cut_short_is_done_when_the_database_opens(sqlite_url, tmp_path, monkeypatch):
    with Store.open(sqlite_url) as store:
        listener = small.enrol(store, small.opened(store).id, device="ERASE-ME").listener
        monkeypatch.setattr(Store, "_erase_traces", lambda self: False)
        store.withdraw(listener.id)
        with closing(store._raw()) as connection:
            assert connection.execute("SELECT count(*) FROM key WHERE name = 'traces'").fetchone() == (1,)
        monkeypatch.undo()
        with Store.open(sqlite_url) as again:
            assert b"ERASE-ME" not in files(tmp_path)
            with closing(again._raw()) as connection:
                assert connection.execute("SELECT count(*) FROM key").fetchone() == (0,)


def test_a_deleted_study_leaves_no_byte(sqlite_url, tmp_path):
    with Store.open(sqlite_url) as store:
        info = small.opened(store)
        small.answer_all(store, small.enrol(store, info.id).listener.id, value="ANSWER-OF-SOMEBODY")
        store.delete_study(info.id)
        left = files(tmp_path)
    assert b"ANSWER-OF-SOMEBODY" not in left
    assert small.SOUNDS[0].key.encode() not in left
    assert b"A small study" not in left
