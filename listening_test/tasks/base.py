"""What a task is: how its trials are drawn for all listeners at once, and laid out for one of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from listening_test.casting import Cast, Needs
from listening_test.dealing import Deal, Infeasible, Request, Uses
from listening_test.study import LOW_ANCHOR, ORIGINAL, Study, StudyClip, StudyError
from listening_test.study import Task as StudyTask
from listening_test.trial import Slot, Sound
from listening_test.voices import Voices


@dataclass(frozen=True)
class Draw:
    """One trial before it is laid out: `condition` is what is balanced over positions."""

    condition: str
    sounds: tuple[Sound, ...]
    truth: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """Trials of one listener that ask the same questions; `rated` holds each condition equally often.

    An attention check's sound has the detail "|question|value": the listener's language is put before it.
    """

    questions: tuple[str, ...]
    rated: tuple[Draw, ...]
    practice: tuple[Draw, ...] = ()
    training: tuple[Draw, ...] = ()
    gold: tuple[Draw, ...] = ()
    attention: tuple[Draw, ...] = ()


class Design(Protocol):
    """A task of a study, designed. One file each; registered in tasks/__init__.py."""

    turns: int
    """How many ways there are to lay a draw out on its page."""

    def needs(self, lists: int) -> Needs:
        """What each listener's cast must hold."""
        ...

    def blocks(self, table: Table) -> list[list[Block]]:
        """For each list its blocks, in the order of the study file."""
        ...

    def page(self, draw: Draw, turn: int, rng: random.Random) -> tuple[tuple[Sound, ...], tuple[Slot, ...], dict]:
        """Sounds, slots and truth of a draw, laid out in the way `turn` of range(turns), each equally often."""
        ...


