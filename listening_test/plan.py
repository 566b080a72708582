"""The plan of each listener: which pages, with which sounds, in which order. Pure: study, clips and place decide.

What is heard is dealt beforehand for all listeners together, in lists (tasks/), so that every recording is used equally
often through every system; a listener's place says which list and in which order its trials come. Listeners on
different rungs of the attacker ladder get the same lists, so that rungs are compared on the same trials.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from typing import TypeVar

from listening_test.casting import Cast, Needs, cast
from listening_test.dealing import Uses
from listening_test.study import Language, Rung, Study, StudyClip, StudyError
from listening_test.tasks import designs
from listening_test.tasks.base import Block, Draw, Table, original, speech
from listening_test.trial import Block as BlockName
from listening_test.trial import Kind, Slot, Sound, Trial
from listening_test.voices import Voices, practice_options

LISTS_MOST = 240
"""Listeners beyond these get a list again, in an order of their own."""
IDENTITY = frozenset({"same-different", "line-up", "speaker-similarity"})
"""Tasks in which voices are compared."""
_SAMPLE: Slot = "sample"
Item = TypeVar("Item")


def rung(study: Study, place: int) -> Rung:
    """The rung of the attacker ladder at a place: they are dealt in turn."""
    return study.design.rungs[place % len(study.design.rungs)]


def plan(study: Study, clips: Sequence[StudyClip], place: int, language: Language | None = None) -> list[Trial]:
    """The pages of one listener: see Planner, which is quicker for more than one.

    Raises:
        StudyError: if the study is not feasible.
    """
    return Planner(study, clips).plan(place, language)


def sounds(study: Study, clips: Sequence[StudyClip]) -> list[Sound]:
    """Every sound that any listener can need, sorted.

    Raises:
        StudyError: if the study is not feasible.
    """
    return Planner(study, clips).sounds()


class Planner:
    """All lists of a study, dealt; `plan` then takes about a millisecond. Does not change once made.

    Raises:
        StudyError: if the study is not feasible: what is missing, and what to change.
    """

    def __init__(self, study: Study, clips: Sequence[StudyClip]) -> None:
        self.study = study
        everybody = Voices.of(clips)
        self.designs = designs(study)
        self.types = dict(zip(study.task_keys(), (task.type for task in study.tasks), strict=True))
        per_rung = -(-study.limits.listeners // len(study.design.rungs))
        self.lists = min(per_rung, LISTS_MOST)
        needs = {key: design.needs(self.lists) for key, design in self.designs.items()}
        self.practice, self.voices, casts = self._casts(everybody, needs)
        table = Table(study, self.voices, self.practice, casts, Uses(study.design.max_trials_per_speaker))
        table.attention = self._attention_checks(table)
        self.blocks: dict[str, list[list[Block]]] = {key: design.blocks(table) for key, design in self.designs.items()}
        self._heard = table.heard

    def _casts(self, everybody: Voices, needs: Mapping[str, Needs]) -> tuple[Voices, Voices, list[Cast]]:
        """Who is for practice, who is rated, and the casts: with as many for practice as the rated trials leave."""
        if not everybody.clips:
            raise StudyError("A study needs clips, but there are none: see clips in the study file.")
        kinds = set(self.types.values())
        options = practice_options(self.study, everybody, in_pairs=bool(kinds & IDENTITY), line_up="line-up" in kinds)
        for apart in options:
            rated = everybody.only(name for name in everybody.speakers if name not in apart)
            try:
                return everybody.only(apart), rated, cast(self.study, rated, needs, self.lists)
            except StudyError:
                if apart == options[-1]:
                    raise
        raise StudyError("A study needs speakers, but all of them would be for practice: add some.")

    def _attention_checks(self, table: Table) -> list[Counter[tuple[str, int]]]:
        """Attention checks of each list, spread over the blocks."""
        places = [
            (key, number)
            for key, task in zip(self.designs, self.study.tasks, strict=True)
            for number in range(len(task.questions) if task.type == "mos" else 1)
        ]
        checks = self.study.screening.attention_checks
        found = []
        for i in range(self.lists):
            order = table.rng("attention", i).sample(places, len(places))
            found.append(Counter(order[n % len(order)] for n in range(checks)))
        return found

    def plan(self, place: int, language: Language | None = None) -> list[Trial]:
        """The pages of the listener at a place, from 0."""
        language = language or self.study.languages[0]
        rng = random.Random(f"{self.study.design.seed}|place|{place}")
        standing, turn = rung(self.study, place), place // len(self.study.design.rungs)
        pages = [*_start(self.study, rng)]
        if standing == "familiar":
            pages += self._familiarise(turn % self.lists, rng)
        pages += _with_breaks(list(self._tasks(turn, standing, rng)), self.study.design.break_every)
        pages += _end(self.study)
        return [_spoken(page, language) for page in pages]

    def _tasks(self, turn: int, standing: Rung, rng: random.Random) -> Iterator[Trial]:
        trained = False
        keys = list(self.designs)
        if self.study.design.task_order == "balanced":
            keys = _rotated(keys, turn, f"{self.study.design.seed}|tasks")
        for key in keys:
            blocks = list(enumerate(self.blocks[key][turn % self.lists]))
            if self.study.design.task_order == "balanced":
                blocks = _rotated(blocks, turn, f"{self.study.design.seed}|{key}|blocks")
            for number, block in blocks:
                drill, feedback = block.practice, False
                if standing == "system-trained" and block.training:
                    drill = block.training if not trained else block.training[: self.study.design.practice_trials]
                    feedback = trained = True
                yield from self._pages(key, block, drill, "practice", rng, feedback=feedback)
                yield from self._rated(key, number, block, turn, rng)

    def _rated(self, key: str, number: int, block: Block, turn: int, rng: random.Random) -> Iterator[Trial]:
        """The rated trials, conditions balanced over positions; checks among them, never first."""
        in_order = _in_order(block.rated, turn, f"{self.study.design.seed}|{key}|{number}", rng)
        pages = list(self._pages(key, block, in_order, "rated", rng))
        checks = [
            *self._pages(key, block, block.gold, "gold", rng),
            *self._pages(key, block, block.attention, "attention", rng),
        ]
        for check in rng.sample(checks, len(checks)):
            pages.insert(rng.randint(1, len(pages)), check)
        yield from pages

    def _pages(
        self, key: str, block: Block, draws: Sequence[Draw], kind: Kind, rng: random.Random, *, feedback: bool = False
    ) -> Iterator[Trial]:
        design = self.designs[key]
        name: BlockName = "practice" if kind == "practice" else "task"
        for draw, turn in zip(draws, _turns(draws, design.turns, rng), strict=True):
            heard, slots, truth = design.page(draw, turn, rng)
            yield Trial(name, kind, key, heard, slots, block.questions, truth, feedback)

    def _familiarise(self, number: int, rng: random.Random) -> list[Trial]:
        """A page for each speaker who will be looked for, with recordings that are in no trial where there are such."""
        pages = [
            Trial("familiarise", "step", "", heard, (_SAMPLE,) * len(heard), ("ready",), {"speaker": name})
            for name, heard in self._to_learn(number).items()
        ]
        return rng.sample(pages, len(pages))

    def _to_learn(self, number: int) -> dict[str, tuple[Sound, ...]]:
        wanted = {
            draw.truth["speaker"]
            for key, blocks in self.blocks.items()
            if self.types[key] in IDENTITY
            for block in blocks[number]
            for draw in block.rated
        }
        rng = random.Random(f"{self.study.design.seed}|learn|{number}")
        found = {}
        for name in sorted(wanted):
            clips = self.voices.clips[name]
            fresh = sorted(rng.sample(clips, len(clips)), key=lambda clip: self._heard[number][clip.key])
            chosen = fresh[: self.study.design.familiar_clips]
            found[name] = tuple(speech(self.study, clip, original(self.study)) for clip in chosen)
        return found

    def sounds(self) -> list[Sound]:
        """Every sound that any listener can need, sorted."""
        found = {sound for page in (*_start(self.study, random.Random(0)),) for sound in page.sounds}
        for number in range(self.lists):
            if "familiar" in self.study.design.rungs:
                found.update(sound for heard in self._to_learn(number).values() for sound in heard)
            for blocks in self.blocks.values():
                for block in blocks[number]:
                    found.update(self._sounds_of(block))
        return sorted(found)

    def _sounds_of(self, block: Block) -> Iterator[Sound]:
        for draw in (*block.rated, *block.practice, *block.training, *block.gold, *block.attention):
            for sound in draw.sounds:
                for language in self.study.languages:
                    yield _said_in(sound, language)


def _start(study: Study, rng: random.Random) -> Iterator[Trial]:
    """Questions about the listener, the headphone check (Woods et al. 2017: all orders of its tones), the level."""
    screening = study.screening
    asked = (("hearing",) if screening.hearing else ()) + (("fluency",) if screening.fluency != "off" else ())
    if asked:
        yield Trial("about_you", questions=asked)
    for attempt in range(1, screening.headphone_attempts + 1 if screening.headphones != "off" else 1):
        orders = list(permutations(("target", "foil", "reference")))
        for order in rng.sample(orders, len(orders)):
            yield Trial(
                "headphones",
                sounds=(Sound("headphones", detail="-".join(order)),),
                slots=("sample",),
                questions=("headphone_softest",),
                truth={"correct": {"headphone_softest": str(order.index("target") + 1)}},
                attempt=attempt,
            )
    yield Trial("level", sounds=(Sound("level"),), slots=("sample",), questions=("level_ok",))


def _end(study: Study) -> Iterator[Trial]:
    asked = [item.key for item in study.questionnaire]
    if study.comment and study.limits.comment_max_chars:
        asked.append("comment")
    if asked:
        yield Trial("questionnaire", questions=tuple(asked))


def _with_breaks(pages: Sequence[Trial], every: int) -> Iterator[Trial]:
    for number, page in enumerate(pages):
        if number and number % every == 0:
            yield Trial("break", questions=("ready",))
        yield page


def _said_in(sound: Sound, language: Language) -> Sound:
    """An attention check in the listener's language; any other sound as it is."""
    return replace(sound, detail=f"{language}{sound.detail}") if sound.kind == "attention" else sound


