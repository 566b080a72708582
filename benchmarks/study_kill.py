"""python -m benchmarks.study_kill: kill -9 of the server 100 times while listeners answer; no saved answer is lost."""

from __future__ import annotations

import json
import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmarks import study_answers
from benchmarks.results import write_result
from benchmarks.study_process import StudyServer, demo_study
from listening_test.simulate import Crowd, Taken, run
from listening_test.simulated_listener import ability

if TYPE_CHECKING:
    from listening_test.store import Store, StudyInfo

KILLS = 100
LISTENERS_A_ROUND, ROUNDS = 40, 50
THINK_S = 0.2
LIFE_S = (0.1, 2.0)
"""A server lives for a time drawn from this range."""
PATIENCE_S = 120.0


def kill_until(server: StudyServer, kills: int, over: threading.Event, rng: random.Random) -> int:
    """Kill and start the server again at random moments, `kills` times or until everybody is through; how often."""
    for done in range(kills):
        if over.wait(rng.uniform(*LIFE_S)):
            return done
        server.kill()
        server.start()
    return kills


def one_round(
    server: StudyServer, store: Store, info: StudyInfo, crowd: Crowd, kills: int, rng: random.Random
) -> tuple[list[Taken], int]:
    """A crowd takes the study while the server is killed; what they took, and how often it was."""
    over = threading.Event()
    with ThreadPoolExecutor(1) as threads:
        killing = threads.submit(kill_until, server, kills, over, rng)
        try:
            taken = run(store, info, crowd, server.address)
        finally:
            over.set()
        return taken, killing.result()


def measure(kills: int, rng: random.Random) -> dict[str, Any]:
    """Rounds of listeners until the server has been killed often enough."""
    with demo_study(LISTENERS_A_ROUND * ROUNDS) as (url, store, info), StudyServer(url) as server:
        able = ability(info.study, lapse_rate=0.0)
        crowd = Crowd(LISTENERS_A_ROUND, able, at_once=LISTENERS_A_ROUND, think_s=THINK_S, patience_s=PATIENCE_S)
        taken: list[Taken] = []
        done = 0
        for seed in range(ROUNDS):
            if done < kills:
                more, killed = one_round(server, store, info, replace(crowd, seed=seed), kills - done, rng)
                taken, done = taken + more, done + killed
        rows = store.table(info.id, origins=("simulation",))
        return {
            "kills": done,
            "listeners": len(taken),
            "finished": sum(one.end == "finished" for one in taken),
            "acknowledged_pages": sum(len(one.acknowledged) for one in taken),
            "requests_sent_again": sum(one.sent_again for one in taken),
            "acknowledged_but_lost": study_answers.lost(store, taken),
            "duplicates": study_answers.duplicates(rows),
            "shared_places": study_answers.shared_places(rows),
            "errors": sorted({one.error for one in taken if one.error}),
        }


def main() -> int:
    """Measure and write; status 1 if an answer was lost, came twice, or could not be sent again."""
    result = {"study": "demo", "database": "SQLite", **measure(KILLS, random.Random(1))}
    faults = sum(result[name] for name in ("acknowledged_but_lost", "duplicates", "shared_places"))
    result["kept"] = not faults and not result["errors"] and result["kills"] == KILLS
    result["kept"] = result["kept"] and result["finished"] == result["listeners"]
    write_result("study_kill", result)
    print(json.dumps(result, indent=1))
    return 0 if result["kept"] else 1


if __name__ == "__main__":
    sys.exit(main())
