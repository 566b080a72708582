"""What the owner sees of a study under way, and that whatever people wrote stays text."""

from __future__ import annotations

from typing import Any

import pytest

from listening_test import plan
from listening_test.check import Finding
from listening_test.store import Heard, Payment
from tests.listening_test import rendered_study
from tests.web.owned_studies import Tones
from web.pages import admin_words as words
from web.study_renders import Progress
from web.study_service import StudyService
from web.study_watch import watch

HOSTILE = "<img src=x onerror=alert(1)>'\"&"


def listener(studies: StudyService, info: Any) -> Any:
    """A newcomer who has answered the first rated page; the Listener."""
    enrolled = studies.store.enrol(
        info.id,
        origin="participant",
        language="en",
        consent_version="1",
        plan=lambda place: (plan.rung(info.study, place), plan.plan(info.study, info.clips, place)),
    ).listener
    trials = studies.store.trials(enrolled.id)
    rated = next(trial for trial in trials if trial.kind == "rated")
    for trial in trials[: rated.position + 1]:
        studies.store.issue(trial.id)
        answers = dict.fromkeys(trial.questions, "1")
        studies.store.save(trial.id, answers, [Heard(1, 1.0) for _ in trial.sounds], 1.0)
    return enrolled


def test_systems_are_letters_until_the_study_closes(studies: StudyService) -> None:
    info = rendered_study.opened(studies.store)
    listener(studies, info)
    seen = watch(studies.store, info)
    assert (seen.counts.enrolled, seen.counts.taking, seen.screened) == (1, 1, 0)
    assert list(seen.counts.answers_per_system) == ["A", "B", "C", "D"]
    assert sum(seen.counts.answers_per_system.values()) == 1
    shown = words.watched(seen)
    assert not any(label in shown for label in info.study.labels)
    assert "0 of 6 places" in shown
    seen = watch(studies.store, studies.close(info.id))
    assert set(seen.counts.answers_per_system) == set(info.study.labels)
    assert not seen.masked


def test_who_finished_is_screened(studies: StudyService) -> None:
    info = rendered_study.opened(studies.store)
    enrolled = listener(studies, info)
    trials = [trial for trial in studies.store.trials(enrolled.id) if trial.answered_s is None]
    for trial in trials:
        studies.store.issue(trial.id)
        last = trial is trials[-1]
        answers = dict.fromkeys(trial.questions, "1")
        heard = [Heard(1, 1.0) for _ in trial.sounds]
        studies.store.save(trial.id, answers, heard, 1.0, state="finished" if last else None)
    seen = watch(studies.store, info)
    assert (seen.counts.finished, seen.screened) == (1, 1)
    assert seen.usable == 0  # always the same answer
    assert "0 of 1 who finished" in words.watched(seen)


@pytest.mark.parametrize(
    "text",
    [
        words.problem(HOSTILE),
        words.note(HOSTILE),
        words.findings([Finding("error", HOSTILE, HOSTILE)]),
        words.payments([Payment(HOSTILE, HOSTILE, "finished", HOSTILE)]),
        words.rendering(Progress("failed", problem=HOSTILE)),
    ],
)
def test_whatever_people_wrote_stays_text(text: str) -> None:
    assert "&lt;img" in text
    assert "<img" not in text


def test_a_hostile_title_stays_text(studies: StudyService, tones: Tones) -> None:
    info = rendered_study.opened(studies.store, title=HOSTILE)
    assert "<img" not in words.heading(info, 3) + words.exports(info)
    assert "&lt;img" in words.heading(info, 3)


def test_an_interrupted_rendering_is_a_draft_again(studies: StudyService) -> None:
    info = rendered_study.ready(studies.store)
    studies.store.set_state(info.id, "rendering")
    info = studies.store.study(info.id)
    assert "draft" in words.label(info, 0)
    assert "being rendered" in words.label(info, 0, running=True)


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (None, ""),
        (Progress(), "Reading and checking"),
        (Progress(done=3, of=4), "3 of 4 sounds"),
        (Progress("done", 4, 4), "Every sound is there"),
        (Progress("stopped", 1, 4, "Stopped."), "Stopped."),
    ],
)
def test_rendering_says_how_far_it_is(progress: Progress | None, said: str) -> None:
    assert said in words.rendering(progress)
