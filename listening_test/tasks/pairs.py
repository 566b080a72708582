"""What same-different and speaker-similarity share: two recordings of one sex, with different texts; half are of one
speaker. Each side has a pseudo-speaker of its own, or "same" would be heard from the pseudo-speaker."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from listening_test.casting import Cast, Needs
from listening_test.dealing import Request
from listening_test.study import Pair, Study, StudyClip
from listening_test.tasks.base import Block, Draw, Table, cycled, half, original, speech
from listening_test.trial import Slot, Sound
from listening_test.voices import Voices

OO: Pair = "original-original"
OA: Pair = "original-anonymized"
AA: Pair = "anonymized-anonymized"


@dataclass(frozen=True)
class Condition:
    """A kind of pair with a system."""

    pair: Pair
    system: str

    @property
    def name(self) -> str:
        return f"{self.pair} {self.system}"


class _Page(NamedTuple):
    """A rated trial to be dealt: of list `owner`, under a condition, of one speaker or two."""

    owner: int
    condition: Condition
    same: bool


class Pairs(ABC):
    """Pairs under some conditions, asking one question."""

    turns = 2

    def __init__(
        self, study: Study, key: str, question: str, values: Sequence[str], conditions: Sequence[Condition], number: int
    ) -> None:
        self.study, self.key, self.question, self.values = study, key, question, tuple(values)
        self.conditions, self.number = tuple(conditions), number
        self.original = original(study)

    def needs(self, lists: int) -> Needs:
        """Pairs of an original and its anonymized version need a speaker of their own each."""
        kinds = [condition.pair for condition in self.conditions]
        same = [sum(self._same(i, at) for at, kind in enumerate(kinds) if kind == OA) for i in range(lists)]
        oo, oa, aa = (kinds.count(kind) * self.number for kind in (OO, OA, AA))
        return Needs(
            compared=True,
            clear=2 if oo else min(1, oa),
            veiled=2 if aa else min(1, oa),
            both=2,
            switch=max(same),
            alone=oa - min(same),
            clear_uses=2 * oo + oa // 2 + 1,
            veiled_uses=2 * aa + oa // 2,
        )

    def _same(self, number: int, condition: int) -> int:
        return half(self.number, number, condition)

    def blocks(self, table: Table) -> list[list[Block]]:
        """One block for each list."""
        pages = [
            _Page(i, condition, j < self._same(i, at))
            for i in range(len(table.casts))
            for at, condition in enumerate(self.conditions)
            for j in range(self.number)
        ]
        rated: list[list[Draw]] = [[] for _ in table.casts]
        for page, draw in self._same_draws(table, [p for p in pages if p.same]):
            rated[page.owner].append(draw)
        for page, draw in self._different_draws(table, [p for p in pages if not p.same]):
            rated[page.owner].append(draw)
        return [[self._block(table, i, rated[i])] for i in range(len(table.casts))]

    def _same_draws(self, table: Table, pages: Sequence[_Page]) -> Iterable[tuple[_Page, Draw]]:
        once = 10**6 if self.study.design.original_after_anonymized else 1
        names: dict[int, str] = {}
        pair: Pair
        for pair in (OA, AA, OO):
            some = [n for n, page in enumerate(pages) if page.condition.pair == pair]
            requests = [
                Request(pages[n].owner, pages[n].condition.name, self._same_choices(table.casts[pages[n].owner], pair))
                for n in some
            ]
            dealt = table.deal(self.key, f"same {pair}", requests, each=once if pair == OA else 10**6)
            names.update(zip(some, dealt, strict=True))
        load: Counter[tuple[str, str]] = Counter()
        rng = table.rng(self.key, "same clips")
        for n, page in enumerate(pages):
            theirs = [clip for clip in table.voices.clips[names[n]] if table.voices.partners(clip)]
            first = table.choose(theirs, load, f"{page.condition.name} first", page.owner, rng)
            partners = table.voices.partners(first)
            second = table.choose(partners, load, f"{page.condition.name} second", page.owner, rng)
            yield page, self._draw(page.condition, first, second)

    def _same_choices(self, cast: Cast, pair: Pair) -> tuple[str, ...]:
        part = {OO: cast.clear, AA: cast.veiled, OA: cast.switch[self.key]}[pair]
        return self._able(cast, part)

    def _able(self, cast: Cast, part: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in part if name in cast.compared[self.key])

    def _different_draws(self, table: Table, pages: Sequence[_Page]) -> Iterable[tuple[_Page, Draw]]:
        sex = table.voices.sex
        sides = [self._different_choices(table.casts[page.owner], page.condition.pair) for page in pages]
        requests = []
        for page, (one, other) in zip(pages, sides, strict=True):
            able = tuple(name for name in one if any(sex(n) == sex(name) and n != name for n in other))
            requests.append(Request(page.owner, f"{page.condition.name} first", able))
        firsts = self._different_firsts(table, pages, requests)
        requests = [
            Request(
                page.owner,
                f"{page.condition.name} second",
                tuple(name for name in other if sex(name) == sex(first) and name != first),
            )
            for page, (_, other), first in zip(pages, sides, firsts, strict=True)
        ]
        seconds = table.deal(self.key, "different second", requests)
        load: Counter[tuple[str, str]] = Counter()
        rng = table.rng(self.key, "different clips")
        for page, left, right in zip(pages, firsts, seconds, strict=True):
            name = page.condition.name
            theirs = [clip for clip in table.voices.clips[left] if table.voices.beside(clip, right)]
            first = table.choose(theirs or table.voices.clips[left], load, f"{name} first", page.owner, rng)
            partners = table.voices.beside(first, right) or table.voices.clips[right]
            second = table.choose(partners, load, f"{name} second", page.owner, rng)
            yield page, self._draw(page.condition, first, second)

    def _different_firsts(self, table: Table, pages: Sequence[_Page], requests: Sequence[Request]) -> list[str]:
        """Speakers heard alone each once, the others as often as it takes."""
        names: dict[int, str] = {}
        for alone in (True, False):
            some = [n for n, page in enumerate(pages) if self._is_alone(table.casts[page.owner], page) == alone]
            what = "different alone" if alone else "different first"
            dealt = table.deal(self.key, what, [requests[n] for n in some], each=1 if alone else 10**6)
            names.update(zip(some, dealt, strict=True))
        return [names[n] for n in range(len(pages))]

    def _is_alone(self, cast: Cast, page: _Page) -> bool:
        return page.condition.pair == OA and bool(cast.alone.get(self.key))

    def _different_choices(self, cast: Cast, pair: Pair) -> tuple[tuple[str, ...], tuple[str, ...]]:
        undisguised = cast.alone.get(self.key) or cast.clear if pair == OA else cast.clear
        one = self._able(cast, cast.veiled if pair == AA else undisguised)
        return one, self._able(cast, cast.clear if pair == OO else cast.veiled)

    def _draw(self, condition: Condition, first: StudyClip, second: StudyClip) -> Draw:
        left = condition.system if condition.pair == AA else self.original
        right = self.original if condition.pair == OO else condition.system
        sounds = (
            speech(self.study, first, left, compared=True),
            speech(self.study, second, right, compared=True),
        )
        truth: dict[str, Any] = {
            "system": condition.system,
            "pair": condition.pair,
            "same": first.speaker == second.speaker,
            "speaker": first.speaker,
            "other_speaker": second.speaker,
        }
        return Draw(condition.name, sounds, truth)

    def _block(self, table: Table, i: int, rated: list[Draw]) -> Block:
        rng = table.rng(self.key, "extras", i)
        anonymized = [condition for condition in self.conditions if condition.pair != OO]
        trained = "system-trained" in self.study.design.rungs
        return Block(
            (self.question,),
            tuple(rated),
            tuple(self._practice(table.practice, self.conditions, self.study.design.practice_trials, rng)),
            tuple(self._practice(table.practice, anonymized, self.study.design.training_trials if trained else 0, rng)),
            tuple(self._gold(table, i, rng)),
            tuple(self._attention(table, i, rng)),
        )

    def _practice(self, voices: Voices, conditions: Sequence[Condition], number: int, rng: random.Random) -> list[Draw]:
        """Pairs of the practice speakers: conditions in turn, half of one speaker."""
        able = voices.pairable
        if not able or not conditions:
            return []
        start = rng.randrange(2)
        order = cycled(rng.sample(list(conditions), len(conditions)), number)
        draws = []
        for n, condition in enumerate(order):
            speakers = rng.choice(list(able.values()))
            if len(speakers) < 2 or (n + start + n // len(conditions)) % 2:
                draws.append(self._draw(condition, *_two(voices, rng.choice(speakers), rng)))
            else:
                one, other = rng.sample(speakers, 2)
                first = rng.choice(voices.clips[one])
                second = rng.choice(voices.beside(first, other) or voices.clips[other])
                draws.append(self._draw(condition, first, second))
        return rng.sample(draws, len(draws))

    def _gold(self, table: Table, i: int, rng: random.Random) -> list[Draw]:
        """One recording on both sides, and, in turn, originals of different sexes: nobody who listens errs."""
        cast, found = table.casts[i], []
        clear = [clip for name in cast.clear for clip in table.voices.clips[name]]
        for number, clip in enumerate(cycled(rng.sample(clear, len(clear)), self.study.screening.gold)):
            opposite = [c for c in clear if {c.sex, clip.sex} == {"F", "M"}]
            other = rng.choice(opposite) if number % 2 and opposite else clip
            draw = self._draw(Condition(OO, self.original), clip, other)
            found.append(Draw("", draw.sounds, {**draw.truth, "expected": self._expected(draw.truth["same"])}))
        return found

    @abstractmethod
    def _expected(self, same: bool) -> dict[str, list[str]]:
        """By question, the answers to a gold item that count as right."""

    def _attention(self, table: Table, i: int, rng: random.Random) -> Iterable[Draw]:
        cast = table.casts[i]
        able = self._able(cast, cast.clear) or tuple(n for n in cast.clear if len(table.voices.clips[n]) > 1)
        names = cycled(rng.sample(able, len(able)), table.wanted(i, self.key, 0))
        for name in names:
            first, second = _two(table.voices, name, rng)
            value = rng.choice(self.values)
            sounds = (
                speech(self.study, first, self.original, compared=True),
                Sound("attention", second.key, detail=f"|{self.question}|{value}"),
            )
            yield Draw("", sounds, {"system": "", "speaker": name, "expected": {self.question: [value]}})

    def page(self, draw: Draw, turn: int, rng: random.Random) -> tuple[tuple[Sound, ...], tuple[Slot, ...], dict]:
        """Both sides, in every other page the other way round."""
        sounds = draw.sounds if turn == 0 else draw.sounds[::-1]
        return sounds, ("first", "second"), dict(draw.truth)


def _two(voices: Voices, name: str, rng: random.Random) -> tuple[StudyClip, StudyClip]:
    """Two recordings of a speaker that may stand beside each other."""
    first = rng.choice([clip for clip in voices.clips[name] if voices.partners(clip)])
    return first, rng.choice(voices.partners(first))