def _spoken(page: Trial, language: Language) -> Trial:
    if all(sound.kind != "attention" for sound in page.sounds):
        return page
    return replace(page, sounds=tuple(_said_in(sound, language) for sound in page.sounds))


def _turns(draws: Sequence[Draw], ways: int, rng: random.Random) -> list[int]:
    """A way to lay out each draw, all ways equally often; of line-ups with the person, and of those without."""
    dealt: dict[int, int] = {}
    for present in (True, False):
        some = [n for n, draw in enumerate(draws) if draw.truth.get("present", True) == present]
        order = rng.sample(range(ways), ways)
        dealt.update(zip(rng.sample(some, len(some)), (order[n % ways] for n in range(len(some))), strict=True))
    return [dealt[n] for n in range(len(draws))]


def _rotated(items: Sequence[Item], turn: int, name: str) -> list[Item]:
    """The items in an order in which, over as many turns as there are items, each is at each place once."""
    size = len(items)
    order = random.Random(f"{name}|{turn // size}").sample(range(size), size)
    return [items[order[(n + turn) % size]] for n in range(size)]


def _in_order(draws: Sequence[Draw], turn: int, name: str, rng: random.Random) -> list[Draw]:
    """Draws in a random order in which each condition is at each place once over as many turns as there are."""
    waiting: dict[str, deque[Draw]] = {}
    for draw in rng.sample(draws, len(draws)):
        waiting.setdefault(draw.condition, deque()).append(draw)
    conditions = sorted(waiting)
    number = len(draws) // len(conditions)
    return [waiting[condition].popleft() for condition in _sequence(conditions, number, turn, name)]


def _sequence(conditions: Sequence[str], number: int, turn: int, name: str) -> list[str]:
    """Each condition `number` times. For each cycle of turns a random row, whose conditions move on by one each turn;
    a condition follows itself only where there is no other."""
    size = len(conditions)
    rng = random.Random(f"{name}|{turn // size}")
    names = rng.sample(conditions, size)
    row: list[int] = []
    for _ in range(number):
        stretch = rng.sample(range(size), size)
        if row and size > 1 and stretch[0] == row[-1]:
            other = rng.randrange(1, size)
            stretch[0], stretch[other] = stretch[other], stretch[0]
        row += stretch
    return [names[(at + turn) % size] for at in row]
