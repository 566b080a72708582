"""A listener's way through a study: enrol, answer page after page, finish, be screened out, or withdraw.

What the browser checks is checked here again, because nothing a browser says proves anything.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from listening_test import feedback, questions
from listening_test import page as pages
from listening_test.plan import rung
from listening_test.planners import Planners
from listening_test.questions import Question
from listening_test.store import Store
from listening_test.store_records import (
    AlreadyAnswered,
    Enrolled,
    Heard,
    Listener,
    ListenerDone,
    ListenerState,
    Origin,
    StudyFull,
    StudyInfo,
    StudyNotOpen,
    TrialInfo,
)
from listening_test.study import Rung, Study
from listening_test.trial import Trial

CLOCK_SLACK_S = 0.5
"""How far the clocks of two machines that serve one study may be apart."""
PLAYS_MAX = 10_000
RESPONSE_TIME_MAX_S = 30 * 86_400
UNDERSTANDS = frozenset({"first", "fluent"})
"""Answers about the language of the clips with which a study that requires it goes on."""


class Refused(Exception):
    """Why a request is not done: an HTTP status, the code of a sentence (errors.CODE of the texts), its placeholders.

    `next_page` is where the listener is instead, when that is not the page that was answered.
    """

    def __init__(self, code: str, status: int, *, next_page: dict[str, Any] | None = None, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.next_page = next_page
        self.values = values


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class HeardMessage(_Message):
    """What was heard of one sound of a page."""

    plays: int = Field(ge=0, le=PLAYS_MAX)
    coverage: float = Field(ge=0, le=1)


class AnswerMessage(_Message):
    """A page answered: values by question, and what was heard of each sound, in the order of the page."""

    page: str = Field(min_length=1, max_length=100)
    answers: dict[str, str] = Field(max_length=100)
    heard: list[HeardMessage] = Field(default=[], max_length=20)
    response_time_s: float = Field(ge=0, le=RESPONSE_TIME_MAX_S)


class EnrolMessage(_Message):
    """Somebody agrees to take part. With the key of previews or simulations the answers are quarantined."""

    language: str = Field(max_length=10)
    consent_version: str = Field(max_length=40)
    age_ok: bool
    device: str = Field(default="", pattern="^(touch|pointer|)$")
    platform: str = Field(default="", max_length=40, pattern=r"^[a-z0-9_-]*$")
    platform_id: str = Field(default="", max_length=200)
    preview: str = Field(default="", max_length=200)
    simulation: str = Field(default="", max_length=200)


def about(info: StudyInfo, language: str, *, preview: bool = False, simulation: bool = False) -> dict[str, Any]:
    """What the browser is told of the study itself: see page.about; "refusal" says why nobody can start now, or ""."""
    told = pages.about(info, language, preview=preview, simulation=simulation)
    open_now = info.state == "open" or (info.state == "ready" and (preview or simulation))
    code = "closed" if info.state == "closed" else "not_open"
    return {**told, "refusal": "" if open_now else pages.words_of(language).get(f"errors.{code}")}


def origin(info: StudyInfo, preview: str, simulation: str) -> Origin:
    """participant, preview or simulation, by the keys in the address.

    Raises:
        Refused: if a key is wrong: who meant to preview must not end among the participants.
    """
    if preview:
        _check_key(preview, info.preview_key)
        return "preview"
    if simulation:
        _check_key(simulation, info.simulation_key)
        return "simulation"
    return "participant"


def _check_key(key: str, right: str) -> None:
    if not hmac.compare_digest(key.encode("utf-8", "replace"), right.encode()):
        raise Refused("not_found", 404)


def enrol(store: Store, info: StudyInfo, message: EnrolMessage, planners: Planners) -> Enrolled:
    """Enrol somebody, or let somebody whom the platform sent before go on.

    Raises:
        Refused: if they have not agreed, or there is no place for them.
    """
    study, who = info.study, origin(info, message.preview, message.simulation)
    language = next((one for one in study.languages if one == message.language), None)
    if language is None:
        raise Refused("language_unknown", 422)
    _check_consent(study, message)

    # dealing takes a second for a large study: done before a place is taken, for which others wait
    planner = planners.of(info) if info.state in {"ready", "open"} else None

    def plan(place: int) -> tuple[Rung, list[Trial]]:
        return rung(study, place), _introduced(study, (planner or planners.of(info)).plan(place, language))

    try:
        return store.enrol(
            info.id,
            origin=who,
            language=language,
            consent_version=message.consent_version,
            platform=message.platform,
            platform_id=message.platform_id,
            device=message.device,
            plan=plan,
        )
    except StudyFull as error:
        raise Refused("full", 409) from error
    except StudyNotOpen as error:
        raise Refused("closed" if info.state == "closed" else "not_open", 409) from error


def _check_consent(study: Study, message: EnrolMessage) -> None:
    if not message.age_ok:
        raise Refused("age_missing", 422, min_age=study.ethics.min_age)
    if not message.consent_version:
        raise Refused("consent_missing", 422)
    if message.consent_version != study.consent.version:
        raise Refused("consent_changed", 409)


def _introduced(study: Study, trials: Sequence[Trial]) -> list[Trial]:
    """The plan, with a word about each task on its first page, unless the plan says something there."""
    kinds = dict(zip(study.task_keys(), (task.type for task in study.tasks), strict=True))
    introduced = []
    for trial in trials:
        kind = kinds.pop(trial.task, None)
        introduced.append(replace(trial, text=f"tasks.{kind}.intro") if kind and not trial.text else trial)
    return introduced


def page(store: Store, info: StudyInfo, listener: Listener) -> dict[str, Any]:
    """Where the listener is: the first page without an answer, or the end. Showing a page starts its clock."""
    kind = _end_of(info, listener)
    trial = None if kind else store.current(listener.id)
    progress = store.progress(listener.id)
    if trial is None:
        return pages.end_page(info, listener, kind or "finished", progress)
    store.issue(trial.id)
    return pages.trial_page(info, listener, trial, progress, questions.of(info.study))


def _end_of(info: StudyInfo, listener: Listener) -> str:
    if listener.state in {"finished", "screened_out"}:
        return listener.state
    return "" if _goes_on(info, listener) else "closed"


def _goes_on(info: StudyInfo, listener: Listener) -> bool:
    return info.state == "open" or (info.state == "ready" and listener.origin != "participant")


def answer(store: Store, info: StudyInfo, listener: Listener, message: AnswerMessage, now: float) -> dict[str, Any]:
    """Save a page's answers, once: {"saved": True, "feedback": None or {"correct", "text"}, "next": the next page}.

    The same answers again are saved already, so a retry after a lost reply does no harm.

    Raises:
        Refused: if the page is not this listener's turn, was answered otherwise, or the answers do not fit it.
    """
    given = {key: value for key, value in message.answers.items() if value != ""}
    trial = store.current(listener.id)
    end = _end_of(info, listener)
    if trial is None or trial.page != message.page or trial.issued_s is None or end:
        return _not_now(store, info, listener, message.page, given, end)
    check_answers(trial, given, questions.of(info.study))
    if listener.origin != "simulation":
        check_heard(trial, message.heard, now)
    skip, state, reason = _what_follows(store, info, listener, trial, given)
    heard = [Heard(one.plays, one.coverage) for one in message.heard]
    try:
        store.save(
            trial.id, given, heard, message.response_time_s, skip=skip, state=state, reason=reason, issue_next=True
        )
    except (AlreadyAnswered, ListenerDone):  # another window was quicker
        return _not_now(store, info, listener, message.page, given, end)
    if state:
        listener = replace(listener, state=state, screen_out_reason=reason)
    return _saved(store, info, listener, trial, given)


def _saved(
    store: Store, info: StudyInfo, listener: Listener, trial: TrialInfo, given: dict[str, str]
) -> dict[str, Any]:
    said = feedback.feedback(trial, given, listener.language) if trial.feedback else None
    return {"saved": True, "feedback": said, "next": page(store, info, listener)}


def _not_now(
    store: Store, info: StudyInfo, listener: Listener, name: str, given: dict[str, str], end: str
) -> dict[str, Any]:
    """A page that is not the next to be answered: saved before, or refused."""
    trial = store.trial(listener.id, name)
    if trial is None or trial.skipped:
        raise Refused("page_unknown", 404)
    if trial.answered_s is not None and trial.answers == given:
        return _saved(store, info, listener, trial, given)
    code = "already_answered" if trial.answered_s is not None else _REFUSAL.get(end, "page_unknown")
    raise Refused(code, 409, next_page=page(store, info, listener))


_REFUSAL = {"closed": "closed", "finished": "finished", "screened_out": "finished"}


def check_answers(trial: TrialInfo, given: dict[str, str], asked: dict[str, Question]) -> None:
    """Exactly the page's questions, each with an answer that it offers; optional ones may be missing.

    Raises:
        Refused: with the code of the first fault.
    """
    if not set(given) <= set(trial.questions):
        raise Refused("questions_differ", 422)
    candidates = sum(sound.slot == "candidate" for sound in trial.sounds)
    for question in (asked[key] for key in trial.questions):
        value = given.get(question.key)
        problem = question.problem(value)
        if problem is None and value and question.options and value not in pages.options(question, candidates):
            problem = "answer_unknown"
        if problem:
            raise Refused(problem, 422, max_chars=question.max_chars)


def check_heard(trial: TrialInfo, heard: Sequence[HeardMessage], now: float) -> None:
    """Every sound of the page was fetched, and heard to 98 % by the browser's word and by our clock.

    Sounds of a page cannot be heard at the same time: since the page was shown, their durations together must have
    passed.

    Raises:
        Refused: if not, or if a sound that may be played once was played more often.
    """
    if len(heard) != len(trial.sounds):
        raise Refused("questions_differ", 422)
    if any(one.coverage < pages.HEARD_SHARE for one in heard) or any(one.fetched_s is None for one in trial.sounds):
        raise Refused("not_heard", 422)
    limit = pages.max_plays(trial)
    if limit is not None and any(one.plays > limit for one in heard):
        raise Refused("plays_exceeded", 422)
    needed_s = pages.HEARD_SHARE * sum(sound.duration_s for sound in trial.sounds) - CLOCK_SLACK_S
    if trial.issued_s is None or now - trial.issued_s < needed_s:
        raise Refused("too_fast", 422)


def _what_follows(
    store: Store, info: StudyInfo, listener: Listener, trial: TrialInfo, given: dict[str, str]
) -> tuple[list[int], ListenerState | None, str]:
    """Pages to skip, the listener's new state if it changes, and why somebody is screened out."""
    screening = info.study.screening
    if screening.fluency == "required" and given.get("fluency", "first") not in UNDERSTANDS:
        return [], "screened_out", "fluency"
    skip: list[int] = []
    if trial.block == "headphones":
        skip, failed = _after_headphones(info.study, store.trials(listener.id), trial, given)
        if failed and screening.headphones == "required":
            return [], "screened_out", "headphones"
    done, of = store.progress(listener.id)
    return skip, "finished" if done + 1 + len(skip) >= of else None, ""


