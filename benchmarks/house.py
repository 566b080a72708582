"""python -m benchmarks.house: the house systems on one core: whole clips, and live sound in small pieces.

And several people live at once in threads of one process, as the Live page has them.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: one core

import sys  # noqa: E402
import time  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402
from typing import Any, cast  # noqa: E402

import numpy as np  # noqa: E402

from anonymizers import registry, runner  # noqa: E402
from anonymizers.base import Streaming  # noqa: E402
from audio.clip import Clip  # noqa: E402
from benchmarks.clips import ten_seconds  # noqa: E402
from benchmarks.results import write_result  # noqa: E402
from benchmarks.systems import timed  # noqa: E402

WHOLE, LIVE = ("house", "house-knn"), "house-stream"
PUSHES_MS = (10, 20, 40)
PEOPLE = 4
"""As many as the Live page lets in if nothing else is set (VOICEVEIL_LIVE_LIMIT)."""
BOUNDS = {"house": 0.1, LIVE: 0.3}
"""The real-time factors that these may take; the live one in pieces of 20 ms."""


def streamed(clip: Clip, push_ms: int) -> dict[str, float]:
    """A clip pushed in pieces of `push_ms`: the share of real time that it takes, and how long one piece does."""
    system = cast(Streaming, registry.load(LIVE))
    params = runner.check_params(system.info, {})
    size = clip.sample_rate * push_ms // 1_000
    stream, seconds = system.open_stream(clip.sample_rate, seed=1, **params), []
    for start in range(0, len(clip.samples), size):
        started = time.perf_counter()
        stream.push(clip.samples[start : start + size])
        seconds.append(time.perf_counter() - started)
    median, slow, slowest = 1_000 * np.quantile(seconds, [0.5, 0.99, 1.0])
    return {
        "real_time_factor": sum(seconds) / clip.duration_s,
        "median_ms": float(median),
        "p99_ms": float(slow),
        "slowest_ms": float(slowest),
        "algorithmic_latency_ms": stream.latency_ms,
    }


def together(clip: Clip, people: int, push_ms: int = 20) -> dict[str, float]:
    """The clip of each of `people` pushed by threads as fast as they can: wall time as a share of real time, below 1 if
    nobody waits; and how long the slowest piece in a hundred takes."""
    with ThreadPoolExecutor(people) as threads:
        started = time.perf_counter()
        found = list(threads.map(lambda _: streamed(clip, push_ms), range(people)))
        seconds = time.perf_counter() - started
    return {
        "real_time_factor": seconds / clip.duration_s,
        "p99_ms": max(one["p99_ms"] for one in found),
    }


def main() -> int:
    """Time them, write the result; 1 if one takes longer than it may."""
    whole = {key: timed(key) for key in WHOLE if registry.status(key).state == "ready"}
    clip = ten_seconds()
    streamed(clip, PUSHES_MS[0])  # loads what live sound needs
    live = {f"{push_ms} ms": streamed(clip, push_ms) for push_ms in PUSHES_MS}
    live |= {f"20 ms, {PEOPLE} people": together(clip, PEOPLE)}
    rows: dict[str, dict[str, Any]] = {**whole, **{f"{LIVE}, {push}": row for push, row in live.items()}}
    for key, row in rows.items():
        print(f"{key:24}", *(f"{what} {value:.4g}" for what, value in row.items()), sep="   ", flush=True)
    numbers = {"clip": "the project's demo voices, 10 s", "threads": 1, "bounds": BOUNDS, "whole": whole, "live": live}
    write_result("house", numbers)
    taken = {"house": whole["house"]["real_time_factor"], LIVE: live["20 ms"]["real_time_factor"]}
    return int(any(taken[key] > bound for key, bound in BOUNDS.items()))


if __name__ == "__main__":
    sys.exit(main())
