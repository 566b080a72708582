"""What the pages and routes share, made once by create_app and closed with it."""

from __future__ import annotations

import io
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from anonymizers.heavy import Heavy, routed
from anonymizers.turns import Turns
from anonymizers.workers import Workers
from audio.clip import Clip, Decoded, decode
from web.admin_login import Login
from web.demo_study import DemoStudy
from web.evaluation_runs import EvaluationRuns
from web.live.service import Live
from web.measure import warm_up
from web.settings import Settings
from web.showcase.service import Showcase
from web.study_results import StudyResults
from web.study_service import StudyService
from web.vault import Vault
from web.weight_work import WeightWork

if TYPE_CHECKING:
    from listening_test.store import Store

SWEEP_EVERY_S = 60.0
MAX_VAULT_BYTES = 1.5e9
LONGEST_RUN_S = 3600.0
COMPARISONS_AT_ONCE = 2
"""Whose systems without weights run at the same time; the others wait and see their place."""
SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "evaluations"


class Runs:
    """The comparisons under way, so that a stop button can reach the one it belongs to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._runs: dict[str, tuple[float, threading.Event]] = {}
        self._replaced: dict[str, float] = {}

    def begin(self, run: str) -> None:
        """Remember a run; forget those whose browser never came back for them."""
        now = time.monotonic()
        with self._lock:
            self._runs = {key: value for key, value in self._runs.items() if now - value[0] < LONGEST_RUN_S}
            self._runs[run] = (now, threading.Event())

    def cancelled(self, run: str) -> threading.Event:
        """The event that says "stop" to this run; for an unknown run, one that is set."""
        with self._lock:
            if run in self._runs:
                return self._runs[run][1]
        event = threading.Event()
        event.set()
        return event

    def stop(self, run: str) -> None:
        """Tell a run to stop; nothing happens if it is over."""
        self.cancelled(run).set()

    def replace(self, run: str) -> None:
        """The browser of this run has begun another: it is to stop, and nothing of it may be shown any more."""
        self.stop(run)
        now = time.monotonic()
        with self._lock:
            self._replaced = {key: when for key, when in self._replaced.items() if now - when < LONGEST_RUN_S}
            self._replaced[run] = now

    def is_replaced(self, run: str) -> bool:
        """Whether its browser has begun another run."""
        with self._lock:
            return run in self._replaced

    def end(self, run: str) -> None:
        """Forget a run."""
        with self._lock:
            self._runs.pop(run, None)


@dataclass
class Services:
    """Settings, the vault of uploads and results, worker processes, the runs under way, the studies, the gallery and
    live voices.

    `codec` is a worker of its own for uploads: nobody who gives a clip waits for the systems of others. Systems with
    weights run in `heavy`; what they lack is fetched by `weight_work`. The others wait for one of `turns`.
    """

    settings: Settings
    vault: Vault
    workers: Workers
    codec: Workers
    studies: StudyService
    login: Login
    demo: DemoStudy
    showcase: Showcase
    results: StudyResults
    evaluations: EvaluationRuns
    live: Live
    weight_work: WeightWork
    heavy: Heavy
    turns: Turns = field(default_factory=lambda: Turns(COMPARISONS_AT_ONCE))
    runs: Runs = field(default_factory=Runs)

    @classmethod
    def start(cls, settings: Settings) -> Services:
        """Open the database, make the folder and the processes.

        Raises:
            StoreError: if the database cannot be opened.
        """
        from listening_test.store import Store

        store = Store.open(settings.database)
        vault = Vault(settings.keep_s, time.time, max_bytes=MAX_VAULT_BYTES)
        vault.sweep_every(SWEEP_EVERY_S)
        workers = Workers(settings.workers, warm_up)
        weight_work = WeightWork(strangers=settings.anyone_downloads, offline=settings.offline)
        heavy = Heavy(weight_work.obtain)
        call = routed(workers.call, heavy)
        studies = StudyService(store, call, settings.data_dir, file_bytes=int(settings.max_upload_mb * 1e6))
        login = Login(store, settings.admin_password)
        demo = DemoStudy(studies, settings.demo_study)
        showcase = Showcase(settings.showcase, settings.data_dir, call)
        results = StudyResults(store, settings.database)
        evaluations = EvaluationRuns([SHIPPED, settings.evaluations_dir])
        live = Live(settings.live_limit)
        return cls(
            settings, vault, workers, Workers(1), studies, login, demo, showcase, results, evaluations, live,
            weight_work, heavy,
        )  # fmt: skip

    @property
    def store(self) -> Store:
        """Studies and answers."""
        return self.studies.store

    def close(self) -> None:
        """End the processes, delete every upload and result, and close the database."""
        self.weight_work.close()
        self.heavy.close()
        self.workers.close()
        self.showcase.close()
        self.results.close()
        self.studies.renders.close()
        self.codec.close()
        self.vault.close()
        self.store.close()

    def receive(self, data: bytes | Path) -> tuple[str, Decoded]:
        """Decode an upload in a worker (a codec may crash) and keep it; returns its token and what was decoded.

        Raises:
            ClipError: if it is no clip.
            WorkerLost: if it crashed the codec.
            VaultFull: if there is no room.
        """
        decoded = self.codec.call(decode, data, max_duration_s=self.settings.max_clip_s)
        return self.vault.put(_lossless(decoded.clip)), decoded

    def clip(self, token: str) -> Clip | None:
        """A clip that was received, or None when its time is over."""
        data = self.vault.get(token)
        if data is None:
            return None
        import soundfile

        samples, sample_rate = soundfile.read(io.BytesIO(data), dtype="float32")
        return Clip(np.atleast_1d(samples), sample_rate)


def _lossless(clip: Clip) -> bytes:
    """A 32-bit float WAV: the samples exactly, in a form browsers play."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, clip.samples, clip.sample_rate, format="WAV", subtype="FLOAT")
    return buffer.getvalue()
