"""Every rule of a plan, checked by brute force on plans of many kinds of study."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listening_test import attention, clips, plan, questions, yaml_file
from listening_test.study import StudyError
from tests.listening_test import planning
from tests.listening_test.planning import (
    EMOTION,
    LINE_UP,
    MOS,
    SAME,
    SIMILAR,
    Rules,
    by_block,
    plans,
    rated,
)

ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = [MOS, SAME, LINE_UP, SIMILAR, EMOTION]
MANY = {"max_trials_per_speaker": 30}


@pytest.mark.parametrize(
    ("tasks", "parts"),
    [
        ([MOS], {}),
        ([{**MOS, "questions": ["overall_quality", "naturalness", "intelligibility"]}], {}),
        ([{**MOS, "reference": True, "trials_per_system": 2}], {}),
        ([{**MOS, "reference": True}], {"design": {"original_after_anonymized": True}}),
        ([SAME], {}),
        ([{**SAME, "pairs": ["original-original", "original-anonymized", "anonymized-anonymized"]}], {"design": MANY}),
        ([{**SAME, "trials_per_system": 3}], {}),
        ([LINE_UP], {}),
        ([{**LINE_UP, "voices": 5}], {"design": {"original_after_anonymized": True, **MANY}}),
        ([{**LINE_UP, "absent_share": 0.25, "trials_per_system": 4}], {"design": MANY}),
        ([SIMILAR], {}),
        ([EMOTION], {}),
        (EVERYTHING, {"design": MANY}),
        (EVERYTHING, {"design": {**MANY, "task_order": "fixed", "practice_trials": 0}}),
        (EVERYTHING, {"design": {**MANY, "rungs": ["unfamiliar", "familiar", "system-trained"]}}),
        ([MOS, {**MOS, "questions": ["naturalness"]}], {"screening": {"gold": 3, "attention_checks": 5}}),
    ],
)
def test_every_plan_keeps_every_rule(tasks, parts):
    study, voices = planning.study(tasks, **parts), planning.clips(14)
    rules = Rules(study, voices)
    for trials in plans(study, voices):
        rules.all(trials)
        rules.half_same(trials)


@st.composite
def studies(draw):
    """Studies of all kinds, many of them not feasible."""
    number = st.integers(1, 4)
    tasks = draw(st.lists(st.sampled_from(EVERYTHING), min_size=1, max_size=3))
    tasks = [{**task, "trials_per_system": draw(number)} for task in tasks]
    tasks = [{**task, "voices": draw(st.integers(3, 5))} if task["type"] == "line-up" else task for task in tasks]
    design = {
        "seed": draw(st.integers(0, 5)),
        "original_after_anonymized": draw(st.booleans()),
        "practice_trials": draw(st.integers(0, 3)),
        "training_trials": 6,
        "max_trials_per_speaker": draw(st.integers(2, 20)),
        "task_order": draw(st.sampled_from(["fixed", "balanced"])),
        "rungs": draw(st.sampled_from([["unfamiliar"], ["unfamiliar", "familiar", "system-trained"]])),
    }
    screening = {"gold": draw(st.integers(0, 2)), "attention_checks": draw(st.integers(0, 4))}
    study = planning.study(tasks, design=design, screening=screening, limits={"listeners": draw(st.integers(1, 12))})
    sizes = draw(st.tuples(st.integers(0, 9), st.integers(0, 9)))
    each, sessions = draw(st.integers(1, 5)), draw(st.integers(0, 2))
    voices = [
        clip
        for sex, size in zip("FM", sizes, strict=True)
        for clip in planning.clips(size, each, sexes=sex, sessions=sessions)
    ]
    return study, voices


def planned(study, voices):
    """The study's planner, or the sentence that says why there is none."""
    try:
        return plan.Planner(study, voices), ""
    except StudyError as error:
        return None, str(error)


@settings(max_examples=150)
@given(studies())
def test_a_study_gets_good_plans_or_a_sentence(case):
    study, voices = case
    planner, sentence = planned(study, voices)
    if planner is None:
        assert sentence.endswith(".")
        assert len(sentence) > 40
        return
    rules = Rules(study, voices)
    sounds = set(planner.sounds())
    for place in range(study.limits.listeners + 3):
        trials = planner.plan(place)
        rules.all(trials)
        rules.half_same(trials)
        assert {sound for trial in trials for sound in trial.sounds} <= sounds


def test_every_question_exists_and_every_attention_check_can_be_spoken():
    study = planning.study(EVERYTHING, design=MANY, screening={"attention_checks": 10})
    asked = questions.of(study)
    details = set()
    for trials in plans(study, planning.clips(14)):
        for trial in trials:
            assert trial.questions
            assert set(trial.questions) <= set(asked)
            for key, accepted in trial.truth.get("expected", {}).items():
                assert set(accepted) <= set(asked[key].options)
            for sound in trial.sounds:
                if sound.kind == "attention":
                    wanted = attention.parse(sound.detail, study)
                    assert trial.truth["expected"][wanted.question] == [wanted.value]
                    details.add(wanted.question)
    assert details == {"overall_quality", "same_different", "line_up", "similarity", "emotion"}


