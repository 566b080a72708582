"""What the store hands out: studies, listeners, trials as immutable records; and what can go wrong, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from listening_test.study import Study, StudyClip

Origin = Literal["participant", "preview", "simulation"]
StudyState = Literal["draft", "rendering", "ready", "open", "closed"]
ListenerState = Literal["taking", "finished", "screened_out"]


class StoreError(RuntimeError):
    """Why the database did not do what was asked; one sentence."""


class StoreUnavailable(StoreError):
    """The database cannot work at this moment; nothing was stored, nothing is lost, and trying again may help."""


class DiskFull(StoreUnavailable):
    """There is no room left where the database lies."""


class StoreBusy(StoreUnavailable):
    """Somebody else holds the database for longer than is waited for."""


class NotFound(StoreError):
    """A study, a listener or a trial is not there, or no longer."""


class WrongState(StoreError):
    """What was asked for does not go with the state a study is in."""


class StudyNotOpen(WrongState):
    """Nobody can be enrolled: the study is not open yet, or closed."""


class StudyFull(StoreError):
    """Every place of the study has a listener."""


class ListenerDone(WrongState):
    """The listener has finished or was screened out, and answers no more."""


class AlreadyAnswered(StoreError):
    """The trial has answers, which stay as they are: `answers`. `same`: whether what came now says the same."""

    def __init__(self, answers: Mapping[str, str], same: bool) -> None:
        super().__init__("This page has been answered before: the first answer stands, go on to the next page.")
        self.answers = dict(answers)
        self.same = same


@dataclass(frozen=True)
class StudyInfo:
    """One version of a study."""

    id: int
    name: str
    version: int
    state: StudyState
    title: str
    link: str
    """Secret part of the address that listeners get."""
    preview_key: str
    simulation_key: str
    study: Study
    clips: tuple[StudyClip, ...]
    folder: Path
    """What relative paths in the definition start from."""
    yaml: str
    """The file as its owner wrote it."""
    digest: str
    """study.digest when it opened, "" before."""
    created_s: float
    opened_s: float | None
    closed_s: float | None
    software_version: str
    published_s: float | None = None
    """When its owner made the results public; None while they are not."""


@dataclass(frozen=True)
class StimulusInfo:
    """One rendered sound; its WAV is at Store.audio(id)."""

    id: int
    key: str
    facts: dict[str, Any]
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Listener:
    """One listener of a study."""

    id: int
    study_id: int
    origin: Origin
    place: int
    public_id: str
    rung: str
    language: str
    state: ListenerState
    replaced: bool
    """Whether the place was given to somebody else."""
    consent_version: str
    enrolled_s: float
    seen_s: float
    finished_s: float | None
    """When the last page was answered, or the listener was screened out."""
    screen_out_reason: str


@dataclass(frozen=True)
class Enrolled:
    """A listener and a personal link: the token is stored nowhere and cannot be had again."""

    token: str
    listener: Listener
    resumed: bool
    """Whether this person of a crowd platform had enrolled before."""


@dataclass(frozen=True)
class HandleInfo:
    """One sound of one trial under the random name its browser knows."""

    token: str
    trial_id: int
    position: int
    slot: str
    stimulus_id: int
    duration_s: float
    fetched_s: float | None


@dataclass(frozen=True)
class Heard:
    """What a listener heard of one sound: how often it was started, and the share of it that was played, in [0, 1]."""

    plays: int
    coverage: float


@dataclass(frozen=True)
class TrialInfo:
    """One page of a listener's plan. Neither kind, task nor truth may reach a browser."""

    id: int
    position: int
    page: str
    block: str
    kind: str
    task: str
    questions: tuple[str, ...]
    truth: dict[str, Any]
    feedback: bool
    attempt: int
    text: str
    issued_s: float | None
    answered_s: float | None
    skipped: bool
    response_time_s: float | None
    sounds: tuple[HandleInfo, ...]
    answers: dict[str, str]


@dataclass(frozen=True)
class Event:
    """What happened in a study, without anybody's id."""

    at_s: float
    kind: str
    detail: str


@dataclass(frozen=True)
class Watch:
    """How a study fills. Every listener is in exactly one of taking, abandoned, finished, screened_out."""

    places: int
    """How many may finish."""
    enrolled: int
    taking: int
    finished: int
    screened_out: int
    abandoned: int
    """Neither finished nor seen for limits.abandoned_after_h."""
    withdrawn: int
    """Have left no trace but this number; not among the enrolled."""
    replaced: int
    dropped_at: dict[str, int]
    """Where the abandoned stopped: task, or block outside tasks."""
    screened_out_for: dict[str, int]
    answers_per_system: dict[str, int]
    """Answers to rated trials, by the label of the system on trial."""
    minutes: tuple[float, ...]
    """Enrolled to finished, of each who finished."""


@dataclass(frozen=True)
class Payment:
    """Whom to pay on a crowd platform."""

    platform: str
    platform_id: str
    state: ListenerState
    public_id: str


@dataclass(frozen=True)
class Computed:
    """Results of a study as they were kept: `data` are JSON values."""

    key: str
    fingerprint: str
    """Store.fingerprint of what they were computed from."""
    software_version: str
    computed_s: float
    data: dict[str, Any]


@dataclass(frozen=True)
class Expired:
    """Studies (by id) whose answers or rendered voices were deleted because their time was over."""

    answers: tuple[int, ...] = field(default=())
    voices: tuple[int, ...] = field(default=())
