"""The store's listeners: places, plans, personal links, withdrawal."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update
from sqlalchemy.orm import aliased

from anonymizers import __version__
from listening_test.models import AccessRow, HandleRow, KeyRow, ParticipantRow, StimulusRow, StudyRow, TrialRow
from listening_test.payment import pseudonym, seal
from listening_test.store_database import plain
from listening_test.store_records import Enrolled, Listener, NotFound, Origin, StoreError, StudyFull, StudyNotOpen
from listening_test.store_statements import LISTENER, LISTENER_OF_LINK
from listening_test.store_studies import Studies, drop_results, info_of, lock_study
from listening_test.study import Study
from listening_test.trial import Trial

Planner = Callable[[int], tuple[str, Sequence[Trial]]]
"""place -> (rung, trials)"""

PAYMENT_KEY = "payment-public"
"""Name, in the table of keys, of the public half that platform ids are sealed with."""
LINKS_PER_LISTENER = 8
"""Who comes back by the platform's link gets a new personal link; the oldest end."""


class Listeners(Studies):
    """Listeners and their plans in the database."""

    def enrol(
        self,
        study_id: int,
        *,
        origin: Origin,
        language: str,
        consent_version: str,
        platform: str = "",
        platform_id: str = "",
        device: str = "",
        plan: Planner,
    ) -> Enrolled:
        """Give a person a place and write its plan, all in one transaction; or resume, for a platform's id seen before.

        The lowest place without a holder is taken, so that places of people who withdrew, were screened out or have
        not been seen for limits.abandoned_after_h come first. Previews and simulations have places of their own; when
        these are all taken, the holder not seen for longest gives way.

        plan: from the place to the rung and the pages; it must not call the store.

        Raises:
            StudyNotOpen, StudyFull: as they say. NotFound: no such study.
            StoreError: if a sound of the plan was not rendered.
        """
        newcomer = {
            "study_id": study_id,
            "origin": origin,
            "language": plain(language),
            "consent_version": plain(consent_version),
            "device": plain(device),
            "platform": plain(platform),
        }
        with self._read() as db:  # planning takes long, so it is done before anybody has to wait for it
            hash_ = _pseudonym(db, study_id, platform, platform_id)
            known = _known(db, study_id, origin, hash_)
            guess = None if known else self._free_place(db, study_id, origin)[0]
        planned = {} if guess is None else {guess: plan(guess)}
        newcomer["platform_id_hash"] = hash_
        with self._write() as db:
            lock_study(db, study_id)
            known = _known(db, study_id, origin, hash_)
            listener_id = known or self._settle(db, newcomer, _sealed(db, platform_id), planned, plan)
            token = self._new_link(db, listener_id)
            listener = _listener(db, ParticipantRow.id == listener_id)
        if listener is None:
            raise _no_listener()
        return Enrolled(token, listener, resumed=known is not None)

    def listener(self, token: str) -> Listener | None:
        """Whose personal link this is; None for any other string."""
        with self._read() as db:
            row = db.execute(LISTENER_OF_LINK, {"name": _fingerprint(token)}).first()
        return Listener(**row._mapping) if row else None

    def withdraw(self, listener_id: int) -> None:
        """Erase a listener: plan, answers, links, platform id, and results that were computed with the answers. The
        place is free for somebody else.

        Nothing is left in an SQLite database's files when this returns, or, if others were in the way, a little later
        (Database._erase_traces). Copies made before keep what they have.

        Raises:
            NotFound: if there is no such listener.
        """
        theirs = ParticipantRow.id == listener_id
        with self._write() as db:
            listener = _listener(db, theirs)
            if listener is None:
                raise _no_listener()
            lock_study(db, listener.study_id)  # results computed at this moment must not come after it
            self._note_traces(db)
            db.execute(delete(ParticipantRow).where(theirs))
            drop_results(db, listener.study_id)
            self._note(db, listener.study_id, "withdrawn", listener.origin)
        self._erase_traces()

    def _settle(
        self,
        db: Connection,
        newcomer: Mapping[str, Any],
        sealed: bytes | None,
        planned: Mapping[int, tuple[str, Sequence[Trial]]],
        plan: Planner,
    ) -> int:
        """Give a newcomer a place and a plan; the listener's id."""
        study_id, origin = newcomer["study_id"], newcomer["origin"]
        place, replaces = self._free_place(db, study_id, origin)
        rung, trials = planned[place] if place in planned else plan(place)
        if replaces is not None:
            self._replace(db, study_id, origin, replaces)
        listener_id = self._insert_listener(
            db, {**newcomer, "place": place, "rung": rung, "platform_id_sealed": sealed}
        )
        _insert_plan(db, study_id, listener_id, trials)
        self._note(db, study_id, "enrolled", origin)
        return listener_id

    def _free_place(self, db: Connection, study_id: int, origin: Origin) -> tuple[int, int | None]:
        """The place of whoever enrols next, and the listener who holds it and must give way."""
        study = _open_for(db, study_id, origin)
        holds = _holds(ParticipantRow, study_id, origin)
        lost_s = self._clock() - 3600 * study.limits.abandoned_after_h
        gone = (ParticipantRow.state == "screened_out") | (
            (ParticipantRow.state == "taking") & (ParticipantRow.seen_s < lost_s)
        )
        by_place = select(ParticipantRow.place, ParticipantRow.id).where(holds).order_by(ParticipantRow.place)
        lapsed = db.execute(by_place.where(gone).limit(1)).first()
        unheld = _lowest_unheld(db, study_id, origin)
        if lapsed and lapsed.place < unheld:
            return lapsed.place, lapsed.id
        if unheld < study.limits.listeners:
            return unheld, None
        if origin == "participant":
            raise StudyFull(f"All {study.limits.listeners} places of this study are taken.")
        longest = select(ParticipantRow.place, ParticipantRow.id).where(holds)
        row = db.execute(longest.order_by(ParticipantRow.seen_s, ParticipantRow.id).limit(1)).one()
        return row.place, row.id

    def _replace(self, db: Connection, study_id: int, origin: str, listener_id: int) -> None:
        db.execute(update(ParticipantRow).where(ParticipantRow.id == listener_id), {"replaced_s": self._clock()})
        self._note(db, study_id, "replaced", origin)

    def _insert_listener(self, db: Connection, newcomer: Mapping[str, Any]) -> int:
        now = self._clock()
        values = {
            **newcomer,
            "public_id": secrets.token_hex(8),
            "state": "taking",
            "screen_out_reason": "",
            "consented_s": now,
            "enrolled_s": now,
            "seen_s": now,
            "software_version": __version__,
        }
        return db.execute(insert(ParticipantRow).returning(ParticipantRow.id), values).scalar_one()

    def _new_link(self, db: Connection, listener_id: int) -> str:
        theirs = AccessRow.participant_id == listener_id
        newest = select(AccessRow.token_sha256).where(theirs).order_by(AccessRow.given_s.desc())
        kept = newest.limit(LINKS_PER_LISTENER - 1)
        db.execute(delete(AccessRow).where(theirs, AccessRow.token_sha256.not_in(kept)))
        token = secrets.token_urlsafe(24)
        values = {"token_sha256": _fingerprint(token), "participant_id": listener_id, "given_s": self._clock()}
        db.execute(insert(AccessRow), values)
        return token


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _pseudonym(db: Connection, study_id: int, platform: str, platform_id: str) -> str:
    salt = db.scalar(select(StudyRow.salt).where(StudyRow.id == study_id))
    if salt is None:
        raise NotFound(f"There is no study number {study_id}, or no longer.")
    return pseudonym(salt, platform, platform_id) if platform_id else ""


