"""A trial is data: what is heard, what is asked, and the truth, which never leaves the server."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Block = Literal["about_you", "headphones", "level", "familiarise", "practice", "task", "break", "questionnaire"]
"""What a page is for; the browser is told, so it says nothing about systems or answers."""
Kind = Literal["step", "practice", "rated", "attention", "gold"]
"""What a trial is for: never told to the browser, only `rated` is analysed."""
Slot = Literal["sample", "reference", "first", "second", "target", "candidate"]


@dataclass(frozen=True, order=True)
class Sound:
    """A stimulus by what it is.

    kind "speech": clip (a StudyClip's key) through system (a label of the study) at level; for originals "utterance".
    kind "attention": the clip's original, then a voice asking for an answer: detail "language|question|value".
    kind "headphones": detail is the order of the three tones, e.g. "target-foil-reference"; no clip.
    kind "level": noise with the spectrum of speech at the study's level; no clip.
    """

    kind: Literal["speech", "attention", "headphones", "level"]
    clip: str = ""
    system: str = ""
    level: Literal["utterance", "speaker"] = "utterance"
    detail: str = ""

    @property
    def key(self) -> str:
        """Its name in the database, "kind/clip/system/level/detail"; never sent to a browser."""
        return "/".join((self.kind, self.clip, self.system, self.level, self.detail))


@dataclass(frozen=True)
class Trial:
    """One page: what is played (in this order), what is asked, what is true.

    truth: JSON values for the analysis and for screening; always holds, for a trial of a task, "system", and
    as far as they apply "same" (bool), "speaker", "other_speaker", "pair", "present" (bool), "correct" (question to
    right value), "emotion", "expected" (question to list of accepted values, for attention and gold), "reference".
    """

    block: Block
    kind: Kind = "step"
    task: str = ""
    """A key of Study.task_keys(), "" outside tasks."""
    sounds: tuple[Sound, ...] = ()
    slots: tuple[Slot, ...] = ()
    questions: tuple[str, ...] = ()
    """Keys of questions.of(study)."""
    truth: dict[str, Any] = field(default_factory=dict)
    feedback: bool = False
    """Whether the right answer is shown after answering (practice of the system-trained rung only)."""
    attempt: int = 1
    """Of the headphone check: the second is skipped when the first was passed."""
    text: str = ""
    """Key of the page's instruction in the texts; "" for the block's or task's own."""
