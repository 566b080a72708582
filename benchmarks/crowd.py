"""python -m benchmarks.crowd: 20 people compare at once; errors, places in the queue, waiting, memory afterwards."""

from __future__ import annotations

import statistics
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from audio.clip import encode_wav
from benchmarks.app_process import AppProcess
from benchmarks.clips import ten_seconds
from benchmarks.results import write_result
from benchmarks.visitor import Visit, Visitor

PEOPLE = 20
SETTLE_S = 10.0
AT_FIRST = 2


def crowd(address: str, wav: bytes, people: int) -> list[Visit]:
    """Everybody presses Compare, all systems ticked, at the same time."""
    ready = threading.Barrier(people)

    def visit() -> Visit:
        visitor = Visitor(address)
        ready.wait()
        return visitor.compare(wav)

    with ThreadPoolExecutor(people) as threads:
        return [future.result() for future in [threads.submit(visit) for _ in range(people)]]


def main() -> int:
    """Measure and write; status 1 if anybody got an error."""
    wav = encode_wav(ten_seconds())
    with AppProcess() as app:
        idle_mb = app.memory_mb()
        alone = Visitor(app.address).compare(wav)
        settled = crowd(app.address, wav, 2 * AT_FIRST)  # by now every worker has loaded every system
        threading.Event().wait(SETTLE_S)
        before_mb = app.memory_mb()
        visits = crowd(app.address, wav, PEOPLE)
        peak_mb = app.memory_mb()
        threading.Event().wait(SETTLE_S)
        after_mb = app.memory_mb()
    errors = [error for visit in [alone, *settled, *visits] for error in visit.errors]
    result = {
        "people": PEOPLE,
        "clip_s": 10.0,
        "systems": "all offline systems",
        "errors": errors,
        "saw_their_place_in_the_queue": sum(bool(visit.places) for visit in visits),
        "furthest_place": max((max(visit.places) for visit in visits if visit.places), default=0),
        "alone_all_sounds_s": alone.last_sound_s,
        "alone_numbers_s": alone.numbers_s,
        "median_numbers_s": statistics.median(visit.numbers_s for visit in visits),
        "slowest_numbers_s": max(visit.numbers_s for visit in visits),
        "memory_idle_mb": idle_mb,
        "memory_before_mb": before_mb,
        "memory_at_the_end_mb": peak_mb,
        "memory_after_mb": after_mb,
        "memory_after_over_before": after_mb / before_mb,
    }
    write_result("crowd", result)
    for name, value in result.items():
        print(f"{name:32} {value}")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
