"""python -m benchmarks.study_load: 50 simulated listeners at once, then 500 to the end; answers timed and counted."""

from __future__ import annotations

import json
import math
import sys
import time
from typing import Any

from benchmarks import study_answers
from benchmarks.results import write_result
from benchmarks.study_process import StudyServer, demo_study
from listening_test.simulate import Crowd, Taken, percentile, run
from listening_test.simulated_listener import ability

AT_ONCE, THINK_S = 50, 2.0
FINISHERS = 500
ANSWER_LIMIT_MS = 50.0


def timed(taken: list[Taken], wall_s: float) -> dict[str, Any]:
    """How a crowd fared."""
    seconds = [s for one in taken for s in one.answer_s]
    return {
        "listeners": len(taken),
        "finished": sum(one.end == "finished" for one in taken),
        "answers": len(seconds),
        "answers_per_s": len(seconds) / wall_s,
        "answer_median_ms": 1000 * percentile(seconds, 0.5),
        "answer_p95_ms": 1000 * percentile(seconds, 0.95),
        "answer_p99_ms": 1000 * percentile(seconds, 0.99),
        "answer_slowest_ms": 1000 * max(seconds, default=math.nan),
        "sent_again": sum(one.sent_again for one in taken),
        "errors": sorted({one.error for one in taken if one.error}),
        "wall_s": wall_s,
    }


def crowd(places: int, **how: Any) -> dict[str, Any]:
    """A crowd through a server of its own over a fresh database; every number about it."""
    with demo_study(places) as (url, store, info), StudyServer(url) as server:
        who = Crowd(listeners=places, ability=ability(info.study, lapse_rate=0.0), **how)
        began = time.perf_counter()
        taken = run(store, info, who, server.address)
        wall_s = time.perf_counter() - began
        rows = store.table(info.id, origins=("simulation",))
        return {
            **timed(taken, wall_s),
            "lost": study_answers.lost(store, taken),
            "duplicates": study_answers.duplicates(rows),
            "shared_places": study_answers.shared_places(rows),
            "within_listener_imbalance": study_answers.within_listener_imbalance(rows),
            "position_imbalance": study_answers.position_imbalance(rows),
        }


def kept(at_once: dict[str, Any], finishers: dict[str, Any]) -> bool:
    """Whether the promises hold."""
    both = (at_once, finishers)
    return (
        at_once["answer_p95_ms"] <= ANSWER_LIMIT_MS
        and all(one["finished"] == one["listeners"] and not one["errors"] for one in both)
        and all(one[name] == 0 for one in both for name in ("lost", "duplicates", "shared_places"))
        and all(one[f"{name}_imbalance"] <= 1 for one in both for name in ("within_listener", "position"))
    )


def main() -> int:
    """Measure and write; status 1 if a promise is broken."""
    at_once = crowd(AT_ONCE, at_once=AT_ONCE, think_s=THINK_S)
    finishers = crowd(FINISHERS, at_once=AT_ONCE, think_s=0.0)
    result = {
        "study": "demo",
        "server_processes": 1,
        "database": "SQLite",
        "mean_think_s": THINK_S,
        "at_once": at_once,
        "finishers": finishers,
        "kept": kept(at_once, finishers),
    }
    write_result("study_load", result)
    print(json.dumps(result, indent=1))
    return 0 if result["kept"] else 1


if __name__ == "__main__":
    sys.exit(main())
