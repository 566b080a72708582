"""What is asked of the database at every step of every listener, built once: building takes longer than running it.

Parameters: listener, trial, trials (ids), name, page (random names), at_s (now).
"""

from __future__ import annotations

from sqlalchemy import BindParameter, Select, bindparam, func, insert, select, update

from listening_test.models import (
    AccessRow,
    AnswerRow,
    HandleRow,
    ParticipantRow,
    StimulusAudioRow,
    StimulusRow,
    TrialRow,
)

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
LISTENER = (
    ParticipantRow.id,
    ParticipantRow.study_id,
    ParticipantRow.origin,
    ParticipantRow.place,
    ParticipantRow.public_id,
    ParticipantRow.rung,
    ParticipantRow.language,
    ParticipantRow.state,
    ParticipantRow.replaced_s.is_not(None).label("replaced"),
    ParticipantRow.consent_version,
    ParticipantRow.enrolled_s,
    ParticipantRow.seen_s,
    ParticipantRow.finished_s,
    ParticipantRow.screen_out_reason,
)

_listener: BindParameter[int] = bindparam("listener")
_trial: BindParameter[int] = bindparam("trial")
_at_s: BindParameter[float] = bindparam("at_s")
_trials: BindParameter[list[int]] = bindparam("trials", expanding=True)
_name: BindParameter[str] = bindparam("name")

LISTENER_OF_LINK: Select = (
    select(*LISTENER)
    .join(AccessRow, AccessRow.participant_id == ParticipantRow.id)
    .where(AccessRow.token_sha256 == _name)
)
"""name: the link's fingerprint."""

PLAN: Select = select(*_TRIAL).where(TrialRow.participant_id == _listener).order_by(TrialRow.position)
PAGE = PLAN.where(TrialRow.page == bindparam("page"))
CURRENT = PLAN.where(TrialRow.answered_s.is_(None), TrialRow.skipped.is_(False)).limit(1)
PROGRESS = select(func.count(TrialRow.answered_s), func.count()).where(
    TrialRow.participant_id == _listener, TrialRow.skipped.is_(False)
)
SOUNDS: Select = (
    select(*_HANDLE)
    .join(StimulusRow, StimulusRow.id == HandleRow.stimulus_id)
    .where(HandleRow.trial_id.in_(_trials))
    .order_by(HandleRow.position)
)
ANSWERS = (
    select(AnswerRow.trial_id, AnswerRow.question, AnswerRow.value)
    .where(AnswerRow.trial_id.in_(_trials))
    .order_by(AnswerRow.id)
)

SEEN = (
    select(TrialRow.issued_s, ParticipantRow.id, ParticipantRow.seen_s)
    .join(ParticipantRow, ParticipantRow.id == TrialRow.participant_id)
    .where(TrialRow.id == _trial)
)
SEE = update(ParticipantRow).where(ParticipantRow.id == _listener).values(seen_s=_at_s)
ISSUE = update(TrialRow).where(TrialRow.id == _trial, TrialRow.issued_s.is_(None)).values(issued_s=_at_s)
ISSUE_NEXT = (
    update(TrialRow)
    .where(
        TrialRow.id
        == select(TrialRow.id)
        .where(TrialRow.participant_id == _listener, TrialRow.answered_s.is_(None), TrialRow.skipped.is_(False))
        .order_by(TrialRow.position)
        .limit(1)
        .scalar_subquery(),
        TrialRow.issued_s.is_(None),
    )
    .values(issued_s=_at_s)
)
ISSUED = select(TrialRow.issued_s).where(TrialRow.id == _trial)

SOUND: Select = (
    select(*_HANDLE)
    .join(StimulusRow, StimulusRow.id == HandleRow.stimulus_id)
    .join(TrialRow, TrialRow.id == HandleRow.trial_id)
    .where(HandleRow.token == _name, TrialRow.participant_id == _listener, TrialRow.issued_s.is_not(None))
)
FETCH = update(HandleRow).where(HandleRow.token == _name, HandleRow.fetched_s.is_(None)).values(fetched_s=_at_s)
AUDIO = select(StimulusAudioRow.data).where(StimulusAudioRow.stimulus_id == bindparam("stimulus"))

LOCK_LISTENER = (
    select(ParticipantRow.id)
    .where(ParticipantRow.id == select(TrialRow.participant_id).where(TrialRow.id == _trial).scalar_subquery())
    .with_for_update(key_share=True)
)
TO_ANSWER = (
    select(
        TrialRow.answered_s,
        TrialRow.participant_id,
        ParticipantRow.state,
        ParticipantRow.origin,
        ParticipantRow.study_id,
    )
    .join(ParticipantRow, ParticipantRow.id == TrialRow.participant_id)
    .where(TrialRow.id == _trial)
)
ANSWERED = update(TrialRow).where(TrialRow.id == _trial).values(answered_s=_at_s, response_time_s=bindparam("took_s"))
ADD_ANSWER = insert(AnswerRow)
HEARD = (
    update(HandleRow)
    .where(HandleRow.trial_id == _trial, HandleRow.position == bindparam("at"))
    .values(plays=bindparam("played"), coverage=bindparam("share"))
)
"""One row of parameters for each sound."""
SKIP = (
    update(TrialRow)
    .where(TrialRow.participant_id == _listener, TrialRow.id.in_(_trials), TrialRow.answered_s.is_(None))
    .values(skipped=True)
)