def _after_headphones(
    study: Study, trials: Sequence[TrialInfo], trial: TrialInfo, given: dict[str, str]
) -> tuple[list[int], bool]:
    """The pages of the second attempt if the first was passed; whether the last attempt was failed."""
    check = [one for one in trials if one.block == "headphones" and not one.skipped]
    attempt = [one for one in check if one.attempt == trial.attempt]
    if any(one.position > trial.position for one in attempt):
        return [], False
    later = [one.id for one in check if one.attempt > trial.attempt]
    right = sum((given if one.id == trial.id else one.answers) == one.truth["correct"] for one in attempt)
    passed = right >= study.screening.headphones_pass
    return (later, False) if passed else ([], not later)


def withdraw(store: Store, info: StudyInfo, listener: Listener) -> dict[str, Any]:
    """Erase everything about the listener: {"next": the last page}."""
    store.withdraw(listener.id)
    return {"next": pages.end_page(info, listener, "withdrawn", (0, 0))}


def sound(store: Store, info: StudyInfo, listener: Listener, handle: str) -> bytes:
    """The WAV of a sound of a page that was shown to this listener, who still takes the study.

    Raises:
        Refused: for any other handle; all alike, so that nothing can be learned by trying.
    """
    found = None if _end_of(info, listener) else store.handle(listener.id, handle)
    if found is None:
        raise Refused("sound_unknown", 404)
    if found.fetched_s is None:
        store.fetched(handle)
    return store.audio(found.stimulus_id)
