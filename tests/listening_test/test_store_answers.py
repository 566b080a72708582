"""Pages and answers in the database."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from listening_test.store import AlreadyAnswered, Heard, ListenerDone, NotFound, Store
from tests.listening_test import store_study as small


@pytest.fixture
def taking(store):
    """An open study's first listener."""
    return small.enrol(store, small.opened(store).id).listener


def test_pages_come_in_order_until_the_end(store, taking):
    seen = []
    while (trial := store.current(taking.id)) is not None:
        seen.append(trial.position)
        assert store.progress(taking.id) == (trial.position, 4)
        store.save(trial.id, dict.fromkeys(trial.questions, "1"), state="finished" if trial.position == 3 else None)
    assert seen == [0, 1, 2, 3]
    assert store.progress(taking.id) == (4, 4)
    assert all(one.answers for one in store.trials(taking.id))


def test_an_answer_is_there_after_everything_is_closed(store_url):
    with Store.open(store_url) as store:
        listener = small.enrol(store, small.opened(store).id).listener
        trial = store.current(listener.id)
        store.save(trial.id, {"headphone_softest": "2"}, [Heard(1, 0.985)], 2.25)
    with Store.open(store_url) as store:
        stored = store.trial(listener.id, trial.page)
        assert (stored.answers, stored.response_time_s) == ({"headphone_softest": "2"}, 2.25)
        (row,) = store.table(listener.study_id)
        assert (row["sounds"][0]["plays"], row["sounds"][0]["coverage"]) == (1, 0.985)


def test_an_answer_is_written_once(store, taking):
    trial = store.current(taking.id)
    store.save(trial.id, {"headphone_softest": "2"}, [Heard(1, 1.0)], 2.0)
    table = store.table(taking.study_id)
    for value, same in (("2", True), ("3", False)):
        with pytest.raises(AlreadyAnswered, match="first answer stands") as caught:
            store.save(trial.id, {"headphone_softest": value}, [Heard(9, 0.5)], 9.0, state="screened_out")
        assert (caught.value.answers, caught.value.same) == ({"headphone_softest": "2"}, same)
    assert store.table(taking.study_id) == table


def test_a_page_without_questions_answered_is_answered_too(store, taking):
    trial = store.current(taking.id)
    store.save(trial.id, {})
    with pytest.raises(AlreadyAnswered) as caught:
        store.save(trial.id, {})
    assert caught.value.same
    assert store.current(taking.id).position == 1


def test_of_many_that_come_at_once_one_is_stored(store):
    listener = small.enrol(store, small.opened(store).id, pages=12).listener
    together = Barrier(4)

    def send(trial_id: int, number: int) -> bool:
        together.wait()
        try:
            store.save(trial_id, {"overall_quality": str(number)}, [Heard(number, 1.0)], float(number))
        except AlreadyAnswered:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        for trial in store.trials(listener.id):
            stored = list(pool.map(send, [trial.id] * 4, range(4)))
            row = store.table(listener.study_id)[-1]
            assert [number for number, done in enumerate(stored) if done] == [int(row["value"])]
            assert row["sounds"][0]["plays"] == row["response_time_s"] == int(row["value"])
    assert len(store.table(listener.study_id)) == 12


def test_a_withdrawal_among_answers_disturbs_neither(store):
    info = small.opened(store, limits={"listeners": 30})
    kept = small.enrol(store, info.id, pages=40).listener
    together = Barrier(3)

    def answer(listener_id: int) -> int:
        together.wait()
        try:
            small.answer_all(store, listener_id)
        except NotFound:
            return 0
        return 1

    def withdraw(listener_id: int) -> int:
        together.wait()
        store.withdraw(listener_id)
        return 1

    with ThreadPoolExecutor(3) as pool:
        for trial in store.trials(kept.id)[:8]:
            gone = small.enrol(store, info.id, pages=3).listener.id
            others = [pool.submit(answer, gone), pool.submit(withdraw, gone)]
            together.wait()
            store.save(trial.id, {"comment": "still here"}, small.HEARD[: len(trial.sounds)], 1.0)
            assert others[1].result() == 1
            assert others[0].result() in (0, 1)
    assert [row["value"] for row in store.table(info.id)] == ["still here"] * 8


def test_whoever_came_to_an_end_answers_no_more(store, taking):
    store.save(store.current(taking.id).id, {"headphone_softest": "1"}, state="screened_out", reason="headphones")
    assert store.counts(taking.study_id).screened_out_for == {"headphones": 1}
    with pytest.raises(ListenerDone, match="no more answers"):
        store.save(store.current(taking.id).id, {"overall_quality": "4"})
    with Store.open(store._url.render_as_string(hide_password=False)) as other:
        listener = next(iter([row for row in other.trials(taking.id) if row.answers]))
    assert listener.position == 0


