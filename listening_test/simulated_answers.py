"""The long table that simulated listeners would fill, without pages: the plan of a study, answered at once.

For planning (which power has this study?) and for tests of the analysis. Every row says it is simulated; nothing of
it reaches a database. simulate.py has listeners take a study through its real pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from listening_test import questions
from listening_test.page import options
from listening_test.plan import Planner, rung
from listening_test.simulated_listener import Ability, SimulatedListener
from listening_test.study import Study, StudyClip
from listening_test.trial import Sound, Trial

START_S, PAGE_S = 1_000_000.0, 10.0


def rows(
    study: Study,
    clips: Sequence[StudyClip],
    ability: Ability | Mapping[int, Ability],
    *,
    listeners: int,
    inattentive: frozenset[int] = frozenset(),
    seed: int = 0,
    planner: Planner | None = None,
    origin: str = "simulation",
) -> list[dict[str, Any]]:
    """Rows as Store.table gives them, of listeners who all finish.

    Args:
        ability: of everybody, or by place.
        inattentive: places of those who answer at random.
        planner: of this study, where there is one already.

    Raises:
        StudyError: if the study is not feasible.
    """
    planner = planner or Planner(study, clips)
    known = {clip.key: clip for clip in clips}
    table: list[dict[str, Any]] = []
    for place in range(listeners):
        able = ability[place] if isinstance(ability, Mapping) else ability
        rng = np.random.default_rng([seed, place])
        listener = SimulatedListener(able, inattentive=place in inattentive, rng=rng)
        who = _who(study, place, origin)
        table += [who | row for row in _taken(study, planner.plan(place), listener, known)]
    return table


def _who(study: Study, place: int, origin: str) -> dict[str, Any]:
    return {
        "study": study.name,
        "study_version": 1,
        "digest": "",
        "origin": origin,
        "listener": f"L{place + 1}",
        "place": place,
        "rung": rung(study, place),
        "language": study.languages[0],
        "device": "pointer",
        "listener_state": "finished",
        "replaced": False,
        "enrolled_s": START_S + place,
        "finished_s": START_S + place + 600,
        "software_version": "",
    }


def _taken(
    study: Study, plan: Sequence[Trial], listener: SimulatedListener, clips: Mapping[str, StudyClip]
) -> Iterator[dict[str, Any]]:
    asked = questions.of(study)
    for position, trial in enumerate(plan):
        if not trial.questions or trial.attempt > 1:
            continue
        candidates = trial.slots.count("candidate")
        pages = [_asked(asked[key], candidates) for key in trial.questions]
        answers = listener.answers(pages, trial.kind, trial.truth)
        at_s = START_S + PAGE_S * position
        page = {
            "position": position,
            **{name: getattr(trial, name) for name in ("block", "kind", "task", "attempt")},
            "truth": dict(trial.truth),
            "system": trial.truth.get("system", ""),
            "sounds": list(_heard(trial, clips)),
            "response_time_s": 8.0,
            "issued_s": at_s,
            "received_s": at_s + PAGE_S,
        }
        yield from ({**page, "question": key, "value": value} for key, value in answers.items() if value != "")


def _asked(question: questions.Question, candidates: int) -> dict[str, Any]:
    values = options(question, candidates) if question.widget != "text" else ()
    return {"key": question.key, "widget": question.widget, "options": [{"value": value} for value in values]}


def _heard(trial: Trial, clips: Mapping[str, StudyClip]) -> Iterable[dict[str, Any]]:
    for position, (sound, slot) in enumerate(zip(trial.sounds, trial.slots, strict=True)):
        yield {"position": position, "slot": slot, **_facts(sound, clips), "plays": 1, "coverage": 1.0}


def _facts(sound: Sound, clips: Mapping[str, StudyClip]) -> dict[str, Any]:
    clip = clips.get(sound.clip)
    return {
        "clip": sound.clip,
        "speaker": clip.speaker if clip else "",
        "sex": clip.sex if clip else "",
        "emotion": clip.emotion if clip else "",
        "system": sound.system,
        "level": sound.level,
        "duration_s": clip.duration_s if clip else 1.0,
    }
