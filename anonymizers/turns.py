"""A line of those who wait for the same thing: first come, first served, and each knows how many are ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from anonymizers.workers import Stopped

POLL_S = 0.1


def _nobody(ahead: int) -> None:
    """Tells nobody."""


class Turns:
    """`count` of those who wait have their turn at the same time."""

    def __init__(self, count: int = 1) -> None:
        self._count = count
        self._line: list[object] = []
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, cancelled: threading.Event, waiting: Callable[[int], None] = _nobody) -> Iterator[None]:
        """Wait for a turn, and have it until the block is left.

        `waiting(ahead)` is called with the number of those who must be done first, when that changes; not without a
        wait.

        Raises:
            Stopped: once `cancelled` is set before the turn came.
        """
        me = object()
        with self._changed:
            self._line.append(me)
        try:
            self._wait(me, cancelled, waiting)
            yield
        finally:
            with self._changed:
                self._line.remove(me)
                self._changed.notify_all()

    def _wait(self, me: object, cancelled: threading.Event, waiting: Callable[[int], None]) -> None:
        told = 0
        while not cancelled.is_set():
            with self._changed:
                ahead = self._ahead(me)
                if ahead == told and ahead > 0:
                    self._changed.wait(POLL_S)
                    ahead = self._ahead(me)
            if ahead == 0:
                return
            if ahead != told:
                told = ahead
                waiting(ahead)
        raise Stopped

    def _ahead(self, me: object) -> int:
        return max(0, self._line.index(me) - self._count + 1)
