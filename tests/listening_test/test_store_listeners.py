"""Listeners in the database: places, links, plans, withdrawal."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listening_test.store import NotFound, Store, StoreError, StudyFull, StudyNotOpen
from listening_test.study import StudyError
from tests.listening_test import store_study as small

DAY_S = 86_400.0


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(store_url, clock):
    """A store whose clock is set by hand."""
    with Store.open(store_url, clock=clock) as store:
        yield store


def places(store: Store, study_id: int, origin="participant") -> dict[int, str]:
    """Public id of who holds each place."""
    query = (
        "SELECT place, public_id FROM participant "
        f"WHERE study_id = {study_id} AND origin = '{origin}' AND replaced_s IS NULL"
    )
    with store._read() as db:
        return dict(db.exec_driver_sql(query).all())


def test_enrolment_takes_a_place_and_writes_the_plan(timed, clock):
    info = small.opened(timed)
    clock.now_s += 5
    enrolled = small.enrol(timed, info.id, device="touch")
    listener = enrolled.listener
    assert (listener.place, listener.rung, listener.language, listener.state) == (0, "unfamiliar", "en", "taking")
    assert (listener.origin, listener.consent_version, listener.replaced) == ("participant", "1", False)
    assert (listener.enrolled_s, listener.seen_s, listener.finished_s) == (clock.now_s, clock.now_s, None)
    assert not enrolled.resumed
    assert timed.listener(enrolled.token) == listener
    trials = timed.trials(listener.id)
    _, planned = small.plan()(0)
    assert [(one.block, one.kind, one.task, one.questions, one.truth) for one in trials] == [
        (one.block, one.kind, one.task, one.questions, one.truth) for one in planned
    ]
    assert [one.position for one in trials] == [0, 1, 2, 3]
    assert [[sound.slot for sound in one.sounds] for one in trials] == [list(one.slots) for one in planned]
    keys = {stimulus.id: stimulus.key for stimulus in timed.stimuli(info.id)}
    assert [[keys[sound.stimulus_id] for sound in one.sounds] for one in trials] == [
        [sound.key for sound in one.sounds] for one in planned
    ]
    assert all(sound.duration_s == 2.5 for one in trials for sound in one.sounds)


def test_names_that_reach_a_browser_are_random_and_alike(store):
    info = small.opened(store)
    enrolled = [small.enrol(store, info.id) for _ in range(3)]
    trials = [trial for one in enrolled for trial in store.trials(one.listener.id)]
    for names in (
        [one.token for one in enrolled],
        [trial.page for trial in trials],
        [sound.token for trial in trials for sound in trial.sounds],
    ):
        assert len(set(names)) == len(names)
        assert len({len(name) for name in names}) == 1
        assert len(names[0]) >= 16


def test_the_database_does_not_know_the_personal_link(sqlite_url, tmp_path):
    with Store.open(sqlite_url) as store:
        token = small.enrol(store, small.opened(store).id).token
    assert token.encode() not in (tmp_path / "study.db").read_bytes()


def test_a_forged_link_is_nobody_s(store):
    token = small.enrol(store, small.opened(store).id).token
    for forged in ("", token[:-1], token + "A", token.swapcase(), token[::-1]):
        assert store.listener(forged) is None


def test_a_platform_s_id_resumes_and_never_enrols_twice(store):
    info = small.opened(store)
    first = small.enrol(store, info.id, platform="prolific", platform_id="5f1e2d3c")
    again = small.enrol(store, info.id, platform="prolific", platform_id="5f1e2d3c")
    assert again.resumed
    assert again.listener == first.listener
    assert again.token != first.token
    assert store.listener(first.token) == store.listener(again.token)
    for more in ({"platform": "mturk", "platform_id": "5f1e2d3c"}, {"platform": "prolific", "platform_id": "other"}):
        other = small.enrol(store, info.id, **more)
        assert not other.resumed
    assert small.enrol(store, info.id, "preview", platform="prolific", platform_id="5f1e2d3c").resumed is False
    assert store.counts(info.id).enrolled == 3


def test_who_enrolled_comes_back_even_when_the_study_is_full_or_closed(store):
    info = small.opened(store, limits={"listeners": 1})
    small.enrol(store, info.id, platform="p", platform_id="x")
    with pytest.raises(StudyFull):
        small.enrol(store, info.id)
    assert small.enrol(store, info.id, platform="p", platform_id="x").resumed
    store.close_study(info.id)
    assert small.enrol(store, info.id, platform="p", platform_id="x").resumed


def test_old_links_end_when_somebody_comes_back_many_times(timed, clock):
    info, tokens = small.opened(timed), []
    for _ in range(10):
        clock.now_s += 1
        tokens.append(small.enrol(timed, info.id, platform="p", platform_id="x").token)
    assert [timed.listener(token) is not None for token in tokens] == [False] * 2 + [True] * 8


def test_nobody_enters_a_study_that_is_not_open(store):
    info = small.ready(store)
    with pytest.raises(StudyNotOpen, match="not open yet"):
        small.enrol(store, info.id)
    for origin in ("preview", "simulation"):
        assert small.enrol(store, info.id, origin).listener.place == 0
    info = small.opened(store)
    store.close_study(info.id)
    for origin in ("participant", "preview", "simulation"):
        with pytest.raises(StudyNotOpen, match="closed"):
            small.enrol(store, info.id, origin)
    with pytest.raises(NotFound):
        small.enrol(store, 99)


def test_the_last_place_is_the_last(store):
    info = small.opened(store)
    assert [small.enrol(store, info.id).listener.place for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(StudyFull, match="All 4 places"):
        small.enrol(store, info.id)
    assert small.enrol(store, info.id, "preview").listener.place == 0


def test_previews_never_run_out_of_places(timed, clock):
    info = small.opened(timed, limits={"listeners": 2})
    taken = []
    for _ in range(5):
        clock.now_s += 1
        taken.append(small.enrol(timed, info.id, "preview"))
    assert [one.listener.place for one in taken] == [0, 1, 0, 1, 0]
    assert [timed.listener(one.token).replaced for one in taken] == [True, True, True, False, False]


def test_places_of_those_who_left_come_first(timed, clock):
    info = small.opened(timed, limits={"listeners": 6, "abandoned_after_h": 1})
    early = [small.enrol(timed, info.id) for _ in range(5)]
    timed.withdraw(early[1].listener.id)
    timed.save(timed.current(early[3].listener.id).id, {}, state="screened_out", reason="headphones")
    assert small.enrol(timed, info.id).listener.place == 1
    assert small.enrol(timed, info.id).listener.place == 3
    clock.now_s += 3599
    small.answer_all(timed, early[0].listener.id)
    timed.issue(timed.current(early[2].listener.id).id)
    clock.now_s += 2
    back = small.enrol(timed, info.id)
    assert back.listener.place == 1  # the replacement there was not seen for an hour either
    assert [small.enrol(timed, info.id).listener.place for _ in range(3)] == [3, 4, 5]
    with pytest.raises(StudyFull):
        small.enrol(timed, info.id)
    assert timed.listener(early[3].token).replaced
    assert not timed.listener(early[2].token).replaced


def test_who_was_replaced_may_still_finish(timed, clock):
    info = small.opened(timed, limits={"listeners": 1, "abandoned_after_h": 1})
    early = small.enrol(timed, info.id)
    clock.now_s += 3601
    late = small.enrol(timed, info.id)
    assert late.listener.place == early.listener.place == 0
    small.answer_all(timed, early.listener.id)
    small.answer_all(timed, late.listener.id)
    watch = timed.counts(info.id)
    assert (watch.enrolled, watch.finished, watch.replaced) == (2, 2, 1)
    replaced = {row["listener"]: row["replaced"] for row in timed.table(info.id)}
    assert replaced == {early.listener.public_id: True, late.listener.public_id: False}


def test_whoever_finished_keeps_the_place(timed, clock):
    info = small.opened(timed, limits={"listeners": 1, "abandoned_after_h": 1})
    small.answer_all(timed, small.enrol(timed, info.id).listener.id)
    clock.now_s += 365 * DAY_S
    with pytest.raises(StudyFull):
        small.enrol(timed, info.id)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(st.tuples(st.sampled_from(["enrol", "withdraw", "screen", "wait", "finish"]), st.integers(0, 9))))
def test_a_place_has_one_holder_and_is_never_left_empty_below_another(timed, clock, deeds):
    info = small.opened(timed, limits={"listeners": 5, "abandoned_after_h": 1})
    active: list[int] = []
    for deed, which in deeds:
        if deed == "wait":
            clock.now_s += 1200 * which
        elif deed == "enrol":
            held, gone = places(timed, info.id), gone_places(timed, info.id, clock.now_s - 3600)
            free = [place for place in range(5) if place not in held or place in gone]
            if free:
                enrolled = small.enrol(timed, info.id, pages=2)
                assert enrolled.listener.place == free[0]
                active.append(enrolled.listener.id)
            else:
                with pytest.raises(StudyFull):
                    small.enrol(timed, info.id, pages=2)
        elif active:
            listener_id = active.pop(which % len(active))
            if deed == "withdraw":
                timed.withdraw(listener_id)
            else:
                state = "screened_out" if deed == "screen" else "finished"
                timed.save(timed.current(listener_id).id, {}, state=state)


def gone_places(store: Store, study_id: int, lost_s: float) -> set[int]:
    query = f"SELECT place, state, seen_s FROM participant WHERE replaced_s IS NULL AND study_id = {study_id}"
    with store._read() as db:
        rows = db.exec_driver_sql(query).all()
    return {row[0] for row in rows if row[1] == "screened_out" or (row[1] == "taking" and row[2] < lost_s)}


def test_a_plan_that_fails_leaves_nothing(store):
    info = small.opened(store)

    def fails(place):
        raise StudyError("no plan")

    with pytest.raises(StudyError, match="no plan"):
        store.enrol(info.id, origin="participant", language="en", consent_version="1", plan=fails)
    missing = small.rated(0)
    missing = type(missing)("task", sounds=(small.Sound("level"),), slots=("sample",), questions=("level_ok",))
    for pages, sentence in (([small.rated(0), missing], "level.*was not rendered"), ([], "at least one page")):
        with pytest.raises(StoreError, match=sentence):
            store.enrol(
                info.id,
                origin="participant",
                language="en",
                consent_version="1",
                plan=lambda place, pages=pages: ("unfamiliar", pages),
            )
    assert store.counts(info.id).enrolled == 0
    assert small.enrol(store, info.id).listener.place == 0


def test_places_stay_unique_when_many_arrive_at_once(store):
    info = small.opened(store, limits={"listeners": 30})

    def arrive(number: int) -> int | None:
        try:
            return small.enrol(store, info.id, platform="p", platform_id=f"person {number % 33}").listener.place
        except StudyFull:
            return None

    with ThreadPoolExecutor(16) as pool:
        found = Counter(pool.map(arrive, range(40)))
    placed = {place for place in found if place is not None}
    assert placed == set(range(30))
    assert store.counts(info.id).enrolled == 30
    assert [len(store.trials(number)) for number in ids(store, info.id)] == [4] * 30


def ids(store: Store, study_id: int) -> list[int]:
    with store._read() as db:
        query = f"SELECT id FROM participant WHERE study_id = {study_id}"
        return list(db.exec_driver_sql(query).scalars())


def test_withdrawal_leaves_no_row_and_one_number(store):
    info = small.opened(store)
    gone, stays = small.enrol(store, info.id, platform="p", platform_id="x"), small.enrol(store, info.id)
    small.answer_all(store, gone.listener.id)
    small.answer_all(store, stays.listener.id)
    store.withdraw(gone.listener.id)
    assert store.listener(gone.token) is None
    assert {row["listener"] for row in store.table(info.id)} == {stays.listener.public_id}
    assert store.counts(info.id).withdrawn == 1
    with store._read() as db:
        counts = [db.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in ("trial", "handle", "answer")]
    assert counts == [4, 7, 7]
    with pytest.raises(NotFound, match="no longer"):
        store.withdraw(gone.listener.id)
    again = small.enrol(store, info.id, platform="p", platform_id="x")
    assert (again.resumed, again.listener.place) == (False, 0)


def test_numbers_of_those_who_withdrew_are_not_given_out_again(store):
    info = small.opened(store)
    early = small.enrol(store, info.id)
    old = store.current(early.listener.id)
    store.withdraw(early.listener.id)
    late = small.enrol(store, info.id)
    assert late.listener.id != early.listener.id
    with pytest.raises(NotFound):
        store.save(old.id, {"headphone_softest": "2"})


def test_two_listeners_do_not_reach_each_other_s_pages(store):
    info = small.opened(store)
    one, other = (small.enrol(store, info.id).listener for _ in range(2))
    trial = store.current(one.id)
    store.issue(trial.id)
    assert store.handle(one.id, trial.sounds[0].token).trial_id == trial.id
    assert store.handle(other.id, trial.sounds[0].token) is None
    assert store.trial(one.id, trial.page).id == trial.id
    assert store.trial(other.id, trial.page) is None
