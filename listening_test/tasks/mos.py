"""Absolute category rating: one recording, one question; each question is a block of its own."""

from __future__ import annotations

import random
from collections import Counter

from listening_test.casting import Needs
from listening_test.dealing import Request
from listening_test.study import MosTask, Scale, Study, StudyClip
from listening_test.tasks.base import (
    Block,
    Draw,
    Table,
    cycled,
    is_clear,
    low_anchor,
    original,
    speech,
    systems_of,
)
from listening_test.tasks.single import deal_single
from listening_test.trial import Slot, Sound

RATINGS = ("1", "2", "3", "4", "5")


class Mos:
    """Ratings 1 to 5 of single recordings, beside their original where the study asks for it."""

    turns = 1

    def __init__(self, study: Study, task: MosTask, key: str) -> None:
        self.study, self.task, self.key = study, task, key
        self.systems = systems_of(study, task)
        self.clear = tuple(label for label in self.systems if is_clear(study, label))
        self.veiled = tuple(label for label in self.systems if label not in self.clear)
        self.switching = task.reference and bool(self.veiled) and not study.design.original_after_anonymized

    def needs(self, lists: int) -> Needs:
        """Speakers heard as recorded, and anonymized; with a reference beside them these switch."""
        each = self.task.trials_per_system * len(self.task.questions)
        extras = (self.study.screening.gold + 1) * len(self.task.questions)
        veiled = 0 if self.switching else each * len(self.veiled)
        return Needs(
            compared=self.switching,
            clear=1,
            veiled=1 if veiled else 0,
            both=1,
            switch=each * len(self.veiled) if self.switching else 0,
            clear_uses=each * len(self.clear) + extras,
            veiled_uses=veiled,
        )

    def blocks(self, table: Table) -> list[list[Block]]:
        """One block for each question."""
        found: list[list[Block]] = [[] for _ in table.casts]
        left = [list(cast.switch.get(self.key, ())) for cast in table.casts]
        for number, question in enumerate(self.task.questions):
            rated = self._rated(table, question, left)
            for i in range(len(table.casts)):
                found[i].append(self._block(table, i, number, question, rated[i]))
        return found

    def _rated(self, table: Table, question: Scale, left: list[list[str]]) -> list[list[Draw]]:
        number = self.task.trials_per_system
        if not self.switching:
            dealt = deal_single(table, self.key, question, self.systems, number)
        else:
            dealt = deal_single(table, self.key, question, self.clear, number)
            for i, row in enumerate(self._switches(table, question, left)):
                dealt[i] += row
        return [[self._draw(label, clip) for label, clip in row] for row in dealt]

    def _switches(self, table: Table, question: Scale, left: list[list[str]]) -> list[list[tuple[str, StudyClip]]]:
        """With the original beside it an anonymized voice is heard once; `left` are the speakers still unheard."""
        requests = [
            Request(i, label, tuple(left[i]))
            for i in range(len(table.casts))
            for label in self.veiled
            for _ in range(self.task.trials_per_system)
        ]
        names = table.deal(self.key, f"{question} switch", requests, each=1)
        visits = [(request.owner, request.condition, name) for request, name in zip(requests, names, strict=True)]
        clips = table.clips(self.key, f"{question} switch", visits)
        rows: list[list[tuple[str, StudyClip]]] = [[] for _ in table.casts]
        for (owner, label, name), clip in zip(visits, clips, strict=True):
            left[owner].remove(name)
            rows[owner].append((label, clip))
        return rows

    def _draw(self, label: str, clip: StudyClip) -> Draw:
        truth = {"system": label, "speaker": clip.speaker}
        sample = speech(self.study, clip, label)
        if not self.task.reference:
            return Draw(label, (sample,), truth)
        beside = speech(self.study, clip, original(self.study))
        return Draw(label, (beside, sample), {**truth, "reference": clip.key})

    def _block(self, table: Table, i: int, number: int, question: Scale, rated: list[Draw]) -> Block:
        rng = table.rng(self.key, question, "extras", i)
        wanted = table.wanted(i, self.key, number)
        pool = [clip for name in table.casts[i].clear for clip in table.voices.clips[name]]
        fresh = Counter(table.heard[i])
        extras = sorted(rng.sample(pool, len(pool)), key=lambda clip: fresh[clip.key])
        gold = self._gold(question, extras)
        traps = [self._attention(clip, question, rng) for clip in cycled(extras[len(gold) :] or extras, wanted)]
        return Block((question,), tuple(rated), self._practice(table, rng), (), tuple(gold), tuple(traps))

    def _gold(self, question: Scale, pool: list[StudyClip]) -> list[Draw]:
        """An original is good; the low anchor is bad in quality (its words and its voice remain its speaker's)."""
        low = low_anchor(self.study) if question == "overall_quality" else None
        found = []
        for number, clip in enumerate(cycled(pool, self.study.screening.gold)):
            bad = low is not None and number % 2 == 1
            draw = self._draw(low if bad and low else original(self.study), clip)
            reach = range(self.study.screening.gold_tolerance + 1)
            values = [str(1 + step) if bad else str(5 - step) for step in reach]
            found.append(Draw(draw.condition, draw.sounds, {**draw.truth, "expected": {question: sorted(values)}}))
        return found

    def _attention(self, clip: StudyClip, question: Scale, rng: random.Random) -> Draw:
        value = rng.choice(RATINGS)
        sound = Sound("attention", clip.key, detail=f"|{question}|{value}")
        beside = (speech(self.study, clip, original(self.study)),) if self.task.reference else ()
        truth = {"system": "", "speaker": clip.speaker, "expected": {question: [value]}}
        return Draw("", (*beside, sound), truth)

    def _practice(self, table: Table, rng: random.Random) -> tuple[Draw, ...]:
        """The range of what will come: the anchors first among the systems, in random order."""
        pool = [clip for theirs in table.practice.clips.values() for clip in theirs]
        number = self.study.design.practice_trials if pool else 0
        anchored = sorted(self.systems, key=lambda label: self.study.system(label).anchor is None)
        labels = cycled(anchored, number)
        clips = cycled(rng.sample(pool, len(pool)), number)
        draws = [self._draw(label, clip) for label, clip in zip(labels, clips, strict=True)]
        return tuple(rng.sample(draws, len(draws)))

    def page(self, draw: Draw, turn: int, rng: random.Random) -> tuple[tuple[Sound, ...], tuple[Slot, ...], dict]:
        """The sample, after its reference where there is one."""
        slots: tuple[Slot, ...] = ("reference", "sample") if self.task.reference else ("sample",)
        return draw.sounds, slots, dict(draw.truth)
