"""The sounds of a gallery as far as they are made: from the shelf where they are there, else through a worker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from anonymizers import registry
from anonymizers.base import AnonymizerError
from anonymizers.workers import Stopped, WorkerLost
from audio.clip import ClipError
from web.showcase import sounds
from web.showcase.gallery import Cell, Gallery
from web.showcase.sounds import Shelf

log = logging.getLogger(__name__)
Call = Callable[..., Any]
"""call(function, *args, cancelled=event) -> function(*args), here or in a process: Workers.call."""


@dataclass
class Sound:
    """A cell as far as it has come: `facts` once it is ready, `problem`, a sentence, once it failed."""

    cell: Cell
    identity: str
    state: Literal["waiting", "running", "ready", "failed"] = "waiting"
    facts: dict[str, Any] | None = None
    problem: str = ""

    @property
    def is_done(self) -> bool:
        return self.state in ("ready", "failed")


class Rendering:
    """Makes the sounds of one gallery, `jobs` at a time; whoever looks in between sees those that are there."""

    def __init__(self, gallery: Gallery, shelf: Shelf, call: Call, jobs: int = 1) -> None:
        self.gallery, self.shelf, self.made_with = gallery, shelf, sounds.made_with()
        self._call, self._jobs = call, jobs
        self._cancelled = threading.Event()
        every = [Sound(cell, sounds.identity(cell, self.made_with)) for cell in gallery.cells]
        self._sounds = {(one.cell.row.number, one.cell.column.name): one for one in every}
        for one in every:
            if (facts := shelf.facts(one.identity)) is not None:
                one.facts, one.state = facts, "ready"

    @property
    def sounds(self) -> tuple[Sound, ...]:
        """Every sound, in the order they are made."""
        return tuple(self._sounds.values())

    def sound(self, row: int, column: str) -> Sound:
        """The sound of a row's number and a column's name."""
        return self._sounds[row, column]

    @property
    def done(self) -> int:
        """How many are ready or have failed."""
        return sum(one.is_done for one in self.sounds)

    @property
    def is_done(self) -> bool:
        return all(one.is_done for one in self.sounds)

    @property
    def is_stopped(self) -> bool:
        return self._cancelled.is_set()

    def stop(self) -> None:
        """End it, also in the middle of a sound; what is made stays on the shelf."""
        self._cancelled.set()

    def run(self) -> Iterator[Sound]:
        """Make what is missing; yields each sound when it is ready or has failed. Ends early once stopped."""
        missing = [one for one in self.sounds if not one.is_done]
        with ThreadPoolExecutor(self._jobs) as threads:
            try:
                for one in threads.map(self._one, missing):
                    if self.is_stopped:
                        return
                    yield one
            finally:
                threads.shutdown(cancel_futures=True)

    def _one(self, sound: Sound) -> Sound:
        if self.is_stopped:
            return sound
        sound.state = "running"
        try:
            status = registry.status(sound.cell.column.system)
            if status.state != "ready":
                raise AnonymizerError(f"This system cannot run here yet ({status.state}): {status.detail}")
            wav, facts = self._call(sounds.make, sound.cell, cancelled=self._cancelled)
            self.shelf.put(sound.identity, wav, facts)
            sound.facts, sound.state = facts, "ready"
        except Stopped:
            sound.state = "waiting"
        except (AnonymizerError, ClipError, WorkerLost) as error:
            sound.problem, sound.state = str(error), "failed"
        except OSError as error:
            sound.problem = f"The sound could not be kept in the data folder: {error.strerror or error}."
            sound.state = "failed"
        except Exception as error:  # one sound, not the gallery
            log.exception("A sound of the showcase failed")
            name = type(error).__name__
            sound.problem = f"This sound failed in a way nobody expected ({name}): please report it."
            sound.state = "failed"
        return sound
