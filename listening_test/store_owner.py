"""The store's other side of the table: how a study fills, its answers, payment, keys, retention."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from listening_test.models import (
    AnswerRow,
    EventRow,
    HandleRow,
    KeyRow,
    ParticipantRow,
    StimulusAudioRow,
    StimulusRow,
    TrialRow,
)
from listening_test.payment import make_key_pair, unseal
from listening_test.store_answers import Answers
from listening_test.store_listeners import PAYMENT_KEY
from listening_test.store_records import Expired, Origin, Payment, StoreError, StudyInfo, Watch
from listening_test.store_studies import drop_results, info_of, lock_study
from listening_test.study import StudyClip

_ROW = (
    ParticipantRow.origin,
    ParticipantRow.public_id.label("listener"),
    ParticipantRow.place,
    ParticipantRow.rung,
    ParticipantRow.language,
    ParticipantRow.device,
    ParticipantRow.state.label("listener_state"),
    ParticipantRow.replaced_s.is_not(None).label("replaced"),
    ParticipantRow.enrolled_s,
    ParticipantRow.finished_s,
    TrialRow.id.label("trial_id"),
    TrialRow.position,
    TrialRow.block,
    TrialRow.kind,
    TrialRow.task,
    TrialRow.attempt,
    AnswerRow.question,
    AnswerRow.value,
    TrialRow.truth,
    TrialRow.response_time_s,
    TrialRow.issued_s,
    AnswerRow.received_s,
    AnswerRow.software_version,
)
_SOUND = (
    HandleRow.trial_id,
    HandleRow.slot,
    HandleRow.position,
    StimulusRow.key,
    HandleRow.plays,
    HandleRow.coverage,
    StimulusRow.facts["duration_s"].as_float().label("duration_s"),
)


class Owner(Answers):
    """What the owner of a study asks of the database."""

    def counts(self, study_id: int, origin: Origin = "participant") -> Watch:
        """How a study fills."""
        with self._read() as db:
            info = info_of(db, study_id)
            lost_s = self._clock() - 3600 * info.study.limits.abandoned_after_h
            theirs = (ParticipantRow.study_id == study_id) & (ParticipantRow.origin == origin)
            people = db.execute(select(*_PERSON).where(theirs)).all()
            lost = [one for one in people if one.state == "taking" and one.seen_s < lost_s]
            states = Counter(one.state for one in people)
            return Watch(
                places=info.study.limits.listeners,
                enrolled=len(people),
                taking=states["taking"] - len(lost),
                finished=states["finished"],
                screened_out=states["screened_out"],
                abandoned=len(lost),
                withdrawn=_withdrawn(db, study_id, origin),
                replaced=sum(one.replaced_s is not None for one in people),
                dropped_at=_dropped_at(db, [one.id for one in lost]),
                screened_out_for=dict(Counter(one.screen_out_reason for one in people if one.state == "screened_out")),
                answers_per_system=_answers_per_system(db, study_id, origin, info.study.labels),
                minutes=tuple((one.finished_s - one.enrolled_s) / 60 for one in people if one.state == "finished"),
            )

    def table(self, study_id: int, origins: Sequence[Origin] = ("participant",)) -> list[dict[str, Any]]:
        """The long table: a row per answer, by listener and page; a sound's facts in `sounds`, in the page's order.

        Columns: study, study_version, digest, origin, listener, place, rung, language, listener_state, replaced,
        device, enrolled_s, finished_s, position, block, kind, task, attempt, question, value, system, truth, sounds
        (slot, position, clip, speaker, sex, emotion, system, level, plays, coverage, duration_s), response_time_s,
        issued_s, received_s, software_version. Systems carry their own labels: masking is up to whoever shows them.
        """
        chosen = (ParticipantRow.study_id == study_id) & ParticipantRow.origin.in_(origins)
        answers = (
            select(*_ROW)
            .join(TrialRow, TrialRow.id == AnswerRow.trial_id)
            .join(ParticipantRow, ParticipantRow.id == TrialRow.participant_id)
            .where(chosen)
            .order_by(ParticipantRow.id, TrialRow.position, AnswerRow.id)
        )
        with self._read() as db:
            info = info_of(db, study_id)
            sounds = _heard_sounds(db, info, chosen)
            study = {"study": info.name, "study_version": info.version, "digest": info.digest}
            return [study | _table_row(row, sounds) for row in db.execute(answers)]

    def make_payment_key(self, *, replace: bool = False) -> str:
        """A key to seal platform ids with from now on; returns its private half, which is stored nowhere.

        Raises:
            StoreError: if there is one and `replace` is False: ids sealed for it need its private half.
        """
        pair = make_key_pair()
        with self._write() as db:
            old = db.scalar(select(KeyRow.value).where(KeyRow.name == PAYMENT_KEY))
            if old is not None and not replace:
                raise StoreError("There is a payment key: use it, or replace it and keep the old one for earlier ids.")
            _set_key(db, PAYMENT_KEY, pair.public)
        return pair.private

    def payments(self, study_id: int, private_key: str) -> list[Payment]:
        """Whom to pay, in the order of enrolment; those who gave no platform id, or withdrew, are not there.

        Raises:
            payment.PaymentError: if the key is not the one that the ids were sealed for.
        """
        columns = (
            ParticipantRow.platform,
            ParticipantRow.platform_id_sealed,
            ParticipantRow.state,
            ParticipantRow.public_id,
        )
        theirs = (ParticipantRow.study_id == study_id) & (ParticipantRow.origin == "participant")
        sealed = select(*columns).where(theirs, ParticipantRow.platform_id_sealed.is_not(None))
        with self._read() as db:
            rows: Sequence[Any] = db.execute(sealed.order_by(ParticipantRow.id)).all()
        return [
            Payment(platform, unseal(private_key, id_), state, public_id) for platform, id_, state, public_id in rows
        ]

    def forget_platform_ids(self, study_id: int) -> int:
        """Erase the platform ids of a study, sealed and hashed: everybody is paid. How many there were."""
        theirs = (ParticipantRow.study_id == study_id) & (ParticipantRow.platform_id_hash != "")
        with self._write() as db:
            self._note_traces(db)
            gone = {"platform_id_hash": "", "platform_id_sealed": None}
            count = db.execute(update(ParticipantRow).where(theirs), gone).rowcount
            self._note(db, study_id, "platform ids forgotten", str(count))
        self._erase_traces()
        return count

    def key(self, name: str, make: Callable[[], str]) -> str:
        """The key of that name; the first to ask makes it, whoever asks later gets the same."""
        chosen = select(KeyRow.value).where(KeyRow.name == name)
        with self._read() as db:
            value = db.scalar(chosen)
        if value is not None:
            return value
        made = make()
        with self._write() as db:
            value = db.scalar(chosen)
            if value is None:
                db.execute(insert(KeyRow), {"name": name, "value": made})
        return made if value is None else value

    def set_key(self, name: str, value: str | None) -> None:
        """Put a key in place of the old one; None removes it."""
        with self._write() as db:
            _set_key(db, name, value)

    def expire(self, now: float | None = None) -> Expired:
        """Delete what studies keep no longer: answers `keep_answers_days` and voices `keep_voices_days` after closing.

        Call it now and then. now: seconds since 1970, the store's clock when not given.
        """
        now = self._clock() if now is None else now
        closed = [info for info in self.studies() if info.state == "closed" and info.closed_s is not None]
        answers = tuple(info.id for info in closed if _is_over(info, info.study.limits.keep_answers_days, now))
        voices = tuple(info.id for info in closed if _is_over(info, info.study.limits.keep_voices_days, now))
        expired = Expired(
            tuple(study_id for study_id in answers if self._drop_answers(study_id)),
            tuple(study_id for study_id in voices if self._drop_voices(study_id)),
        )
        self._erase_traces()
        return expired

    def _drop_answers(self, study_id: int) -> bool:
        with self._write() as db:
            lock_study(db, study_id)
            count = db.execute(delete(ParticipantRow).where(ParticipantRow.study_id == study_id)).rowcount
            if count:
                drop_results(db, study_id)
                self._note_traces(db)
                self._note(db, study_id, "answers expired", str(count))
        return count > 0

    def _drop_voices(self, study_id: int) -> bool:
        theirs = select(StimulusRow.id).where(StimulusRow.study_id == study_id)
        with self._write() as db:
            audio = delete(StimulusAudioRow).where(StimulusAudioRow.stimulus_id.in_(theirs))
            count = db.execute(audio).rowcount
            if count:
                self._note_traces(db)
                self._note(db, study_id, "voices expired", str(count))
        return count > 0


_PERSON = (
    ParticipantRow.id,
    ParticipantRow.state,
    ParticipantRow.seen_s,
    ParticipantRow.enrolled_s,
    ParticipantRow.finished_s,
    ParticipantRow.replaced_s,
    ParticipantRow.screen_out_reason,
)


def _withdrawn(db: Connection, study_id: int, origin: str) -> int:
    noted = (EventRow.study_id == study_id) & (EventRow.kind == "withdrawn") & (EventRow.detail == origin)
    return db.execute(select(func.count()).where(noted)).scalar_one()


def _dropped_at(db: Connection, listener_ids: Sequence[int]) -> dict[str, int]:
    """Task, or block outside tasks, of the first page that each left unanswered."""
    waiting = TrialRow.answered_s.is_(None) & TrialRow.skipped.is_(False)
    theirs = TrialRow.participant_id.in_(listener_ids)
    first = (
        select(TrialRow.participant_id, func.min(TrialRow.position).label("position"))
        .where(theirs, waiting)
        .group_by(TrialRow.participant_id)
        .subquery()
    )
    same = (TrialRow.participant_id == first.c.participant_id) & (TrialRow.position == first.c.position)
    rows = db.execute(select(TrialRow.task, TrialRow.block).join(first, same))
    return dict(Counter(row.task or row.block for row in rows))


def _answers_per_system(db: Connection, study_id: int, origin: str, labels: Sequence[str]) -> dict[str, int]:
    system = TrialRow.truth["system"].as_string().label("on_trial")
    theirs = (ParticipantRow.study_id == study_id) & (ParticipantRow.origin == origin) & (TrialRow.kind == "rated")
    counted = (
        select(system, func.count())
        .select_from(AnswerRow)
        .join(TrialRow, TrialRow.id == AnswerRow.trial_id)
        .join(ParticipantRow, ParticipantRow.id == TrialRow.participant_id)
        .where(theirs)
        .group_by("on_trial")
    )
    found = {label: count for label, count in db.execute(counted) if label is not None}
    return dict.fromkeys(labels, 0) | found


def _table_row(row: Row[Any], sounds: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    values = dict(row._mapping)
    heard = sounds.get(values.pop("trial_id"), [])
    return values | {"system": values["truth"].get("system", ""), "sounds": heard}


def _heard_sounds(db: Connection, info: StudyInfo, chosen: Any) -> dict[int, list[dict[str, Any]]]:
    """Sounds of each trial, in presentation order, by what they are."""
    query = (
        select(*_SOUND)
        .join(StimulusRow, StimulusRow.id == HandleRow.stimulus_id)
        .join(TrialRow, TrialRow.id == HandleRow.trial_id)
        .join(ParticipantRow, ParticipantRow.id == TrialRow.participant_id)
        .where(chosen, TrialRow.answered_s.is_not(None))
        .order_by(HandleRow.trial_id, HandleRow.position)
    )
    clips = {clip.key: clip for clip in info.clips}
    facts: dict[str, dict[str, Any]] = {}
    sounds = defaultdict(list)
    for row in db.execute(query):
        values = dict(row._mapping)
        key = values.pop("key")
        if key not in facts:
            facts[key] = _sound_facts(key, clips, info.study.labels)
        sounds[values.pop("trial_id")].append(values | facts[key])
    return sounds


def _sound_facts(key: str, clips: dict[str, StudyClip], labels: Sequence[str]) -> dict[str, Any]:
    """What Sound.key says, and what is known of its clip; names of clips and systems may hold slashes themselves."""
    _, _, rest = key.partition("/")
    names, level, _ = rest.rsplit("/", 2)
    clip, system = next(_split(names, clips, labels), ("", ""))
    known = clips.get(clip)
    return {
        "clip": clip,
        "speaker": known.speaker if known else "",
        "sex": known.sex if known else "",
        "emotion": known.emotion if known else "",
        "system": system,
        "level": level,
    }


def _split(names: str, clips: dict[str, StudyClip], labels: Sequence[str]) -> Iterator[tuple[str, str]]:
    for label in (*labels, "original", ""):
        clip = names.removesuffix(f"/{label}")
        if names.endswith(f"/{label}") and (clip in clips or not clip):
            yield clip, label


def _is_over(info: StudyInfo, days: float | None, now: float) -> bool:
    return days is not None and info.closed_s is not None and info.closed_s + 86_400 * days <= now


def _set_key(db: Connection, name: str, value: str | None) -> None:
    db.execute(delete(KeyRow).where(KeyRow.name == name))
    if value is not None:
        db.execute(insert(KeyRow), {"name": name, "value": value})
