"""What must be true of the answers in the database after listeners were served: none lost, none twice, balance."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from listening_test.simulate import Taken
    from listening_test.store import Store


def lost(store: Store, taken: Iterable[Taken]) -> int:
    """Pages whose answers were acknowledged, but are not in the database as they were given."""
    missing = 0
    for one in taken:
        listener = store.listener(one.token) if one.token else None
        stored = {trial.page: trial.answers for trial in store.trials(listener.id)} if listener else {}
        for page, answers in one.acknowledged:
            given = {key: value for key, value in answers.items() if value != ""}
            missing += stored.get(page) != given
    return missing


def duplicates(rows: Iterable[Mapping[str, Any]]) -> int:
    """Rows of the long table that answer a question of a page once more."""
    counts = Counter((row["listener"], row["position"], row["question"]) for row in rows)
    return sum(count - 1 for count in counts.values())


def shared_places(rows: Iterable[Mapping[str, Any]]) -> int:
    """Places of the plan that more than one listener took."""
    holders = defaultdict(set)
    for row in rows:
        if not row["replaced"]:
            holders[row["place"]].add(row["listener"])
    return sum(len(listeners) > 1 for listeners in holders.values())


def within_listener_imbalance(rows: Iterable[Mapping[str, Any]]) -> int:
    """Largest difference, over listeners and tasks, in how often two conditions were rated."""
    return _spread((_task(row), (row["listener"], _task(row)), _condition(row)) for row in _trials(rows))


def position_imbalance(rows: Iterable[Mapping[str, Any]]) -> int:
    """Largest difference, over the n-th rated trials of all listeners in a task, in how often two conditions came."""
    by_listener = defaultdict(list)
    for row in _trials(rows):
        by_listener[row["listener"], _task(row)].append(row)
    return _spread(
        (task, (n, task), _condition(row))
        for (_, task), own in by_listener.items()
        for n, row in enumerate(sorted(own, key=lambda row: row["position"]))
    )


def _task(row: Mapping[str, Any]) -> tuple[str, str]:
    """A block of trials: each question of a rating task is one."""
    return row["task"], row["question"]


def _condition(row: Mapping[str, Any]) -> tuple[str, str]:
    """What is balanced: a system, in a same-different task with the kind of pair."""
    return row["system"], row["truth"].get("pair", "")


def _trials(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """One row for each rated trial: that of its first question by name."""
    first: dict[tuple[str, int], Mapping[str, Any]] = {}
    for row in rows:
        key = row["listener"], row["position"]
        if row["kind"] == "rated" and (key not in first or row["question"] < first[key]["question"]):
            first[key] = row
    return list(first.values())


def _spread(cells: Iterable[tuple[Hashable, Hashable, Hashable]]) -> int:
    """Most minus least, the largest over groups, of (task, group in the task, condition): conditions of the task that
    a group lacks count as 0."""
    counts: dict[Hashable, Counter[Hashable]] = defaultdict(Counter)
    conditions, tasks = defaultdict(set), {}
    for task, group, condition in cells:
        counts[group][condition] += 1
        conditions[task].add(condition)
        tasks[group] = task
    spreads = []
    for group, count in counts.items():
        numbers = [count[condition] for condition in conditions[tasks[group]]]
        spreads.append(max(numbers) - min(numbers))
    return max(spreads, default=0)
