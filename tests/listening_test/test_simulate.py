"""Simulated listeners over HTTP: known truths are found again in the exported table, lost replies are sent again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import httpx
import numpy as np
import pytest

from listening_test import export, simulate
from listening_test.simulate import Crowd, Taken, Told, take_all, truths
from listening_test.simulated_listener import Ability, SimulationError, ability
from listening_test.store import Store
from listening_test.trial import Trial
from tests.listening_test import rendered_study

MOS = {"original": 4.4, "mcadams": 2.6, "lifted": 3.3, "low-anchor": 1.4}
D_PRIME = {"original": 2.2, "mcadams": 0.8, "lifted": 1.0, "low-anchor": 1.0}
TASKS = [
    {"type": "mos", "trials_per_system": 2},
    {"type": "same-different", "trials_per_system": 4, "systems": ["original", "mcadams"]},
]
LISTENERS = 20


def take(app: Any, info: Any, store: Store, crowd: Crowd) -> list[Taken]:
    """A crowd through the real routes, without a socket."""

    async def all_of_them() -> list[Taken]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://study") as client:
            return await take_all(client, info.link, info.simulation_key, crowd, truths(store))

    return simulate.apart(all_of_them())


class Taking:
    """A crowd with known truth that has taken the tiny study."""

    def __init__(self, url: str) -> None:
        from listening_test.http.app import create

        app = create(url)
        self.store = app.state.store
        self.info = rendered_study.opened(
            self.store,
            tasks=TASKS,
            screening={"headphone_attempts": 1, "gold": 0},
            design={"practice_trials": 0},
            limits={"listeners": LISTENERS},
        )
        self.able = ability(self.info.study, mos=MOS, d_prime=D_PRIME, lapse_rate=0.0)
        crowd = Crowd(LISTENERS, self.able, inattentive=0.1, at_once=4, seed=3)
        self.taken = take(app, self.info, self.store, crowd)
        self.table = export.of(self.store, self.info, ("simulation",))


@pytest.fixture(scope="module")
def taking(tmp_path_factory: pytest.TempPathFactory) -> Any:
    one = Taking(f"sqlite:///{tmp_path_factory.mktemp('simulated') / 'study.db'}")
    yield one
    one.store.close()


def rated(taking: Taking, task: str, question: str, system: str) -> Any:
    """Answers of attentive listeners to the rated trials of a system, which is a letter while the study is open."""
    letter = export.masks(taking.info.study)[system]
    table = taking.table
    finished = table["listener_state"] == "finished"
    chosen = (table["kind"] == "rated") & (table["task"] == task) & (table["question"] == question)
    return table[finished & chosen & (table["system"] == letter)]


def test_nobody_meets_an_error_and_the_inattentive_are_found_at_the_headphone_check(taking: Taking):
    assert {one.error for one in taking.taken} == {""}
    ends = [one.end for one in taking.taken]
    assert ends.count("screened_out") == round(0.1 * LISTENERS)
    assert ends.count("finished") == LISTENERS - round(0.1 * LISTENERS)


def test_everything_is_watermarked_and_no_participant_is_among_them(taking: Taking):
    assert set(taking.table["watermark"]) == {"SIMULATED, NOT PEOPLE"}
    assert taking.store.table(taking.info.id) == []
    assert taking.store.counts(taking.info.id).enrolled == 0
    assert taking.store.counts(taking.info.id, "simulation").enrolled == LISTENERS


def test_every_acknowledged_answer_is_in_the_table_once(taking: Taking):
    given = sum(len([v for v in answers.values() if v]) for one in taking.taken for _, answers in one.acknowledged)
    assert len(taking.table) == given
    assert not taking.table.duplicated(["listener", "position", "question"]).any()


@pytest.mark.parametrize("system", ["original", "mcadams", "low-anchor"])
def test_mos_is_found_again(taking: Taking, system: str):
    ratings = rated(taking, "mos", "overall_quality", system)["value_number"].astype(float)
    standard_error = max(ratings.std(), 0.3) / np.sqrt(len(ratings))
    assert len(ratings) >= 30
    assert ratings.mean() == pytest.approx(MOS[system], abs=3.5 * standard_error)


def test_d_prime_is_found_again(taking: Taking):
    answers = rated(taking, "same-different", "same_different", "mcadams")
    said_same = answers["value_number"].astype(float) > 0
    same = answers["same"].astype(bool)
    hits, false_alarms = said_same[same], said_same[~same]
    z = NormalDist().inv_cdf
    d_prime = z((hits.sum() + 0.5) / (len(hits) + 1)) - z((false_alarms.sum() + 0.5) / (len(false_alarms) + 1))
    assert min(len(hits), len(false_alarms)) >= 30
    assert d_prime == pytest.approx(D_PRIME["mcadams"], abs=1.0)  # 3.3 standard errors of two shares of 36


def test_attentive_listeners_are_used_and_the_others_are_not(taking: Taking):
    by_listener = taking.table.groupby("listener").first()
    used = by_listener.groupby("listener_state")["use"].mean()
    assert used["finished"] >= 0.9
    assert used["screened_out"] == 0


def test_a_crowd_has_exactly_the_share_of_inattentive_listeners_that_was_asked_for():
    crowd = Crowd(50, Ability({}, {}), inattentive=0.3, seed=1)
    assert sum(inattentive for _, inattentive in crowd.rngs()) == 15
    draws = [rng.random() for rng, _ in crowd.rngs()]
    assert len(set(draws)) == 50
    assert draws == [rng.random() for rng, _ in crowd.rngs()]
    assert draws != [rng.random() for rng, _ in replace(crowd, seed=2).rngs()]


def test_nobody_but_the_simulated_is_told_the_truth(sqlite_url: str):
    with Store.open(sqlite_url) as store:
        info = rendered_study.opened(store)
        how = {"language": "en", "consent_version": "1", "plan": lambda place: ("unfamiliar", [Trial("break")])}
        person = store.enrol(info.id, origin="participant", **how)
        for token in (person.token, "forged"):
            with pytest.raises(SimulationError, match="Only simulated listeners"):
                truths(store)(token)


PAGE = {
    "page": "p1",
    "block": "task",
    "sounds": [{"url": "sound/s1"}],
    "questions": [{"key": "level_ok", "widget": "choice", "options": [{"value": "ok"}]}],
    "end": None,
}
ABOUT = {"language": "en", "consent": {"version": "1"}}
Handler = Callable[[httpx.Request], httpx.Response]


def fake(answer: Handler) -> tuple[Handler, list[httpx.Request]]:
    """A study of one page; `answer` plays the server when it is answered."""
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path.endswith("/about"):
            return httpx.Response(200, json=ABOUT)
        if request.url.path.endswith("/enrol"):
            return httpx.Response(201, json={"token": "T" * 43})
        if request.url.path.endswith("/page"):
            return httpx.Response(200, json=PAGE)
        return answer(request) if request.url.path.endswith("/answer") else httpx.Response(200, content=b"RIFF")

    return handle, seen


def one_listener(handle: Handler, monkeypatch: pytest.MonkeyPatch, patience_s: float = 60.0) -> Taken:
    monkeypatch.setattr(simulate, "FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(simulate, "LONGEST_PAUSE_S", 0.0)

    async def visit() -> list[Taken]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle), base_url="http://study") as client:
            crowd = Crowd(1, Ability({}, {}), patience_s=patience_s)
            return await take_all(client, "L" * 43, "key", crowd, lambda token: {"p1": Told("step", {}, 2.0)})

    (taken,) = simulate.apart(visit())
    return taken


def test_an_answer_is_sent_again_until_it_is_acknowledged(monkeypatch: pytest.MonkeyPatch):
    troubles = iter(["lost", "busy", "saved"])

    def answer(request: httpx.Request) -> httpx.Response:
        trouble = next(troubles)
        if trouble == "lost":
            raise httpx.ReadError("connection lost", request=request)
        if trouble == "busy":
            return httpx.Response(503, json={"error": "The database is busy.", "code": "busy"})
        return httpx.Response(200, json={"saved": True, "next": {"end": {"kind": "finished"}}})

    handle, seen = fake(answer)
    taken = one_listener(handle, monkeypatch)
    sent = [json.loads(request.content) for request in seen if request.url.path.endswith("/answer")]
    assert len(sent) == 3
    assert sent[0] == sent[1] == sent[2]
    assert sent[0]["heard"] == [{"plays": 1, "coverage": 1.0}]
    assert sent[0]["response_time_s"] > 2.0
    assert (taken.end, taken.sent_again, taken.answer_s) == ("finished", 2, [])
    assert taken.acknowledged == [("p1", {"level_ok": "ok"})]


def test_a_refusal_is_told_without_the_secrets_of_its_address(monkeypatch: pytest.MonkeyPatch):
    handle, _ = fake(lambda request: httpx.Response(409, json={"error": "This page is over.", "code": "page_unknown"}))
    taken = one_listener(handle, monkeypatch)
    assert taken.error == "POST /take/…/answer was refused with 409: This page is over."
    assert (taken.end, taken.acknowledged) == ("", [])


def test_patience_ends(monkeypatch: pytest.MonkeyPatch):
    handle, _ = fake(lambda request: httpx.Response(503, json={"error": "The disk is full.", "code": "full"}))
    taken = one_listener(handle, monkeypatch, patience_s=-1.0)
    assert "The server was away" in taken.error
    assert "The disk is full." in taken.error


@pytest.mark.parametrize(("values", "share", "found"), [([3.0, 1.0, 2.0], 0.5, 2.0), ([1.0, 2.0], 0.95, 2.0)])
def test_percentile(values: list[float], share: float, found: float):
    assert simulate.percentile(values, share) == found
    assert np.isnan(simulate.percentile([], share))
