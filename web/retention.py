"""Keeps the promise of how long voices and answers stay: now and then, what is over is deleted."""

from __future__ import annotations

import logging
import threading
from typing import Any, Protocol

EVERY_S = 3600.0
log = logging.getLogger(__name__)


class Expiring(Protocol):
    """The store, as far as this is concerned."""

    def expire(self) -> Any: ...


class Retention:
    """Asks the store to delete what is over, at the start and every `every_s` seconds, in a thread of its own."""

    def __init__(self, store: Expiring, every_s: float = EVERY_S) -> None:
        self._store, self._every_s = store, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="retention", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """End, after what is being deleted just now."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _loop(self) -> None:
        while not self._stop.is_set():
            try:
                self._store.expire()
            except Exception:  # a busy database today is no reason to keep voices for ever
                log.exception("What is over could not be deleted; it is tried again")
            self._stop.wait(self._every_s)