@dataclass
class Table:
    """Where the trials of all lists are dealt: the study, its rated and its practice voices, the casts, the uses."""

    study: Study
    voices: Voices
    practice: Voices
    casts: Sequence[Cast]
    uses: Uses
    attention: Sequence[Counter[tuple[str, int]]] = ()
    """By list: how many attention checks fall on (task key, number of the block)."""
    heard: dict[int, Counter[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number in range(len(self.casts)):
            self.heard.setdefault(number, Counter())

    def wanted(self, number: int, key: str, block: int) -> int:
        """How many attention checks a list has in a block."""
        return self.attention[number][key, block] if self.attention else 0

    def rng(self, *names: object) -> random.Random:
        """Randomness of its own for each use, so that a change in one task leaves the others as they are."""
        return random.Random("|".join(map(str, (self.study.design.seed, *names))))

    def deal(
        self,
        key: str,
        what: str,
        requests: Sequence[Request],
        *,
        each: int = 10**6,
        each_condition: int = 10**6,
        weight: Callable[[str, str], int] | None = None,
        load: Counter[tuple[str, str]] | None = None,
    ) -> list[str]:
        """A speaker for each request, used in proportion to `weight(condition, speaker)`: to the number of clips.

        Raises:
            StudyError: if somebody is left without one.
        """
        weight = weight or (lambda _, name: len(self.voices.clips[name]))
        rng = self.rng(key, what)
        try:
            deal = Deal(requests, weight, self.uses, rng, each=each, each_condition=each_condition, load=load)
        except Infeasible as none_left:
            raise StudyError(self._sentence(key, none_left.request)) from None
        return deal.even_out()

    def _sentence(self, key: str, request: Request) -> str:
        if not request.choices:
            return (
                f"{key} finds no speaker for {request.condition}: it needs more speakers of one sex with two "
                "recordings of different texts; add speakers, or lower trials_per_system."
            )
        return (
            f"{key} cannot give each listener all trials of {request.condition}: every one of the "
            f"{len(request.choices)} speakers that may be heard there is already in as many trials as allowed "
            f"(design.max_trials_per_speaker is {self.study.design.max_trials_per_speaker}); raise it, "
            "lower trials_per_system, or add speakers."
        )

    def clips(
        self,
        key: str,
        what: str,
        visits: Sequence[tuple[int, str, str]],
        keep: Callable[[str, StudyClip], bool] = lambda condition, clip: True,
    ) -> list[StudyClip]:
        """A clip for each visit (list, condition, speaker), used equally often under each condition."""
        rng = self.rng(key, what, "clips")
        load: Counter[tuple[str, str]] = Counter()
        chosen = [
            self.choose(
                [clip for clip in self.voices.clips[name] if keep(condition, clip)], load, condition, owner, rng
            )
            for owner, condition, name in visits
        ]
        self._part_repeats(visits, chosen)
        return chosen

    def _part_repeats(self, visits: Sequence[tuple[int, str, str]], chosen: list[StudyClip]) -> None:
        """Where a listener got a clip twice, change it with another listener's, so that neither hears one twice."""
        alike: dict[tuple[str, str], list[int]] = {}
        for number, (_, condition, name) in enumerate(visits):
            alike.setdefault((condition, name), []).append(number)
        for number, (owner, condition, name) in enumerate(visits):
            if self.heard[owner][chosen[number].key] < 2:
                continue
            for other in alike[condition, name]:
                mine, theirs = self.heard[owner], self.heard[visits[other][0]]
                if not mine[chosen[other].key] and not theirs[chosen[number].key]:
                    for heard, gone, come in ((mine, number, other), (theirs, other, number)):
                        heard[chosen[gone].key] -= 1
                        heard[chosen[come].key] += 1
                    chosen[number], chosen[other] = chosen[other], chosen[number]
                    break

    def choose(
        self,
        candidates: Sequence[StudyClip],
        load: Counter[tuple[str, str]],
        condition: str,
        owner: int,
        rng: random.Random,
    ) -> StudyClip:
        """The candidate least used under the condition, then the one this listener has heard least; counted."""
        heard = self.heard[owner]
        best = min(candidates, key=lambda clip: (load[condition, clip.key], heard[clip.key], rng.random()))
        load[condition, best.key] += 1
        heard[best.key] += 1
        return best


def speech(study: Study, clip: StudyClip, label: str, *, compared: bool = False) -> Sound:
    """The sound of a clip through a system; where voices are compared, always with a pseudo-speaker of its own."""
    system = study.system(label)
    level = "utterance" if compared or is_clear(study, label) else system.level
    return Sound("speech", clip.key, label, level)


def is_clear(study: Study, label: str) -> bool:
    """Whether the speaker is heard undisguised: the original and the low anchor."""
    return study.system(label).system in (ORIGINAL, LOW_ANCHOR)


def original(study: Study) -> str:
    """Label of the original.

    Raises:
        StudyError: if the study has none.
    """
    for label in study.labels:
        if study.system(label).system == ORIGINAL:
            return label
    raise StudyError("systems should hold original, as the upper anchor, but it is missing: add `- original`.")


def low_anchor(study: Study) -> str | None:
    """Label of the low anchor, if there is one."""
    return next((label for label in study.labels if study.system(label).system == LOW_ANCHOR), None)


def systems_of(study: Study, task: StudyTask) -> tuple[str, ...]:
    """Systems a task really uses: the low anchor is for mos, and for emotion when the task names it."""
    labels = study.task_systems(task)
    if task.type == "mos" or (task.type == "emotion" and task.systems):
        return labels
    return tuple(label for label in labels if study.system(label).system != LOW_ANCHOR)


def anonymizers(study: Study, task: StudyTask) -> tuple[str, ...]:
    """The systems of a task that hide the speaker."""
    return tuple(label for label in systems_of(study, task) if not is_clear(study, label))


def half(number: int, list_number: int, condition: int) -> int:
    """Half of `number`; of an odd number the larger half in every other list, and for every other condition."""
    return (number + (list_number + condition) % 2) // 2


def cycled(items: Sequence[Any], number: int) -> list[Any]:
    """`number` of the items, from the start again when they run out; none of none."""
    return [items[i % len(items)] for i in range(number)] if items else []
