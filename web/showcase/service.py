"""The gallery of a running app: read at the first visit, made in the background, read again once its file changes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from web.showcase import export, gallery_file, view
from web.showcase.gallery import GalleryError
from web.showcase.rendering import Call, Rendering, Sound
from web.showcase.sounds import Shelf

log = logging.getLogger(__name__)
LOOK_AGAIN_S = 2.0
"""How often a visit looks whether the gallery's file has changed."""
UNREADABLE = "The gallery could not be read ({why}): the log of the server says more."


@dataclass(frozen=True)
class Shown:
    """What there is to show: a gallery under way or done, or why there is none, in sentences."""

    stamp: tuple[Any, ...]
    rendering: Rendering | None = None
    problem: str = ""


class Showcase:
    """The gallery that `named` (a setting), or showcase.yaml in the data folder, or the shipped file defines.

    Nothing happens before the first visit. Then one sound at a time is made, so that whoever compares has the other
    workers; `call` is Workers.call and `now` tells the time in s.
    """

    def __init__(self, named: str, data_dir: Path, call: Call, now: Callable[[], float] = time.monotonic) -> None:
        self._named, self._data_dir, self._call, self._now = named, data_dir, call, now
        self.shelf = Shelf(data_dir / "showcase")
        self._lock, self._zipping = threading.Lock(), threading.Lock()
        self._shown: Shown | None = None
        self._looked_s = float("-inf")
        self._threads: list[threading.Thread] = []
        self._closed = False

    @property
    def file(self) -> Path:
        """The gallery's file."""
        return gallery_file.chosen(self._named, self._data_dir)

    def shown(self) -> Shown:
        """What there is to show; the first call, and one after the file has changed, sets the work going."""
        with self._lock:
            if self._shown is None or self._now() - self._looked_s >= LOOK_AGAIN_S:
                self._looked_s = self._now()
                self._look()
            return self._shown or Shown(())

    def page(self, address: Callable[[Sound], str]) -> dict[str, Any]:
        """The gallery for the page, or {"problem"}."""
        shown = self.shown()
        if shown.rendering is None:
            return {"problem": shown.problem}
        return view.page(shown.rendering, address)

    def sound(self, identity: str) -> Path | None:
        """The WAV of a sound of the gallery, or None if it is not (or no longer) there."""
        shown = self._shown
        if shown is None or shown.rendering is None:
            return None
        known = any(one.identity == identity and one.state == "ready" for one in shown.rendering.sounds)
        path = self.shelf.path(identity)
        return path if known and path.is_file() else None

    def archive(self) -> Path | None:
        """The gallery as a ZIP of a folder for any web space, made at the first wish; None until all is made."""
        rendering = self._shown.rendering if self._shown else None
        if rendering is None or not rendering.is_done:
            return None
        path = self.shelf.folder / f"{view.digest(rendering)}.zip"
        with self._zipping:
            if not path.is_file():
                self.shelf.folder.mkdir(parents=True, exist_ok=True)
                self.shelf.write(path, lambda part: export.zipped(rendering, part))
        return path

    def wait(self) -> None:
        """Return once nothing is being made."""
        for thread in self._threads:
            thread.join()

    def close(self) -> None:
        """Stop what is being made and wait for it."""
        with self._lock:
            self._closed = True
            self._stop()
        self.wait()

    def _stop(self) -> None:
        if self._shown and self._shown.rendering:
            self._shown.rendering.stop()

    def _look(self) -> None:
        if self._closed:
            return
        try:
            stamp = gallery_file.stamp(self.file)
            if self._shown and self._shown.stamp == stamp:
                return
            self._stop()
            self._shown = self._read(stamp)
        except Exception as error:  # a page without a gallery, not one without an answer
            log.exception("The gallery could not be read")
            self._shown = Shown((), problem=UNREADABLE.format(why=type(error).__name__))
            return
        if self._shown.rendering:
            self._make(self._shown.rendering)

    def _read(self, stamp: tuple[Any, ...]) -> Shown:
        try:
            return Shown(stamp, Rendering(gallery_file.load(self.file), self.shelf, self._call))
        except GalleryError as error:
            return Shown(stamp, problem=str(error))

    def _make(self, rendering: Rendering) -> None:
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        thread = threading.Thread(target=self._run, args=(rendering,), name="showcase", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self, rendering: Rendering) -> None:
        try:
            for _ in rendering.run():
                pass
            if rendering.is_done:
                known = {one.identity for one in rendering.sounds}
                self.shelf.keep_only(known | {view.digest(rendering)})
        except Exception:
            log.exception("The showcase could not be made")
