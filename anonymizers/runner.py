"""Clip x systems -> results: everything around an algorithm that is the same for all of them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from anonymizers import registry
from anonymizers.base import AnonymizerError, Info, Level, Progress, Result, silent
from anonymizers.models import memory_told
from anonymizers.seeds import pseudo_speaker_seed
from anonymizers.weight_lock import DownloadStopped
from anonymizers.weights_ready import prepare
from anonymizers.workers import Stopped, WorkerLost, Workers
from audio.clip import Clip

LONGEST_FRAME_S = 0.04
"""A system may miss the input's length by one analysis frame; it is then cut or padded. More is a fault."""

STOPPED = "Stopped before it was done."
SILENCE = "The clip is digital silence: there is no voice to change, so silence comes back."

Told = Callable[[str, float, str], None]
"""told(key, fraction in [0, 1], what is being done), from any thread."""


def nobody(key: str, fraction: float, doing: str) -> None:
    """A Told that tells nobody."""


@dataclass(frozen=True)
class Job:
    """One system to run, with the parameters that differ from its defaults."""

    key: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What became of a job: a result, or a sentence saying why there is none."""

    key: str
    result: Result | None = None
    error: str = ""


def check_params(info: Info, params: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of a system: the given ones parsed and checked, the others at their defaults.

    Raises:
        AnonymizerError: on an unknown name or a value that does not fit.
    """
    known = {param.name: param for param in info.params}
    for name in params:
        if name not in known:
            choice = ", ".join(known) or "none"
            raise AnonymizerError(f"{info.key} has no parameter {name!r}; it has: {choice}.")
    return {name: param.parse(params.get(name, param.default)) for name, param in known.items()}


def check_duration(info: Info, clip: Clip) -> None:
    """Go on only with a clip that is long enough.

    Raises:
        AnonymizerError: if it is not.
    """
    if clip.duration_s < info.min_duration_s:
        raise AnonymizerError(
            f"{info.title} needs at least {info.min_duration_s:g} s of sound, but the clip lasts "
            f"{clip.duration_s:.3f} s: record a longer one."
        )


def run(
    clip: Clip,
    key: str,
    *,
    params: Mapping[str, Any] | None = None,
    seed: int = 0,
    level: Level = "utterance",
    speaker: str = "",
    progress: Progress = silent,
) -> Result:
    """Anonymize one clip with one system, in this process.

    The clip is brought to the system's rate, the output back to the clip's rate and, unless the system speaks anew,
    to its length; peaks over full scale are turned down. `seed` is the user's; see seeds.py for what becomes of it.
    Weights that are not here yet are fetched first.

    Raises:
        AnonymizerError: if this clip cannot be anonymized by this system, or its weights cannot be had.
    """
    info = registry.info(key)
    checked = check_params(info, params or {})
    check_duration(info, clip)
    asked: dict[str, Any] = {"key": key, "params": checked, "seed": seed, "level": level}
    if clip.is_silent:
        return Result(clip, info.fidelity, warnings=(SILENCE,), **asked)
    prepare(key, checked, progress=progress)
    system = registry.load(key)
    prepared = clip.resampled(info.sample_rate or clip.sample_rate)
    derived = pseudo_speaker_seed(key, level, clip, speaker, seed)
    started = time.perf_counter()
    with memory_told(info.title):
        result = system.anonymize(prepared, seed=derived, progress=progress, **checked)
    seconds = time.perf_counter() - started
    fitted, warnings = _fit(result.clip, clip, info)
    return replace(
        result,
        clip=fitted,
        warnings=(*result.warnings, *warnings),
        seconds=seconds,
        real_time_factor=seconds / clip.duration_s,
        **asked,
    )


def _fit(output: Clip, original: Clip, info: Info) -> tuple[Clip, list[str]]:
    """The system's output at the original's rate and length, within full scale; and what had to be said about it."""
    clip = output.resampled(original.sample_rate)
    samples, warnings = clip.samples, []
    if info.keeps_timing:
        missing = len(original.samples) - len(samples)
        if abs(missing) > LONGEST_FRAME_S * original.sample_rate:
            raise AnonymizerError(
                f"{info.title} was expected to return {original.duration_s:.3f} s, but {clip.duration_s:.3f} s came: "
                "this is a fault of the system, please report it."
            )
        samples = np.pad(samples, (0, max(0, missing)))[: len(original.samples)]
    peak = float(np.abs(samples).max(initial=0))
    if peak > 1:
        samples = samples / peak
        if peak > 1.01:  # less than 0.1 dB is the resampler's ripple, not worth a word
            warnings.append(f"Its peaks went {20 * np.log10(peak):.1f} dB over full scale: turned down to fit.")
    return Clip(samples, original.sample_rate), warnings


def run_all(
    clip: Clip,
    jobs: Sequence[Job],
    workers: Workers,
    threads: Executor,
    *,
    seed: int = 0,
    level: Level = "utterance",
    speaker: str = "",
    cancelled: threading.Event | None = None,
    started: Callable[[str], None] = lambda key: None,
    told: Told = nobody,
) -> Iterator[Outcome]:
    """Run every job in the workers and yield each outcome as soon as it is there, a failure as a sentence.

    `threads` wait for the workers, so as many as there are workers do; what is submitted to them later runs later.
    Setting `cancelled` ends what runs and drops what waits; their outcomes say so. `started(key)` is called, from
    another thread, when a job's turn has come to wait for a worker, and `told` with what systems say of their progress.
    """
    cancelled = cancelled or threading.Event()

    def one(job: Job) -> Outcome:
        started(job.key)
        how: dict[str, Any] = {"params": dict(job.params), "seed": seed, "level": level, "speaker": speaker}
        how |= {"cancelled": cancelled, "progress": lambda *step: told(job.key, *step)}
        return attempt(job.key, lambda: workers.call(run, clip, job.key, **how))

    for future in as_completed([threads.submit(one, job) for job in jobs]):
        yield future.result()


def attempt(key: str, work: Callable[[], Result]) -> Outcome:
    """What becomes of `work`; whatever goes wrong is a sentence."""
    try:
        return Outcome(key, work())
    except (Stopped, DownloadStopped):
        return Outcome(key, error=STOPPED)
    except (AnonymizerError, WorkerLost) as error:
        return Outcome(key, error=str(error))
    except Exception as error:
        logging.getLogger(__name__).exception("%s failed", key)
        return Outcome(
            key, error=f"This system failed in a way nobody expected ({type(error).__name__}): please report it."
        )
