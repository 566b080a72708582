"""The kinds of task, one file each: how their trials are drawn and laid out. A new one is one file and one line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from listening_test.study import Study
from listening_test.tasks.base import Design
from listening_test.tasks.emotion import Emotion
from listening_test.tasks.line_up import LineUp
from listening_test.tasks.mos import Mos
from listening_test.tasks.same_different import SameDifferent
from listening_test.tasks.speaker_similarity import SpeakerSimilarity

DESIGNS: dict[str, Callable[[Study, Any, str], Design]] = {
    "mos": Mos,
    "same-different": SameDifferent,
    "line-up": LineUp,
    "speaker-similarity": SpeakerSimilarity,
    "emotion": Emotion,
}


def designs(study: Study) -> dict[str, Design]:
    """The designs of a study's tasks, by task key."""
    return {key: DESIGNS[task.type](study, task, key) for key, task in zip(study.task_keys(), study.tasks, strict=True)}
