"""One recording of a person, then numbered voices: which of them is it, or none?"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from listening_test.casting import Cast, Needs
from listening_test.dealing import Request
from listening_test.study import LineUpTask, Study, StudyClip
from listening_test.tasks.base import Block, Draw, Table, cycled, is_clear, original, speech, systems_of
from listening_test.trial import Slot, Sound
from listening_test.voices import Voices

NONE = "none"


class _Page(NamedTuple):
    """A rated line-up to be dealt."""

    owner: int
    system: str
    present: bool


class LineUp:
    """The person is heard as recorded, as an attacker would have it; the candidates go through the system, each with
    a pseudo-speaker of its own. All are of one sex; the person's candidate says another text."""

    def __init__(self, study: Study, task: LineUpTask, key: str) -> None:
        self.study, self.task, self.key = study, task, key
        self.systems = systems_of(study, task)
        self.turns = task.voices
        self.original = original(study)
        self.veiled = tuple(label for label in self.systems if not is_clear(study, label))

    def _absent(self, number: int, at: int, j: int) -> bool:
        """Whether the person is missing: over the lists the share of each system is exact."""
        n = number * self.task.trials_per_system + j + at
        return math.floor((n + 1) * self.task.absent_share) > math.floor(n * self.task.absent_share)

    def _pages(self, lists: int) -> list[_Page]:
        return [
            _Page(i, label, not self._absent(i, at, j))
            for i in range(lists)
            for at, label in enumerate(self.systems)
            for j in range(self.task.trials_per_system)
        ]

    def needs(self, lists: int) -> Needs:
        """A person found in a line-up of anonymized voices is heard both ways on that page."""
        pages, k = self._pages(lists), self.task.voices
        switches = Counter(page.owner for page in pages if page.present and page.system in self.veiled)
        absent = Counter(page.owner for page in pages if not page.present and page.system in self.veiled)
        clear = len(self.systems) - len(self.veiled)
        each = self.task.trials_per_system
        return Needs(
            compared=True,
            clear=k + 1 if clear else 1,
            veiled=k if self.veiled else 0,
            both=k + 1,
            switch=max(switches.values(), default=0),
            alone=max(absent.values(), default=0),
            clear_uses=each * (clear * k + len(self.veiled)),
            veiled_uses=each * len(self.veiled) * k,
        )

    def blocks(self, table: Table) -> list[list[Block]]:
        """One block for each list."""
        rated: list[list[Draw]] = [[] for _ in table.casts]
        pages = self._pages(len(table.casts))
        for page, draw in zip(pages, self._draws(table, pages), strict=True):
            rated[page.owner].append(draw)
        return [[self._block(table, i, rated[i])] for i in range(len(table.casts))]

    def _draws(self, table: Table, pages: Sequence[_Page]) -> Iterable[Draw]:
        targets = self._targets(table, pages)
        foils = self._foils(table, pages, targets)
        load: Counter[tuple[str, str]] = Counter()
        rng = table.rng(self.key, "clips")
        for page, target, others in zip(pages, targets, foils, strict=True):
            theirs = [clip for clip in table.voices.clips[target] if table.voices.partners(clip)]
            shown = table.choose(theirs, load, f"{page.system} target", page.owner, rng)
            candidates = []
            if page.present:
                partners = table.voices.partners(shown)
                candidates.append(table.choose(partners, load, page.system, page.owner, rng))
            for name in others:
                clips = table.voices.beside(shown, name) or table.voices.clips[name]
                candidates.append(table.choose(clips, load, page.system, page.owner, rng))
            yield self._draw(page.system, shown, candidates)

    def _targets(self, table: Table, pages: Sequence[_Page]) -> list[str]:
        """Who is looked for: in line-ups of anonymized voices somebody heard on no other page, if that can be."""
        names: dict[int, str] = {}
        once = 10**6 if self.study.design.original_after_anonymized else 1
        for sort in ("switch", "alone", "clear"):
            some = [n for n, page in enumerate(pages) if self._sort(table.casts[page.owner], page) == sort]
            requests = [self._target(table.casts[pages[n].owner], pages[n], sort) for n in some]
            dealt = table.deal(self.key, f"targets {sort}", requests, each=10**6 if sort == "clear" else once)
            names.update(zip(some, dealt, strict=True))
        return [names[n] for n in range(len(pages))]

    def _sort(self, cast: Cast, page: _Page) -> str:
        """The part that the person looked for has."""
        if page.system not in self.veiled:
            return "clear"
        if page.present:
            return "switch"
        return "alone" if cast.alone.get(self.key) else "clear"

    def _target(self, cast: Cast, page: _Page, sort: str) -> Request:
        parts = {"switch": cast.switch[self.key], "alone": cast.alone.get(self.key, ()), "clear": cast.clear}
        return Request(page.owner, f"{page.system} {page.present}", self._able(cast, parts[sort]))

    def _foils(self, table: Table, pages: Sequence[_Page], targets: Sequence[str]) -> list[list[str]]:
        chosen: list[list[str]] = [[] for _ in pages]
        sex = table.voices.sex
        load = Counter((p.system, name) for p, name in zip(pages, targets, strict=True) if p.present)
        for seat in range(self.task.voices):
            some = [n for n, page in enumerate(pages) if seat < self.task.voices - page.present]
            requests = []
            for n in some:
                cast = table.casts[pages[n].owner]
                part = self._able(cast, cast.veiled if pages[n].system in self.veiled else cast.clear)
                out = {targets[n], *chosen[n]}
                able = tuple(name for name in part if sex(name) == sex(targets[n]) and name not in out)
                requests.append(Request(pages[n].owner, pages[n].system, able))
            dealt = table.deal(self.key, f"foils {seat}", requests, load=load)
            for n, name in zip(some, dealt, strict=True):
                chosen[n].append(name)
        return chosen

    def _able(self, cast: Cast, part: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in part if name in cast.compared[self.key])

    def _draw(self, label: str, target: StudyClip, candidates: Sequence[StudyClip]) -> Draw:
        """The candidate who is the person, if there is one, comes first here; page() gives the places."""
        sounds = [speech(self.study, target, self.original, compared=True)]
        sounds += [speech(self.study, clip, label, compared=True) for clip in candidates]
        truth: dict[str, Any] = {
            "system": label,
            "speaker": target.speaker,
            "present": candidates[0].speaker == target.speaker,
            "candidates": [clip.speaker for clip in candidates],
        }
        return Draw(label, tuple(sounds), truth)

    def _block(self, table: Table, i: int, rated: list[Draw]) -> Block:
        rng = table.rng(self.key, "extras", i)
        design = self.study.design
        trained = "system-trained" in design.rungs
        return Block(
            ("line_up",),
            tuple(rated),
            tuple(self._practice(table.practice, self.systems, design.practice_trials, rng)),
            tuple(self._practice(table.practice, self.veiled, design.training_trials if trained else 0, rng)),
            tuple(self._gold(table, i, rng)),
            tuple(self._attention(table, i, rng)),
        )

    def _practice(self, voices: Voices, systems: Sequence[str], number: int, rng: random.Random) -> list[Draw]:
        """Line-ups of the practice speakers, with as many voices as there are, at most as in rated ones."""
        groups = [names for names in voices.pairable.values() if len(names) > 1]
        if not groups or not systems:
            return []
        names = max(groups, key=len)
        size = max(2, min(self.task.voices, len(names) - 1))
        absent = [n % 2 == 1 and len(names) > size for n in range(number)]
        labels = cycled(rng.sample(list(systems), len(systems)), number)
        draws = []
        for label, without in zip(labels, rng.sample(absent, number), strict=True):
            target, *others = rng.sample(names, size + without)
            shown = rng.choice([clip for clip in voices.clips[target] if voices.partners(clip)])
            picked = [] if without else [rng.choice(voices.partners(shown))]
            picked += [rng.choice(voices.beside(shown, n) or voices.clips[n]) for n in others]
            draws.append(self._draw(label, shown, picked))
        return draws

    def _gold(self, table: Table, i: int, rng: random.Random) -> list[Draw]:
        """The very recording of the person is among originals: nobody who listens errs."""
        clear = [clip for name in table.casts[i].clear for clip in table.voices.clips[name]]
        found = []
        for clip in cycled(rng.sample(clear, len(clear)), self.study.screening.gold):
            others = [other for other in clear if other.speaker != clip.speaker]
            if len(others) >= self.task.voices - 1:
                draw = self._draw(self.original, clip, [clip, *rng.sample(others, self.task.voices - 1)])
                found.append(Draw("", draw.sounds, {**draw.truth, "expected": {}}))
        return found

    def _attention(self, table: Table, i: int, rng: random.Random) -> Iterable[Draw]:
        cast = table.casts[i]
        label, part = (rng.choice(self.veiled), cast.veiled) if self.veiled else (self.original, cast.clear)
        heard = [clip for name in cast.clear for clip in table.voices.clips[name]]
        beside = [clip for name in part for clip in table.voices.clips[name]]
        for clip in cycled(rng.sample(heard, len(heard)), table.wanted(i, self.key, 0)):
            others = [other for other in beside if other.speaker != clip.speaker] or beside
            picked = cycled(rng.sample(others, len(others)), self.task.voices)
            value = rng.choice([NONE, *map(str, range(1, self.task.voices + 1))])
            sounds = [Sound("attention", clip.key, detail=f"|line_up|{value}")]
            sounds += [speech(self.study, other, label, compared=True) for other in picked]
            truth = {"system": "", "speaker": clip.speaker, "expected": {"line_up": [value]}}
            yield Draw("", tuple(sounds), truth)

    def page(self, draw: Draw, turn: int, rng: random.Random) -> tuple[tuple[Sound, ...], tuple[Slot, ...], dict]:
        """The person, then the candidates: the right one at the place `turn`, the others in random order."""
        target, *candidates = draw.sounds
        truth = dict(draw.truth)
        order = rng.sample(range(len(candidates)), len(candidates))
        if truth.get("present"):
            order.remove(0)
            place = turn * len(candidates) // self.turns  # practice may have fewer voices
            order.insert(place, 0)
            truth["correct"] = {"line_up": str(place + 1)}
        elif "present" in truth:
            truth["correct"] = {"line_up": NONE}
        if "candidates" in truth:
            truth["candidates"] = [truth["candidates"][n] for n in order]
        if truth.get("expected") == {}:
            truth["expected"] = {"line_up": [truth["correct"]["line_up"]]}
        slots: list[Slot] = ["target"]
        slots += ["candidate"] * len(candidates)
        return (target, *(candidates[n] for n in order)), tuple(slots), truth
