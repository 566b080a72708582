"""What mos and emotion share: one recording a page, each (clip, system) equally often."""

from __future__ import annotations

from collections.abc import Sequence

from listening_test.casting import Cast
from listening_test.dealing import Request
from listening_test.study import StudyClip
from listening_test.tasks.base import Table, is_clear


def part_of(table: Table, cast: Cast, label: str) -> tuple[str, ...]:
    """Speakers a listener may hear through a system."""
    return cast.clear if is_clear(table.study, label) else cast.veiled


def deal_single(
    table: Table, key: str, what: str, systems: Sequence[str], number: int
) -> list[list[tuple[str, StudyClip]]]:
    """For each list `number` clips through each system: (label, clip), the order of the systems as given."""
    requests = [
        Request(i, label, part_of(table, cast, label))
        for i, cast in enumerate(table.casts)
        for label in systems
        for _ in range(number)
    ]
    fewest = min((len(request.choices) for request in requests), default=1)
    speakers = table.deal(key, what, requests, each_condition=-(-number // max(1, fewest)))
    visits = [(request.owner, request.condition, name) for request, name in zip(requests, speakers, strict=True)]
    dealt: list[list[tuple[str, StudyClip]]] = [[] for _ in table.casts]
    for request, clip in zip(requests, table.clips(key, what, visits), strict=True):
        dealt[request.owner].append((request.condition, clip))
    return dealt
