"""Who may be heard how by one listener, so that no speaker's original comes after its anonymized version.

Each listener has every speaker in one part: `clear` (heard only as recorded), `veiled` (heard only anonymized), or
`switch` (heard both ways, on one single page). Whatever the order of the pages, the rule then holds. The parts go round
from listener to listener, so that every speaker has every part equally often.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
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
    """Speakers in a circle, and how many of them have each part."""

    speakers: tuple[str, ...]
    tasks: tuple[str, ...]
    clear: int
    veiled: int
    switch: Mapping[str, int] = field(default_factory=dict)

    def turned(self, number: int) -> list[str]:
        """The circle as it stands for list `number`."""
        size = len(self.speakers)
        start = number * _step(size) % size
        return [*self.speakers[start:], *self.speakers[:start]]


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
    return [_cast(rings, number, needs) for number in range(lists)]


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
        f"practice{more}, but there are {have}: add speakers, ask for less, or set design.practice_trials to 0."
    )


def _rings(study: Study, voices: Voices, needs: Mapping[str, Needs]) -> list[_Ring]:
    rng = random.Random(f"{study.design.seed}|rings")
    compared = {key: need for key, need in needs.items() if need.compared}
    clear_share = _clear_share(needs.values())
    groups = {sex: tuple(rng.sample(names, len(names))) for sex, names in voices.pairable.items() if compared}
    served = {sex: _served(len(names), compared) for sex, names in groups.items()}
    switches = _switches(compared, groups, served, voices)
    rings = [_ring(groups[sex], served[sex], switches[sex], compared, clear_share) for sex in groups if served[sex]]
    used = {name for ring in rings for name in ring.speakers}
    rest = [name for name in voices.speakers if name not in used]
    if rest:
        by_sex = [[n for n in rng.sample(rest, len(rest)) if voices.sex(n) == sex] for sex in ("F", "M", "X")]
        rings.append(_ring(tuple(interleaved(by_sex)), (), {}, {}, clear_share))
    _both_parts(rings, needs)
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
    compared: Mapping[str, Needs],
    groups: Mapping[str, Sequence[str]],
    served: Mapping[str, Sequence[str]],
    voices: Voices,
) -> dict[str, dict[str, int]]:
    """By sex and task, how many speakers switch: taken where most are left."""
    left = {sex: len(names) - sum(_least(served[sex], compared)) for sex, names in groups.items()}
    found: dict[str, dict[str, int]] = {sex: dict.fromkeys(served[sex], 0) for sex in groups}
    for key, need in compared.items():
        able = [sex for sex in groups if key in served[sex]]
        if not able:
            raise StudyError(_too_few(key, need.clear + need.veiled, voices, _ROLES))
        for _ in range(need.switch):
            sex = max(able, key=lambda sex: (left[sex], sex))
            if left[sex] <= 0:
                raise StudyError(_no_switch(key, compared, left, found))
            left[sex] -= 1
            found[sex][key] += 1
    return found


_ROLES = " (some heard only as recorded and others only anonymized, so that no original follows its anonymized version)"


def _no_switch(key: str, compared: Mapping[str, Needs], left: Mapping[str, int], found: dict) -> str:
    needed = sum(need.switch for need in compared.values())
    placed = sum(number for tasks in found.values() for number in tasks.values())
    return (
        f"{key}: pages that bring a speaker's original together with its anonymized version need a speaker of "
        f"their own each, {needed} per listener in all, but there are only {placed} to spare: lower trials_per_system, "
        f"add {needed - placed} speakers, or set design.original_after_anonymized to true."
    )


def _ring(
    speakers: tuple[str, ...],
    tasks: tuple[str, ...],
    switch: Mapping[str, int],
    compared: Mapping[str, Needs],
    clear_share: float,
) -> _Ring:
    clear, veiled = _least(tasks, compared)
    size = len(speakers) - sum(switch.values())
    wanted = round(size * clear_share)
    clear = min(max(clear, wanted, 1 if clear_share > 0 and size > 1 else 0), size - veiled)
    if clear == size and clear_share < 1 and size > 1:
        clear -= 1
    return _Ring(speakers, tasks, clear, size - clear, switch)


def _both_parts(rings: Sequence[_Ring], needs: Mapping[str, Needs]) -> None:
    single = {key: need for key, need in needs.items() if not need.compared}
    clear, veiled = sum(ring.clear for ring in rings), sum(ring.veiled for ring in rings)
    for key, need in single.items():
        if (need.clear and not clear) or (need.veiled and not veiled):
            raise StudyError(
                f"{key} needs at least two speakers outside practice, one heard as recorded and one anonymized, but "
                "there are fewer: add speakers, set design.practice_trials to 0, or design.original_after_anonymized "
                "to true."
            )


def _cast(rings: Sequence[_Ring], number: int, needs: Mapping[str, Needs]) -> Cast:
    clear: list[str] = []
    veiled: list[str] = []
    switch: dict[str, list[str]] = {key: [] for key in needs}
    compared: dict[str, set[str]] = {key: set() for key in needs}
    for ring in rings:
        turned = ring.turned(number)
        for key in ring.tasks:
            compared[key].update(turned)
        for key, wanted in ring.switch.items():
            switch[key] += turned[:wanted]
            turned = turned[wanted:]
        at = ring.clear
        clear += turned[:at]
        veiled += turned[at:]
    return Cast(
        tuple(clear),
        tuple(veiled),
        {key: tuple(names) for key, names in switch.items()},
        {key: frozenset(names) for key, names in compared.items()},
    )
