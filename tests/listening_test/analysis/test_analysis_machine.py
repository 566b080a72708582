"""People and machines on the same pairs."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.attackers import Mfcc
from listening_test.analysis import machine, panel
from listening_test.analysis.answers import Answers
from listening_test.store_records import NotFound
from listening_test.trial import Sound
from tests.listening_test import analysed, planning

SYSTEMS = ("original", "mcadams", "devoiced")


@pytest.fixture(scope="module")
def taken() -> Answers:
    return analysed.answers([planning.SAME], listeners=24, d_prime={"original": 3.0, "mcadams": 1.0, "devoiced": 0.0})


@pytest.fixture(scope="module")
def heard() -> dict[str, np.ndarray]:
    """What a machine with perfect ears for originals hears: a direction for each speaker, noise for one system."""
    rng = np.random.default_rng(0)
    clips = planning.clips()
    names = sorted({clip.speaker for clip in clips})
    faces = dict(zip(names, np.eye(len(names)), strict=True))
    return {
        Sound("speech", clip.key, system).key: noise if system == "devoiced" else faces[clip.speaker]
        for clip in clips
        for system, noise in zip(SYSTEMS, rng.normal(size=(len(SYSTEMS), len(names))), strict=True)
    }


def rows(tables, **wanted):
    return {(row["system"], row["attacker"]): row for row in tables[0].where(**wanted)}


def test_people_and_machines_judge_the_same_pairs(taken, heard):
    tables = machine.tables(taken, {Mfcc.info: heard})
    found = rows(tables)
    assert [table.key for table in tables] == ["machine", "machine_roc"]
    for system in SYSTEMS:
        theirs = [row for (name, _), row in found.items() if name == system]
        assert [row["attacker"] for row in theirs] == [machine.WITHIN, machine.POOLED, machine.PANEL, "mfcc"]
        assert len({row["trials"] for row in theirs}) == 1
    assert found["original", "mfcc"]["auc"] == pytest.approx(1)
    assert found["devoiced", "mfcc"]["auc"] < 0.9
    assert all(row["knows"] and row["protocol"] for row in found.values())


def test_curves_run_from_never_to_always(taken, heard):
    curves = machine.tables(taken, {Mfcc.info: heard})[1]
    for system in SYSTEMS:
        for attacker in (machine.POOLED, machine.PANEL, "mfcc"):
            points = list(curves.where(system=system, attacker=attacker))
            assert points[0]["threshold"] is None
            assert (points[-1]["false_alarm_rate"], points[-1]["hit_rate"]) == (1, 1)
            assert len(points) <= machine.MOST_POINTS


def test_sounds_that_are_gone_are_counted(taken, heard):
    some = dict(list(heard.items())[::2])
    found = rows(machine.tables(taken, {Mfcc.info: some}))
    assert "could not be judged" in found["mcadams", "mfcc"]["note"]
    none = rows(machine.tables(taken, {Mfcc.info: {}}))
    assert none["mcadams", "mfcc"]["auc"] is None
    assert "gone" in none["mcadams", "mfcc"]["note"]


def test_a_machine_that_hears_what_people_hear_correlates(taken):
    own = next(own for named, own in panel.chosen(taken) if named["system"] == "mcadams")
    pairs = panel.fused(own)
    exact = machine._agreement(taken, pairs, pairs["score"].to_numpy(float), ("a",))
    noise = machine._agreement(taken, pairs, np.random.default_rng(0).normal(size=len(pairs)), ("a",))
    assert exact["spearman"] == pytest.approx(1)
    assert noise["spearman_low"] < 0 < noise["spearman_high"]


def test_embeddings_leave_out_what_cannot_be_heard():
    def audio(number: int) -> bytes:
        raise NotFound("gone")

    assert machine.embeddings(Mfcc(), {"speech/a/original/utterance/": 1}, audio) == {}


def test_names_with_slashes_find_their_sounds():
    text = "speaker/one/original/utterance + speaker/two/mcadams/speaker"
    assert machine._keys(text) == (
        Sound("speech", "speaker/one", "original").key,
        Sound("speech", "speaker/two", "mcadams", "speaker").key,
    )


def test_without_answers_tables_say_why(heard):
    for table in machine.tables(analysed.none(planning.study([planning.SAME])), {Mfcc.info: heard}):
        assert table.reason
        assert not table.rows
