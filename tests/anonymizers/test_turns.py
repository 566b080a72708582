"""A line: first come, first served, everybody knows their place, and whoever leaves makes room."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

from anonymizers.turns import Turns
from anonymizers.workers import Stopped


class Person:
    """Stands in line in a thread of its own, and has its turn until told otherwise."""

    def __init__(self, turns: Turns) -> None:
        self.told: queue.Queue[Any] = queue.Queue()
        self.done, self.leaves = threading.Event(), threading.Event()
        self._turns = turns
        self.thread = threading.Thread(target=self._stand, daemon=True)
        self.thread.start()

    def _stand(self) -> None:
        try:
            with self._turns.turn(self.leaves, self.told.put):
                self.told.put("turn")
                self.done.wait(30)
        except Stopped:
            self.told.put("left")

    def next(self) -> Any:
        return self.told.get(timeout=30)


@pytest.fixture
def stand() -> Any:
    people: list[Person] = []

    def one(turns: Turns) -> Person:
        people.append(Person(turns))
        return people[-1]

    yield one
    for person in people:
        person.leaves.set()
        person.done.set()
        person.thread.join(30)


def test_first_come_first_served_and_each_knows_the_place(stand: Callable[[Turns], Person]) -> None:
    turns = Turns()
    first = stand(turns)
    assert first.next() == "turn"  # without a word about a place
    second = stand(turns)
    assert second.next() == 1
    third = stand(turns)
    assert third.next() == 2
    first.done.set()
    assert second.next() == "turn"
    assert third.next() == 1
    second.done.set()
    assert third.next() == "turn"


def test_who_leaves_makes_room(stand: Callable[[Turns], Person]) -> None:
    turns = Turns()
    first = stand(turns)
    assert first.next() == "turn"
    second = stand(turns)
    assert second.next() == 1
    third = stand(turns)
    assert third.next() == 2
    second.leaves.set()
    assert second.next() == "left"
    assert third.next() == 1


def test_several_at_once(stand: Callable[[Turns], Person]) -> None:
    turns = Turns(2)
    first, second = stand(turns), stand(turns)
    assert [first.next(), second.next()] == ["turn", "turn"]
    third = stand(turns)
    assert third.next() == 1
    fourth = stand(turns)
    assert fourth.next() == 2
    second.done.set()
    assert third.next() == "turn"
    assert fourth.next() == 1


def test_who_does_not_want_it_any_more_gets_no_turn() -> None:
    cancelled = threading.Event()
    cancelled.set()
    turns = Turns()
    with pytest.raises(Stopped), turns.turn(cancelled):
        pytest.fail("must not be reached")
    with turns.turn(threading.Event()):
        pass


def test_a_turn_that_fails_is_over() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.turn(threading.Event()):
        raise ZeroDivisionError
    with turns.turn(threading.Event()):
        pass
