"""What the plan of a study says of it, and that a study without errors can be planned and keeps the rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from listening_test import plan
from listening_test.check import check
from listening_test.study import Study, StudyClip
from tests.listening_test import planning
from tests.listening_test.checking import ENOUGH, changed, faults, found
from tests.listening_test.planning import EMOTION, LINE_UP, MOS, SAME, SIMILAR, SYSTEMS, Rules


def said_of_length(study: Study, voices: list[StudyClip]) -> str:
    return "\n".join(one.sentence for one in check(study, voices) if one.where == "limits.minutes")


def minutes(sentence: str) -> int:
    return int(sentence.split("about ")[1].split()[0])


def test_an_infeasible_study_says_what_to_change():
    said = found("error", "tasks", [{**LINE_UP, "voices": 9}], voices=planning.clips(4, 4))
    assert "add speakers" in said


def test_caps_that_leave_too_few_trials_are_found():
    said = found("error", "tasks", [{**MOS, "trials_per_system": 30}], design={"max_trials_per_speaker": 1})
    assert "design.max_trials_per_speaker is 1" in said


def test_listeners_are_told_how_long_it_takes():
    assert "listeners are told 10" in said_of_length(planning.study([MOS]), planning.clips())
    long = planning.study([{**MOS, "trials_per_system": 20}], limits={"minutes": 6}, design=ENOUGH)
    assert "Listeners are told 6 minutes, but it takes about" in said_of_length(long, planning.clips())


def test_longer_clips_take_longer():
    study = planning.study([{**MOS, "trials_per_system": 10}], design=ENOUGH, limits={"minutes": 20})
    short, long = (said_of_length(study, changed(planning.clips(), duration_s=s)) for s in (4.0, 11.0))
    sounds = sum(len(page.sounds) for page in plan.plan(study, planning.clips(), 0) if page.task)
    assert minutes(long) - minutes(short) == pytest.approx(sounds * 7 / 60, abs=1.1)


def test_the_slowest_rung_is_what_listeners_are_told():
    parts: dict[str, Any] = {"design": {**ENOUGH, "rungs": ["unfamiliar", "familiar"]}, "limits": {"minutes": 30}}
    assert "on the rung familiar" in said_of_length(planning.study([SAME], **parts), planning.clips(14, 6))


def test_tired_listeners_are_warned_of():
    parts: dict[str, Any] = {"design": {"max_trials_per_speaker": 200}, "limits": {"listeners": 4, "minutes": 50}}
    assert "tired listeners" in found("warning", "tasks", [{**MOS, "trials_per_system": 100}], **parts)


def test_few_speakers_cost_precision():
    said = found("warning", "clips", voices=planning.clips(3, 8), design=ENOUGH)
    assert "Only 5 speakers are in rated trials" in said
    assert "intervals" in said


RUNGS = [["unfamiliar"], ["familiar"], ["system-trained"], ["unfamiliar", "familiar", "system-trained"]]
KINDS = [MOS, SAME, LINE_UP, SIMILAR, EMOTION, {**MOS, "reference": True}, {**LINE_UP, "voices": 4}]


@st.composite
def studies(draw: st.DrawFn) -> tuple[Study, list[StudyClip]]:
    """Studies of one or two tasks, some of which are feasible with the voices they come with."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=2, unique_by=lambda kind: kind["type"]))
    compared = any(kind["type"] not in ("mos", "emotion") for kind in kinds)
    study = planning.study(
        [{**kind, "trials_per_system": draw(st.integers(1, 4))} for kind in kinds],
        systems=draw(st.sampled_from([SYSTEMS, SYSTEMS, SYSTEMS, SYSTEMS[:3], ["mcadams"]])),
        design={
            "rungs": draw(st.sampled_from(RUNGS)) if compared else ["unfamiliar"],
            "practice_trials": draw(st.integers(0, 3)),
            "max_trials_per_speaker": draw(st.sampled_from([1, 8, 30])),
            "original_after_anonymized": draw(st.booleans()),
        },
        screening={"attention_checks": draw(st.integers(2, 4)), "gold": draw(st.integers(0, 3))},
        limits={"listeners": draw(st.integers(1, 7))},
    )
    per_sex, each = draw(st.integers(1, 14)), draw(st.integers(1, 5))
    sexes = draw(st.sampled_from(["F", "FM", "FMX", "X"]))
    return study, planning.clips(per_sex, each, sexes=sexes, sessions=draw(st.integers(0, 2)))


@settings(max_examples=80, deadline=None)
@given(studies())
def test_a_study_without_errors_can_be_planned_and_keeps_the_rules(drawn):
    study, voices = drawn
    findings = check(study, voices)
    assert all(finding.sentence.endswith(".") and "\n" not in finding.sentence for finding in findings)
    if any(finding.severity == "error" for finding in findings):
        event("an error")
        return
    event("no error")
    rules = Rules(study, voices)
    planner = plan.Planner(study, voices)
    known = {sound.key for sound in planner.sounds()}
    with_gold = sum(task.type != "emotion" for task in study.tasks)
    for place in range(study.limits.listeners):
        trials = planner.plan(place)
        rules.all(trials)
        assert sum(trial.kind == "gold" for trial in trials) == study.screening.gold * with_gold
        assert {sound.key for trial in trials for sound in trial.sounds} <= known


def test_a_study_of_one_list_and_one_of_more_listeners_than_lists_are_feasible():
    for listeners in (1, plan.LISTS_MOST + 5):
        study = planning.study([{**MOS, "trials_per_system": 1}], limits={"listeners": listeners})
        assert faults(study) == []
        assert f"all {listeners} places" in found("note", "", [MOS], limits={"listeners": listeners})
