"""Answers to analyse: small studies with every task, taken by listeners whose truth is known."""

from __future__ import annotations

from typing import Any

from listening_test import export, simulated_answers
from listening_test.analysis.answers import Answers
from listening_test.simulated_listener import ability
from listening_test.study import Study
from tests.listening_test import planning

EVERY_TASK = [planning.MOS, planning.SAME, planning.LINE_UP, planning.SIMILAR, planning.EMOTION]
ROOM = {"max_trials_per_speaker": 60}


def answers(
    tasks: list[Any] | None = None, *, listeners: int = 12, seed: int = 0, masked: bool = False, **truth: Any
) -> Answers:
    """A study of these tasks, taken; truth: of simulated_listener.ability (d_prime={...}, mos={...}, …)."""
    study = planning.study(tasks if tasks is not None else [planning.MOS], design=ROOM)
    return of(study, listeners=listeners, seed=seed, masked=masked, **truth)


def of(study: Study, *, listeners: int = 12, seed: int = 0, masked: bool = False, **truth: Any) -> Answers:
    """That study, taken by listeners of one ability."""
    inattentive = truth.pop("inattentive", frozenset())
    able = ability(study, **truth)
    rows = simulated_answers.rows(
        study, planning.clips(), able, listeners=listeners, seed=seed, inattentive=inattentive, origin="participant"
    )
    return Answers(study, export.frame(rows, study, mask=masked), masked)


def none(study: Study | None = None) -> Answers:
    """A study that nobody took."""
    study = study or planning.study([planning.MOS], design=ROOM)
    return Answers(study, export.frame([], study))
