"""What can be wrong with a study's definition: each is found at its place, in a sentence that says what to change."""

from __future__ import annotations

from typing import Any

import pytest

from anonymizers import speech_synthesis
from tests.listening_test import planning
from tests.listening_test.checking import ENOUGH, ethics, faults, found
from tests.listening_test.planning import EMOTION, LINE_UP, MOS, SAME, SIMILAR, SYSTEMS

# Systems and tasks


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ({"system": "mcadams", "label": "mine", "params": {"alfa": 0.8}}, ["mcadams", "alfa"]),
        ({"system": "low-anchor", "label": "low", "params": {"q_db": "much"}}, ["much"]),
        ({"system": "low-anchor", "label": "low", "params": {"q": 5}}, ["'q'", "q_db"]),
    ],
)
def test_unknown_parameters_and_values_are_refused(system, words):
    said = found("error", "systems[4].params", systems=[*SYSTEMS, system])
    assert all(word in said for word in words)


def test_a_rate_above_that_of_the_systems_is_noted():
    said = found("note", "limits.sample_rate_hz", limits={"sample_rate_hz": 24000})
    assert "mcadams (16000 Hz)" in said
    assert "original (" not in said


def test_a_rate_that_suits_all_systems_is_not_noted():
    with pytest.raises(AssertionError):
        found("note", "limits.sample_rate_hz")


@pytest.mark.parametrize("left_out", ["original", "low-anchor", "devoiced"])
def test_mos_needs_its_three_anchors(left_out):
    systems = [system for system in SYSTEMS if left_out not in str(system)]
    assert len(systems) == len(SYSTEMS) - 1
    words = {"original": "original", "low-anchor": "a low anchor", "devoiced": "a strong anchor"}[left_out]
    assert f"mos needs {words}" in found("error", "tasks[0]", systems=systems)


def test_anchors_have_to_be_in_the_task_too():
    systems = ["original", "mcadams", "devoiced"]
    assert "low anchor" in found("error", "tasks[0]", [{**MOS, "systems": systems}])


@pytest.mark.parametrize("task", [SAME, LINE_UP, SIMILAR, EMOTION], ids=lambda task: task["type"])
def test_every_task_needs_originals(task):
    said = found("error", "tasks[0]", [{**task, "systems": []}], systems=["mcadams", "devoiced"])
    assert f"{task['type']} needs original" in said
    assert "add `- original`" in said


@pytest.mark.parametrize("task", [SAME, LINE_UP, SIMILAR], ids=lambda task: task["type"])
def test_comparing_voices_needs_an_anonymizer(task):
    assert "needs an anonymizer" in found("error", "tasks[0].systems", [{**task, "systems": ["original"]}])


# Screening


@pytest.mark.parametrize("task", [SAME, SIMILAR])
def test_one_trial_of_each_kind_leaves_no_area_within_listeners(task):
    said = found("note", "tasks[0].trials_per_system", [{**task, "trials_per_system": 1}])
    assert "no AUC within listeners" in said
    with pytest.raises(AssertionError):
        found("note", "tasks[0].trials_per_system", [{**task, "trials_per_system": 2}])


@pytest.mark.parametrize(("minutes", "checks", "wrong"), [(6, 1, True), (6, 2, False), (5, 1, False), (5, 0, False)])
def test_studies_over_five_minutes_need_two_attention_checks(minutes, checks, wrong):
    study = planning.study([MOS], limits={"minutes": minutes}, screening={"attention_checks": checks})
    errors = [one.where for one in faults(study) if one.severity == "error"]
    assert errors == (["screening.attention_checks"] if wrong else [])


@pytest.mark.parametrize(("passed", "severity"), [(3, "error"), (0, "warning")])
def test_attention_checks_can_be_passed_and_count(passed, severity):
    screening = {"attention_checks": 2, "attention_pass": passed}
    assert "attention_pass" in found(severity, "screening.attention_pass", screening=screening)


def test_attention_checks_need_a_voice(monkeypatch):
    monkeypatch.setattr(speech_synthesis, "available", lambda: False)
    assert "espeakng-loader" in found("error", "screening.attention_checks")
    parts: dict[str, Any] = {"screening": {"attention_checks": 0}, "limits": {"minutes": 4}}
    assert faults(planning.study([MOS], **parts)) == []


@pytest.mark.parametrize(
    ("screening", "severity", "where"),
    [
        ({"hearing": False}, "warning", "screening.hearing"),
        ({"fluency": "off"}, "warning", "screening.fluency"),
        ({"headphones": "off"}, "note", "screening.headphones"),
    ],
)
def test_what_is_not_asked_is_said(screening, severity, where):
    assert found(severity, where, screening=screening)


# Languages and texts


