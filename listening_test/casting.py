"""Who may be heard how by one listener, so that no speaker's original comes after its anonymized version.

Each listener has every speaker in one part: `clear` (heard only as recorded), `veiled` (heard only anonymized), or
`switch` (heard both ways, on one single page). Whatever the order of the pages, the rule then holds. The parts go round
from listener to listener, so that every speaker has every part equally often.
"""

from __future__ import annotations

import math
import random
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

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
    clear_uses: int = 0
    veiled_uses: int = 0


@dataclass(frozen=True)
class Cast:
    """The parts of one listener. `compared` are, by task, the speakers whose voices that task may compare."""

    clear: tuple[str, ...]
    veiled: tuple[str, ...]
    switch: Mapping[str, tuple[str, ...]]
    compared: Mapping[str, frozenset[str]]


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
        """How many may switch."""
        return len(self.speakers) - self.clear - self.veiled

    def turned(self, number: int) -> list[str]:
        """The circle as it stands for list `number`."""
        size = len(self.speakers)
        start = number * _step(size) % size
        return [*self.speakers[start:], *self.speakers[:start]]

    def parted(
        self, number: int, switching: Collection[str], clear_share: float, been_clear: Counter[str]
    ) -> tuple[list[str], list[str]]:
        """Who of those that do not switch is heard clear and who veiled: as often as that is asked for, first those
        who have been heard clear least."""
        names = [name for name in self.turned(number) if name not in switching]
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
    switches = _switches(study, voices, rings, needs, lists)
    share = _clear_share(needs.values())
    been: Counter[str] = Counter()
    casts = [_cast(rings, number, switching, needs, share, been) for number, switching in enumerate(switches)]
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


def _switches(
    study: Study, voices: Voices, rings: Sequence[_Ring], needs: Mapping[str, Needs], lists: int
) -> list[dict[str, tuple[str, ...]]]:
    """For each list and task who switches: over the lists every speaker that may equally often."""
    able = {key: [ring for ring in rings if key in ring.tasks] for key, need in needs.items() if need.compared}
    for key, there in able.items():
        if not there:
            raise StudyError(_too_few(key, needs[key].clear + needs[key].veiled, voices, _ROLES))
    wanted = {key: needs[key].switch for key in sorted(able, key=lambda key: len(able[key]))}
    rng = random.Random(f"{study.design.seed}|switches")
    decks = {(key, r.sex): deque(rng.sample(r.speakers, len(r.speakers))) for key in wanted for r in able[key]}
    placed: Counter[tuple[str, str]] = Counter()
    found = []
    for _ in range(lists):
        taken: dict[str, set[str]] = {ring.sex: set() for ring in rings}
        row: dict[str, tuple[str, ...]] = {}
        for key, number in wanted.items():
            picked = []
            for _ in range(number):
                free = [ring for ring in able[key] if len(taken[ring.sex]) < ring.spare]
                if not free:
                    raise StudyError(_no_switch(key, sum(wanted.values()), sum(map(len, taken.values()))))
                ring = min(free, key=lambda ring: (placed[key, ring.sex] / len(ring.speakers), -len(ring.speakers)))
                picked.append(_next(decks[key, ring.sex], taken[ring.sex]))
                taken[ring.sex].add(picked[-1])
                placed[key, ring.sex] += 1
            row[key] = tuple(picked)
        found.append(row)
    return found


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
    switching: Mapping[str, tuple[str, ...]],
    needs: Mapping[str, Needs],
    clear_share: float,
    been_clear: Counter[str],
) -> Cast:
    switches = {name for names in switching.values() for name in names}
    parts = [ring.parted(number, switches, clear_share, been_clear) for ring in rings]
    return Cast(
        tuple(name for clear, _ in parts for name in clear),
        tuple(name for _, veiled in parts for name in veiled),
        {key: switching.get(key, ()) for key in needs},
        {key: frozenset(name for ring in rings if key in ring.tasks for name in ring.speakers) for key in needs},
    )
