"""The store's pages and answers: what a listener is shown next, and what came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from anonymizers import __version__
from listening_test.models import AnswerRow, HandleRow, ParticipantRow, StimulusRow, TrialRow
from listening_test.store_database import plain
from listening_test.store_listeners import Listeners
from listening_test.store_records import (
    AlreadyAnswered,
    HandleInfo,
    Heard,
    ListenerDone,
    ListenerState,
    NotFound,
    TrialInfo,
)

SEEN_EVERY_S = 60.0
"""A listener on a page that was shown before is noted as present this often."""

_TRIAL = (
    TrialRow.id,
    TrialRow.position,
    TrialRow.page,
    TrialRow.block,
    TrialRow.kind,
    TrialRow.task,
    TrialRow.questions,
    TrialRow.truth,
    TrialRow.feedback,
    TrialRow.attempt,
    TrialRow.text,
    TrialRow.issued_s,
    TrialRow.answered_s,
    TrialRow.skipped,
    TrialRow.response_time_s,
)
_HANDLE = (
    HandleRow.token,
    HandleRow.trial_id,
    HandleRow.position,
    HandleRow.slot,
    HandleRow.stimulus_id,
    StimulusRow.facts["duration_s"].as_float().label("duration_s"),
    HandleRow.fetched_s,
)


class Answers(Listeners):
    """Pages and answers in the database."""

    def trials(self, listener_id: int) -> list[TrialInfo]:
        """The whole plan of a listener, with what was answered."""
        with self._read() as db:
            return _trials(db, _plan_of(listener_id))

    def trial(self, listener_id: int, page: str) -> TrialInfo | None:
        """The page of that random name, if it is this listener's."""
        with self._read() as db:
            return next(iter(_trials(db, _plan_of(listener_id).where(TrialRow.page == plain(page)))), None)

    def current(self, listener_id: int) -> TrialInfo | None:
        """The first page that is neither answered nor skipped; None at the end."""
        waiting = TrialRow.answered_s.is_(None) & TrialRow.skipped.is_(False)
        with self._read() as db:
            return next(iter(_trials(db, _plan_of(listener_id).where(waiting).limit(1))), None)

    def progress(self, listener_id: int) -> tuple[int, int]:
        """Pages answered, of pages to answer; skipped ones count in neither."""
        counted = select(func.count(TrialRow.answered_s), func.count()).where(
            TrialRow.participant_id == listener_id, TrialRow.skipped.is_(False)
        )
        with self._read() as db:
            done, of = db.execute(counted).one()
        return done, of

    def issue(self, trial_id: int) -> float:
        """Note that a page is shown, and that its listener is there; when it was first shown."""
        now = self._clock()
        seen = (
            select(TrialRow.issued_s, ParticipantRow.id, ParticipantRow.seen_s)
            .join(ParticipantRow, ParticipantRow.id == TrialRow.participant_id)
            .where(TrialRow.id == trial_id)
        )
        with self._read() as db:
            row = db.execute(seen).first()
        if row is None:
            raise _no_trial()
        if row.issued_s is not None and now - row.seen_s < SEEN_EVERY_S:
            return row.issued_s
        with self._write() as db:
            fresh = (TrialRow.id == trial_id) & TrialRow.issued_s.is_(None)
            db.execute(update(ParticipantRow).where(ParticipantRow.id == row.id), {"seen_s": now})
            db.execute(update(TrialRow).where(fresh), {"issued_s": now})
            issued_s = db.scalar(select(TrialRow.issued_s).where(TrialRow.id == trial_id))
        if issued_s is None:
            raise _no_trial()
        return issued_s

    def fetched(self, handle_token: str) -> None:
        """Note when a sound was first fetched."""
        fresh = (HandleRow.token == plain(handle_token)) & HandleRow.fetched_s.is_(None)
        with self._read() as db:
            if db.scalar(select(HandleRow.token).where(fresh)) is None:
                return
        with self._write() as db:
            db.execute(update(HandleRow).where(fresh), {"fetched_s": self._clock()})

    def handle(self, listener_id: int, handle_token: str) -> HandleInfo | None:
        """A sound of a page that was shown to this listener; None for any other name."""
        chosen = (
            select(*_HANDLE)
            .join(StimulusRow, StimulusRow.id == HandleRow.stimulus_id)
            .join(TrialRow, TrialRow.id == HandleRow.trial_id)
            .where(HandleRow.token == plain(handle_token), TrialRow.participant_id == listener_id)
            .where(TrialRow.issued_s.is_not(None))
        )
        with self._read() as db:
            row = db.execute(chosen).first()
        return HandleInfo(*row) if row else None

    def save(
        self,
        trial_id: int,
        answers: Mapping[str, str],
        heard: Sequence[Heard] = (),
        response_time_s: float | None = None,
        *,
        skip: Sequence[int] = (),
        state: ListenerState | None = None,
        reason: str = "",
    ) -> None:
        """Store the answers of a page, once; durable when it returns. All of it or nothing.

        answers: question to value. heard: for each sound of the page, in its order. skip: ids of trials of the same
        listener that need no answer now. state: finished or screened_out, with the reason.

        Raises:
            AlreadyAnswered: with the answers that stand. ListenerDone: no more answers from this listener.
            NotFound: if the listener has withdrawn. StoreUnavailable: nothing was stored; send it again.
        """
        now, values = self._clock(), {question: plain(value) for question, value in answers.items()}
        with self._write() as db:
            trial = _trial_to_answer(db, trial_id)
            if trial.answered_s is not None:
                stored = _answers(db, [trial_id]).get(trial_id, {})
                raise AlreadyAnswered(stored, same=stored == values)
            if trial.state != "taking":
                raise ListenerDone("This listener has come to an end, so no more answers are taken.")
            done = {"answered_s": now, "response_time_s": response_time_s}
            db.execute(update(TrialRow).where(TrialRow.id == trial_id), done)
            _insert_answers(db, trial_id, values, origin=trial.origin, now=now)
            _note_heard(db, trial_id, heard)
            _skip(db, trial.participant_id, skip)
            self._move_on(db, trial, state, plain(reason))

    def _move_on(self, db: Connection, trial: Any, state: ListenerState | None, reason: str) -> None:
        now = self._clock()
        values: dict[str, Any] = {"seen_s": now}
        if state is not None:
            values |= {"state": state, "screen_out_reason": reason}
        if state in ("finished", "screened_out"):
            values["finished_s"] = now
            self._note(db, trial.study_id, state, trial.origin)
        db.execute(update(ParticipantRow).where(ParticipantRow.id == trial.participant_id), values)


