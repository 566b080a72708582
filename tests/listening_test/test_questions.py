"""What can be asked: wording, values, and what is wrong with an answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening_test import questions
from listening_test.study import Study
from listening_test.texts import LANGUAGES, texts

TASKS: list[dict[str, Any]] = [
    {"type": "mos", "questions": ["overall_quality", "naturalness", "intelligibility"]},
    {"type": "same-different"},
    {"type": "line-up", "voices": 3},
    {"type": "line-up", "voices": 6},
    {"type": "speaker-similarity"},
    {"type": "emotion", "emotions": ["anger", "neutral", "quiet_joy"]},
]
OWN: list[dict[str, Any]] = [
    {
        "key": "device",
        "widget": "choice",
        "text": {"en": "With what?"},
        "options": {"a": {"en": "A"}, "b": {"en": "B"}},
    },
    {
        "key": "effort",
        "widget": "scale",
        "text": {"en": "How hard?"},
        "low": {"en": "not"},
        "points": 7,
        "required": True,
    },
    {"key": "strategy", "widget": "text", "text": {"en": "How?", "de": "Wie?"}, "required": True},
]


def study(**changes: Any) -> Study:
    return Study.model_validate(
        {
            "name": "a",
            "title": "A",
            "public_title": {"en": "A"},
            "languages": ["en", "de"],
            "consent": {"version": "1", "text": {"en": "yes"}},
            "clips": {"folder": "."},
            "systems": ["original"],
            "tasks": TASKS,
            "ethics": {
                "voices": "All ours.....",
                "controller": "A. B.",
                "clip_language": "English",
                "debrief": {"en": "x"},
            },
            "questionnaire": OWN,
            "thank_you": {"en": "thanks"},
        }
        | changes
    )


ASKED = questions.of(study())


@pytest.mark.parametrize("key", ASKED)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_has_words_for_itself_and_each_answer(key, language):
    question = ASKED[key]
    words = question.words[language]
    assert words.text
    assert tuple(words.labels) == question.options
    assert all(words.labels.values())


def test_overall_quality_is_in_the_words_of_p808_best_first():
    question = ASKED["overall_quality"]
    words = question.words["en"]
    assert words.text == "How do you rate the overall quality of the following speech sample?"
    assert question.options == ("5", "4", "3", "2", "1")
    assert list(words.labels.values()) == ["Excellent", "Good", "Fair", "Poor", "Bad"]


def test_same_different_has_six_signed_points_that_say_their_side():
    labels = ASKED["same_different"].words["en"].labels
    assert [float(value) < 0 for value in labels] == ["different" in label for label in labels.values()]
    assert [ASKED["same_different"].numeric(value) for value in labels] == [-3, -2, -1, 1, 2, 3]


def test_the_line_up_has_the_most_voices_of_the_study_and_none():
    assert ASKED["line_up"].options == ("1", "2", "3", "4", "5", "6", "none")


def test_emotions_are_the_tasks_own_with_words_where_there_are_some():
    assert ASKED["emotion"].options == ("anger", "neutral", "quiet_joy")
    assert ASKED["emotion"].words["de"].labels == {
        "anger": "Wut",
        "neutral": "Kein Gefühl (neutral)",
        "quiet_joy": "Quiet joy",
    }


def test_fluency_names_the_language_of_the_clips():
    assert "Englisch" in ASKED["fluency"].words["de"].text


def test_only_what_the_study_asks_is_there():
    keys = set(questions.of(study(tasks=[{"type": "mos"}], questionnaire=[], comment=False)))
    assert keys == {*questions.STEPS, "overall_quality"}


@pytest.mark.parametrize(
    ("task", "keys"),
    [
        ("mos", ("overall_quality", "naturalness", "intelligibility")),
        ("same-different", ("same_different",)),
        ("line-up-2", ("line_up",)),
        ("speaker-similarity", ("similarity",)),
        ("emotion", ("emotion", "intensity")),
    ],
)
def test_each_task_says_what_it_asks(task, keys):
    assert questions.of_task(study(), task) == keys


def test_emotion_without_intensity_asks_one_question():
    assert questions.of_task(study(tasks=[{"type": "emotion", "intensity": False}]), "emotion") == ("emotion",)


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("overall_quality", "5", None),
        ("overall_quality", "6", "answer_unknown"),
        ("overall_quality", "4.5", "answer_unknown"),
        ("overall_quality", " 5", "answer_unknown"),
        ("overall_quality", None, "answer_missing"),
        ("overall_quality", "", "answer_missing"),
        ("same_different", "0", "answer_unknown"),
        ("line_up", "7", "answer_unknown"),
        ("device", None, None),
        ("effort", None, "answer_missing"),
        ("effort", "7", None),
        ("effort", "8", "answer_unknown"),
        ("strategy", "  ", "answer_missing"),
        ("strategy", "<b>=1+1'; DROP TABLE answer;--", None),
        ("comment", None, None),
        ("comment", "x" * 2000, None),
        ("comment", "x" * 2001, "answer_too_long"),
        ("comment", "x" * 1_000_000, "answer_too_long"),
        ("comment", "two\nlines\tand 😀", None),
        ("comment", "nothing\0more", "answer_unreadable"),
        ("comment", "half \ud800 a sign", "answer_unreadable"),
        ("comment", "bell \a", "answer_unreadable"),
    ],
)
def test_what_is_wrong_with_an_answer(key, value, problem):
    assert ASKED[key].problem(value) == problem


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", ["answer_missing", "answer_unknown", "answer_too_long", "answer_unreadable"])
def test_every_problem_can_be_said(language, code):
    assert f"errors.{code}" in texts(language)


@given(st.sampled_from(sorted(ASKED)), st.text())
def test_an_answer_without_problem_is_an_option_or_a_text_that_can_be_stored(key, value):
    question = ASKED[key]
    if question.problem(value) is None and value:
        assert question.widget == "text" or value in question.options
        assert "\0" not in value
        assert value.encode("utf-8")


@pytest.mark.parametrize(
    ("key", "value", "number"),
    [("naturalness", "4", 4.0), ("effort", "7", 7.0), ("line_up", "2", None), ("emotion", "anger", None),
     ("headphone_softest", "2", None), ("overall_quality", "9", None), ("comment", "5", None)],
)  # fmt: skip
def test_only_points_on_a_scale_are_numbers(key, value, number):
    assert ASKED[key].numeric(value) == number


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"questionnaire": [OWN[0] | {"key": "comment"}]}, "questionnaire[0].key"),
        ({"questionnaire": [OWN[0], OWN[0]]}, "used twice"),
        ({"questionnaire": [OWN[0] | {"options": {"a": {"en": "A"}}}]}, "at least 2 options, but 1"),
        ({"questionnaire": [OWN[2]], "limits": {"comment_max_chars": 0}}, "comment_max_chars"),
        ({"tasks": [TASKS[5], {"type": "emotion"}]}, "same emotions"),
        ({"tasks": [{"type": "emotion", "emotions": ["anger", "anger"]}]}, "anger"),
        ({"tasks": [{"type": "emotion", "emotions": ["anger", "a|b"]}]}, "a|b"),
        ({"tasks": [{"type": "mos", "questions": ["naturalness", "naturalness"]}]}, "naturalness"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused_in_a_sentence(changes, said):
    (sentence,) = questions.problems(study(**changes))
    assert said in sentence
    assert "expected" in sentence or "but" in sentence


def test_good_questions_have_no_problems():
    assert questions.problems(study(tasks=TASKS)) == []
