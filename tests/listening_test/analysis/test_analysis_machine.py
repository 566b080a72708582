"""People and machines on the same pairs."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evaluation import metrics
from evaluation.attackers import Mfcc
from listening_test import plan, simulated_answers
from listening_test.analysis import machine, machine_trials, panel, within
from listening_test.analysis.answers import Answers
from listening_test.analysis.reidentification import arrays
from listening_test.simulated_listener import ability
from listening_test.store_records import NotFound
from listening_test.trial import Sound
from tests.listening_test import analysed, planning, rendered_study

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
        assert [row["attacker"] for row in theirs] == [
            machine_trials.WITHIN,
            machine_trials.POOLED,
            machine_trials.PANEL,
            "mfcc",
        ]
        assert len({row["trials"] for row in theirs}) == 1
    assert found["original", "mfcc"]["auc"] == pytest.approx(1)
    assert found["devoiced", "mfcc"]["auc"] < 0.9
    assert all(row["knows"] and row["protocol"] for row in found.values())


def test_curves_run_from_never_to_always(taken, heard):
    curves = machine.tables(taken, {Mfcc.info: heard})[1]
    for system in SYSTEMS:
        for attacker in (machine_trials.POOLED, machine_trials.PANEL, "mfcc"):
            points = list(curves.where(system=system, attacker=attacker))
            assert points[0]["threshold"] is None
            assert (points[-1]["false_alarm_rate"], points[-1]["hit_rate"]) == (1, 1)
            assert len(points) <= machine_trials.MOST_POINTS


def test_people_are_compared_on_the_pairs_that_the_machine_could_judge(taken, heard):
    clips = sorted({key.split("/")[1] for key in heard})
    some = {key: value for key, value in heard.items() if key.split("/")[1] not in clips[::4]}
    found = rows(machine.tables(taken, {Mfcc.info: some}))
    own = dict(_named(taken))["mcadams"]
    gone = [own[f"sound_{n}_clip"].isin(clips[::4]).to_numpy(bool) for n in (1, 2)]
    kept = own[~(gone[0] | gone[1])]
    for attacker in (machine_trials.WITHIN, machine_trials.POOLED, machine_trials.PANEL, "mfcc"):
        assert found["mcadams", attacker]["trials"] == len(panel.fused(kept)) < len(panel.fused(own))
        assert "left out" in found["mcadams", attacker]["note"]
    assert found["mcadams", machine_trials.WITHIN]["auc"] == within.auc(*arrays(kept)).value


def test_without_any_sound_people_are_judged_alone(taken):
    none = rows(machine.tables(taken, {Mfcc.info: {}}))
    assert none["mcadams", "mfcc"]["auc"] is None
    assert "gone" in none["mcadams", "mfcc"]["note"]
    assert none["mcadams", machine_trials.POOLED]["auc"] > 0.5
    assert none["mcadams", machine_trials.POOLED]["trials"] == len(panel.fused(dict(_named(taken))["mcadams"]))


def test_an_attacker_that_hears_nothing_takes_no_pairs_from_others(taken, heard, monkeypatch):
    deaf = replace(Mfcc.info, key="deaf")
    monkeypatch.setattr(machine_trials, "ATTACKERS", {"mfcc": Mfcc, "deaf": Mfcc})
    found = rows(machine.tables(taken, {Mfcc.info: heard, deaf: {}}))
    alone = rows(machine.tables(taken, {Mfcc.info: heard}))
    assert found["mcadams", "mfcc"] == alone["mcadams", "mfcc"]
    assert found["mcadams", "deaf"]["auc"] is None


def test_what_a_system_does_to_every_voice_does_not_hide_them(taken, heard):
    """One system moves all voices to one side and turns them up: to an attacker who knows which went through it, no
    harder."""
    moved = {key: 3 * value + 7 if "/mcadams/" in key else value for key, value in heard.items()}
    found, plain = (rows(machine.tables(taken, {Mfcc.info: one})) for one in (moved, heard))
    assert found["mcadams", "mfcc"]["auc"] == pytest.approx(plain["mcadams", "mfcc"]["auc"])
    assert found["mcadams", "mfcc"]["auc"] > 0.95


def test_machine_scores_of_pairs_are_those_of_the_attacker(taken, heard):
    """AUC and EER of a row, computed again from the sounds by hand."""
    rng = np.random.default_rng(1)
    noisy = {key: value + 0.5 * rng.normal(size=value.shape) for key, value in heard.items()}
    named, own = next((named, own) for named, own in panel.chosen(taken) if named["system"] == "original")
    assert named["pair"] == "original-original"
    compared = _compared(taken)
    keys = [key for key in noisy if "/original/" in key and key.split("/")[1] in compared]
    known = np.stack([noisy[key] for key in keys])
    scaled = dict(zip(keys, (known - known.mean(0)) / known.std(0), strict=True))
    scores = {True: [], False: []}
    pairs = {(frozenset([row.sound_1_clip, row.sound_2_clip]), bool(row.same)) for row in own.itertuples()}
    for clips, same in pairs:
        one, other = (scaled[Sound("speech", clip, "original").key] for clip in clips)
        scores[same].append(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    found = rows(machine.tables(taken, {Mfcc.info: noisy}))["original", "mfcc"]
    assert found["trials"] == len(pairs)
    assert found["eer"] > 0
    assert found["auc"] == pytest.approx(metrics.auc(scores[True], scores[False]))
    assert found["eer"] == pytest.approx(metrics.eer(scores[True], scores[False]))
    assert found["auc_low"] <= found["auc"] <= found["auc_high"]


def test_pairs_of_one_session_are_counted(taken, heard):
    sessions = {clip.key: clip.session for clip in planning.clips()}
    apart = rows(machine.tables(taken, {Mfcc.info: heard}, sessions))["mcadams", "mfcc"]
    assert "session" not in apart["note"]
    one = rows(machine.tables(taken, {Mfcc.info: heard}, dict.fromkeys(sessions, "1")))["mcadams", "mfcc"]
    pairs = panel.fused(dict(_named(taken))["mcadams"])
    count = int(pairs["same"].sum())
    assert f"{count} of {count} pairs of one speaker" in one["note"]


def test_a_machine_that_hears_what_people_hear_correlates(taken):
    own = next(own for named, own in panel.chosen(taken) if named["system"] == "mcadams")
    pairs = panel.fused(own)
    exact = machine_trials.agreement(taken, pairs, pairs["score"].to_numpy(float), ("a",))
    noise = machine_trials.agreement(taken, pairs, np.random.default_rng(0).normal(size=len(pairs)), ("a",))
    assert exact["spearman"] == pytest.approx(1)
    assert -0.9 < noise["spearman_low"] < 0 < noise["spearman_high"] < 0.9
    alone = pairs.assign(speaker="one", other_speaker="one")
    assert np.isnan(machine_trials.agreement(taken, alone, alone["score"].to_numpy(float), ("a",))["spearman_low"])


def test_embeddings_leave_out_what_cannot_be_heard():
    def audio(number: int) -> bytes:
        raise NotFound("gone")

    assert machine.embeddings([Mfcc()], {"speech/a/original/utterance/": 1}, audio) == {Mfcc.info: {}}


@pytest.mark.parametrize(("clip", "system"), [("a + b.wav", "mcadams"), ("folder/one.wav", "strong/0.5")])
def test_odd_names_find_their_sounds(taken, clip, system):
    own = dict(_named(taken))["mcadams"]
    odd = own.assign(sound_1_clip=clip, sound_1_system=system, sound_2_clip="a", sound_2_system=system)
    pairs = panel.fused(odd)
    wanted = sorted(Sound("speech", name, system).key for name in (clip, "a"))
    assert pairs[list(panel.SIDES)].to_numpy().tolist() == [wanted]
    facts = machine_trials.facts_of([odd])
    assert {facts[key] for key in wanted} == {(clip, system), ("a", system)}


def test_every_sound_that_was_compared_is_fetched_once():
    """From rows as the database gives them to tables; a tone is no voice, but it is heard all the same."""
    study, clips = planning.study([planning.SAME], design=analysed.ROOM), planning.clips()
    answered = simulated_answers.rows(study, clips, ability(study), listeners=4, origin="participant")
    sounds = list(plan.sounds(study, clips))
    asked: list[int] = []

    def audio(number: int) -> bytes:
        asked.append(number)
        return rendered_study.tone(sounds[number])

    store: Any = SimpleNamespace(
        table=lambda study_id, origins: answered,
        stimuli=lambda study_id: [SimpleNamespace(id=n, key=sound.key) for n, sound in enumerate(sounds)],
        audio=audio,
    )
    info: Any = SimpleNamespace(id=1, study=study, clips=clips)
    table, curves = machine.of(store, info)
    machines = [row for row in table.rows if row["attacker"] == "mfcc"]
    assert {row["system"] for row in machines} == set(SYSTEMS)
    assert all(row["auc"] is not None and not row["note"].count("left out") for row in machines)
    deaf = [row for row in table.rows if row["attacker"] == "emotion"]
    assert all(row["auc"] is None and "not compared" in row["note"] for row in deaf if "heard nothing" in row["note"])
    assert any("heard nothing" in row["note"] for row in deaf)
    assert any(row["attacker"] == "mfcc" for row in curves.rows)
    assert len(asked) == len(set(asked))
    compared = {part["clip"] for row in answered if row["question"] == "same_different" for part in row["sounds"]}
    assert {sounds[number].clip for number in asked} <= compared


def test_a_study_without_comparisons_asks_no_machine():
    assert machine.of(None, SimpleNamespace(study=planning.study([planning.MOS]))) == []


def test_without_answers_tables_say_why(heard):
    for table in machine.tables(analysed.none(planning.study([planning.SAME])), {Mfcc.info: heard}):
        assert table.reason
        assert not table.rows


def _named(answers: Answers) -> list[tuple[str, Any]]:
    """Answers with their scores, by system (of original-anonymized pairs, or originals)."""
    return [(named["system"], own) for named, own in panel.chosen(answers)]


def _compared(answers: Answers) -> set[str]:
    """Clips of which the original was compared."""
    found = set()
    for _, own in panel.chosen(answers):
        for n in (1, 2):
            found |= set(own[f"sound_{n}_clip"][own[f"sound_{n}_system"].eq("original")])
    return found
