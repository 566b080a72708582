"""Who may be heard how by one listener, so that no speaker's original comes after its anonymized version.

Each listener has every speaker in one part: `clear` (heard only as recorded), `veiled` (heard only anonymized),
`switch` (heard both ways, on one single page), or `alone` (heard only as recorded, on one single page). Whatever the
order of the pages, the rule then holds. The parts go round from listener to listener, so that every speaker has every
part equally often.

Why `alone`: a voice that is to be found again behind a system is heard undisguised on one page. If the voices that are
not there were heard undisguised on other pages, too, a listener could answer by what is familiar. Where there are too
few speakers for it, `clear` ones take their place, and check says so.
"""

from __future__ import annotations

import math
import random
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from listening_test.study import Study, StudyError
from listening_test.voices import Voices, interleaved

GOLDEN = 0.381966


@dataclass(frozen=True)
class Needs:
    """What a task asks of the cast of one listener.

    `clear` and `veiled` are the fewest speakers of one sex (of any, where voices are not compared) in these parts,
    `both` the fewest speakers of one sex when no part is asked for; the uses say how often a part is heard.
    """

    compared: bool
    clear: int = 0
    veiled: int = 0
    both: int = 0
    switch: int = 0
    alone: int = 0
    clear_uses: int = 0
    veiled_uses: int = 0


