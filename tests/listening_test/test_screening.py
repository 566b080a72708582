"""Whose answers are used, and who is paid: P.808's rules on rows of the long table."""

from __future__ import annotations

import statistics
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening_test import plan, screening
from listening_test.screening import screen
from tests.listening_test import planning
from tests.listening_test.planning import EMOTION, LINE_UP, MOS, SAME

STUDY = planning.study([MOS], screening={"attention_checks": 2})
RATED = ["5", "1", "3", "4", "2", "3"]


def row(kind: str, value: str, position: int, **parts: Any) -> dict[str, Any]:
    """One answer, with what screening looks at; the truth is of this page alone."""
    return {
        "kind": kind,
        "block": "task",
        "task": "mos",
        "question": "overall_quality",
        "value": value,
        "position": position,
        "attempt": 1,
        "truth": {},
        "listener_state": "finished",
        **parts,
    }


def rows(
    *, ratings: Any = RATED, attention: Any = (True, True), gold: Any = (True, True), state: str = "finished"
) -> list[dict[str, Any]]:
    """A listener's answers: ratings, and whether attention checks and gold items were answered as expected."""
    found = [row("rated", value, at, truth={"system": "mcadams"}) for at, value in enumerate(ratings)]
    for kind, outcomes, accepted in (("attention", attention, ["2"]), ("gold", gold, ["4", "5"])):
        for right in outcomes:
            truth = {"system": "original", "expected": {"overall_quality": accepted}}
            found.append(row(kind, accepted[-1] if right else "1", len(found), truth=truth))
    return [{**one, "listener_state": state} for one in found]


def headphones(*attempts: str) -> list[dict[str, Any]]:
    """Answers to the headphone check, one text per attempt: "+" right, "-" wrong."""
    return [
        row(
            "step",
            "2" if sign == "+" else "1",
            n,
            block="headphones",
            task="",
            question="headphone_softest",
            attempt=attempt,
            truth={"correct": {"headphone_softest": "2"}},
        )
        for attempt, signs in enumerate(attempts, 1)
        for n, sign in enumerate(signs)
    ]


def test_a_good_listener_is_paid_and_used():
    screened = screen(STUDY, rows())
    assert (screened.pay, screened.use, screened.reasons) == (True, True, ())
    assert (screened.attention_passed, screened.attention_checks) == (2, 2)
    assert (screened.gold_passed, screened.gold_items) == (2, 2)


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"attention": (False, False)}, "passed 0 of 2 attention checks, at least 1 needed"),
        ({"gold": (True, False)}, "answered 1 of 2 items with a known answer as expected"),
        ({"gold": (False,)}, "answered 0 of 1 items with a known answer as expected"),
        ({"ratings": ["3"] * 9}, "gave almost the same rating throughout (variance 0.00)"),
    ],
)
def test_who_fails_one_rule_is_paid_but_not_used(parts, why):
    screened = screen(STUDY, rows(**parts))
    assert (screened.pay, screened.use, screened.reasons) == (True, False, (why,))


def test_one_attention_check_is_enough_and_most_gold_is():
    screened = screen(STUDY, rows(attention=(False, True), gold=(True, True, False)))
    assert (screened.use, screened.attention_passed, screened.gold_passed) == (True, 1, 2)


@pytest.mark.parametrize(("least", "used"), [(0, True), (1, False), (2, False)])
def test_how_many_attention_checks_count_is_up_to_the_study(least, used):
    study = planning.study([MOS], screening={"attention_checks": 2, "attention_pass": least})
    assert screen(study, rows(attention=(False, False))).use is used


def test_no_more_is_asked_than_was_there():
    assert screen(STUDY, rows(attention=(), gold=())).use


def test_who_pays_no_attention_at_all_is_not_paid():
    screened = screen(STUDY, rows(attention=(False, False), ratings=["3"] * 9))
    assert (screened.pay, screened.use, len(screened.reasons)) == (False, False, 2)


def test_one_missed_check_and_equal_ratings_are_no_proof_of_bad_faith():
    assert screen(STUDY, rows(attention=(False,), ratings=["3"] * 9)).pay


@pytest.mark.parametrize(
    ("state", "pay", "why"),
    [
        ("screened_out", True, "was sent back by the study"),
        ("taking", False, "did not finish"),
    ],
)
def test_only_who_finished_is_used_and_who_was_sent_back_is_paid(state, pay, why):
    screened = screen(STUDY, rows(state=state))
    assert (screened.pay, screened.use, screened.reasons) == (pay, False, (why,))


def test_somebody_without_answers_is_neither_paid_nor_used():
    screened = screen(STUDY, [])
    assert (screened.pay, screened.use, screened.reasons) == (False, False, ("did not finish",))
    assert (screened.headphones_score, screened.rating_variance) == (None, None)


def test_a_page_with_two_questions_counts_once_and_both_answers_have_to_be_right():
    study = planning.study([EMOTION])
    truth = {"expected": {"emotion": ["anger"], "intensity": ["4", "5"]}}

    def check(intensity: str) -> list[dict[str, Any]]:
        both = [("emotion", "anger"), ("intensity", intensity)]
        return [row("attention", value, 7, question=key, task="emotion", truth=truth) for key, value in both]

    right, wrong = screen(study, check("5")), screen(study, check("1"))
    assert (right.attention_passed, right.attention_checks) == (1, 1)
    assert (wrong.attention_passed, wrong.attention_checks) == (0, 1)


# Headphones


