"""The next step's data made while this step is learned from."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """`of_step` with one step in store; the same values, whatever steps are asked for."""

    def __init__(self, of_step: Callable[[int], T]) -> None:
        self._of_step = of_step
        self._pool = ThreadPoolExecutor(1)
        self._next: tuple[int, Future[T]] | None = None

    def at(self, step: int) -> T:
        """What `of_step(step)` gives."""
        if self._next is None or self._next[0] != step:
            self._next = (step, self._pool.submit(self._of_step, step))
        made = self._next[1].result()
        self._next = (step + 1, self._pool.submit(self._of_step, step + 1))
        return made
