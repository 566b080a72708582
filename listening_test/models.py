"""The tables: studies, stimuli, listeners, trials, answers, results. Times are seconds since 1970 (UTC).

Numbers of rows are never given out again (AUTOINCREMENT): what was meant for a listener who has withdrawn must not
reach another one. A change here needs a revision in migrations/versions; a test compares the two.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Double, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """Root of the tables."""

    type_annotation_map = {float: Double, dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012


class StudyRow(Base):
    """One version of a study. `state`: draft, rendering, ready, open, closed."""

    __tablename__ = "study"
    __table_args__ = (UniqueConstraint("name", "version"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    state: Mapped[str]
    link: Mapped[str] = mapped_column(unique=True)
    """Secret in the address listeners get; enrols any number of people."""
    preview_key: Mapped[str]
    simulation_key: Mapped[str]
    definition: Mapped[dict[str, Any]]
    """Study as JSON."""
    clips: Mapped[list[Any]]
    """StudyClips as JSON, filled by render."""
    yaml: Mapped[str]
    """The file as its owner wrote it."""
    folder: Mapped[str]
    """What relative paths in the definition start from."""
    digest: Mapped[str]
    """study.digest when it opened, "" before."""
    salt: Mapped[str]
    """For the hashes of platform ids."""
    created_s: Mapped[float]
    opened_s: Mapped[float | None]
    closed_s: Mapped[float | None]
    software_version: Mapped[str]
    published_s: Mapped[float | None]
    """When its owner made the results public; NULL while they are not."""


class StimulusRow(Base):
    """One rendered sound of a study; its audio is a row of its own, so that lists stay light."""

    __tablename__ = "stimulus"
    __table_args__ = (UniqueConstraint("study_id", "key"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"))
    key: Mapped[str]
    """trial.Sound.key"""
    facts: Mapped[dict[str, Any]]
    """duration_s, voiced_s, level_lufs, gain_db, short_by_db, peak_dbfs, fidelity, seed, seconds, warnings, …"""
    sha256: Mapped[str]
    size_bytes: Mapped[int]


class StimulusAudioRow(Base):
    """The WAV bytes of a stimulus."""

    __tablename__ = "stimulus_audio"

    stimulus_id: Mapped[int] = mapped_column(ForeignKey("stimulus.id", ondelete="CASCADE"), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ParticipantRow(Base):
    """One listener. `state`: taking, finished, screened_out. Whoever is `replaced_s` no longer holds a place."""

    __tablename__ = "participant"
    __table_args__ = (
        Index(
            "participant_place",
            "study_id",
            "origin",
            "place",
            unique=True,
            sqlite_where=text("replaced_s IS NULL"),
            postgresql_where=text("replaced_s IS NULL"),
        ),
        Index(
            "participant_platform",
            "study_id",
            "origin",
            "platform_id_hash",
            unique=True,
            sqlite_where=text("platform_id_hash <> ''"),
            postgresql_where=text("platform_id_hash <> ''"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"), index=True)
    origin: Mapped[str]
    """participant, preview or simulation; only participants are analysed."""
    place: Mapped[int]
    """The plan's participant index, from 0."""
    public_id: Mapped[str] = mapped_column(unique=True)
    """Random; how exports name the listener."""
    rung: Mapped[str]
    language: Mapped[str]
    state: Mapped[str]
    replaced_s: Mapped[float | None]
    screen_out_reason: Mapped[str]
    consent_version: Mapped[str]
    consented_s: Mapped[float]
    enrolled_s: Mapped[float]
    seen_s: Mapped[float]
    finished_s: Mapped[float | None]
    device: Mapped[str]
    """touch or pointer: nothing finer."""
    platform: Mapped[str]
    platform_id_hash: Mapped[str]
    """HMAC-SHA256 of the platform's id with the study's salt, "" without one: pseudonymous."""
    platform_id_sealed: Mapped[bytes | None]
    """The id, readable only with the owner's payment key."""
    software_version: Mapped[str]


class AccessRow(Base):
    """A personal link: only its hash is stored, so that who reads the database cannot answer for anybody."""

    __tablename__ = "access"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id", ondelete="CASCADE"), index=True)
    given_s: Mapped[float]


class TrialRow(Base):
    """One page of a listener's plan, written at enrolment."""

    __tablename__ = "trial"
    __table_args__ = (UniqueConstraint("participant_id", "position"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    participant_id: Mapped[int] = mapped_column(ForeignKey("participant.id", ondelete="CASCADE"))
    position: Mapped[int]
    page: Mapped[str] = mapped_column(unique=True)
    """Random; how the browser names this page."""
    block: Mapped[str]
    kind: Mapped[str]
    task: Mapped[str]
    questions: Mapped[list[Any]]
    truth: Mapped[dict[str, Any]]
    feedback: Mapped[bool]
    attempt: Mapped[int]
    text: Mapped[str]
    issued_s: Mapped[float | None]
    """When the page was first shown."""
    answered_s: Mapped[float | None]
    skipped: Mapped[bool]
    response_time_s: Mapped[float | None]
    """Shown to answered, by the browser's clock."""


class HandleRow(Base):
    """One sound of one trial under a random name; what was heard of it."""

    __tablename__ = "handle"
    __table_args__ = (UniqueConstraint("trial_id", "position"),)

    token: Mapped[str] = mapped_column(primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.id", ondelete="CASCADE"))
    position: Mapped[int]
    """Presentation order, from 0."""
    slot: Mapped[str]
    stimulus_id: Mapped[int] = mapped_column(ForeignKey("stimulus.id"), index=True)
    fetched_s: Mapped[float | None]
    plays: Mapped[int | None]
    coverage: Mapped[float | None]
    """Share of the sound that was played, union of intervals, in [0, 1]."""


class AnswerRow(Base):
    """One answer, written once."""

    __tablename__ = "answer"
    __table_args__ = (UniqueConstraint("trial_id", "question"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trial.id", ondelete="CASCADE"))
    question: Mapped[str]
    value: Mapped[str]
    origin: Mapped[str]
    received_s: Mapped[float]
    software_version: Mapped[str]


class EventRow(Base):
    """What happened, in order, without ids: enrolled, finished, screened out, withdrawn, opened, exported…"""

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"), index=True)
    at_s: Mapped[float]
    kind: Mapped[str]
    detail: Mapped[str]


class ResultRow(Base):
    """Results that were computed, kept so that a page opens at once. They go when somebody withdraws."""

    __tablename__ = "result"

    study_id: Mapped[int] = mapped_column(ForeignKey("study.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    """Which: of participants, of simulated listeners, a further part."""
    fingerprint: Mapped[str]
    """Store.fingerprint of what they were computed from."""
    software_version: Mapped[str]
    computed_s: Mapped[float]
    data: Mapped[dict[str, Any]]


class KeyRow(Base):
    """Keys of this installation: the public half of the payment key, the secret that signs the owner's login."""

    __tablename__ = "key"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
