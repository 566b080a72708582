"""Whether a voice was heard before says nothing about whether it is heard again behind a system."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from listening_test import check
from listening_test.plan import Planner
from listening_test.study import Study, StudyClip
from listening_test.trial import Trial
from tests.listening_test import rendered_study

TASKS = [
    {"type": "mos", "trials_per_system": 2},
    {"type": "same-different", "trials_per_system": 2, "systems": ["original", "mcadams", "lifted"]},
    {"type": "line-up", "trials_per_system": 2, "voices": 3, "systems": ["original", "mcadams"]},
]


def study(**changes: Any) -> Study:
    return rendered_study.study(tasks=TASKS, limits={"listeners": 24}, **changes)


def undisguised(trial: Trial, speakers: dict[str, str]) -> set[str]:
    return {speakers[sound.clip] for sound in trial.sounds if sound.system in ("original", "low-anchor", "")}


def judged(trials: list[Trial]) -> Iterator[Trial]:
    """Rated pages with an original beside anonymized voices."""
    for trial in trials:
        heard = [sound.system for sound in trial.sounds]
        if trial.kind == "rated" and "original" in heard and {"mcadams", "lifted"} & set(heard):
            yield trial


def heard_elsewhere(definition: Study, clips: list[StudyClip]) -> Counter[tuple[str, bool, bool]]:
    """(task, whether the person is there, whether the person is heard undisguised on another page), counted."""
    speakers = {clip.key: clip.speaker for clip in clips}
    planner, found = Planner(definition, clips), Counter[tuple[str, bool, bool]]()
    for place in range(planner.lists):
        trials = [trial for trial in planner.plan(place, "en") if trial.block == "task"]
        pages = Counter(name for trial in trials for name in undisguised(trial, speakers))
        for trial in judged(trials):
            there = trial.truth.get("same", trial.truth.get("present"))
            found[trial.task, there, pages[trial.truth["speaker"]] > 1] += 1
    return found


def test_with_speakers_enough_nobody_who_is_looked_for_is_heard_on_another_page():
    found = heard_elsewhere(study(), rendered_study.clips(per_sex=18))
    assert {task for task, _, _ in found} == {"same-different", "line-up"}
    assert not any(elsewhere for _, _, elsewhere in found)
    assert found["same-different", True, False] == found["same-different", False, False]


def test_with_too_few_speakers_it_still_goes_and_check_says_what_it_costs():
    clips = rendered_study.clips(per_sex=10)
    found = heard_elsewhere(study(), clips)
    assert any(elsewhere and not there for _, there, elsewhere in found)
    assert not any(elsewhere and there for _, there, elsewhere in found)
    told = [one.sentence for one in check.check(study(), clips) if one.severity == "warning"]
    assert any("heard undisguised on that page alone" in sentence for sentence in told)
    enough = check.check(study(), rendered_study.clips(per_sex=18))
    assert not any("heard undisguised on that page alone" in one.sentence for one in enough)
