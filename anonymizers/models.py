"""Networks that are loaded, kept within a memory budget: those not used for longest go first."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any

Module = Any


class Models:
    """The loaded networks of this process, on one device. `half`: whether those that allow it run in half precision."""

    def __init__(self, budget_bytes: int, device: str = "cpu", *, half: bool = False) -> None:
        self.budget_bytes, self.device, self.half = budget_bytes, device, half
        self._kept: OrderedDict[str, Module] = OrderedDict()

    def get(self, name: str, load: Callable[[], Module], *, half_allowed: bool = False) -> Module:
        """The network of that name on the device, loaded by `load` (a torch module on the CPU) if it is not kept."""
        if name not in self._kept:
            self._kept[name] = load().to(self.device)
        self._kept.move_to_end(name)
        return self._kept[name]


@cache
def models() -> Models:
    """Those of this process, by VOICEVEIL_MODEL_MEMORY_MB, VOICEVEIL_DEVICE and VOICEVEIL_HALF."""
    return Models(4_000_000_000, os.environ.get("VOICEVEIL_DEVICE", "cpu") or "cpu")
