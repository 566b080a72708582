"""python -m benchmarks.evaluation_batch [--files N]: is the machine kept busy, and does a second Ray worker help?

Recordings of 3 to 12 s, cut from the project's demo voices, go through two systems and are heard by two attackers.
First by two processes: the processor time of the workers against the time that went by on two cores, from the first
result to the last; and, for busy machines, how much of that time the workers had a job, whoever else used the cores
(jobs under way at the first result count whole, so a few percent too much). Then on a Ray cluster of one node and on
one of two, each with one core, bound to loopback.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: one core a process
os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}

import argparse  # noqa: E402
import csv  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402
import psutil  # noqa: E402

from audio.clip import Clip, decode, encode_wav  # noqa: E402
from benchmarks.clips import DEMO  # noqa: E402
from benchmarks.results import write_result  # noqa: E402
from evaluation.batch import carry_out, jobs_of  # noqa: E402
from evaluation.corpus import Corpus, load  # noqa: E402
from evaluation.job import Job, Places, Plan  # noqa: E402
from tests.ray_cluster import cluster  # noqa: E402

SYSTEMS = ("mcadams", "pitch-formant")
FILES = 60
SHORTEST_S, LONGEST_S = 3.0, 12.0
PROCESSES = 2


def recordings(folder: Path, count: int, rng: np.random.Generator) -> Corpus:
    """`count` pieces of demo voices, in four speakers' folders."""
    with (DEMO / "manifest.csv").open(encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    voices = np.concatenate([decode(DEMO / name).clip.resampled(16_000).samples for name in names])
    for number in range(count):
        length = int(rng.uniform(SHORTEST_S, LONGEST_S) * 16_000)
        start = int(rng.integers(len(voices) - length))
        path = folder / f"speaker{number % 4}" / f"{number:04}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_wav(Clip(voices[start : start + length], 16_000)))
    return load(folder)


def timed(jobs: list[Job], out: Path, **how: Any) -> dict[str, float]:
    """Between the first result and the last: seconds that went by, that processors were used, and that workers had a
    job; and how many jobs ended."""
    first, used, worked = 0.0, _processor_s(), 0.0
    for work in carry_out(jobs, out, **how):
        if work.error:
            raise RuntimeError(f"{work.job.name} was expected to be done, but: {work.error}")
        if not first:
            first, used = time.perf_counter(), _processor_s()
        else:
            worked += (Places(out, work.job).read() or {})["seconds"]["whole"]
        last, now = time.perf_counter(), _processor_s()
    return {"seconds": last - first, "processor_s": now - used, "worked_s": worked, "jobs": len(jobs) - 1}


def _processor_s() -> float:
    """Of all processes that this one started, directly or not, and that are alive."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def measure(files: int) -> dict[str, Any]:
    """Both comparisons, on the same recordings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = recordings(folder / "voices", files, np.random.default_rng(0))
        plan = Plan(attackers=("mfcc", "house"))
        jobs = jobs_of(corpus, SYSTEMS, [], plan, control=False)
        load_before = os.getloadavg()
        local = timed(jobs, folder / "local", processes=PROCESSES)
        rates = {}
        for nodes in (1, 2):
            with cluster(nodes) as address:
                found = timed(jobs, folder / f"ray{nodes}", ray=address)
                rates[nodes] = found["jobs"] / found["seconds"]
    return {
        "files": files,
        "systems": ["original", *SYSTEMS],
        "attackers": list(plan.attackers),
        "processes": PROCESSES,
        "load_before": load_before,
        "load_after": os.getloadavg(),
        "local": local,
        "share_of_cores_busy": local["processor_s"] / local["seconds"] / PROCESSES,
        "share_of_time_with_a_job": local["worked_s"] / local["seconds"] / PROCESSES,
        "ray_jobs_per_s": {str(nodes): rate for nodes, rate in rates.items()},
        "two_ray_workers_against_one": rates[2] / rates[1],
    }


def main() -> int:
    """Measure, print and write."""
    made = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    made.add_argument("--files", type=int, default=FILES, help=f"recordings (default: {FILES})")
    numbers = measure(made.parse_args().files)
    print(f"two processes keep {100 * numbers['share_of_cores_busy']:.0f} % of two cores busy,")
    print(f"and have a job {100 * numbers['share_of_time_with_a_job']:.0f} % of the time")
    print(f"two Ray workers do {numbers['two_ray_workers_against_one']:.2f} times as much as one")
    print(f"load before: {numbers['load_before'][0]:.1f}; {write_result('evaluation_batch', numbers)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
