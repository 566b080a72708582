"""The study that whoever opens the app can take: made, rendered and opened in the background at the first start."""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import dataclass
from typing import Literal

from listening_test.store_records import StoreError
from listening_test.study import StudyError, digest
from web.study_service import DEMO, StudyService

log = logging.getLogger(__name__)
MADE_KEY = "demo_study"


@dataclass(frozen=True)
class Shown:
    """What the Listen page shows: a study to take, a study on its way, or why there is none."""

    state: Literal["ready", "preparing", "none"]
    link: str = ""
    done: int = 0
    of: int = 0
    problem: str = ""


class DemoStudy:
    """Prepares the demo study, once in the life of a database: whoever deletes it has deleted it."""

    def __init__(self, studies: StudyService, wanted: bool) -> None:
        self._studies, self._wanted = studies, wanted
        self._thread = threading.Thread(target=self._prepare, name="demo-study", daemon=True)
        self._preparing = False
        self._problem = ""

    def prepare(self) -> None:
        """Start making it, if it is wanted and not there; returns at once."""
        if self._wanted:
            self._preparing = True
            self._thread.start()

    def wait(self) -> None:
        """Return once it is rendering, or will not be."""
        if self._thread.is_alive():
            self._thread.join()

    def shown(self) -> Shown:
        """What there is now."""
        store = self._studies.store
        versions = sorted((one for one in store.studies() if one.name == DEMO), key=lambda one: one.version)
        if taken := [one for one in versions if one.state == "open"]:
            return Shown("ready", link=taken[-1].link)
        info = versions[0] if versions else None
        if info is not None and (progress := self._studies.renders.progress(info.id)):
            if progress.state == "running":
                return Shown("preparing", done=progress.done, of=progress.of)
            return Shown("none", problem=progress.problem)
        return Shown("preparing") if self._preparing else Shown("none", problem=self._problem)

    def _prepare(self) -> None:
        try:
            self._make()
        except (StudyError, StoreError) as error:
            self._problem = str(error)
        except Exception as error:  # a page that says "being prepared" for ever would be worse
            log.exception("The demo study could not be prepared")
            self._problem = f"{type(error).__name__}: {error}"
        finally:
            self._preparing = False

    def _make(self) -> None:
        studies, mine = self._studies, secrets.token_hex(8)
        first = studies.store.key(MADE_KEY, lambda: mine) == mine
        info = studies.store.find(DEMO, version=1)
        if info is None and first:
            info = studies.save(studies.examples()[DEMO])
        if info is None or info.state in ("open", "closed"):
            return
        study_id = info.id
        studies.renders.start(study_id, then=lambda: self._open(study_id))

    def _open(self, study_id: int) -> None:
        info = self._studies.store.study(study_id)
        self._studies.store.open_study(study_id, digest(info.study, info.clips))  # no payment key: nobody is paid