def test_gold_items_have_the_answer_that_their_sounds_give():
    study = planning.study([MOS, SAME, LINE_UP, SIMILAR], design=MANY, screening={"gold": 2, "gold_tolerance": 1})
    voices = planning.clips(14)
    sex = {clip.key: clip.sex for clip in voices}
    golden = [t for trials in plans(study, voices) for t in trials if t.kind == "gold"]
    assert Counter(t.task for t in golden) == dict.fromkeys(study.task_keys(), 2 * 24)
    for trial in golden:
        systems, clips = [s.system for s in trial.sounds], [s.clip for s in trial.sounds]
        expected = trial.truth["expected"]
        if trial.task == "mos":
            assert expected == {"overall_quality": ["4", "5"] if systems == ["original"] else ["1", "2"]}
            assert systems in (["original"], ["low-anchor"])
            continue
        assert set(systems) == {"original"}
        if trial.task == "line-up":
            assert [n for n, key in enumerate(clips) if key == clips[0]] == [0, int(expected["line_up"][0])]
        elif clips[0] == clips[1]:
            assert expected in ({"same_different": ["1", "2", "3"]}, {"similarity": ["4", "5"]})
        else:
            assert sex[clips[0]] != sex[clips[1]]
            assert expected in ({"same_different": ["-3", "-2", "-1"]}, {"similarity": ["1", "2"]})
    assert {len({s.clip for s in t.sounds}) for t in golden if t.task == "same-different"} == {1, 2}


def test_a_plan_can_be_stored_as_json():
    for trials in plans(planning.study(EVERYTHING, design=MANY), planning.clips(14), 3):
        for trial in trials:
            assert json.loads(json.dumps(trial.truth)) == trial.truth
            assert len(trial.sounds) == len(trial.slots)


def test_the_sounds_of_a_study_are_those_of_its_plans_and_no_others():
    rungs = ["unfamiliar", "familiar", "system-trained"]
    study = planning.study([MOS, SAME, LINE_UP], design={**MANY, "rungs": rungs}, languages=["en", "de"])
    voices = planning.clips(14)
    planner = plan.Planner(study, voices)
    heard = {
        sound
        for place in range(study.limits.listeners)
        for language in ("en", "de")
        for trial in planner.plan(place, language)
        for sound in trial.sounds
    }
    sounds = plan.sounds(study, voices)
    assert sounds == sorted(set(sounds))
    unheard = set(sounds) - heard
    assert heard <= set(sounds)
    assert len(unheard) < 0.1 * len(sounds)  # training of a task that nobody on that rung came to first


def test_without_training_no_sound_is_rendered_that_nobody_hears():
    study, voices = planning.study([MOS, SAME, LINE_UP], design=MANY), planning.clips(14)
    heard = {sound for trials in plans(study, voices) for trial in trials for sound in trial.sounds}
    assert heard == set(plan.sounds(study, voices))


def test_the_language_changes_only_what_interrupts():
    study, voices = planning.study([MOS, SAME], languages=["en", "de"]), planning.clips()
    planner = plan.Planner(study, voices)
    english, german = planner.plan(3, "en"), planner.plan(3, "de")
    for one, other in zip(english, german, strict=True):
        if one != other:
            assert one.kind == other.kind == "attention"
            ours = [sound.detail.partition("|")[0] for sound in one.sounds if sound.kind == "attention"]
            theirs = [sound.detail.partition("|")[0] for sound in other.sounds if sound.kind == "attention"]
            assert (ours, theirs) == (["en"], ["de"])
    assert planner.plan(3) == english


PRINT_DIGEST = """
import hashlib, random
from listening_test import plan
from tests.listening_test import planning
from tests.listening_test.planning import *
study = planning.study([MOS, SAME, LINE_UP, SIMILAR, EMOTION], design={"max_trials_per_speaker": 30})
voices = planning.clips(14)
random.shuffle(voices)
plans = [plan.Planner(study, voices).plan(place) for place in range(4)]
print(hashlib.sha256(repr(plans).encode()).hexdigest())
"""


