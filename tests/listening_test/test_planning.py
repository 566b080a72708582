"""The rules that plans are checked by notice a broken plan: each is shown a fault of its kind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from listening_test import plan
from listening_test.trial import Sound
from tests.listening_test import planning
from tests.listening_test.planning import LINE_UP, MOS, SAME, Rules


@pytest.fixture(scope="module")
def good():
    """A study with its clips and a plan that keeps all rules, the listener trained on systems."""
    design = {"max_trials_per_speaker": 30, "rungs": ["system-trained"], "task_order": "fixed", "training_trials": 4}
    study, voices = planning.study([MOS, SAME, LINE_UP], design=design), planning.clips(14)
    trials = plan.plan(study, voices, 1)
    Rules(study, voices).all(trials)
    return Rules(study, voices), trials


def first(trials, wanted):
    return next(n for n, trial in enumerate(trials) if wanted(trial))


def changed(trials, at, **parts):
    return [*trials[:at], replace(trials[at], **parts), *trials[at + 1 :]]


def with_sound(trials, at, slot, sound):
    sounds = list(trials[at].sounds)
    sounds[slot] = sound
    return changed(trials, at, sounds=tuple(sounds))


def is_pair(kind):
    return lambda trial: trial.kind == "rated" and trial.truth.get("pair") == kind


def faults(rules, trials):
    """Names of the rules that a plan breaks."""
    names = ("amounts", "order", "caps", "apart", "feedback", "checks", "pairs", "line_ups", "single", "levels")
    return {name for name in (*names, "half_same") if breaks(getattr(rules, name), trials)}


def breaks(rule, trials):
    try:
        rule(trials)
    except AssertionError:
        return True
    return False


def test_a_good_plan_breaks_none(good):
    assert faults(*good) == set()


def test_a_missing_trial(good):
    rules, trials = good
    at = first(trials, lambda trial: trial.kind == "rated")
    assert "amounts" in faults(rules, [*trials[:at], *trials[at + 1 :]])


def test_an_original_after_its_anonymized_version(good):
    rules, trials = good
    at = first(trials, lambda trial: trial.kind == "rated" and planning.is_anonymized(trial.sounds[0]))
    heard = replace(trials[at].sounds[0], system="original", level="utterance")
    late = first(trials, lambda trial: trials.index(trial) > at and trial.kind == "rated")
    assert "order" in faults(rules, with_sound(trials, late, 0, heard))
    checks = Sound("attention", heard.clip, detail="en|overall_quality|1")
    assert "order" in faults(rules, with_sound(trials, late, 0, checks))


def test_a_speaker_too_often(good):
    rules, trials = good
    mine = Rules(rules.study.model_copy(update={"design": planning.study([MOS]).design}), rules.clips)
    many = [trial for trial in trials if trial.kind == "rated"][:1] * 13
    assert breaks(mine.caps, many)
    assert not breaks(mine.caps, many[:12])


def test_a_practice_speaker_in_a_rated_trial(good):
    rules, trials = good
    practised = trials[first(trials, lambda trial: trial.block == "practice")].sounds[0]
    at = first(trials, lambda trial: trial.kind == "rated")
    assert "apart" in faults(rules, with_sound(trials, at, 0, practised))


def test_feedback_outside_practice_or_on_originals(good):
    rules, trials = good
    at = first(trials, lambda trial: trial.kind == "rated")
    assert "feedback" in faults(rules, changed(trials, at, feedback=True))
    at = first(trials, lambda trial: trial.feedback)
    originals = tuple(replace(sound, system="original") for sound in trials[at].sounds)
    assert "feedback" in faults(rules, changed(trials, at, sounds=originals))


def test_an_attention_check_that_comes_first_or_is_missing(good):
    rules, trials = good
    at = first(trials, lambda trial: trial.kind == "attention")
    without = [*trials[:at], *trials[at + 1 :]]
    start = first(without, lambda trial: trial.block == "task" and trial.task == trials[at].task)
    assert "checks" in faults(rules, [*without[:start], trials[at], *without[start:]])
    assert "checks" in faults(rules, without)


def test_a_pair_of_two_sexes_of_one_text_or_with_a_wrong_truth(good):
    rules, trials = good
    at = first(trials, is_pair("original-original"))
    one = trials[at].sounds[0]
    other_sex = next(clip.key for clip in rules.clips if clip.sex != rules.clip[one.clip].sex)
    assert "pairs" in faults(rules, with_sound(trials, at, 1, replace(one, clip=other_sex)))
    assert "pairs" in faults(rules, with_sound(trials, at, 1, one))
    truth = {**trials[at].truth, "same": not trials[at].truth["same"]}
    assert {"pairs", "half_same"} & faults(rules, changed(trials, at, truth=truth)) >= {"pairs"}


def test_more_of_one_speaker_than_of_two(good):
    rules, trials = good
    alike = [replace(t, truth={**t.truth, "same": True}) if "same" in t.truth else t for t in trials]
    assert "half_same" in faults(rules, alike)


def test_a_line_up_with_a_wrong_place_or_two_of_one_voice(good):
    rules, trials = good
    at = first(trials, lambda trial: trial.kind == "rated" and trial.task == "line-up")
    truth = {**trials[at].truth, "correct": {"line_up": "9"}}
    assert "line_ups" in faults(rules, changed(trials, at, truth=truth))
    assert "line_ups" in faults(rules, with_sound(trials, at, 2, trials[at].sounds[1]))


def test_a_shared_pseudo_speaker_where_voices_are_compared(good):
    rules, trials = good
    at = first(trials, is_pair("original-anonymized"))
    slot = first(trials[at].sounds, planning.is_anonymized)
    shared = replace(trials[at].sounds[slot], level="speaker")
    assert faults(rules, with_sound(trials, at, slot, shared)) == {"levels"}


def test_a_sound_of_another_system_than_said(good):
    rules, trials = good
    at = first(trials, lambda trial: trial.kind == "rated" and trial.truth["system"] == "mcadams")
    other = replace(trials[at].sounds[-1], system="devoiced")
    assert "single" in faults(rules, with_sound(trials, at, -1, other))
