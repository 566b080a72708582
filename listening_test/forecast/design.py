"""Who will hear what: the answers that a study's plan leads to, before anybody has given one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from listening_test.plan import Planner, rung
from listening_test.study import LOW_ANCHOR, ORIGINAL, EmotionTask, LineUpTask, MosTask, Study, StudyClip
from listening_test.study import SpeakerSimilarityTask as SimilarityTask
from listening_test.trial import Trial

Ints = npt.NDArray[np.int64]
Kind = Literal["rating", "pair", "share"]
ALL = "all"


@dataclass(frozen=True)
class Asked:
    """One answer to come: what it is of, who gives it (by place), whose voices it is about."""

    kind: Kind
    task: str
    question: str
    pair: str
    system: str
    listener: int
    speaker: str
    other: str = ""
    same: bool = True


@dataclass(frozen=True, eq=False)
class Condition:
    """All answers about one system, in arrays of shape (n,); listeners and speakers by number.

    `pair` is what is compared, or which line-ups and ratings are meant; `rung` a rung of the attacker ladder, or all.
    """

    kind: Kind
    task: str
    question: str
    pair: str
    system: str
    rung: str
    listeners: Ints
    speakers: Ints
    others: Ints
    same: npt.NDArray[np.bool_]


def conditions(study: Study, clips: Sequence[StudyClip], listeners: int) -> list[Condition]:
    """Of each task, question, kind of pair and rung the system with the fewest answers; for ratings, two systems.

    The system is none that everybody knows (original, low anchor) where there is another; for pairs of originals it is
    the original.

    Args:
        listeners: the first so many places of the plan.

    Raises:
        StudyError: if the study is not feasible.
    """
    limits = study.limits.model_copy(update={"listeners": listeners})
    planner = Planner(study.model_copy(update={"limits": limits}), clips)
    asked = [one for place in range(listeners) for one in _asked(study, planner.plan(place), place)]
    numbers = {name: number for number, name in enumerate(sorted({clip.speaker for clip in clips}))}
    found: dict[tuple[str, str, str], dict[str, list[Asked]]] = {}
    for one in asked:
        found.setdefault((one.task, one.question, one.pair), {}).setdefault(one.system, []).append(one)
    return [
        _condition(own, at, numbers)
        for systems in (found[key] for key in sorted(found, key=lambda key: _place(study, *key)))
        for system in _typical(study, systems)
        for at, own in _rungs(study, systems[system])
    ]


def _asked(study: Study, plan: Sequence[Trial], place: int) -> Iterator[Asked]:
    tasks = dict(zip(study.task_keys(), study.tasks, strict=True))
    for trial in plan:
        if trial.kind != "rated":
            continue
        task, truth = tasks[trial.task], trial.truth
        facts = {"task": trial.task, "system": truth["system"], "listener": place, "speaker": truth["speaker"]}
        if isinstance(task, MosTask):
            for question in trial.questions:
                yield Asked("rating", question=question, pair="", **facts)
        elif isinstance(task, EmotionTask):
            yield Asked("share", question="emotion", pair=f"recall of {truth['emotion']}", **facts)
        elif isinstance(task, LineUpTask):
            pair = "hit" if truth["present"] else "false identification"
            yield Asked("share", question="line_up", pair=pair, **facts)
        elif isinstance(task, SimilarityTask):
            kind = "one speaker" if truth["same"] else "two speakers"
            yield Asked("rating", question="similarity", pair=kind, **facts)
        else:
            both = {"other": truth["other_speaker"], "same": truth["same"]}
            yield Asked("pair", question="same_different", pair=truth["pair"], **facts, **both)


def _place(study: Study, task: str, question: str, pair: str) -> tuple[Any, ...]:
    """Where a condition stands: in the order of the study file, originals first."""
    number = study.task_keys().index(task)
    asked = list(getattr(study.tasks[number], "questions", ()))
    return number, asked.index(question) if question in asked else 0, pair != "original-original", pair


def _typical(study: Study, systems: dict[str, list[Asked]]) -> list[str]:
    """Systems to look at, those with the fewest answers first: two where ratings are compared."""
    order = {label: number for number, label in enumerate(study.labels)}
    known = {label for label in systems if study.system(label).system in (ORIGINAL, LOW_ANCHOR)}
    labels = sorted(systems, key=lambda label: (label in known, len(systems[label]), order[label]))
    kind = systems[labels[0]][0]
    return labels[: 2 if kind.kind == "rating" and not kind.pair else 1]


def _rungs(study: Study, asked: list[Asked]) -> Iterator[tuple[str, list[Asked]]]:
    yield ALL, asked
    if len(study.design.rungs) > 1 and asked[0].kind == "pair":
        for one in study.design.rungs:
            if own := [each for each in asked if rung(study, each.listener) == one]:
                yield one, own


def _condition(asked: list[Asked], at: str, numbers: dict[str, int]) -> Condition:
    one = asked[0]
    return Condition(
        one.kind,
        one.task,
        one.question,
        one.pair,
        one.system,
        at,
        np.array([each.listener for each in asked]),
        np.array([numbers[each.speaker] for each in asked]),
        np.array([numbers[each.other or each.speaker] for each in asked]),
        np.array([each.same for each in asked]),
    )
