from __future__ import annotations

import pytest

from listening_test import page, questions
from listening_test.store_records import HandleInfo, Listener, StudyInfo, TrialInfo
from listening_test.texts import texts
from tests.listening_test import rendered_study

WORDS = texts("en")


def info(**changes):
    study = rendered_study.study(**changes)
    return StudyInfo(
        **dict.fromkeys(("link", "preview_key", "simulation_key", "yaml", "digest", "software_version"), ""),
        **dict.fromkeys(("id", "version", "created_s", "opened_s", "closed_s"), 1),
        **{"name": study.name, "title": study.title, "state": "open", "study": study, "clips": (), "folder": None},
    )


def listener(**changes):
    usual = {
        **dict.fromkeys(("public_id", "rung", "consent_version", "screen_out_reason"), ""),
        **dict.fromkeys(("id", "study_id", "place", "enrolled_s", "seen_s"), 1),
        **{"origin": "participant", "language": "en", "state": "taking", "replaced": False, "finished_s": None},
    }
    return Listener(**{**usual, **changes})


def trial(block="task", task="", slots=(), asked=(), **changes):
    sounds = tuple(HandleInfo(f"handle{i}", 1, i, slot, 1, 0.5, None) for i, slot in enumerate(slots))
    usual = {
        **{"id": 1, "position": 0, "page": "name", "block": block, "kind": "rated", "task": task, "questions": asked},
        **{"truth": {}, "feedback": False, "attempt": 1, "text": "", "skipped": False, "sounds": sounds, "answers": {}},
        **dict.fromkeys(("issued_s", "answered_s", "response_time_s")),
    }
    return TrialInfo(**{**usual, **changes})


def drawn(one, **changes):
    study = info(**changes)
    return page.trial_page(study, listener(), one, (3, 9), questions.of(study.study))


def shortcuts(drawn_page):
    return {one["value"]: one["shortcut"] for one in drawn_page["questions"][0]["options"]}


def test_ratings_are_shown_best_first_and_answered_with_their_own_digit():
    found = drawn(trial(task="mos", slots=("sample",), asked=("overall_quality",)))
    assert shortcuts(found) == {"5": "5", "4": "4", "3": "3", "2": "2", "1": "1"}
    assert list(shortcuts(found)) == ["5", "4", "3", "2", "1"]
    assert found["questions"][0]["text"] == WORDS.get("questions.overall_quality.text")


def test_other_answers_are_chosen_by_their_place():
    found = drawn(trial(task="same-different", slots=("first", "second"), asked=("same_different",)))
    assert shortcuts(found) == {"-3": "1", "-2": "2", "-1": "3", "1": "4", "2": "5", "3": "6"}


def test_a_line_up_has_as_many_answers_as_voices_and_zero_for_none_of_them():
    found = drawn(trial(task="line-up", slots=("target", *["candidate"] * 3), asked=("line_up",)))
    assert shortcuts(found) == {"1": "1", "2": "2", "3": "3", "none": "0"}
    assert [sound["label"] for sound in found["sounds"]] == ["The person", "Voice 1", "Voice 2", "Voice 3"]


@pytest.mark.parametrize(
    ("slots", "labels"),
    [
        (("sample",), ["Recording"]),
        (("first", "second"), ["Recording 1", "Recording 2"]),
        (("second", "first"), ["Recording 2", "Recording 1"]),
        (("reference", "sample"), ["Original for comparison", "Recording"]),
    ],
)
def test_sounds_are_called_by_what_they_are_for(slots, labels):
    assert [sound["label"] for sound in drawn(trial(task="mos", slots=slots))["sounds"]] == labels


def test_recordings_to_learn_a_voice_are_numbered():
    found = drawn(trial("familiarise", slots=("sample", "sample"), asked=("ready",)))
    assert [sound["label"] for sound in found["sounds"]] == ["Recording 1", "Recording 2"]


