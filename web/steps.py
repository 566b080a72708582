"""What is being done, and how long it takes yet."""

from __future__ import annotations

import time
from collections.abc import Callable

SETTLED_S = 2.0
"""Before that, nobody can say how long it takes."""


class Step:
    """How far something is. Whenever `fraction` falls, something else has begun, whose time is counted anew."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self.begin(0.0)
        self.doing = ""

    def begin(self, fraction: float) -> None:
        """Something begins, which may have been done in part before."""
        self.fraction = self._first = fraction
        self._began_s = self._now()

    def note(self, fraction: float, doing: str) -> None:
        """It goes on: `fraction` in [0, 1], and what is being done."""
        if fraction < self.fraction:
            self.begin(fraction)
        elif self.fraction == 0:
            self._first = self.fraction = fraction  # what was there already took no time
        else:
            self.fraction = fraction
        self.doing = doing

    @property
    def left_s(self) -> float | None:
        """Seconds until it is done, if it goes on as it did; None while that cannot be said."""
        elapsed_s, done = self._now() - self._began_s, self.fraction - self._first
        if elapsed_s < SETTLED_S or done < 0.01:
            return None
        return elapsed_s * (1 - self.fraction) / done

    @property
    def words(self) -> str:
        """What is being done and how long it takes yet; "" if nothing is."""
        left_s = self.left_s
        return self.doing if left_s is None or not self.doing else f"{self.doing} · {left(left_s)}"


def left(seconds: float) -> str:
    """A rest of time, for people: "about 40 s left"."""
    if seconds < 1:
        return "less than 1 s left"
    if seconds < 90:
        return f"about {seconds:.0f} s left" if seconds < 20 else f"about {5 * round(seconds / 5)} s left"
    if seconds < 90 * 60:
        return f"about {seconds / 60:.0f} min left"
    return f"about {seconds / 3600:.1f} h left"
