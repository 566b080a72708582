"""python -m benchmarks.systems: how fast each system runs on one core, first call and warm, on one 10 s clip."""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: one core

import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402

from anonymizers import registry, runner  # noqa: E402
from benchmarks.clips import ten_seconds  # noqa: E402
from benchmarks.results import write_result  # noqa: E402

RUNS = 5


def timed(key: str) -> dict[str, float]:
    """Seconds of the first call (with loading) and the median of the next ones, with its real-time factor."""
    clip = ten_seconds()
    started = time.perf_counter()
    runner.run(clip, key)
    first_s = time.perf_counter() - started
    seconds = [runner.run(clip, key, seed=seed).seconds for seed in range(1, RUNS + 1)]
    median_s = statistics.median(seconds)
    return {"first_s": first_s, "median_s": median_s, "real_time_factor": median_s / clip.duration_s}


def main() -> int:
    """Time every system that can run here and write the result."""
    rows = {}
    for key in [key for key in registry.keys()[1:] if registry.status(key).state == "ready"]:
        rows[key] = timed(key)
        print(f"{key:20} first {rows[key]['first_s']:6.2f} s   RTF {rows[key]['real_time_factor']:.4f}", flush=True)
    write_result("systems", {"clip": "the project's demo voices, 10 s", "threads": 1, "systems": rows})
    return 0


if __name__ == "__main__":
    sys.exit(main())
