"""How many may speak at once, for how long, and what the page offers them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from anyio import CapacityLimiter

from anonymizers import registry
from anonymizers.base import Info, Param

NOBODY = "Live is switched off on this server: record a clip on the page Compare instead."


@dataclass(frozen=True)
class Limits:
    """When a conversation ends, in s: `session_s` after its start, `silence_s` after the last sound loud enough to be
    speech, `nothing_s` after the last block, `hello_s` without a word on what is wanted."""

    session_s: float = 1800.0
    silence_s: float = 300.0
    nothing_s: float = 15.0
    hello_s: float = 10.0


class Live:
    """Places for at most `limit` people, and as many threads, so that nobody's sound waits for another's.

    The systems' arithmetic runs in NumPy and ONNX Runtime, which let other threads go on meanwhile.
    `enter` and `leave` are called on the event loop alone.
    """

    def __init__(
        self, limit: int, limits: Limits | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.limit, self.limits, self.clock = limit, limits or Limits(), clock
        self.taken = 0
        self.threads = CapacityLimiter(max(1, limit))

    def enter(self) -> bool:
        """Take a place, if there is one."""
        if self.taken >= self.limit:
            return False
        self.taken += 1
        return True

    def leave(self) -> None:
        """Give a place back."""
        self.taken -= 1

    @property
    def full(self) -> str:
        """The polite refusal."""
        if not self.limit:
            return NOBODY
        places = "The one place is" if self.limit == 1 else f"All {self.limit} places are"
        return f"{places} taken just now: try again in a few minutes."

    def offer(self) -> dict[str, Any]:
        """What the page shows before anybody speaks, ready for JSON."""
        return {
            "limit": self.limit,
            "free": max(0, self.limit - self.taken),
            "session_s": self.limits.session_s,
            "silence_s": self.limits.silence_s,
            "closed": "" if self.limit else NOBODY,
            "systems": [_system(info) for key in registry.keys() if (info := registry.info(key)).streaming],
        }


def _system(info: Info) -> dict[str, Any]:
    entry, status = registry.entry(info.key), registry.status(info.key)
    return {
        "key": info.key,
        "title": info.title,
        "colour": entry.colour,
        "dash": entry.dash,
        "summary": info.summary,
        "caution": info.caution,
        "fidelity": info.fidelity,
        "hides": sorted(info.hides),
        "ready": status.state == "ready",
        "problem": "" if status.state == "ready" else f"{status.state}: {status.detail}",
        "params": [_param(param) for param in info.params if param.kind != "text"],
    }


def _param(param: Param) -> dict[str, Any]:
    return asdict(param) | {"choices": list(param.choices)}
