"""The store's studies: versions, clips, rendered sounds, states."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, String, bindparam, cast, delete, func, insert, select, update

from anonymizers import __version__
from listening_test.models import EventRow, ParticipantRow, ResultRow, StimulusAudioRow, StimulusRow, StudyRow
from listening_test.store_database import Database, plain
from listening_test.store_records import Event, NotFound, StimulusInfo, StudyInfo, StudyState, WrongState
from listening_test.store_statements import AUDIO
from listening_test.study import Study, StudyClip, digest

_INFO = (
    StudyRow.id,
    StudyRow.name,
    StudyRow.version,
    StudyRow.state,
    StudyRow.link,
    StudyRow.preview_key,
    StudyRow.simulation_key,
    cast(StudyRow.definition, String).label("definition"),
    cast(StudyRow.clips, String).label("clips"),
    StudyRow.folder,
    StudyRow.yaml,
    StudyRow.digest,
    StudyRow.created_s,
    StudyRow.opened_s,
    StudyRow.closed_s,
    StudyRow.software_version,
    StudyRow.published_s,
)
_BY_ID = select(*_INFO).where(StudyRow.id == bindparam("study"))
_CLIPS = TypeAdapter(tuple[StudyClip, ...])


class Studies(Database):
    """Studies in the database."""

    def add_study(self, study: Study, yaml: str, folder: Path) -> StudyInfo:
        """A new draft; the next version where the name exists. `folder`: what its relative paths start from."""
        with self._write() as db:
            newest = db.scalar(select(func.max(StudyRow.version)).where(StudyRow.name == study.name))
            values = _definition(study, yaml, folder) | {
                "version": (newest or 0) + 1,
                "link": secrets.token_urlsafe(12),
                "preview_key": secrets.token_urlsafe(12),
                "simulation_key": secrets.token_urlsafe(12),
                "salt": secrets.token_urlsafe(32),
                "created_s": self._clock(),
            }
            study_id = db.scalar(insert(StudyRow).returning(StudyRow.id), values)
            self._note(db, study_id, "created", f"version {values['version']}")
            return info_of(db, study_id)

    def update_study(self, study_id: int, study: Study, yaml: str, folder: Path) -> StudyInfo:
        """Put another definition in place of one that was never open: a draft again, without clips and sounds.

        Raises:
            WrongState: if it is open, closed or being rendered; or has another name.
        """
        with self._write() as db:
            info = self._in_state(db, study_id, ("draft", "ready"), "changed")
            if info.name != study.name:
                raise WrongState(f"This study is called {info.name}, not {study.name}: add that one as a new study.")
            _drop_listeners(db, study_id)
            db.execute(delete(StimulusRow).where(StimulusRow.study_id == study_id))
            db.execute(update(StudyRow).where(StudyRow.id == study_id), _definition(study, yaml, folder))
            self._note(db, study_id, "updated", "")
            return info_of(db, study_id)

    def studies(self) -> list[StudyInfo]:
        """Every version of every study, by name and version."""
        with self._read() as db:
            return [_study_info(row) for row in db.execute(select(*_INFO).order_by(StudyRow.name, StudyRow.version))]

    def study(self, study_id: int) -> StudyInfo:
        """Raises: NotFound."""
        with self._read() as db:
            return info_of(db, study_id)

    def find(self, name: str, version: int | None = None) -> StudyInfo | None:
        """A study by its name: that version, or the newest."""
        chosen = select(*_INFO).where(StudyRow.name == plain(name)).order_by(StudyRow.version.desc()).limit(1)
        if version is not None:
            chosen = chosen.where(StudyRow.version == version)
        with self._read() as db:
            row = db.execute(chosen).first()
        return _study_info(row) if row else None

    def study_by_link(self, link: str) -> StudyInfo | None:
        """The study whose secret link this is."""
        with self._read() as db:
            row = db.execute(select(*_INFO).where(StudyRow.link == plain(link))).first()
        return _study_info(row) if row else None

    def set_clips(self, study_id: int, clips: Sequence[StudyClip]) -> None:
        """Store the facts of the clips; only before the study opens."""
        with self._write() as db:
            self._in_state(db, study_id, ("draft", "rendering", "ready"), "given clips")
            values = [clip.model_dump(mode="json") for clip in clips]
            db.execute(update(StudyRow).where(StudyRow.id == study_id), {"clips": values})

    def put_stimulus(self, study_id: int, sound_key: str, wav: bytes, facts: Mapping[str, Any]) -> int:
        """Store a rendered sound under its Sound.key, in place of an earlier one; its id. facts: JSON values, with
        `duration_s`. Only before the study opens; the same bytes again change nothing."""
        sha256 = hashlib.sha256(wav).hexdigest()
        values = {"facts": dict(facts), "sha256": sha256, "size_bytes": len(wav)}
        with self._write() as db:
            same = (StimulusRow.study_id == study_id) & (StimulusRow.key == sound_key)
            old = db.execute(select(StimulusRow.id, StimulusRow.sha256).where(same)).first()
            if old and old.sha256 == sha256 and _has_audio(db, old.id):
                return old.id
            self._in_state(db, study_id, ("draft", "rendering", "ready"), "given sounds")
            if old:
                db.execute(update(StimulusRow).where(same), values)
                db.execute(delete(StimulusAudioRow).where(StimulusAudioRow.stimulus_id == old.id))
            values |= {"study_id": study_id, "key": sound_key}
            added = insert(StimulusRow).returning(StimulusRow.id)
            stimulus_id = old.id if old else db.execute(added, values).scalar_one()
            db.execute(insert(StimulusAudioRow), {"stimulus_id": stimulus_id, "data": wav})
            return stimulus_id

    def stimuli(self, study_id: int) -> list[StimulusInfo]:
        """The rendered sounds of a study, by key, without their audio."""
        columns = (StimulusRow.id, StimulusRow.key, StimulusRow.facts, StimulusRow.sha256, StimulusRow.size_bytes)
        chosen = select(*columns).where(StimulusRow.study_id == study_id).order_by(StimulusRow.key)
        with self._read() as db:
            return [StimulusInfo(*row) for row in db.execute(chosen)]

    def audio(self, stimulus_id: int) -> bytes:
        """The WAV of a rendered sound.

        Raises:
            NotFound: if there is none, or its time was over.
        """
        with self._read() as db:
            data = db.scalar(AUDIO, {"stimulus": stimulus_id})
        if data is None:
            raise NotFound("This sound is not there, or no longer: voices are deleted some time after a study closed.")
        return data

    def set_state(self, study_id: int, state: StudyState) -> None:
        """draft, rendering or ready; `open_study` and `close_study` do the rest.

        Raises:
            WrongState: if the study is open or closed, or should become so.
        """
        if state not in ("draft", "rendering", "ready"):
            raise WrongState(f"A study is made {state} by open_study or close_study.")
        with self._write() as db:
            self._in_state(db, study_id, ("draft", "rendering", "ready"), f"made {state}")
            db.execute(update(StudyRow).where(StudyRow.id == study_id), {"state": state})

    def open_study(self, study_id: int, frozen: str) -> StudyInfo:
        """Freeze a study and let listeners in. frozen: study.digest(info.study, info.clips), as its owner saw it.

        A closed study opens again only if no participant took part: its owner may have seen results.

        Raises:
            WrongState: if it is not ready, or has changed since `frozen` was computed.
        """
        with self._write() as db:
            info = self._in_state(db, study_id, ("ready", "closed"), "opened")
            if info.state == "closed" and _has_participants(db, study_id):
                raise WrongState(
                    f"{info.name} is closed and people took part, so it stays closed: add it again as a new version."
                )
            if frozen != digest(info.study, info.clips):
                raise WrongState(f"{info.name} has changed since it was looked at: check it again, then open it.")
            drop_results(db, study_id)  # a masked study that opens again shows letters again
            values = {
                "state": "open",
                "digest": frozen,
                "opened_s": self._clock(),
                "closed_s": None,
                "published_s": None,
            }
            db.execute(update(StudyRow).where(StudyRow.id == study_id), values)
            self._note(db, study_id, "opened", frozen)
            return info_of(db, study_id)

    def close_study(self, study_id: int) -> StudyInfo:
        """Let nobody in any more; retention counts from here.

        Raises:
            WrongState: if it is not open.
        """
        with self._write() as db:
            self._in_state(db, study_id, ("open",), "closed")
            values = {"state": "closed", "closed_s": self._clock()}
            db.execute(update(StudyRow).where(StudyRow.id == study_id), values)
            self._note(db, study_id, "closed", "")
            return info_of(db, study_id)

    def delete_study(self, study_id: int) -> None:
        """Erase a study in any state: definition, voices, listeners, answers, events."""
        with self._write() as db:
            info_of(db, study_id)
            self._note_traces(db)
            _drop_listeners(db, study_id)
            db.execute(delete(StudyRow).where(StudyRow.id == study_id))
        self._erase_traces()

    def event(self, study_id: int, kind: str, detail: str = "") -> None:
        """Note that something happened; never with anybody's id."""
        with self._write() as db:
            self._note(db, study_id, kind, detail)

    def events(self, study_id: int) -> list[Event]:
        """What happened, oldest first."""
        columns = (EventRow.at_s, EventRow.kind, EventRow.detail)
        with self._read() as db:
            rows = db.execute(select(*columns).where(EventRow.study_id == study_id).order_by(EventRow.id))
            return [Event(*row) for row in rows]

    def _note(self, db: Connection, study_id: int | None, kind: str, detail: str) -> None:
        values = {"study_id": study_id, "at_s": self._clock(), "kind": plain(kind), "detail": plain(detail)}
        db.execute(insert(EventRow), values)

    def _in_state(self, db: Connection, study_id: int, states: Sequence[str], deed: str) -> StudyInfo:
        """The study, locked until the transaction ends."""
        lock = select(StudyRow.state).where(StudyRow.id == study_id).with_for_update(key_share=True)
        state = db.scalar(lock)
        info = info_of(db, study_id)
        if state not in states:
            raise WrongState(f"{info.name} is {state}: only a study that is {' or '.join(states)} can be {deed}.")
        return info


