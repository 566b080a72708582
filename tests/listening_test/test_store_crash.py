"""Processes that share a database, and processes that are killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from listening_test.store import Store
from tests.listening_test import store_study as small

ROOT = Path(__file__).resolve().parents[2]

HEAD = """
import sys
from listening_test.store import AlreadyAnswered, Store, StudyFull
from tests.listening_test import store_study as small

url, number = sys.argv[1], int(sys.argv[2])

def say(*words):
    print(*words, flush=True)

with Store.open(url) as store:
    say("open")
    sys.stdin.readline()
"""
HALF_AN_ANSWER = """
    with store._write() as db:
        db.exec_driver_sql(f"UPDATE trial SET answered_s = 1 WHERE id = {number}")
        db.exec_driver_sql(
            "INSERT INTO answer (trial_id, question, value, origin, received_s, software_version) "
            f"VALUES ({number}, 'headphone_softest', 'half', 'participant', 1, '0')"
        )
        say("in the middle")
        sys.stdin.readline()
"""
ANSWERS = """
    for trial in store.trials(number):
        store.issue(trial.id)
        store.save(trial.id, dict.fromkeys(trial.questions, "4"), small.HEARD[: len(trial.sounds)], 1.0)
        say(trial.id)
"""
ARRIVALS = """
    for arrival in range(8):
        for who in ({"platform": "p", "platform_id": f"person {arrival}"}, {}):
            try:
                arrived = small.enrol(store, number, **who)
                say("again" if arrived.resumed else "person" if who else "somebody")
            except StudyFull:
                say("full")
"""


@contextmanager
def process(code: str, url: str, number: int) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-c", HEAD + code, url, str(number)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as running:
        try:
            assert running.stdout.readline() == "open\n"
            yield running
        finally:
            running.kill()


def go(running: subprocess.Popen) -> None:
    running.stdin.write("\n")
    running.stdin.flush()


def test_an_answer_cut_in_the_middle_is_not_there_and_can_be_sent_again(store_url):
    with Store.open(store_url) as store:
        listener = small.enrol(store, small.opened(store).id).listener
        trial = store.current(listener.id)
        with process(HALF_AN_ANSWER, store_url, trial.id) as running:
            go(running)
            assert running.stdout.readline() == "in the middle\n"
            running.kill()
            running.wait()
        assert store.table(listener.study_id) == []
        store.save(trial.id, {"headphone_softest": "2"}, [small.HEARD[0]], 1.0)
        assert [row["value"] for row in store.table(listener.study_id)] == ["2"]


@pytest.mark.parametrize("acknowledged", [1, 9])
def test_every_acknowledged_answer_survives_kill_9(store_url, acknowledged):
    with Store.open(store_url) as store:
        listener = small.enrol(store, small.opened(store).id, pages=200).listener
        with process(ANSWERS, store_url, listener.id) as running:
            go(running)
            heard_of = [int(running.stdout.readline()) for _ in range(acknowledged)]
            running.kill()
            running.wait()
        trials = store.trials(listener.id)
        answered = [trial for trial in trials if trial.answered_s is not None]
        assert set(heard_of) <= {trial.id for trial in answered}
        assert all(set(trial.answers) == set(trial.questions) for trial in answered)
        assert not any(trial.answers for trial in trials if trial.answered_s is None)
        waiting = store.current(listener.id)
        assert waiting.position == len(answered) < 200
        store.save(waiting.id, dict.fromkeys(waiting.questions, "5"))


def test_processes_that_enrol_at_once_share_the_places(store_url):
    with Store.open(store_url) as store:
        info = small.opened(store, limits={"listeners": 20})
        with process(ARRIVALS, store_url, info.id) as one, process(ARRIVALS, store_url, info.id) as other:
            go(one)
            go(other)
            said = (one.communicate()[0] + other.communicate()[0]).split()
        assert (one.returncode, other.returncode) == (0, 0)
        with store._read() as db:
            places = db.exec_driver_sql("SELECT place FROM participant").scalars().all()
            people = db.exec_driver_sql("SELECT platform_id_hash FROM participant WHERE platform <> ''").scalars().all()
        assert sorted(places) == list(range(20))
        assert len(set(people)) == len(people) == said.count("person") <= 8
        assert said.count("person") + said.count("somebody") == 20
        assert len(said) == 32


def test_the_store_brings_neither_gradio_nor_torch():
    code = "import sys, listening_test.store; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"gradio", "torch", "scipy", "librosa", "pandas"} & set(done.stdout.split())
