"""How long something takes yet: only once that can be said, and counted anew when something else begins."""

from __future__ import annotations

import pytest

from web.steps import Step, left


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_at_the_pace_so_far(clock: Clock) -> None:
    step = Step(clock)
    step.note(0.0, "vocoding")
    clock.now_s += 10
    step.note(0.25, "vocoding")
    assert step.left_s is None  # the first that is heard took no time of ours
    clock.now_s += 10
    step.note(0.5, "vocoding")
    assert step.left_s == pytest.approx(20 * 0.5 / 0.25)
    assert step.words == "vocoding · about 40 s left"


def test_what_was_there_already_took_no_time(clock: Clock) -> None:
    step = Step(clock)
    step.note(0.8, "Downloading A: 80 of 100 MB")
    clock.now_s += 5
    step.note(0.9, "Downloading A: 90 of 100 MB")
    assert step.left_s == pytest.approx(5)


def test_the_next_thing_begins_anew(clock: Clock) -> None:
    step = Step(clock)
    step.note(0.5, "Downloading A")
    clock.now_s += 60
    step.note(1.0, "Downloading A")
    step.note(0.1, "vocoding")
    assert (step.left_s, step.words) == (None, "vocoding")
    clock.now_s += 9
    step.note(0.4, "vocoding")
    assert step.left_s == pytest.approx(9 * 0.6 / 0.3)


@pytest.mark.parametrize("wait_s", [0.0, 1.9])
def test_nothing_is_said_too_early(clock: Clock, wait_s: float) -> None:
    step = Step(clock)
    step.note(0.1, "a")
    clock.now_s += wait_s
    step.note(0.5, "a")
    assert step.words == "a"


def test_nothing_said_is_nothing_shown(clock: Clock) -> None:
    step = Step(clock)
    step.note(0.2, "")
    clock.now_s += 10
    step.note(0.5, "")
    assert step.words == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "less than 1 s left"),
        (7.4, "about 7 s left"),
        (43, "about 45 s left"),
        (89, "about 90 s left"),
        (240, "about 4 min left"),
        (3600 * 2.5, "about 2.5 h left"),
    ],
)
def test_rests_in_words(seconds: float, words: str) -> None:
    assert left(seconds) == words