@pytest.mark.parametrize(
    ("attempts", "score", "passed"),
    [
        ((), None, False),
        (("++++++",), 6, True),
        (("+++++-",), 5, True),
        (("++++--",), 4, False),
        (("------",), 0, False),
        (("+++---", "+++++-"), 5, True),
        (("++++--", "+++---"), 4, False),
    ],
)
def test_headphones_five_of_six_in_the_better_attempt(attempts, score, passed):
    answers = headphones(*attempts)
    assert screening.headphones_score(answers) == score
    assert screening.headphones_passed(STUDY, answers) is passed
    assert screen(STUDY, answers).headphones_score == score


def test_how_many_are_needed_is_up_to_the_study():
    strict = planning.study([MOS], screening={"headphones_pass": 6})
    assert not screening.headphones_passed(strict, headphones("+++++-"))


def test_failed_headphones_alone_do_not_make_answers_useless():
    study = planning.study([MOS], screening={"headphones": "recorded"})
    assert screen(study, [*headphones("------"), *rows()]).use


# Variance of ratings


@given(st.lists(st.sampled_from("12345"), min_size=2, max_size=40))
def test_the_variance_of_one_question_is_the_usual_one(values):
    expected = statistics.variance(map(int, values))
    assert screening.rating_variance(STUDY, rows(ratings=values)) == pytest.approx(expected, abs=1e-9)


@given(st.lists(st.sampled_from("12345"), min_size=2, max_size=9), st.lists(st.sampled_from("12345"), min_size=2))
def test_questions_are_pooled_around_their_own_means(one, other):
    study = planning.study([{**MOS, "questions": ["overall_quality", "naturalness"]}])
    answers = [row("rated", value, n) for n, value in enumerate(one)]
    answers += [row("rated", value, n, question="naturalness") for n, value in enumerate(other, len(one))]
    squares = sum(statistics.variance(map(int, some)) * (len(some) - 1) for some in (one, other))
    expected = squares / (len(one) + len(other) - 2)
    assert screening.rating_variance(study, answers) == pytest.approx(expected, abs=1e-9)


def test_always_good_on_one_question_and_bad_on_another_is_no_variance():
    study = planning.study([{**MOS, "questions": ["overall_quality", "naturalness"]}])
    answers = [row("rated", "5", n) for n in range(4)]
    answers += [row("rated", "1", n, question="naturalness") for n in range(4, 8)]
    assert screening.rating_variance(study, answers) == 0
    assert not screen(study, answers).use


@pytest.mark.parametrize("count", [0, 1])
def test_without_two_ratings_there_is_no_variance_and_nobody_is_blamed(count):
    screened = screen(STUDY, rows(ratings=["3"] * count))
    assert (screened.rating_variance, screened.use) == (None, True)


def test_only_rated_trials_count():
    checks = [row(kind, value, n) for n, kind in enumerate(("gold", "attention", "practice")) for value in "15"]
    assert screening.rating_variance(STUDY, checks) is None


def test_the_least_variance_is_up_to_the_study():
    almost = ["3"] * 15 + ["4"]
    assert screening.rating_variance(STUDY, rows(ratings=almost)) == pytest.approx(1 / 16)
    assert not screen(STUDY, rows(ratings=almost)).use
    lenient = planning.study([MOS], screening={"min_rating_variance": 0.05})
    assert screen(lenient, rows(ratings=almost)).use


def test_the_voice_of_a_line_up_is_no_rating():
    study = planning.study([LINE_UP])
    answers = [row("rated", value, n, question="line_up", task="line-up") for n, value in enumerate(["1", "2", "none"])]
    assert screening.rating_variance(study, answers) is None


def test_confidence_is_a_rating():
    study = planning.study([SAME])
    answers = [row("rated", value, n, question="same_different", task="same-different") for n, value in enumerate("33")]
    assert screening.rating_variance(study, answers) == 0


def test_answers_to_questions_the_study_does_not_have_are_passed_over():
    assert screening.rating_variance(STUDY, [row("rated", "3", n, question="gone") for n in range(3)]) is None


# Whole plans


def answered(study: Any, how: Any) -> list[dict[str, Any]]:
    """The long table of somebody who takes the first place and answers `how(trial, question)`."""
    trials = plan.plan(study, planning.clips(14, 6), 0)
    return [
        row(
            trial.kind,
            how(trial, question),
            position,
            block=trial.block,
            task=trial.task,
            question=question,
            attempt=trial.attempt,
            truth=trial.truth,
        )
        for position, trial in enumerate(trials)
        for question in trial.questions
    ]


def knowing(trial: Any, question: str) -> str:
    """The right answer where there is one, else one that depends on the page."""
    for key in ("expected", "correct"):
        if value := trial.truth.get(key, {}).get(question):
            return value[0] if key == "expected" else value
    return "1" if trial.truth.get("system") == "mcadams" else "3"


@pytest.mark.parametrize("tasks", [[MOS], [SAME, LINE_UP], [MOS, SAME, EMOTION]])
def test_a_knowing_listener_passes_everything_that_a_plan_holds(tasks):
    study = planning.study(tasks, design={"max_trials_per_speaker": 30})
    screened = screen(study, answered(study, knowing))
    assert (screened.pay, screened.use) == (True, True)
    assert screened.attention_passed == screened.attention_checks == study.screening.attention_checks
    assert screened.gold_passed == screened.gold_items > 0
    assert screened.headphones_score == 6


def test_somebody_who_always_gives_one_answer_is_not_used():
    study = planning.study([MOS], screening={"gold": 2})
    used = [screen(study, answered(study, lambda trial, question, value=value: value)).use for value in "12345"]
    assert used == [False] * 5
