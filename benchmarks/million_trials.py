"""python -m benchmarks.million_trials: EER, D_sys and ZEBRA of 1,000,000 trials on one core; the EER's interval."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from benchmarks.results import write_result
from evaluation.metrics.curves import eer
from evaluation.metrics.linkability import linkability
from evaluation.metrics.speakers import eer_interval
from evaluation.metrics.zebra import zebra

TRIALS, TARGETS, SPEAKERS, RUNS = 1_000_000, 50_000, 100, 5


def main() -> None:
    """Normally distributed scores, all distinct (the slowest case) and rounded to two decimals (ties)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    rng = np.random.default_rng(0)
    same = np.arange(TRIALS) < TARGETS
    scores = rng.standard_normal(TRIALS) + 1.5 * same
    numbers: dict[str, Any] = {"trials": TRIALS, "targets": TARGETS, "runs": RUNS}
    for name, values in (("distinct", scores), ("two_decimals", scores.round(2))):
        numbers[f"{name}_seconds"] = seconds = _seconds(values[same], values[~same])
        numbers[f"{name}_seconds_in_all"] = sum(seconds.values())
    enrolled = rng.integers(0, SPEAKERS, TRIALS)
    tried = np.where(same, enrolled, (enrolled + rng.integers(1, SPEAKERS, TRIALS)) % SPEAKERS)
    began = time.perf_counter()
    eer_interval(scores, same, enrolled, tried, rng=rng)
    numbers["eer_interval_seconds"] = time.perf_counter() - began
    for name, value in numbers.items():
        print(name, value)
    print(write_result("million_trials", numbers))


def _seconds(targets: Any, nontargets: Any) -> dict[str, float]:
    """Median of RUNS, after one run that imports what is needed."""
    measures: dict[str, Callable[[Any, Any], Any]] = {"eer": eer, "d_sys": linkability, "zebra": zebra}
    return {name: _median(measure, targets, nontargets) for name, measure in measures.items()}


def _median(measure: Callable[[Any, Any], Any], targets: Any, nontargets: Any) -> float:
    took = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        measure(targets, nontargets)
        took.append(time.perf_counter() - began)
    return statistics.median(took[1:])


if __name__ == "__main__":
    main()
