"""Results are shown as they were kept and computed again in the background; nobody who withdrew stays in them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from anonymizers.workers import WorkerLost
from listening_test.analysis import results as analysis
from listening_test.analysis.table import Column, Table
from listening_test.store import Store, StoreError
from tests.listening_test import rendered_study
from tests.web import known_results
from web import study_computing
from web.study_results import AGAIN_S, StudyResults

SOUNDS = Table("sounds_heard", "Sounds", (Column("sounds", "How many"),))


class Clock:
    """Says what time it is, as tests want it."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'studies.db'}", clock=clock) as store:
        yield store


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[known_results.Here]:
    monkeypatch.setattr(analysis, "PARTS", ())  # the facts alone, which are quick
    here = known_results.Here()
    yield here
    here.go_on.set()


@pytest.fixture
def service(store: Store, here: known_results.Here, tmp_path: Path, clock: Clock) -> Iterator[StudyResults]:
    service = results_of(store, here, tmp_path, clock)
    yield service
    here.go_on.set()
    service.close()


def results_of(store: Store, here: Any, folder: Path, clock: Any, **more: Any) -> StudyResults:
    url = f"sqlite:///{folder / 'studies.db'}"
    return StudyResults(store, url, workers=here, clock=clock, **{"extras": (), **more})


def used(service: StudyResults, info: Any, origin: Any = "participant") -> int | None:
    """How many listeners the kept results rest on."""
    shown = service.shown(info, origin)
    return shown.results.about["used"] if shown.results else None


def test_the_first_look_starts_computing_and_waits_for_nothing(store: Store, service: Any, here: Any) -> None:
    info = known_results.taken(store)
    here.go_on.clear()
    shown = service.shown(info)
    assert (shown.results, shown.stale, shown.since_s, shown.problem) == (None, True, 1000.0, "")
    here.go_on.set()
    service.wait(info)
    shown = service.shown(info)
    assert (shown.stale, shown.since_s, shown.results.about["finished"]) == (False, None, 3)
    assert len(here.jobs) == 1
    service.shown(info)
    assert len(here.jobs) == 1


def test_one_study_is_computed_once_at_a_time(store: Store, service: Any, here: Any) -> None:
    info = known_results.taken(store)
    here.go_on.clear()
    for _ in range(5):
        service.shown(info)
        service.again(info)
    here.go_on.set()
    service.wait(info)
    assert len(here.jobs) == 1


def test_studies_take_turns(store: Store, service: Any, here: Any) -> None:
    infos = [known_results.taken(store, name=name) for name in ("one", "two", "three")]
    at_once: list[int] = []
    inside = threading.Semaphore(1)
    here.before = lambda: at_once.append(int(not inside.acquire(blocking=False)))
    here.after = inside.release
    for info in infos:
        service.shown(info)
    for info in infos:
        service.wait(info)
    assert at_once == [0, 0, 0]


def test_what_was_kept_outlives_the_app(store: Store, service: Any, here: Any, tmp_path: Path, clock: Any) -> None:
    info = known_results.taken(store)
    service.shown(info)
    service.wait(info)
    again = results_of(store, here, tmp_path, clock)
    assert not again.shown(info).stale
    assert len(here.jobs) == 1


def test_new_answers_make_results_old_and_old_ones_stay_on_the_page(
    store: Store, service: Any, here: Any, clock: Clock
) -> None:
    info = known_results.taken(store, listeners=1, close=False)
    service.shown(info)
    service.wait(info)
    known_results.listener(store, info, choice=1)
    here.go_on.clear()
    clock.now_s += AGAIN_S
    shown = service.shown(info)
    assert shown.stale
    assert shown.since_s == clock.now_s
    assert shown.results.about["used"] == 1
    here.go_on.set()
    service.wait(info)
    assert used(service, info) == 2


def test_an_open_study_is_not_computed_all_the_time(store: Store, service: Any, here: Any, clock: Clock) -> None:
    info = known_results.taken(store, listeners=1, close=False)
    service.shown(info)
    service.wait(info)
    known_results.listener(store, info, choice=1)
    clock.now_s += AGAIN_S - 1
    shown = service.shown(info)
    assert (shown.stale, shown.since_s) == (True, None)
    assert len(here.jobs) == 1
    service.again(info)  # the owner asks for it
    service.wait(info)
    assert used(service, info) == 2


def test_closing_unmasks(store: Store, service: Any) -> None:
    info = known_results.taken(store, close=False)
    service.shown(info)
    service.wait(info)
    about = service.shown(info).results.about
    assert (about["masked"], about["systems"]) == (True, ["A", "B", "C", "D"])
    info = store.close_study(info.id)
    assert service.shown(info).stale
    service.wait(info)
    about = service.shown(info).results.about
    assert (about["masked"], set(about["systems"])) == (False, set(info.study.labels))


def test_who_withdraws_is_in_no_results_any_more(store: Store, service: Any) -> None:
    info = known_results.taken(store, listeners=2, close=False)
    person = known_results.listener(store, info, choice=5)
    store.close_study(info.id)
    info = store.study(info.id)
    service.shown(info)
    service.wait(info)
    assert used(service, info) == 3
    store.withdraw(person.id)
    assert service.shown(info).results is None
    service.wait(info)
    assert used(service, info) == 2


