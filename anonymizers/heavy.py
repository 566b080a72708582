"""Systems with weights: one at a time, in a process of their own that keeps their networks; the others wait in line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from typing import Any, NamedTuple

from anonymizers import devices, licences, registry, weights
from anonymizers.base import Progress, silent
from anonymizers.runner import Job, Outcome, Told, attempt, check_duration, check_params, nobody, run
from anonymizers.turns import Turns
from anonymizers.weights import WeightRef
from anonymizers.weights_ready import prepare_weights
from anonymizers.workers import Workers
from audio.clip import Clip

GRACE_S = 2.0
"""So long a stopped job may take to end by itself; then its process is ended, and what it had loaded is lost."""

Fetch = Callable[[Sequence[WeightRef], Progress, threading.Event], None]
"""fetch(weights, progress, cancelled) -> nothing, once all of them are here."""


Waits = Callable[[str, int], None]
"""waits(key, ahead): it waits for its turn, behind so many of others."""


def nobody_waits(key: str, ahead: int) -> None:
    """A Waits that tells nobody."""


class _Way(NamedTuple):
    """What the jobs of one person have in common: their own line, what stops them, and whom they tell."""

    own: Turns
    stop: threading.Event
    told: Told
    waits: Waits


def prepare() -> None:
    """What the process of heavy systems does first: import what all of them need, and take the cores there are."""
    devices.use_cores()
    import torch  # noqa: F401


def one_process() -> Workers:
    """A worker that stays when a job is stopped."""
    return Workers(1, prepare, grace_s=GRACE_S)


def fetch(refs: Sequence[WeightRef], progress: Progress, cancelled: threading.Event) -> None:
    """Fetch what is not here."""
    prepare_weights(refs, progress=lambda fraction, doing: progress(fraction, downloading(doing)), cancelled=cancelled)


def downloading(doing: str) -> str:
    """What a download says of itself, with the verb where it only counts: "Downloading WavLM Large: 3 of 9 MB"."""
    return f"Downloading {doing}" if doing.endswith("MB") else doing


def is_heavy(job: Job) -> bool:
    """Whether a job needs weights; not so where it cannot run anyway, which running it will tell."""
    try:
        return bool(_needs(job))
    except Exception:
        return False


def _needs(job: Job) -> tuple[WeightRef, ...]:
    return registry.needs(job.key, check_params(registry.info(job.key), job.params))


class Heavy:
    """Where systems with weights run: `workers()` makes their process, when the first of them comes.

    Weights are fetched before a job waits in line, so that nobody waits for the download of somebody else.
    """

    def __init__(self, fetch: Fetch = fetch, workers: Callable[[], Workers] = one_process) -> None:
        self._fetch, self._make = fetch, workers
        self._turns = Turns()
        self._lock = threading.Lock()
        self._made: Workers | None = None
        self._closed = False

    def run_all(
        self,
        clip: Clip,
        jobs: Sequence[Job],
        threads: Executor,
        *,
        cancelled: threading.Event | None = None,
        told: Told = nobody,
        waits: Waits = nobody_waits,
        **how: Any,
    ) -> Iterator[Outcome]:
        """Run every job and yield each outcome as soon as it is there, a failure as a sentence.

        One job of these at a time waits for its turn, so that whoever asks for five systems is not five times ahead
        of who asks for one. `threads` wait for them, so as many as there are jobs do. `told` and `waits` are called,
        from these threads, with what comes to pass. `how` is as in runner.run.
        """
        own, stop = Turns(), cancelled or threading.Event()

        def one(job: Job) -> Outcome:
            return attempt(job.key, lambda: self._run(clip, job, _Way(own, stop, told, waits), how))

        for future in as_completed([threads.submit(one, job) for job in jobs]):
            yield future.result()

    def _run(self, clip: Clip, job: Job, way: _Way, how: Mapping[str, Any]) -> Any:
        def progress(fraction: float, doing: str) -> None:
            way.told(job.key, fraction, doing)

        needed = _needs(job)
        check_duration(registry.info(job.key), clip)  # before anything is fetched for it
        if clip.is_silent:
            return run(clip, job.key, params=job.params, **how)
        licences.required(needed)
        if gone := weights.missing(needed):
            self._fetch(gone, progress, way.stop)
        way.waits(job.key, 0)
        with way.own.turn(way.stop), self._turns.turn(way.stop, lambda ahead: way.waits(job.key, ahead)):
            progress(0.0, "")
            call = self._workers().call
            return call(run, clip, job.key, params=dict(job.params), cancelled=way.stop, progress=progress, **how)

    def call(self, job: Job, function: Callable[..., Any], *args: Any, cancelled: threading.Event | None = None) -> Any:
        """function(*args), in which `job` is run, in the process of these systems when its turn has come.

        Function and arguments must be importable and picklable.

        Raises:
            AnonymizerError: if its weights cannot be had.
            Stopped: once `cancelled` is set.
            WorkerLost: if the process died.
            Exception: whatever the function raised.
        """
        stop, needed = cancelled or threading.Event(), _needs(job)
        licences.required(needed)
        if gone := weights.missing(needed):
            self._fetch(gone, silent, stop)
        with self._turns.turn(stop):
            return self._workers().call(function, *args, cancelled=stop)

    def _workers(self) -> Workers:
        with self._lock:
            if self._made is None:
                self._made = self._make()
                if self._closed:
                    self._made.close()
            return self._made

    def process_ids(self) -> list[int]:
        """The process's id, if there is one, for those who measure memory."""
        with self._lock:
            return self._made.process_ids() if self._made else []

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._closed = True
            if self._made is not None:
                self._made.close()


def routed(call: Callable[..., Any], heavy: Heavy) -> Callable[..., Any]:
    """`call` (Workers.call), but where an argument says that it runs a system with weights (`runs`, a Job), the work
    goes to `heavy`: so that sounds made ahead, for studies and galleries, load nothing a second time either."""

    def either(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        jobs = (getattr(one, "runs", None) for one in args)
        job = next((one for one in jobs if isinstance(one, Job) and is_heavy(one)), None)
        return heavy.call(job, function, *args, **kwargs) if job else call(function, *args, **kwargs)

    return either