def test_the_end_is_noted_with_its_time(store, taking):
    store.save(store.current(taking.id).id, {}, state="finished")
    (row,) = [event for event in store.events(taking.study_id) if event.kind == "finished"]
    watch = store.counts(taking.study_id)
    assert (watch.finished, watch.taking, len(watch.minutes), row.detail) == (1, 0, 1, "participant")


def test_skipped_pages_are_passed_over_and_only_one_s_own(store):
    info = small.opened(store)
    one, other = (small.enrol(store, info.id).listener for _ in range(2))
    mine, theirs = store.trials(one.id), store.trials(other.id)
    store.save(mine[0].id, {}, skip=[mine[1].id, mine[2].id, theirs[1].id])
    assert store.current(one.id).position == 3
    assert store.progress(one.id) == (1, 2)
    assert [trial.skipped for trial in store.trials(one.id)] == [False, True, True, False]
    assert not any(trial.skipped for trial in store.trials(other.id))


def test_a_page_is_issued_once_and_keeps_its_listener_present(store_url):
    now_s = 100.0
    with Store.open(store_url, clock=lambda: now_s) as store:
        enrolled = small.enrol(store, small.opened(store).id)
        trial = store.current(enrolled.listener.id)
        assert trial.issued_s is None
        assert store.handle(enrolled.listener.id, trial.sounds[0].token) is None
        now_s = 130.0
        assert store.issue(trial.id) == 130.0
        assert store.handle(enrolled.listener.id, trial.sounds[0].token).token == trial.sounds[0].token
        now_s = 300.0
        assert store.issue(trial.id) == 130.0
        assert store.listener(enrolled.token).seen_s == 300.0
        assert store.current(enrolled.listener.id).issued_s == 130.0


def test_a_sound_is_fetched_at_its_first_time(store_url):
    now_s = 100.0
    with Store.open(store_url, clock=lambda: now_s) as store:
        listener = small.enrol(store, small.opened(store).id).listener
        token = store.current(listener.id).sounds[0].token
        store.fetched(token)
        now_s = 200.0
        store.fetched(token)
        assert store.current(listener.id).sounds[0].fetched_s == 100.0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=[]), max_size=40))
def test_any_text_is_stored_and_sent_again_is_the_same(store, text):
    listener = small.enrol(store, small.opened(store).id, pages=2).listener
    trial = store.current(listener.id)
    store.save(trial.id, {"headphone_softest": text})
    with pytest.raises(AlreadyAnswered) as caught:
        store.save(trial.id, {"headphone_softest": text})
    assert caught.value.same
    (row,) = store.table(listener.study_id)
    if "\0" not in text and text.isprintable():
        assert row["value"] == text


@pytest.mark.parametrize("text", ["'; DROP TABLE answer; --", '{"$gt": ""}', "%s ? :a", "\\", "x" * 1_000_000])
def test_sql_and_long_texts_are_only_text(store, taking, text):
    store.save(store.current(taking.id).id, {"headphone_softest": text}, reason=text)
    assert [row["value"] for row in store.table(taking.study_id)] == [text]


def test_an_answer_takes_a_handful_of_indexed_statements(sqlite_url):
    with Store.open(sqlite_url) as store:
        listener = small.enrol(store, small.opened(store).id).listener
        store.save(store.current(listener.id).id, {"headphone_softest": "1"}, [Heard(1, 1.0)], 1.0)
        statements: list[str] = []
        event.listen(store._engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        trial = store.current(listener.id)
        asked = len(statements)
        store.save(trial.id, {"overall_quality": "4", "comment": "fine"}, small.HEARD, 2.0)
        assert len(statements) - asked <= 8
        assert asked <= 4
        plans = [store_plan(store, statement) for statement in statements if not statement.startswith("BEGIN")]
    assert [plan for plan in plans if "SCAN" in plan] == []


def store_plan(store: Store, statement: str) -> str:
    """How SQLite would look up the rows of a statement."""
    with closing(store._raw()) as db:
        rows = db.execute(f"EXPLAIN QUERY PLAN {statement}", [None] * statement.count("?")).fetchall()
    return "; ".join(row[-1] for row in rows)


def test_enrolment_takes_few_statements_however_long_the_plan(store):
    info = small.opened(store)
    counts = []
    for pages in (2, 80):
        statements: list[str] = []
        listen = lambda *given, statements=statements: statements.append(given[2])  # noqa: E731
        event.listen(store._engine, "before_cursor_execute", listen)
        small.enrol(store, info.id, pages=pages)
        event.remove(store._engine, "before_cursor_execute", listen)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 25