def _no_listener() -> NotFound:
    return NotFound("There is no such listener, or no longer.")


def _sealed(db: Connection, platform_id: str) -> bytes | None:
    public = db.scalar(select(KeyRow.value).where(KeyRow.name == PAYMENT_KEY)) if platform_id else None
    return seal(public, platform_id) if public else None


def _listener(db: Connection, chosen: ColumnElement[bool]) -> Listener | None:
    row = db.execute(select(*LISTENER).where(chosen)).first()
    return Listener(**row._mapping) if row else None


def _known(db: Connection, study_id: int, origin: Origin, hash_: str) -> int | None:
    if not hash_:
        return None
    same = (ParticipantRow.study_id == study_id) & (ParticipantRow.origin == origin)
    return db.scalar(select(ParticipantRow.id).where(same, ParticipantRow.platform_id_hash == hash_))


def _open_for(db: Connection, study_id: int, origin: Origin) -> Study:
    info = info_of(db, study_id)
    if info.state not in (("open",) if origin == "participant" else ("ready", "open")):
        raise StudyNotOpen("This study is closed." if info.state == "closed" else "This study is not open yet.")
    return info.study


def _holds(row: Any, study_id: int, origin: Origin) -> ColumnElement[bool]:
    return (row.study_id == study_id) & (row.origin == origin) & row.replaced_s.is_(None)