def _no_trial() -> NotFound:
    return NotFound("There is no such page, or no longer: its listener has withdrawn.")


def _plan_of(listener_id: int) -> Select[Any]:
    return select(*_TRIAL).where(TrialRow.participant_id == listener_id).order_by(TrialRow.position)


def _trials(db: Connection, chosen: Select[Any]) -> list[TrialInfo]:
    rows = db.execute(chosen).all()
    ids = [row.id for row in rows]
    sounds, answers = _sounds(db, ids), _answers(db, ids)
    return [
        TrialInfo(
            **{**row._mapping, "questions": tuple(row.questions)},
            sounds=tuple(sounds.get(row.id, ())),
            answers=answers.get(row.id, {}),
        )
        for row in rows
    ]


def _sounds(db: Connection, trial_ids: Sequence[int]) -> dict[int, list[HandleInfo]]:
    """Sounds of each trial in presentation order."""
    chosen = select(*_HANDLE).join(StimulusRow, StimulusRow.id == HandleRow.stimulus_id)
    sounds = defaultdict(list)
    for row in db.execute(chosen.where(HandleRow.trial_id.in_(trial_ids)).order_by(HandleRow.position)):
        sounds[row.trial_id].append(HandleInfo(**row._mapping))
    return sounds


def _answers(db: Connection, trial_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    chosen = select(AnswerRow.trial_id, AnswerRow.question, AnswerRow.value)
    answers: dict[int, dict[str, str]] = defaultdict(dict)
    for row in db.execute(chosen.where(AnswerRow.trial_id.in_(trial_ids)).order_by(AnswerRow.id)):
        answers[row.trial_id][row.question] = row.value
    return answers


def _trial_to_answer(db: Connection, trial_id: int) -> Any:
    """The trial and its listener; the listener is locked until the transaction ends, before anything else is."""
    whose = select(TrialRow.participant_id).where(TrialRow.id == trial_id).scalar_subquery()
    db.execute(select(ParticipantRow.id).where(ParticipantRow.id == whose).with_for_update(key_share=True))
    chosen = (
        select(
            TrialRow.answered_s,
            TrialRow.participant_id,
            ParticipantRow.state,
            ParticipantRow.origin,
            ParticipantRow.study_id,
        )
        .join(ParticipantRow, ParticipantRow.id == TrialRow.participant_id)
        .where(TrialRow.id == trial_id)
    )
    row = db.execute(chosen).first()
    if row is None:
        raise _no_trial()
    return row


def _insert_answers(db: Connection, trial_id: int, values: Mapping[str, str], *, origin: str, now: float) -> None:
    rows = [
        {
            "trial_id": trial_id,
            "question": question,
            "value": value,
            "origin": origin,
            "received_s": now,
            "software_version": __version__,
        }
        for question, value in values.items()
    ]
    if rows:
        db.execute(insert(AnswerRow), rows)


def _note_heard(db: Connection, trial_id: int, heard: Sequence[Heard]) -> None:
    same = (HandleRow.trial_id == trial_id) & (HandleRow.position == bindparam("at"))
    rows = [{"at": at, "plays": one.plays, "coverage": one.coverage} for at, one in enumerate(heard)]
    if rows:
        db.execute(update(HandleRow).where(same), rows)


def _skip(db: Connection, listener_id: int, trial_ids: Sequence[int]) -> None:
    theirs = (TrialRow.participant_id == listener_id) & TrialRow.id.in_(trial_ids) & TrialRow.answered_s.is_(None)
    if trial_ids:
        db.execute(update(TrialRow).where(theirs), {"skipped": True})