@dataclass(frozen=True)
class Cast:
    """The parts of one listener. `compared` are, by task, the speakers whose voices that task may compare."""

    clear: tuple[str, ...]
    veiled: tuple[str, ...]
    switch: Mapping[str, tuple[str, ...]]
    compared: Mapping[str, frozenset[str]]
    alone: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By task; empty where the speakers are too few for it."""


@dataclass(frozen=True)
class _Parts:
    """Who has a part on single pages, by task, in one list."""

    switch: Mapping[str, tuple[str, ...]]
    alone: Mapping[str, tuple[str, ...]]

    @property
    def names(self) -> set[str]:
        return {name for part in (self.switch, self.alone) for names in part.values() for name in names}


@dataclass(frozen=True)
class _Ring:
    """Speakers in a circle, the tasks that may compare them, and the fewest that are heard clear and veiled."""

    sex: str
    speakers: tuple[str, ...]
    tasks: tuple[str, ...] = ()
    clear: int = 0
    veiled: int = 0

    @property
    def spare(self) -> int:
        """How many may switch or be heard alone."""
        return len(self.speakers) - self.clear - self.veiled

    def turned(self, number: int) -> list[str]:
        """The circle as it stands for list `number`."""
        size = len(self.speakers)
        start = number * _step(size) % size
        return [*self.speakers[start:], *self.speakers[:start]]

    def parted(
        self, number: int, taken: Collection[str], clear_share: float, been_clear: Counter[str]
    ) -> tuple[list[str], list[str]]:
        """Who of those that are not taken is heard clear and who veiled: as often as that is asked for, first those
        who have been heard clear least."""
        names = [name for name in self.turned(number) if name not in taken]
        names.sort(key=lambda name: been_clear[name])
        size = len(names)
        clear = (
            round(size * clear_share)
            if size > 1
            else int(size * clear_share * (number + 1)) - int(size * clear_share * number)
        )
        if size > 1 and 0 < clear_share < 1:
            clear = min(max(clear, 1), size - 1)
        clear = min(max(clear, self.clear), size - self.veiled)
        been_clear.update(names[:clear])
        return names[:clear], names[clear:]


def _step(size: int) -> int:
    """A step prime to the size, about 0.38 of it: neighbouring lists differ, and all starts occur."""
    near = max(1, round(GOLDEN * size))
    return next(step for step in sorted(range(1, size + 1), key=lambda s: abs(s - near)) if math.gcd(step, size) == 1)


def cast(study: Study, voices: Voices, needs: Mapping[str, Needs], lists: int) -> list[Cast]:
    """The casts of `lists` listeners.

    Raises:
        StudyError: if there are too few speakers; says which task lacks how many.
    """
    if study.design.original_after_anonymized:
        everybody = _free(voices, needs)
        return [everybody] * lists
    rings = _rings(study, voices, needs)
    single = _single_pages(study, voices, rings, needs, lists)
    share = _clear_share(needs.values())
    been: Counter[str] = Counter()
    casts = [_cast(rings, number, parts, needs, share, been) for number, parts in enumerate(single)]
    _both_parts(casts, needs)
    return casts


def _free(voices: Voices, needs: Mapping[str, Needs]) -> Cast:
    compared = {}
    for key, need in needs.items():
        groups = [names for names in voices.pairable.values() if len(names) >= need.both]
        if need.compared and not groups:
            raise StudyError(_too_few(key, need.both, voices))
        compared[key] = frozenset(name for names in groups for name in names)
    speakers = voices.speakers
    return Cast(speakers, speakers, {key: tuple(n for n in speakers if n in compared[key]) for key in needs}, compared)


def _too_few(key: str, number: int, voices: Voices, more: str = "") -> str:
    have = ", ".join(f"{len(names)} {sex}" for sex, names in voices.pairable.items()) or "none"
    return (
        f"{key} needs at least {number} speakers of one sex, each with two recordings of different texts, outside "
        f"practice{more}, but there are {have}: add speakers, ask for less, set design.practice_trials to 0"
        f"{', or design.original_after_anonymized to true' if more else ''}."
    )


def _rings(study: Study, voices: Voices, needs: Mapping[str, Needs]) -> list[_Ring]:
    """A circle for each sex whose voices are compared, and one for everybody else."""
    rng = random.Random(f"{study.design.seed}|rings")
    compared = {key: need for key, need in needs.items() if need.compared}
    rings = []
    for sex, names in voices.pairable.items() if compared else ():
        if tasks := _served(len(names), compared):
            rings.append(_Ring(sex, tuple(rng.sample(names, len(names))), tasks, *_least(tasks, compared)))
    used = {name for ring in rings for name in ring.speakers}
    rest = [name for name in voices.speakers if name not in used]
    if rest:
        by_sex = [[n for n in rng.sample(rest, len(rest)) if voices.sex(n) == sex] for sex in ("F", "M", "X")]
        rings.append(_Ring("", tuple(interleaved(by_sex))))
    return rings


def _clear_share(needs: Iterable[Needs]) -> float:
    """Of the speakers that do not switch, the share heard as recorded: as often as that is asked for."""
    listed = list(needs)
    clear, veiled = sum(need.clear_uses for need in listed), sum(need.veiled_uses for need in listed)
    return clear / (clear + veiled) if clear + veiled else 0.5


def _served(size: int, compared: Mapping[str, Needs]) -> tuple[str, ...]:
    """The tasks that so many speakers of one sex are enough for; the most demanding goes first."""
    kept = sorted(compared, key=lambda key: (compared[key].clear + compared[key].veiled, key))
    while kept and max(compared[k].clear for k in kept) + max(compared[k].veiled for k in kept) > size:
        kept.pop()
    return tuple(key for key in compared if key in kept)


def _least(tasks: Sequence[str], compared: Mapping[str, Needs]) -> tuple[int, int]:
    return max((compared[k].clear for k in tasks), default=0), max((compared[k].veiled for k in tasks), default=0)


def _single_pages(
    study: Study, voices: Voices, rings: Sequence[_Ring], needs: Mapping[str, Needs], lists: int
) -> list[_Parts]:
    """For each list who switches and who is heard alone: over the lists every speaker that may equally often.

    The tasks that ask for most get nobody alone where not all can.
    """
    able = {key: [ring for ring in rings if key in ring.tasks] for key, need in needs.items() if need.compared}
    for key, there in able.items():
        if not there:
            raise StudyError(_too_few(key, needs[key].clear + needs[key].veiled, voices, _ROLES))
    alone = sorted((key for key in able if needs[key].alone), key=lambda key: (needs[key].alone, key))
    while alone:
        try:
            return _dealt(study, rings, able, needs, lists, alone)
        except StudyError:
            alone.pop()
    return _dealt(study, rings, able, needs, lists, ())


def _dealt(
    study: Study,
    rings: Sequence[_Ring],
    able: Mapping[str, Sequence[_Ring]],
    needs: Mapping[str, Needs],
    lists: int,
    alone: Sequence[str],
) -> list[_Parts]:
    """Raises: StudyError: if there are too few speakers."""
    first = sorted(able, key=lambda key: len(able[key]))
    wanted = {("switch", key): needs[key].switch for key in first}
    wanted |= {("alone", key): needs[key].alone for key in first if key in alone}
    rng = random.Random(f"{study.design.seed}|switches")
    decks = {
        (part, key, ring.sex): deque(rng.sample(ring.speakers, len(ring.speakers)))
        for part, key in wanted
        for ring in able[key]
    }
    placed: Counter[tuple[str, str, str]] = Counter()
    found = []
    for _ in range(lists):
        taken: dict[str, set[str]] = {ring.sex: set() for ring in rings}
        row: dict[str, dict[str, tuple[str, ...]]] = {"switch": {}, "alone": {}}
        for (part, key), number in wanted.items():
            row[part][key] = tuple(
                _one(part, key, able[key], decks, taken, placed, sum(wanted.values())) for _ in range(number)
            )
        found.append(_Parts(row["switch"], row["alone"]))
    return found


def _one(
    part: str,
    key: str,
    able: Sequence[_Ring],
    decks: Mapping[tuple[str, str, str], deque[str]],
    taken: Mapping[str, set[str]],
    placed: Counter[tuple[str, str, str]],
    needed: int,
) -> str:
    """The next speaker for a part, of the sex that has had it less; noted as taken.

    Raises:
        StudyError: if nobody is left.
    """
    free = [ring for ring in able if len(taken[ring.sex]) < ring.spare]
    if not free:
        raise StudyError(_no_switch(key, needed, sum(map(len, taken.values()))))
    ring = min(free, key=lambda ring: (placed[part, key, ring.sex] / len(ring.speakers), -len(ring.speakers)))
    name = _next(decks[part, key, ring.sex], taken[ring.sex])
    taken[ring.sex].add(name)
    placed[part, key, ring.sex] += 1
    return name


def _next(deck: deque[str], taken: Collection[str]) -> str:
    """The first who is not taken, and last in line then."""
    name = next(name for name in deck if name not in taken)
    deck.remove(name)
    deck.append(name)
    return name


_ROLES = " (some heard only as recorded and others only anonymized, so that no original follows its anonymized version)"


def _no_switch(key: str, needed: int, spare: int) -> str:
    return (
        f"{key}: pages that bring a speaker's original together with its anonymized version need a speaker of "
        f"their own each, {needed} per listener in all, but there are only {spare} to spare: lower trials_per_system, "
        f"add {needed - spare} speakers, or set design.original_after_anonymized to true."
    )


def _both_parts(casts: Sequence[Cast], needs: Mapping[str, Needs]) -> None:
    for key, need in needs.items():
        if any((need.clear and not one.clear) or (need.veiled and not one.veiled) for one in casts):
            raise StudyError(
                f"{key} needs at least two speakers outside practice, one heard as recorded and one anonymized, but "
                "there are fewer: add speakers, set design.practice_trials to 0, or design.original_after_anonymized "
                "to true."
            )


def _cast(
    rings: Sequence[_Ring],
    number: int,
    single: _Parts,
    needs: Mapping[str, Needs],
    clear_share: float,
    been_clear: Counter[str],
) -> Cast:
    parts = [ring.parted(number, single.names, clear_share, been_clear) for ring in rings]
    return Cast(
        tuple(name for clear, _ in parts for name in clear),
        tuple(name for _, veiled in parts for name in veiled),
        {key: single.switch.get(key, ()) for key in needs},
        {key: frozenset(name for ring in rings if key in ring.tasks for name in ring.speakers) for key in needs},
        {key: single.alone.get(key, ()) for key in needs},
    )