def test_a_plan_is_the_same_in_every_process_and_for_any_order_of_the_clips():
    digests = {
        subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(digests) == 1


def test_the_plain_function_plans_what_the_planner_plans():
    study, voices = planning.study([SAME]), planning.clips()
    assert plan.plan(study, voices, 7, "en") == plan.Planner(study, voices).plan(7, "en")


def test_another_seed_and_another_place_give_another_plan():
    voices = planning.clips()
    one, other = planning.study([MOS], design={"seed": 1}), planning.study([MOS], design={"seed": 2})
    assert plan.plan(one, voices, 0) != plan.plan(other, voices, 0)
    assert len({repr(trials) for trials in plans(one, voices)}) == one.limits.listeners

    def tones(study, place):
        return [t.sounds for t in plan.plan(study, voices, place) if t.block == "headphones"]

    assert len({repr(tones(study, place)) for study in (one, other) for place in range(3)}) == 6


def test_listeners_beyond_the_lists_get_one_again_in_another_order(monkeypatch):
    monkeypatch.setattr(plan, "LISTS_MOST", 8)
    study, voices = planning.study([MOS, SAME]), planning.clips()
    every = plans(study, voices)
    first, again = every[0], every[8]
    assert Counter(frozenset(t.sounds) for t in rated(first)) == Counter(frozenset(t.sounds) for t in rated(again))
    assert [t.sounds for t in rated(first)] != [t.sounds for t in rated(again)]
    assert {s for trials in every for t in trials for s in t.sounds} == set(plan.sounds(study, voices))


@pytest.mark.parametrize("name", ["demo", "mos", "reidentification", "full"])
def test_the_example_studies_keep_every_rule(name):
    folder = ROOT / "assets" / "studies"
    study = yaml_file.load_study(folder / f"{name}.yaml")
    voices = clips.read(study, folder)
    rules = Rules(study, voices)
    for trials in plans(study, voices, min(study.limits.listeners, 60)):
        rules.all(trials)
        rules.half_same(trials)


@pytest.mark.parametrize(
    ("tasks", "voices", "parts", "word"),
    [
        ([SAME], planning.clips(1), {}, "speakers of one sex"),
        ([SAME], planning.clips(10, 1), {}, "two recordings of different texts"),
        ([MOS], planning.clips(1, sexes="F"), {}, "practice"),
        ([MOS], planning.clips(2, sexes="F"), {}, "at least two speakers"),
        ([{**SAME, "trials_per_system": 20}], planning.clips(6), {}, "add 16 speakers"),
        ([LINE_UP], planning.clips(5), {}, "some heard only as recorded"),
        ([MOS], planning.clips(2), {"design": {"max_trials_per_speaker": 1}}, "max_trials_per_speaker is 1"),
        ([EMOTION], [c.model_copy(update={"emotion": ""}) for c in planning.clips()], {}, "column emotion"),
        ([MOS], [], {}, "there are none"),
    ],
)
def test_what_is_not_feasible_is_said_in_a_sentence(tasks, voices, parts, word):
    with pytest.raises(StudyError, match=word):
        plan.plan(planning.study(tasks, **parts), voices, 0)


def test_a_study_without_the_original_is_refused():
    study = planning.study([SAME], systems=["mcadams"])
    study = study.model_copy(update={"tasks": [study.tasks[0].model_copy(update={"systems": ["mcadams"]})]})
    with pytest.raises(StudyError, match="add `- original`"):
        plan.plan(study, planning.clips(), 0)


def test_the_low_anchor_is_for_mos_and_where_emotion_names_it():
    voices = planning.clips(14)

    def used(task):
        return {t.truth["system"] for t in rated(plans(planning.study([task]), voices, 1)[0])}

    assert "low-anchor" in used(MOS)
    assert "low-anchor" not in used({"type": "speaker-similarity"})
    assert "low-anchor" not in used({"type": "emotion", "emotions": list(planning.EMOTIONS)})
    assert used({**EMOTION, "systems": ["original", "low-anchor"]}) == {"original", "low-anchor"}


def test_practice_shows_the_anchors_of_the_scale():
    for trials in plans(planning.study([MOS], design={"practice_trials": 3}), planning.clips(), 4):
        practice = [trial for trial in trials if trial.block == "practice"]
        assert {trial.truth["system"] for trial in practice} == {"original", "low-anchor", "devoiced"}


def test_speakers_of_one_setting_share_a_pseudo_speaker_only_where_one_is_heard():
    systems = ["original", {"system": "mcadams", "level": "speaker"}, {"system": "devoiced"}]
    tasks = [{"type": "emotion", "emotions": list(planning.EMOTIONS)}, {"type": "same-different"}]
    study = planning.study(tasks, systems=systems)
    found: dict[str, set[str]] = {}
    for trials in plans(study, planning.clips(14)):
        for trial in trials:
            for sound in trial.sounds:
                if sound.system == "mcadams":
                    found.setdefault(trial.task, set()).add(sound.level)
    assert found == {"emotion": {"speaker"}, "same-different": {"utterance"}}


def test_checks_are_no_last_or_first_resort():
    """Attention checks and gold items stand anywhere but first."""
    study = planning.study([MOS], screening={"gold": 1, "attention_checks": 1}, limits={"listeners": 200})
    places = {"gold": Counter(), "attention": Counter()}
    for trials in plans(study, planning.clips()):
        (pages,) = by_block(trials).values()
        for n, trial in enumerate(pages):
            if trial.kind != "rated":
                places[trial.kind][n] += 1
    for found in places.values():
        assert set(found) == set(range(1, 14))
        assert max(found.values()) < 3 * 200 / 13
