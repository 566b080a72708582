"""Dealing speakers and clips to listeners so that each is used equally often under each condition.

Speakers are dealt greedily to whoever needs one, least used first; then uses are evened out along chains of moves (a
minimum-cost flow by cycle cancelling), which ends with counts as equal as the parts of the speakers allow.
"""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

SWAP_ROUNDS = 4


@dataclass(frozen=True)
class Request:
    """One speaker wanted: by the listener of a list, under a condition, from these choices."""

    owner: int
    condition: str
    choices: tuple[str, ...]


class Infeasible(Exception):
    """No speaker is left for this request."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.request = request


@dataclass
class Uses:
    """How often each listener has heard each speaker on rated pages so far, and how often they may."""

    most: int
    heard: defaultdict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def of(self, owner: int) -> Counter[str]:
        return self.heard[owner]


class Deal:
    """One deal: every request gets a speaker.

    `each` is the most often that one listener gets the same speaker in this deal, `each_condition` the same under one
    condition; `weight(condition, speaker)` is how many clips share the speaker's uses; `load` holds earlier uses by
    (condition, speaker), to be evened out with those of this deal, and is added to.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        weight: Callable[[str, str], int],
        uses: Uses,
        rng: random.Random,
        *,
        each: int = 1_000_000,
        each_condition: int = 1_000_000,
        load: Counter[tuple[str, str]] | None = None,
    ) -> None:
        self.requests, self.uses = requests, uses
        pairs = {(request.condition, name) for request in requests for name in request.choices}
        clips = {pair: max(1, weight(*pair)) for pair in pairs}
        common = math.gcd(*clips.values())
        self.weight = {pair: number // common for pair, number in clips.items()}
        self.each, self.each_condition = each, each_condition
        self.load = Counter() if load is None else load
        self.got: Counter[tuple[int, str]] = Counter()
        self.got_condition: Counter[tuple[int, str, str]] = Counter()
        self.given: list[str] = []
        self.holders: dict[tuple[str, str], set[int]] = {}
        self.noise = {name: rng.random() for name in sorted({name for _, name in pairs})}
        for number, request in enumerate(requests):
            self._give(number, self._pick(request, rng))
        self.by_condition: dict[str, list[str]] = {}
        for condition in dict.fromkeys(request.condition for request in requests):
            names = {name for r in requests if r.condition == condition for name in r.choices}
            self.by_condition[condition] = sorted(names, key=lambda name: (self.noise[name], name))

    def _allowed(self, request: Request, name: str) -> bool:
        return (
            self.got[request.owner, name] < self.each
            and self.got_condition[request.owner, request.condition, name] < self.each_condition
            and self.uses.of(request.owner)[name] < self.uses.most
        )

    def _level(self, condition: str, name: str, more: int = 0) -> int:
        """Uses, by the share of clips, of this speaker if they were used once more."""
        return (self.load[condition, name] + more) // self.weight[condition, name]

    def _pick(self, request: Request, rng: random.Random) -> str:
        best, best_key = "", (0, 0, 0.0, 0.0)
        owner, condition = request.owner, request.condition
        for name in request.choices:
            if not self._allowed(request, name):
                continue
            load = self.load[condition, name]
            share = self.weight[condition, name]
            key = (load // share, self.uses.of(owner)[name], load / share, rng.random())
            if not best or key < best_key:
                best, best_key = name, key
        if not best:
            raise Infeasible(request)
        return best

    def _give(self, number: int, name: str) -> None:
        request = self.requests[number]
        if number == len(self.given):
            self.given.append(name)
        self.given[number] = name
        self._count(request, name, 1)
        self.holders.setdefault((request.condition, name), set()).add(number)

    def _take(self, number: int) -> str:
        request, name = self.requests[number], self.given[number]
        self._count(request, name, -1)
        self.holders[request.condition, name].discard(number)
        return name

    def _count(self, request: Request, name: str, by: int) -> None:
        self.load[request.condition, name] += by
        self.got[request.owner, name] += by
        self.got_condition[request.owner, request.condition, name] += by
        self.uses.of(request.owner)[name] += by

    def even_out(self) -> list[str]:
        """The speakers, one for each request, used as equally as can be."""
        for _ in range(SWAP_ROUNDS):
            for condition in self.by_condition:
                self._even_out(condition)
            if not self._swap_within_listeners():
                break
        return self.given

    def _even_out(self, condition: str) -> None:
        for _ in self.requests:
            if not self._move_along_chain(condition):
                return

    def _move_along_chain(self, condition: str) -> bool:
        """Take one use from the most used speaker to one used less by two, over others where needed."""
        names = self.by_condition[condition]
        for start in sorted(names, key=lambda name: -self._level(condition, name, -1)):
            freed = self._level(condition, start, -1)
            if all(self._level(condition, name) >= freed for name in names):
                return False
            chain = self._chain(condition, start, freed)
            if chain:
                return True
        return False

    def _chain(self, condition: str, start: str, freed: int) -> bool:
        came: dict[str, tuple[str, int]] = {}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            for number in sorted(self.holders.get((condition, here), ())):
                request = self.requests[number]
                for there in request.choices:
                    if there == start or there in came or not self._allowed(request, there):
                        continue
                    came[there] = (here, number)
                    if self._level(condition, there) < freed:
                        return self._shift(there, start, came)
                    queue.append(there)
        return False

    def _shift(self, end: str, start: str, came: Mapping[str, tuple[str, int]]) -> bool:
        """Move the last link first; a link that the moves behind it forbid ends the shift, which never does harm."""
        there, moved = end, False
        while there != start:
            here, number = came[there]
            if not self._allowed(self.requests[number], there):
                return moved
            self._take(number)
            self._give(number, there)
            there, moved = here, True
        return moved

    def _swap_within_listeners(self) -> bool:
        """Let two requests of one listener change speakers where that evens out the conditions."""
        by_owner: dict[int, list[int]] = {}
        for number, request in enumerate(self.requests):
            by_owner.setdefault(request.owner, []).append(number)
        pairs = [(one, other) for mine in by_owner.values() for one in mine for other in mine if one < other]
        return sum(self._swap(*pair) for pair in pairs) > 0

    def _swap(self, one: int, other: int) -> bool:
        mine, theirs = self.requests[one], self.requests[other]
        u, v = self.given[one], self.given[other]
        if mine.condition == theirs.condition or u == v or v not in mine.choices or u not in theirs.choices:
            return False
        gain = self._level(mine.condition, u, -1) + self._level(theirs.condition, v, -1)
        cost = self._level(mine.condition, v) + self._level(theirs.condition, u)
        if gain <= cost:
            return False
        before = self._take(one), self._take(other)
        if self._allowed(mine, v) and self._allowed(theirs, u):
            u, v = v, u
        self._give(one, u)
        self._give(other, v)
        return u == before[1]
