"""kill -9 of the server while listeners answer: a small version of benchmarks/study_kill.py."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks import study_answers
from benchmarks.study_kill import one_round
from benchmarks.study_process import StudyServer
from listening_test.simulate import Crowd
from listening_test.simulated_listener import ability
from listening_test.store import Store
from tests.listening_test import rendered_study

KILLS, LISTENERS = 5, 8


@pytest.mark.slow
def test_what_was_acknowledged_is_there_after_kill_9(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    with Store.open(url) as store:
        info = rendered_study.opened(store, limits={"listeners": LISTENERS})
        able = ability(info.study, lapse_rate=0.0)
        crowd = Crowd(LISTENERS, able, at_once=LISTENERS, think_s=0.3, patience_s=60.0)
        with StudyServer(url) as server:
            taken, kills = one_round(server, store, info, crowd, KILLS, random.Random(1))
        rows = store.table(info.id, origins=("simulation",))
        assert kills == KILLS
        assert {(one.end, one.error) for one in taken} == {("finished", "")}
        assert sum(one.sent_again for one in taken) > 0
        assert study_answers.lost(store, taken) == 0
        assert study_answers.duplicates(rows) == 0
        assert study_answers.shared_places(rows) == 0
