"""Whatever keeps a study from working is found, with its place, and with what to change."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings

from listening_test import check, check_plan, check_study, plan
from listening_test.study import StudyError, System
from tests.listening_test import planning
from tests.listening_test.planning import EMOTION, LINE_UP, MOS, SAME, SIMILAR, clip
from tests.listening_test.test_plan import studies

ETHICS = {
    "voices": "Nobody's voice: there is no sound.",
    "controller": "The test bench",
    "clip_language": "English",
    "listener_languages": ["en"],
    "debrief": {"en": "There was nothing to hear."},
}
STRONG = {"system": "mcadams", "anchor": "strong"}
TWO_RUNGS = {"rungs": ["unfamiliar", "familiar"]}


def found(tasks=(MOS,), voices=None, **parts):
    return check.check(planning.study(list(tasks), **parts), planning.clips(14) if voices is None else voices)


def errors(*args, **parts):
    return [(one.where, one.sentence) for one in found(*args, **parts) if one.severity == "error"]


def warnings(*args, **parts):
    return [(one.where, one.sentence) for one in found(*args, **parts) if one.severity == "warning"]


def holds(findings, where, words):
    """Whether one of the findings is about a place and says these words."""
    return any(place == where and words in sentence for place, sentence in findings)


@pytest.mark.parametrize("tasks", [[MOS], [SAME], [LINE_UP], [SIMILAR], [EMOTION], [MOS, SAME, EMOTION]])
def test_a_sound_study_is_feasible_and_says_so(tasks):
    many = {"max_trials_per_speaker": 30}
    results = found(tasks, design=many, limits={"minutes": 20})
    assert [one.sentence for one in results if one.severity != "note"] == []
    assert results[-1].sentence.startswith("Feasible: planned for all 24 places")
    assert "in practice only" in results[-1].sentence


def test_findings_travel_between_processes_and_errors_come_first():
    results = found([MOS], systems=["mcadams"], screening={"hearing": False})
    assert pickle.loads(pickle.dumps(results)) == results
    severities = [one.severity for one in results]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert {"error", "warning"} <= set(severities)


@pytest.mark.parametrize(
    ("parts", "where", "words"),
    [
        ({"systems": [*planning.SYSTEMS, "mcadam"]}, "systems[4]", "the nearest is 'mcadams'"),
        (
            {"systems": [*planning.SYSTEMS, {"system": "pitch-formant", "params": {"pitchh": 1}}]},
            "systems[4].params",
            "has no parameter 'pitchh'",
        ),
        (
            {"systems": ["original", {"system": "low-anchor", "params": {"q": 1}}, STRONG]},
            "systems[1].params",
            "low-anchor has no parameter 'q'",
        ),
        ({"systems": ["low-anchor", {"system": "mcadams", "anchor": "strong"}]}, "tasks[0]", "needs original"),
        ({"systems": ["original", {"system": "mcadams", "anchor": "strong"}]}, "tasks[0]", "needs a low anchor"),
        ({"systems": ["original", "low-anchor", "mcadams"]}, "tasks[0]", "needs a strong anchor"),
        ({"screening": {"attention_checks": 1}}, "screening.attention_checks", "two attention checks, but 1 came"),
        ({"screening": {"attention_pass": 3}}, "screening.attention_pass", "At most the 2 attention checks"),
        ({"design": {"rungs": ["familiar"]}}, "design.rungs", "no task asks for that"),
        ({"design": {"rungs": ["unfamiliar", "unfamiliar"]}}, "design.rungs", "one stands twice"),
        ({"completion_url": "http://example.org"}, "completion_url", "such as https://"),
        ({"completion_url": "https://e.org/{code}"}, "completion_code", "there is no completion_code"),
        ({"languages": ["en", "de"]}, "public_title", "de is missing"),
        ({"languages": ["en", "de"]}, "ethics.debrief", "de is missing"),
        ({"public_title": {"en": "Is mcadams any good?"}}, "public_title", "it names mcadams"),
        ({"limits": {"clip_max_s": 2.5}}, "clips", "should last 1 to 2.5 s"),
        ({"limits": {"clip_min_s": 9, "clip_max_s": 2.5}}, "limits", "should not exceed"),
        ({"ethics": {**ETHICS, "listener_languages": []}}, "ethics.listener_languages", "is empty"),
        ({"ethics": {**ETHICS, "listener_languages": ["en", "de"]}}, "ethics.listener_languages", "mismatch_reason"),
        ({"ethics": {**ETHICS, "clip_language": "German"}}, "ethics.listener_languages", "mismatch_reason"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_definition_is_found(parts, where, words):
    assert holds(errors([MOS], **parts), where, words)


@pytest.mark.parametrize(
    ("task", "where", "words"),
    [
        ({**MOS, "systems": ["original", "mcadms"]}, "tasks[0].systems", "the nearest is 'mcadams'"),
        ({**MOS, "systems": ["low-anchor", "devoiced"]}, "tasks[0]", "add `- original` to systems and to the task"),
        ({**SAME, "systems": ["original"]}, "tasks[0].systems", "needs an anonymizer"),
        ({**SAME, "pairs": ["original-anonymized"]}, "tasks[0].pairs", "add original-original to pairs"),
        ({**LINE_UP, "systems": ["mcadams"]}, "tasks[0]", "line-up needs original"),
        ({**SIMILAR, "systems": ["mcadams"]}, "tasks[0]", "speaker-similarity needs original"),
        ({**EMOTION, "systems": ["mcadams"]}, "tasks[0]", "emotion needs original"),
        ({**EMOTION, "emotions": ["joy", "envy"]}, "tasks[0].emotions", "none has one of them"),
        ({**SAME, "trials_per_system": 40}, "tasks", "add 20 speakers"),
        ({**MOS, "trials_per_system": 100}, "tasks", "max_trials_per_speaker is 12"),
    ],
)
def test_what_is_wrong_with_a_task_is_found(task, where, words):
    assert holds(errors([task]), where, words)


def test_same_different_without_the_original_is_told_of():
    task = {**SAME, "systems": ["mcadams"]}
    assert holds(errors([task], systems=["mcadams"]), "tasks[0]", "needs original")
    assert errors([task], design={"max_trials_per_speaker": 30}) == []  # it takes the study's


@pytest.mark.parametrize(
    ("voices", "words"),
    [
        ([], "there are none"),
        (planning.clips(1), "at least two speakers of one sex"),
        (planning.clips(6, 1), "two recordings of different texts each, but there are none"),
        ([clip(f"{n}", "F", t, transcript="The same.") for n in range(9) for t in range(3)], "there are none"),
        ([clip("a", "F", 0), clip("a", "M", 1)], "should have one sex"),
    ],
)
def test_voices_that_cannot_be_compared_are_found(voices, words):
    assert holds(errors([SAME], voices), "clips", words)


def test_clips_in_another_language_are_found():
    voices = [c.model_copy(update={"language": "German"}) for c in planning.clips()]
    assert holds(errors([MOS], voices), "ethics.clip_language", "some are in German")
    german = {**ETHICS, "clip_language": "Deutsch", "listener_languages": ["de"]}
    assert errors([MOS], voices, ethics=german) == []
    assert errors([MOS], [c.model_copy(update={"language": "en"}) for c in planning.clips()]) == []


def test_reasons_settle_a_mismatch_of_languages():
    ethics = {**ETHICS, "listener_languages": ["en", "de"], "language_mismatch_reason": "Only the voice is judged."}
    assert errors([MOS], ethics=ethics) == []


@pytest.mark.parametrize(
    ("tasks", "voices", "parts", "where", "words"),
    [
        ([MOS], None, {"limits": {"minutes": 2}}, "limits.minutes", "told 2 minutes"),
        ([MOS], planning.clips(3), {}, "clips", "Only 5 speakers"),
        ([MOS], planning.clips(12, sexes="F"), {}, "clips", "All rated speakers are F"),
        ([SAME], planning.clips(12) + planning.clips(2, sexes="X"), {}, "clips", "sex of some speakers is not known"),
        ([SAME], [clip("F1", "F", 0, transcript=""), *planning.clips()], {}, "clips", "Transcripts are missing"),
        ([SAME], planning.clips(sessions=1), {}, "clips", "one session only"),
        ([SAME], planning.clips(14, sexes="F") + planning.clips(2, sexes="M"), {}, "tasks", "speakers of sex M"),
        ([{**SAME, "trials_per_system": 6}], planning.clips(8), {}, "tasks", "heard undisguised on that page alone"),
        ([SIMILAR | {"systems": ["original", "low-anchor", "mcadams"]}], None, {}, "tasks[0].systems", "is for mos"),
        ([SAME], None, {"design": TWO_RUNGS, "limits": {"listeners": 25}}, "limits.listeners", "dealt equally"),
        ([MOS], None, {"screening": {"hearing": False}}, "screening.hearing", "Hearing is not asked"),
        ([MOS], None, {"screening": {"fluency": "off"}}, "screening.fluency", "is not asked"),
        ([MOS], None, {"completion_code": "DONE"}, "screen_out_code", "give a screen_out_code"),
        ([{**EMOTION, "emotions": ["anger", "joy"]}], None, {}, "tasks[0].emotions", "No clip has the emotion joy"),
        ([{**MOS, "trials_per_system": 160}], None, {"design": {"max_trials_per_speaker": 200}}, "tasks", "tired"),
    ],
)  # fmt: skip
def test_what_an_owner_should_weigh_is_told(tasks, voices, parts, where, words):
    assert holds(warnings(tasks, voices, **parts), where, words)


def test_what_is_worth_knowing_is_noted():
    systems = ["original", {"system": "mcadams", "level": "speaker"}]
    tasks = [SAME | {"systems": ["original", "mcadams"]}]
    notes = [(one.where, one.sentence) for one in found(tasks, systems=systems) if one.severity == "note"]
    assert holds(notes, "systems[1].level", "in mos and emotion only")
    notes = [(one.where, one.sentence) for one in found([EMOTION]) if one.severity == "note"]
    assert holds(notes, "screening.gold", "gold has no effect")
    alone = [*planning.clips(14), clip("F99", "F", 0)]
    notes = [(one.where, one.sentence) for one in found([SAME], alone) if one.severity == "note"]
    assert holds(notes, "clips", "Not compared with others")


def test_a_study_over_five_minutes_is_found_by_its_plan():
    """Whatever listeners are told."""
    many = {**MOS, "trials_per_system": 10}
    parts = {"design": {"max_trials_per_speaker": 40}, "limits": {"minutes": 4}, "screening": {"attention_checks": 1}}
    assert holds(errors([many], **parts), "screening.attention_checks", "this one takes about")
    assert errors([MOS], limits={"minutes": 4}, screening={"attention_checks": 0, "headphones": "off"}) == []


def test_a_system_that_cannot_run_here_is_found(monkeypatch):
    from anonymizers import registry
    from anonymizers.base import Status

    monkeypatch.setattr(registry, "status", lambda key, params: Status("needs training", "train it first."))
    sentence = "cannot run here yet (needs training): train it first."
    assert holds(errors([MOS]), "systems[2]", f"mcadams {sentence}")
    monkeypatch.setattr(registry, "status", lambda key, params: Status("downloads first", "Tiny, 2 MB, MIT"))
    sentence = "cannot run here yet (downloads first): Tiny, 2 MB, MIT: run python -m anonymizers fetch mcadams"
    assert holds(errors([MOS]), "systems[2]", f"mcadams {sentence}")


def test_texts_of_the_questionnaire_are_in_every_language():
    both = {"en": "Where?", "de": "Wo?"}
    item = {
        "key": "place",
        "widget": "choice",
        "text": both,
        "options": {"home": both, "away": {"en": "Away"}},
        "low": {"en": "low"},
    }
    missing = {where for where, _ in errors([MOS], languages=["en", "de"], questionnaire=[item])}
    assert {"questionnaire[0].options.away", "questionnaire[0].low", "ethics.debrief"} <= missing
    assert not {"questionnaire[0].text", "questionnaire[0].options.home", "questionnaire[0].high"} & missing


def test_the_length_is_the_time_to_hear_everything_and_to_answer():
    """Four originals of 3 s in mos, no practice, no check: the sum by hand."""
    study = planning.study(
        [{**MOS, "trials_per_system": 1}],
        screening={"headphones": "off", "gold": 0, "attention_checks": 0, "hearing": False, "fluency": "off"},
        design={"practice_trials": 0},
        comment=False,
    )
    trials = plan.plan(study, planning.clips(), 0)
    expected_s = 45 + (6 + 0.5 + 8) + 4 * (3 + 0.5 + 4)
    assert check_plan.minutes(trials, dict.fromkeys((c.key for c in planning.clips()), 3.0)) == pytest.approx(
        expected_s / 60
    )


def test_a_sentence_says_what_to_change():
    for where, sentence in errors([MOS], [], systems=["mcadam"], languages=["en", "de"], completion_url="ftp://x"):
        assert where
        assert sentence.endswith((".", "…"))
        assert len(sentence) < 400


@settings(max_examples=60)
@given(studies())
def test_a_study_is_found_infeasible_when_it_cannot_be_planned_and_only_then(case):
    study, voices = case
    results = check.check(study, voices)
    try:
        plan.Planner(study, voices)
        planned = True
    except StudyError:
        planned = False
    says_feasible = any(one.sentence.startswith("Feasible") for one in results)
    assert says_feasible <= planned
    if not planned:
        assert any(one.severity == "error" for one in results)


def test_labels_may_be_words_of_every_day():
    """Only what is shown beforehand is looked through, and the original is no secret."""
    systems = [*planning.SYSTEMS, System(system="mcadams", label="mild").model_dump()]
    assert holds(warnings([MOS], systems=systems, public_title={"en": "Mild voices"}), "public_title", "mild")
    assert errors([MOS], thank_you={"en": "You heard mcadams and originals."}) == []
    assert check_study.SHORT_MIN == 5