def _definition(study: Study, yaml: str, folder: Path) -> dict[str, Any]:
    """The columns that a definition fills."""
    return {
        "name": study.name,
        "state": "draft",
        "definition": study.model_dump(mode="json"),
        "clips": [],
        "yaml": plain(yaml),
        "folder": str(folder),
        "digest": "",
        "software_version": __version__,
    }


def _drop_listeners(db: Connection, study_id: int) -> None:
    db.execute(delete(ParticipantRow).where(ParticipantRow.study_id == study_id))
    drop_results(db, study_id)


def lock_study(db: Connection, study_id: int) -> None:
    """Nobody else who asks for it has the study until the transaction ends."""
    db.execute(select(StudyRow.id).where(StudyRow.id == study_id).with_for_update(key_share=True))


def drop_results(db: Connection, study_id: int) -> None:
    """Forget what was computed of a study."""
    db.execute(delete(ResultRow).where(ResultRow.study_id == study_id))


def _has_audio(db: Connection, stimulus_id: int) -> bool:
    chosen = select(StimulusAudioRow.stimulus_id).where(StimulusAudioRow.stimulus_id == stimulus_id)
    return db.scalar(chosen) is not None


def _has_participants(db: Connection, study_id: int) -> bool:
    theirs = (ParticipantRow.study_id == study_id) & (ParticipantRow.origin == "participant")
    return db.scalar(select(ParticipantRow.id).where(theirs).limit(1)) is not None


def info_of(db: Connection, study_id: int | None) -> StudyInfo:
    row = db.execute(_BY_ID, {"study": study_id}).first()
    if row is None:
        raise NotFound(f"There is no study number {study_id}, or no longer.")
    return _study_info(row)


def _study_info(row: Any) -> StudyInfo:
    values = dict(row._mapping)
    study = _parsed_study(values.pop("definition"))
    clips, folder = _parsed_clips(values.pop("clips")), Path(values.pop("folder"))
    return StudyInfo(title=study.title, study=study, clips=clips, folder=folder, **values)


@lru_cache(maxsize=64)
def _parsed_study(text: str) -> Study:
    return Study.model_validate_json(text)


@lru_cache(maxsize=64)
def _parsed_clips(text: str) -> tuple[StudyClip, ...]:
    return _CLIPS.validate_json(text)