def _lowest_unheld(db: Connection, study_id: int, origin: Origin) -> int:
    """The lowest place that nobody holds; most often the one after the last."""
    mine, next_ = ParticipantRow, aliased(ParticipantRow)
    count, last = db.execute(select(func.count(), func.max(mine.place)).where(_holds(mine, study_id, origin))).one()
    if count == 0 or count == last + 1:
        return count
    first = select(mine.id).where(_holds(mine, study_id, origin), mine.place == 0)
    if db.scalar(first) is None:
        return 0
    follower = select(next_.id).where(_holds(next_, study_id, origin), next_.place == mine.place + 1)
    ends = select(mine.place).where(_holds(mine, study_id, origin), ~follower.exists())
    return db.execute(ends.order_by(mine.place).limit(1)).scalar_one() + 1


def _insert_plan(db: Connection, study_id: int, listener_id: int, trials: Sequence[Trial]) -> None:
    """Two statements, however many pages: everything a listener will be asked, and the random names of the sounds."""
    rows = [_trial_values(listener_id, position, trial) for position, trial in enumerate(trials)]
    if not rows:
        raise StoreError("A listener's plan has at least one page, but an empty one came.")
    inserted = db.execute(insert(TrialRow).returning(TrialRow.position, TrialRow.id), rows)
    ids = {row.position: row.id for row in inserted}
    stimuli = _stimulus_ids(db, study_id, {sound.key for trial in trials for sound in trial.sounds})
    handles = [
        values for position, trial in enumerate(trials) for values in _handle_values(ids[position], trial, stimuli)
    ]
    if handles:
        db.execute(insert(HandleRow).returning(HandleRow.position), handles).all()


def _trial_values(listener_id: int, position: int, trial: Trial) -> dict[str, Any]:
    return {
        "participant_id": listener_id,
        "position": position,
        "page": secrets.token_urlsafe(12),
        "block": trial.block,
        "kind": trial.kind,
        "task": trial.task,
        "questions": list(trial.questions),
        "truth": trial.truth,
        "feedback": trial.feedback,
        "attempt": trial.attempt,
        "text": trial.text,
        "skipped": False,
    }


def _handle_values(trial_id: int, trial: Trial, stimuli: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    for position, (sound, slot) in enumerate(zip(trial.sounds, trial.slots, strict=True)):
        if sound.key not in stimuli:
            raise StoreError(f"The sound {sound.key} is in the plan, but was not rendered: render the study again.")
        yield {
            "token": secrets.token_urlsafe(16),
            "trial_id": trial_id,
            "position": position,
            "slot": slot,
            "stimulus_id": stimuli[sound.key],
        }


def _stimulus_ids(db: Connection, study_id: int, keys: set[str]) -> dict[str, int]:
    wanted = select(StimulusRow.key, StimulusRow.id).where(StimulusRow.study_id == study_id)
    return {row.key: row.id for row in db.execute(wanted.where(StimulusRow.key.in_(sorted(keys))))}
