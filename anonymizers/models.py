"""Networks that are loaded, kept within a memory budget: those not used for longest go first.

By setting: VOICEVEIL_DEVICE (cpu, cuda, cuda:N, mps, or auto: the first of CUDA, MPS, CPU that is there),
VOICEVEIL_MODEL_MEMORY_MB (of networks kept, in MB; without it a quarter of the machine's memory, or half of the GPU's),
VOICEVEIL_HALF=1 (half precision, on CUDA and MPS, for networks that allow it; never on the CPU).
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from anonymizers import devices
from anonymizers.base import AnonymizerError

Module = Any

NO_ROOM = (
    "{what} ran out of memory on {device}: what was kept there is freed, so try again, with a shorter clip or another "
    "device (VOICEVEIL_DEVICE)."
)
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
"""What torch says where it raises a bare RuntimeError for it."""


class _Kept(NamedTuple):
    network: Module
    bytes: int


class Models:
    """The loaded networks of this process, on one device ("cpu", "cuda:0", "mps"), `budget_bytes` of them in all.

    `half`: whether those that allow it run in half precision, where the device is no CPU. Threads may share it.
    """

    def __init__(self, budget_bytes: int, device: str = "cpu", *, half: bool = False) -> None:
        self.budget_bytes, self.device = budget_bytes, device
        self.half = half and device != "cpu"
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def kept(self) -> dict[str, int]:
        """The networks that are loaded, by name, and their sizes in bytes; the next to go first."""
        with self._lock:
            return {name: one.bytes for name, one in self._kept.items()}

    def get(self, name: str, load: Callable[[], Module], *, half_allowed: bool = False) -> Module:
        """The network of that name on the device, loaded by `load` (a torch module on the CPU) if it is not kept.

        It is in evaluation mode, without gradients. Its parameters are float16 where `half` and `half_allowed` both
        hold: whoever allows that brings inputs to the parameters' type. One that is larger than the budget is kept
        alone.

        Raises:
            AnonymizerError: if there is no room for it, even with all others gone; what `load` raises.
        """
        with self._lock:
            if name not in self._kept:
                self._kept[name] = self._loaded(name, load, half=self.half and half_allowed)
                self._make_room(name)
            self._kept.move_to_end(name)
            return self._kept[name].network

    def clear(self) -> None:
        """Let all of them go."""
        with self._lock:
            self._kept.clear()
        devices.give_back_memory(self.device)

    @contextmanager
    def told(self, what: str) -> Iterator[None]:
        """Memory that runs out inside is a sentence about `what`, and every network kept is let go.

        Raises:
            AnonymizerError: then.
        """
        try:
            yield
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            let_go(error)
            self.clear()
            raise AnonymizerError(NO_ROOM.format(what=what, device=self.device)) from None

    def _loaded(self, name: str, load: Callable[[], Module], *, half: bool) -> _Kept:
        try:
            return self._placed(load, half)
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            let_go(error)
        self.clear()
        with self.told(f"Loading {name}"):
            return self._placed(load, half)

    def _placed(self, load: Callable[[], Module], half: bool) -> _Kept:
        network = load().eval().requires_grad_(False)
        network = (network.half() if half else network).to(self.device)
        return _Kept(network, size_bytes(network))

    def _make_room(self, newest: str) -> None:
        """Let the least recently used go until the rest fits, but never the newest."""
        while len(self._kept) > 1 and sum(one.bytes for one in self._kept.values()) > self.budget_bytes:
            self._kept.popitem(last=False)
            devices.give_back_memory(self.device)
        if (size := self._kept[newest].bytes) > self.budget_bytes:
            import logging

            logging.getLogger(__name__).warning(
                "%s takes %d MB, but VOICEVEIL_MODEL_MEMORY_MB allows %d MB: it is kept alone.",
                newest, size // 1_000_000, self.budget_bytes // 1_000_000,
            )  # fmt: skip


def size_bytes(network: Module) -> int:
    """Memory of a torch module's parameters and buffers, in bytes; what several of them share counts once."""
    tensors = [*network.parameters(), *network.buffers()]
    storages = {one.untyped_storage().data_ptr(): one.untyped_storage().nbytes() for one in tensors}
    return sum(storages.values())


def let_go(error: BaseException) -> None:
    """Forget the local variables of the calls that raised it: they hold tensors."""
    from traceback import clear_frames

    clear_frames(error.__traceback__)


def out_of_memory(error: BaseException) -> bool:
    """Whether this is what Python or torch raise when memory has run out, on the CPU or a GPU."""
    if isinstance(error, MemoryError):
        return True
    said = str(error).lower()
    return isinstance(error, RuntimeError) and any(words in said for words in _OUT_OF_MEMORY)


@cache
def models() -> Models:
    """Those of this process, by the settings named above.

    Raises:
        AnonymizerError: if a setting does not fit, or its device is not there.
    """
    environment = os.environ
    device = devices.usable(environment.get("VOICEVEIL_DEVICE", ""))
    megabytes = devices.megabytes(environment.get("VOICEVEIL_MODEL_MEMORY_MB", ""))
    budget = megabytes * 1_000_000 if megabytes else devices.share_of_memory(device)
    return Models(budget, device, half=devices.flag(environment.get("VOICEVEIL_HALF", "")))


@contextmanager
def memory_told(what: str) -> Iterator[None]:
    """Memory that runs out inside is a sentence about `what`, and every network this process keeps is let go.

    Raises:
        AnonymizerError: then.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        with models().told(what):
            raise
