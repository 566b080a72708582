"""Which emotion is it, and how intense? One recording a page; each emotion equally often through each system."""

from __future__ import annotations

import random

from listening_test.casting import Needs
from listening_test.dealing import Request
from listening_test.study import EmotionTask, Study, StudyClip, StudyError
from listening_test.tasks.base import Block, Draw, Table, cycled, is_clear, speech, systems_of
from listening_test.tasks.single import part_of
from listening_test.trial import Slot, Sound

INTENSITIES = ("1", "2", "3", "4", "5")


class Emotion:
    """Forced choice among the task's emotions. No gold: people often hear another emotion than was acted."""

    turns = 1

    def __init__(self, study: Study, task: EmotionTask, key: str) -> None:
        self.study, self.task, self.key = study, task, key
        self.systems = systems_of(study, task)
        self.questions = ("emotion", "intensity") if task.intensity else ("emotion",)

    def needs(self, lists: int) -> Needs:
        """Speakers heard as recorded, and anonymized."""
        each = self.task.trials_per_system
        clear = sum(is_clear(self.study, label) for label in self.systems)
        veiled = len(self.systems) - clear
        return Needs(False, 1, min(1, veiled), both=1, clear_uses=each * clear + 1, veiled_uses=each * veiled)

    def blocks(self, table: Table) -> list[list[Block]]:
        """One block; over the lists each system goes through the emotions in turn."""
        requests = self._requests(table)

        def weight(condition: str, name: str) -> int:
            return sum(self._acts(condition, clip) for clip in table.voices.clips[name])

        names = table.deal(self.key, "rated", requests, weight=weight)
        visits = [(request.owner, request.condition, name) for request, name in zip(requests, names, strict=True)]
        rated: list[list[Draw]] = [[] for _ in table.casts]
        for (owner, condition, _), clip in zip(visits, table.clips(self.key, "rated", visits, self._acts), strict=True):
            rated[owner].append(self._draw(condition.partition("|")[0], clip))
        return [[self._block(table, i, rated[i])] for i in range(len(table.casts))]

    def _acts(self, condition: str, clip: StudyClip) -> bool:
        return clip.emotion == condition.partition("|")[2]

    def _requests(self, table: Table) -> list[Request]:
        acted = {
            emotion: {n for n, theirs in table.voices.clips.items() if any(c.emotion == emotion for c in theirs)}
            for emotion in self.task.emotions
        }
        turns = table.rng(self.key, "emotions").sample(self.task.emotions, len(self.task.emotions))
        requests = []
        for i, cast in enumerate(table.casts):
            for at, label in enumerate(self.systems):
                part = part_of(table, cast, label)
                able = [emotion for emotion in turns if acted[emotion].intersection(part)]
                if not able:
                    raise StudyError(
                        f"{self.key} needs clips with the emotions {', '.join(self.task.emotions)} for {label}, but "
                        "the speakers for it have none: fill the manifest's column emotion, or add speakers."
                    )
                for j in range(self.task.trials_per_system):
                    emotion = able[(i * self.task.trials_per_system + j + at) % len(able)]
                    choices = tuple(name for name in part if name in acted[emotion])
                    requests.append(Request(i, f"{label}|{emotion}", choices))
        return requests

    def _draw(self, label: str, clip: StudyClip) -> Draw:
        truth = {
            "system": label,
            "speaker": clip.speaker,
            "emotion": clip.emotion,
            "correct": {"emotion": clip.emotion},
        }
        return Draw(label, (speech(self.study, clip, label),), truth)

    def _block(self, table: Table, i: int, rated: list[Draw]) -> Block:
        rng = table.rng(self.key, "extras", i)
        pool = [clip for name in table.casts[i].clear for clip in table.voices.clips[name]]
        pool = sorted(rng.sample(pool, len(pool)), key=lambda clip: table.heard[i][clip.key])
        traps = [self._attention(clip, rng) for clip in cycled(pool, table.wanted(i, self.key, 0))]
        known = [c for theirs in table.practice.clips.values() for c in theirs if c.emotion in self.task.emotions]
        number = self.study.design.practice_trials if known else 0
        clips = cycled(rng.sample(known, len(known)), number)
        labels = cycled(rng.sample(self.systems, len(self.systems)), number)
        practice = [self._draw(label, clip) for label, clip in zip(labels, clips, strict=True)]
        return Block(self.questions, tuple(rated), tuple(practice), attention=tuple(traps))

    def _attention(self, clip: StudyClip, rng: random.Random) -> Draw:
        value = rng.choice(self.task.emotions)
        expected = {"emotion": [value]} | ({"intensity": list(INTENSITIES)} if self.task.intensity else {})
        sound = Sound("attention", clip.key, detail=f"|emotion|{value}")
        return Draw("", (sound,), {"system": "", "speaker": clip.speaker, "expected": expected})

    def page(self, draw: Draw, turn: int, rng: random.Random) -> tuple[tuple[Sound, ...], tuple[Slot, ...], dict]:
        """The sample."""
        return draw.sounds, ("sample",), dict(draw.truth)
