"""Which utterances are compared with which: enrolments and trials, made the same way every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from evaluation.corpus import Sex


class Trial(NamedTuple):
    """One comparison: `model` (an enrolment), `utterance` (its key), whether both are of one speaker.

    `sex` is that of both, "" where they differ or are not known. `cross_session`: True, False, or None where sessions
    are not known; of nontargets always True.
    """

    model: str
    utterance: str
    same: bool
    sex: Sex
    cross_session: bool | None


@dataclass(frozen=True)
class Protocol:
    """Enrolments and trials.

    Attributes:
        key: "single" (one utterance enrols), "multi" (all others of the speaker, of other sessions where there are
            any, enrol) or "given" (the data's own lists).
        title: in words, as figures show it: sizes, same-sex, cross-session.
        enrolments: model to its utterances' keys; speakers: model to its speaker.
        trials: in order.
        seed: what drew them; notes: sentences, e.g. how many target trials are within one session and who was left out.
    """

    key: str
    title: str
    enrolments: dict[str, tuple[str, ...]]
    speakers: dict[str, str]
    trials: tuple[Trial, ...]
    seed: int
    notes: tuple[str, ...] = ()