@pytest.mark.parametrize(
    ("one", "keys"),
    [
        (trial(task="mos", slots=("sample",)), ["tasks.mos.text"]),
        (trial(task="mos", slots=("reference", "sample")), ["tasks.mos.reference"]),
        (trial(task="mos", slots=("sample",), text="tasks.mos.intro"), ["tasks.mos.intro", "tasks.mos.text"]),
        (trial("practice", "emotion"), ["blocks.practice.text", "tasks.emotion.text"]),
        (trial("practice", "line-up", feedback=True), ["blocks.practice.training", "tasks.line-up.text"]),
        (trial("practice", "mos", text="blocks.practice.text"), ["blocks.practice.text"]),
        (trial("headphones"), ["blocks.headphones.text"]),
        (trial("headphones", attempt=2), ["blocks.headphones.again"]),
        (trial("break"), ["blocks.break.text"]),
    ],
)
def test_a_page_says_what_to_do(one, keys):
    assert drawn(one)["text"] == [line for key in keys for line in WORDS.paragraphs(key)]


def test_attention_gold_and_rated_pages_are_the_same_page():
    pages = [
        drawn(trial(task="mos", slots=("sample",), asked=("overall_quality",), kind=kind))
        for kind in ("rated", "gold", "attention")
    ]
    assert pages[0] == pages[1] == pages[2]


def test_simulated_listeners_need_not_hear():
    study = info()
    one = trial(task="mos", slots=("sample",))
    asked = questions.of(study.study)
    assert page.trial_page(study, listener(), one, (0, 1), asked)["heard_share"] == 0.98
    assert page.trial_page(study, listener(origin="preview"), one, (0, 1), asked)["heard_share"] == 0.98
    assert page.trial_page(study, listener(origin="simulation"), one, (0, 1), asked)["heard_share"] == 0
    assert page.trial_page(study, listener(), trial("break"), (0, 1), asked)["heard_share"] == 0


@pytest.mark.parametrize(
    ("url", "kind", "code", "expected"),
    [
        ("https://x.example/back?cc={code}", "finished", "A B&C", "https://x.example/back?cc=A%20B%26C"),
        ("https://x.example/back?cc={code}", "screened_out", "OUT", "https://x.example/back?cc=OUT"),
        ("https://x.example/back?cc={code}", "screened_out", "", ""),
        ("https://x.example/done", "finished", "", "https://x.example/done"),
        ("https://x.example/done", "screened_out", "OUT", ""),
        ("https://x.example/back?cc={code}", "closed", "", ""),
        ("", "finished", "DONE", ""),
    ],
)
def test_the_way_back_goes_with_the_right_code(url, kind, code, expected):
    codes = {"completion_code": code} if kind == "finished" else {"screen_out_code": code}
    end = page.end_page(info(completion_url=url, **codes), listener(), kind, (1, 1))["end"]
    assert (end["url"], end["code"]) == (expected, code if kind != "closed" else "")


@pytest.mark.parametrize("reason", ["headphones", "fluency", "something else"])
def test_who_is_screened_out_is_told_why(reason):
    end = page.end_page(info(), listener(screen_out_reason=reason), "screened_out", (1, 9))["end"]
    key = f"ends.screened_out.{reason}"
    assert end["paragraphs"] == WORDS.paragraphs(key if key in WORDS else "ends.screened_out.other")


@pytest.mark.parametrize(
    ("changes", "present", "absent"),
    [
        ({"ethics": {"pay": {}}}, ["volunteer"], ["pay"]),
        ({"limits": {"keep_answers_days": 30}}, ["kept"], ["kept_open"]),
        ({"screening": {"headphones": "off"}}, ["needed"], ["headphones"]),
        ({"tasks": [{"type": "mos"}]}, ["voices"], ["emotion"]),
        ({}, ["emotion", "pay", "kept_open", "headphones"], ["volunteer", "kept", "needed"]),
    ],
)
def test_facts_are_those_of_the_study(changes, present, absent):
    def fact(name):
        return WORDS.get(f"consent.facts.{name}.text").partition("{")[0]

    told = [one["text"] for one in page.about(info(**changes), "en")["facts"]]
    for name in present:
        if fact(name):
            assert any(text.startswith(fact(name)) for text in told), name
    for name in absent:
        if fact(name):
            assert not any(text.startswith(fact(name)) for text in told), name


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_is_left_unfilled(language):
    about = page.about(info(limits={"keep_answers_days": 30}), language)
    told = [*about["consent"].values(), *(text for fact in about["facts"] for text in fact.values())]
    assert [text for text in told if "{" in str(text)] == []