def test_a_withdrawal_during_the_computation_is_obeyed(store: Store, service: Any, here: Any) -> None:
    info = known_results.taken(store, listeners=2, close=False)
    people = [known_results.listener(store, info, choice=5)]
    here.after = lambda: people and store.withdraw(people.pop().id)
    service.shown(info)
    service.wait(info)
    assert used(service, info) == 2
    assert len(here.jobs) == 2


def test_a_failure_is_a_sentence_and_is_not_repeated_by_itself(store: Store, service: Any, here: Any) -> None:
    info = known_results.taken(store, close=False)
    here.fault = ZeroDivisionError("nothing to divide by")
    for _ in range(3):
        service.shown(info)
        service.wait(info)
    assert "ZeroDivisionError: nothing to divide by" in service.shown(info).problem
    assert len(here.jobs) == 1
    here.fault = None
    service.again(info)
    service.wait(info)
    assert service.shown(info).problem == ""


@pytest.mark.parametrize(
    ("fault", "sentence"), [(WorkerLost("gone"), "want of memory"), (StoreError("The disk is away."), "The disk is")]
)
def test_what_may_go_wrong_is_said(store: Store, service: Any, here: Any, fault: Exception, sentence: str) -> None:
    info = known_results.taken(store)
    here.fault = fault
    service.shown(info)
    service.wait(info)
    shown = service.shown(info)
    assert sentence in shown.problem
    assert shown.since_s is None


def test_new_answers_are_tried_after_a_failure(store: Store, service: Any, here: Any) -> None:
    info = known_results.taken(store, close=False)
    here.fault = ZeroDivisionError()
    service.shown(info)
    service.wait(info)
    here.fault = None
    known_results.listener(store, info, choice=4)
    service.shown(info)
    service.wait(info)
    assert used(service, info) == 4


def test_a_study_deleted_meanwhile_is_no_failure(store: Store, service: Any, here: Any) -> None:
    info = known_results.taken(store)
    here.before = lambda: store.delete_study(info.id)
    service.shown(info)
    service.wait(info)
    assert service._problems == {}


def test_closing_the_app_ends_what_is_under_way(store: Store, service: Any, here: Any) -> None:
    info = known_results.taken(store)
    here.go_on.clear()
    service.shown(info)
    service.close()
    assert service.shown(info).since_s is None  # and nothing starts any more


def test_another_version_computes_again(store: Store, service: Any, here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    info = known_results.taken(store)
    service.shown(info)
    service.wait(info)
    monkeypatch.setattr("web.study_results.__version__", "99")
    assert service.shown(info).stale
    service.wait(info)
    assert len(here.jobs) == 2


def test_simulated_answers_are_kept_apart(store: Store, service: Any) -> None:
    info = known_results.taken(store, listeners=1, close=False)
    known_results.listener(store, info, origin="simulation")
    known_results.listener(store, info, origin="simulation", choice=1)
    for origin, watermark, listeners in (("participant", "", 1), ("simulation", "SIMULATED, NOT PEOPLE", 2)):
        service.shown(info, origin)
        service.wait(info, origin)
        about = service.shown(info, origin).results.about
        assert (about["watermark"], about["used"]) == (watermark, listeners)


class Extra:
    """Stands for a further part of the analysis."""

    def __init__(self) -> None:
        self.calls = 0

    def of(self, store: Store, info: Any, origins: Any) -> list[Table]:
        self.calls += 1
        return [SOUNDS.filled([{"sounds": len(store.stimuli(info.id))}])]


def test_further_parts_are_computed_when_the_study_is_closed_and_kept_apart(
    store: Store, here: Any, tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = Extra()
    monkeypatch.setattr(analysis, "import_module", {"listening_test.analysis.voices": extra}.__getitem__)
    service = results_of(store, here, tmp_path, clock, extras=("voices",))
    info = known_results.taken(store, close=False)
    service.shown(info)
    service.wait(info)
    assert "sounds_heard" not in service.shown(info).results.tables
    info = store.close_study(info.id)
    service.shown(info)
    service.wait(info)
    found = service.shown(info).results
    assert found.tables["sounds_heard"].rows == ({"sounds": len(store.stimuli(info.id))},)
    assert (found.about["finished"], extra.calls) == (3, 1)


def test_a_study_that_nobody_took_has_results_that_say_so(store: Store, service: Any) -> None:
    info = rendered_study.opened(store)
    service.shown(info)
    service.wait(info)
    shown = service.shown(info)
    assert (shown.problem, shown.results.about["enrolled"], shown.results.about["last_s"]) == ("", 0, None)


def test_another_process_computes_and_lets_the_pages_come_first(store: Store, tmp_path: Path, clock: Clock) -> None:
    service = StudyResults(store, f"sqlite:///{tmp_path / 'studies.db'}", clock=clock, extras=())
    info = rendered_study.opened(store)
    with service._workers() as workers:
        assert workers.call(os.getpid) != os.getpid()
        assert workers.call(os.nice, 0) == min(19, os.nice(0) + study_computing.NICER)
    service.shown(info)
    service.wait(info)
    assert service.shown(info).problem == ""
    assert service.shown(info).results.about["state"] == "open"