@pytest.mark.parametrize("listeners", [["de"], ["en", "de"]])
def test_listeners_speak_the_language_of_the_clips_or_it_is_said_why_not(listeners):
    said = found("error", "ethics.listener_languages", ethics=ethics(listener_languages=listeners))
    assert "English" in said
    why = ethics(listener_languages=listeners, language_mismatch_reason="Only those who understand are asked on.")
    assert faults(planning.study([MOS], ethics=why)) == []


@pytest.mark.parametrize("spoken", ["English", "english", "en", "Englisch"])
def test_the_language_of_the_clips_may_be_written_as_people_do(spoken):
    assert faults(planning.study([MOS], ethics=ethics(clip_language=spoken))) == []


BOTH = {"en": "A text.", "de": "Ein Text."}
OPTIONS = {"yes": BOTH, "no": BOTH}
QUESTION = {"key": "alone", "widget": "choice", "text": BOTH, "options": OPTIONS}


def in_both(**parts: Any) -> dict[str, Any]:
    """Parts of a study in two languages; those given, as they are."""
    return {
        "languages": ["en", "de"],
        "public_title": BOTH,
        "consent": {"version": "1", "text": BOTH},
        "thank_you": BOTH,
        "ethics": ethics(debrief=BOTH),
        "questionnaire": [QUESTION],
        **parts,
    }


def test_a_study_in_two_languages_is_fine():
    assert faults(planning.study([MOS], **in_both())) == []


@pytest.mark.parametrize(
    ("where", "parts"),
    [
        ("public_title", {"public_title": {"en": "Listening"}}),
        ("consent.text", {"consent": {"version": "1", "text": {"en": "Yes.", "de": " "}}}),
        ("thank_you", {"thank_you": {"en": "Thank you."}}),
        ("ethics.debrief", {"ethics": ethics()}),
        ("ethics.pay", {"ethics": ethics(debrief=BOTH, pay={"en": "3 euros"})}),
        ("questionnaire[0].text", {"questionnaire": [{**QUESTION, "text": {"en": "Alone?"}}]}),
        ("questionnaire[0].options.no", {"questionnaire": [{**QUESTION, "options": {**OPTIONS, "no": {"en": "No"}}}]}),
        ("questionnaire[0].low", {"questionnaire": [{**QUESTION, "low": {"en": "little"}}]}),
    ],
)
def test_texts_are_there_in_every_language(where, parts):
    assert "but de is missing" in found("error", where, **in_both(**parts))


@pytest.mark.parametrize(
    ("where", "parts"),
    [
        ("public_title", {"public_title": {"en": "Is McAdams any good?"}}),
        ("consent.text", {"consent": {"version": "1", "text": {"en": "You hear devoiced speech."}}}),
        ("ethics.pay", {"ethics": ethics(pay={"en": "3 euros for listening to mcadams"})}),
    ],
)
def test_what_is_read_beforehand_tells_no_system(where, parts):
    assert "must not tell a system" in found("error", where, **parts)


def test_labels_among_the_words_read_beforehand_are_for_the_owner_to_weigh():
    systems = [*SYSTEMS, {"system": "mcadams", "label": "mild"}]
    assert "(mild)" in found("warning", "public_title", systems=systems, public_title={"en": "A Mild change"})


def test_words_that_only_contain_a_label_tell_nothing():
    systems = [*SYSTEMS, {"system": "mcadams", "label": "art"}, {"system": "devoiced", "label": "a"}]
    parts: dict[str, Any] = {"systems": systems, "public_title": {"en": "A start, and the original"}, "design": ENOUGH}
    assert faults(planning.study([MOS], **parts)) == []


# Codes, pay, masks


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("http://example.org", True),
        ("https://", True),
        ("https:///done", True),
        ("example.org", True),
        ("javascript:alert(1)", True),
        ("https://[broken", True),
        ("https://example.org/a b", True),
        ("https://example.org/done?cc=1", False),
    ],
)
def test_completion_urls_are_https(url, wrong):
    places = [finding.where for finding in faults(planning.study([MOS], completion_url=url))]
    assert places == (["completion_url"] if wrong else [])


def test_who_is_sent_back_can_be_paid():
    assert "screen_out_code" in found("warning", "screen_out_code", completion_code="DONE")
    paid = {"completion_code": "DONE", "screen_out_code": "EARLY", "ethics": ethics(pay={"en": "3 euros"})}
    assert faults(planning.study([MOS], **paid)) == []


def test_a_crowd_is_told_what_it_gets_and_how():
    assert "ethics.pay" in found("warning", "ethics.pay", completion_code="DONE", screen_out_code="EARLY")
    assert "no completion_code" in found("note", "completion_code", ethics=ethics(pay={"en": "3 euros"}))


def test_nobody_peeks():
    assert "stop when they please" in found("warning", "masked", masked=False)
