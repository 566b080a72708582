"""The store's pages and answers: what a listener is shown next, and what came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, update

from anonymizers import __version__
from listening_test import store_statements as sql
from listening_test.models import ParticipantRow
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


class Answers(Listeners):
    """Pages and answers in the database."""

    def trials(self, listener_id: int) -> list[TrialInfo]:
        """The whole plan of a listener, with what was answered."""
        with self._read() as db:
            return _trials(db, sql.PLAN, {"listener": listener_id})

    def trial(self, listener_id: int, page: str) -> TrialInfo | None:
        """The page of that random name, if it is this listener's."""
        with self._read() as db:
            return next(iter(_trials(db, sql.PAGE, {"listener": listener_id, "page": plain(page)})), None)

    def current(self, listener_id: int) -> TrialInfo | None:
        """The first page that is neither answered nor skipped; None at the end."""
        with self._read() as db:
            return next(iter(_trials(db, sql.CURRENT, {"listener": listener_id})), None)

    def progress(self, listener_id: int) -> tuple[int, int]:
        """Pages answered, of pages to answer; skipped ones count in neither."""
        with self._read() as db:
            done, of = db.execute(sql.PROGRESS, {"listener": listener_id}).one()
        return done, of

    def issue(self, trial_id: int) -> float:
        """Note that a page is shown, and that its listener is there; when it was first shown."""
        now = self._clock()
        with self._read() as db:
            row = db.execute(sql.SEEN, {"trial": trial_id}).first()
        if row is None:
            raise _no_trial()
        if row.issued_s is not None and now - row.seen_s < SEEN_EVERY_S:
            return row.issued_s
        with self._write() as db:
            db.execute(sql.SEE, {"listener": row.id, "at_s": now})
            db.execute(sql.ISSUE, {"trial": trial_id, "at_s": now})
            issued_s = db.scalar(sql.ISSUED, {"trial": trial_id})
        if issued_s is None:
            raise _no_trial()
        return issued_s

    def fetched(self, handle_token: str) -> None:
        """Note when a sound was first fetched. A transaction: HandleInfo.fetched_s says whether it is needed."""
        with self._write() as db:
            db.execute(sql.FETCH, {"name": plain(handle_token), "at_s": self._clock()})

    def handle(self, listener_id: int, handle_token: str) -> HandleInfo | None:
        """A sound of a page that was shown to this listener; None for any other name."""
        with self._read() as db:
            row = db.execute(sql.SOUND, {"listener": listener_id, "name": plain(handle_token)}).first()
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
        issue_next: bool = False,
    ) -> None:
        """Store the answers of a page, once; durable when it returns. All of it or nothing.

        answers: question to value. heard: for each sound of the page, in its order. skip: ids of trials of the same
        listener that need no answer now. state: finished or screened_out, with the reason. issue_next: the next page
        goes out with the reply, so note it as shown in the same transaction.

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
            db.execute(sql.ANSWERED, {"trial": trial_id, "at_s": now, "took_s": response_time_s})
            _insert_answers(db, trial_id, values, origin=trial.origin, now=now)
            _note_heard(db, trial_id, heard)
            _skip(db, trial.participant_id, skip)
            if issue_next and state is None:
                db.execute(sql.ISSUE_NEXT, {"listener": trial.participant_id, "at_s": now})
            self._move_on(db, trial, state, plain(reason))

    def _move_on(self, db: Connection, trial: Any, state: ListenerState | None, reason: str) -> None:
        now = self._clock()
        db.execute(sql.SEE, {"listener": trial.participant_id, "at_s": now})
        if state is None:
            return
        values: dict[str, Any] = {"state": state, "screen_out_reason": reason}
        if state in ("finished", "screened_out"):
            values["finished_s"] = now
            self._note(db, trial.study_id, state, trial.origin)
        db.execute(update(ParticipantRow).where(ParticipantRow.id == trial.participant_id), values)


def _no_trial() -> NotFound:
    return NotFound("There is no such page, or no longer: its listener has withdrawn.")


def _trials(db: Connection, chosen: Select[Any], named: Mapping[str, Any]) -> list[TrialInfo]:
    rows = db.execute(chosen, named).all()
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
    sounds = defaultdict(list)
    for row in db.execute(sql.SOUNDS, {"trials": trial_ids}):
        sounds[row.trial_id].append(HandleInfo(**row._mapping))
    return sounds


def _answers(db: Connection, trial_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    answers: dict[int, dict[str, str]] = defaultdict(dict)
    for row in db.execute(sql.ANSWERS, {"trials": trial_ids}):
        answers[row.trial_id][row.question] = row.value
    return answers


def _trial_to_answer(db: Connection, trial_id: int) -> Any:
    """The trial and its listener; the listener is locked until the transaction ends, before anything else is."""
    db.execute(sql.LOCK_LISTENER, {"trial": trial_id})
    row = db.execute(sql.TO_ANSWER, {"trial": trial_id}).first()
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
        db.execute(sql.ADD_ANSWER, rows)


def _note_heard(db: Connection, trial_id: int, heard: Sequence[Heard]) -> None:
    rows = [{"trial": trial_id, "at": at, "played": one.plays, "share": one.coverage} for at, one in enumerate(heard)]
    if rows:
        db.execute(sql.HEARD, rows)


def _skip(db: Connection, listener_id: int, trial_ids: Sequence[int]) -> None:
    if trial_ids:
        db.execute(sql.SKIP, {"listener": listener_id, "trials": list(trial_ids)})
