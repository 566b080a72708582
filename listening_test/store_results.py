"""The store's results: what was computed is kept, with a fingerprint of what it was computed from; publishing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from anonymizers import __version__
from listening_test.models import AnswerRow, EventRow, ParticipantRow, ResultRow, StudyRow, TrialRow
from listening_test.store_owner import Owner
from listening_test.store_records import Computed, Origin, StudyInfo
from listening_test.store_studies import info_of, lock_study

_LOSSES = ("withdrawn", "answers expired")
"""Events after which answers are gone that earlier results were computed from."""


class Results(Owner):
    """Kept results, and which of them are public."""

    def fingerprint(self, study_id: int, origins: Sequence[Origin] = ("participant",)) -> str:
        """Changes whenever the results of a study may: an answer came, a listener's state changed, somebody withdrew,
        answers expired, the study opened or closed. The number before the dot counts what was deleted.

        Raises: NotFound.
        """
        with self._read() as db:
            state = info_of(db, study_id).state
            return f"{_losses(db, study_id)}.{_hash(state, _people(db, study_id, origins))}"

    def results(self, study_id: int, key: str) -> Computed | None:
        """The results kept under that key."""
        columns = (
            ResultRow.key,
            ResultRow.fingerprint,
            ResultRow.software_version,
            ResultRow.computed_s,
            ResultRow.data,
        )
        with self._read() as db:
            row = db.execute(select(*columns).where(ResultRow.study_id == study_id, ResultRow.key == key)).first()
        return Computed(*row) if row else None

    def put_results(self, study_id: int, key: str, fingerprint: str, data: Mapping[str, Any]) -> bool:
        """Keep results in place of earlier ones. fingerprint: as it was before the answers were read.

        Returns False, and keeps nothing, if answers were deleted since then: nobody who withdrew stays in results.

        Raises: NotFound.
        """
        values = {
            "study_id": study_id,
            "key": key,
            "fingerprint": fingerprint,
            "software_version": __version__,
            "computed_s": self._clock(),
            "data": dict(data),
        }
        with self._write() as db:
            lock_study(db, study_id)
            info_of(db, study_id)
            if fingerprint.partition(".")[0] != str(_losses(db, study_id)):
                return False
            db.execute(delete(ResultRow).where(ResultRow.study_id == study_id, ResultRow.key == key))
            db.execute(insert(ResultRow), values)
        return True

    def publish(self, study_id: int) -> StudyInfo:
        """Make the results of a closed study public; the date of the first time stays.

        Raises:
            WrongState: if it is not closed. NotFound: no such study.
        """
        with self._write() as db:
            info = self._in_state(db, study_id, ("closed",), "published")
            if info.published_s is None:
                db.execute(update(StudyRow).where(StudyRow.id == study_id), {"published_s": self._clock()})
                self._note(db, study_id, "published", "")
            return info_of(db, study_id)

    def unpublish(self, study_id: int) -> StudyInfo:
        """Take the results back; what others have copied meanwhile stays with them.

        Raises: NotFound.
        """
        with self._write() as db:
            if info_of(db, study_id).published_s is not None:
                db.execute(update(StudyRow).where(StudyRow.id == study_id), {"published_s": None})
                self._note(db, study_id, "unpublished", "")
            return info_of(db, study_id)

    def published(self) -> list[StudyInfo]:
        """Closed studies whose results are public, the newest first."""
        public = (StudyRow.published_s.is_not(None)) & (StudyRow.state == "closed")
        with self._read() as db:
            newest = select(StudyRow.id).where(public).order_by(StudyRow.published_s.desc(), StudyRow.id.desc())
            return [info_of(db, study_id) for study_id in db.scalars(newest)]


def _losses(db: Connection, study_id: int) -> int:
    lost = (EventRow.study_id == study_id) & EventRow.kind.in_(_LOSSES)
    return db.execute(select(func.count()).where(lost)).scalar_one()


def _people(db: Connection, study_id: int, origins: Sequence[Origin]) -> list[Any]:
    """What stands for all answers: they are written once and go with their listener, whose number never returns."""
    chosen = (ParticipantRow.study_id == study_id) & ParticipantRow.origin.in_(origins)
    columns = (ParticipantRow.id, ParticipantRow.state, ParticipantRow.replaced_s.is_not(None))
    people = db.execute(select(*columns).where(chosen).order_by(ParticipantRow.id)).all()
    counted = (
        select(func.count(AnswerRow.id), func.max(AnswerRow.id))
        .join(TrialRow, TrialRow.id == AnswerRow.trial_id)
        .join(ParticipantRow, ParticipantRow.id == TrialRow.participant_id)
        .where(chosen)
    )
    return [[list(person) for person in people], list(db.execute(counted).one())]


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
