"""python -m benchmarks.neural [PART ...]: systems whose weights are fetched: listed, loaded and run, on one core.

Weights are random, of the published sizes, and read from files: times are as with the published ones.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: one core

import json  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Iterator, Mapping, Sequence  # noqa: E402
from contextlib import contextmanager  # noqa: E402
from dataclasses import replace  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402
from unittest.mock import patch  # noqa: E402

from anonymizers import gengan, gengan_networks  # noqa: E402
from anonymizers.base import Anonymizer  # noqa: E402
from anonymizers.models import models  # noqa: E402
from anonymizers.nn import gender_net, melgan, unet_filter  # noqa: E402
from anonymizers.runner import check_params  # noqa: E402
from anonymizers.weights import WeightRef  # noqa: E402
from audio.clip import Clip  # noqa: E402
from benchmarks.clips import ten_seconds  # noqa: E402
from benchmarks.results import write_result  # noqa: E402

RUNS = 5
LISTING_BOUND_MS = 150.0
"""What listing all systems may take in a process of its own, Python's start not counted."""
SECOND_RUN_BOUND = 1.5
"""What the second run may take, as a multiple of later ones: nothing is loaded in it."""
LISTINGS = 9
LIST_ALL = """
import json, sys, time
started = time.perf_counter()
import numpy
array_s = time.perf_counter() - started
from anonymizers import registry
states = {key: registry.status(key).state for key in registry.keys() if registry.info(key)}
seconds = time.perf_counter() - started
print(json.dumps({"s": seconds, "numpy_s": array_s, "systems": len(states), "torch": "torch" in sys.modules}))
"""


def listing(runs: int = LISTINGS) -> dict[str, Any]:
    """Milliseconds to import the registry and ask what every system is and whether it can run, each time in a fresh
    process, importing numpy included, all files compiled already; and whether anything imported torch. The fastest
    is what other work on the machine disturbed least."""
    with tempfile.TemporaryDirectory() as compiled:
        kept = {**os.environ, "PYTHONPYCACHEPREFIX": compiled, "PYTHONDONTWRITEBYTECODE": ""}
        command = [sys.executable, "-c", LIST_ALL]
        _, *told = (json.loads(subprocess.check_output(command, text=True, env=kept)) for _ in range(runs + 1))
    fastest = min(told, key=lambda one: one["s"])
    return {
        "fastest_ms": 1000 * fastest["s"],
        "of_which_numpy_ms": 1000 * fastest["numpy_s"],
        "median_ms": 1000 * statistics.median(one["s"] for one in told),
        "bound_ms": LISTING_BOUND_MS,
        "systems": fastest["systems"],
        "imports_torch": any(one["torch"] for one in told),
    }


def gengan_runs(runs: int = RUNS) -> dict[str, Any]:
    """GenGAN on 10 s by either vocoder, loaded from files and judged by GenderNet: see `loaded_once`."""
    networks: dict[WeightRef, Callable[[], Any]] = {
        gengan_networks.GENERATOR: unet_filter.network,
        gengan_networks.VOCODER: melgan.network,
        gengan_networks.JUDGE: gender_net.network,
    }
    with random_weights(networks) as (generator, vocoder, judge):
        published = partial(gengan_networks.published, generator=generator, vocoder=vocoder, judge=judge)
        system, clip = gengan.GenGan(published), ten_seconds()
        return {phase: loaded_once(system, clip, {"phase": phase}, runs) for phase in ("griffin-lim", "melgan")}


@contextmanager
def random_weights(networks: Mapping[WeightRef, Callable[[], Any]]) -> Iterator[list[WeightRef]]:
    """Files of random weights where these would be, in a store of their own; yields what refers to them."""
    import torch

    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, VOICEVEIL_MODELS=folder):
        for ref, network in networks.items():
            path = Path(folder) / ref.place / ref.files[0].name
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(network().state_dict(), path)
        yield [replace(ref, files=(replace(ref.files[0], bytes=0, sha256=""),)) for ref in networks]


def loaded_once(system: Anonymizer, clip: Clip, params: Mapping[str, Any], runs: int = RUNS) -> dict[str, float]:
    """Seconds of processor time of the first run after all networks were let go, of the second, and the median of the
    next `runs`; the real-time factor when warm, and the second run as a multiple of later ones."""
    checked = check_params(system.info, params)

    def seconds(seed: int) -> float:
        started = time.process_time()
        system.anonymize(clip, seed=seed, **checked)
        return time.process_time() - started

    models().clear()
    first, second, *later = (seconds(seed) for seed in range(runs + 2))
    warm = statistics.median(later)
    return {
        "first_s": first,
        "second_s": second,
        "warm_s": warm,
        "real_time_factor": warm / clip.duration_s,
        "second_over_warm": second / warm,
    }


PARTS: dict[str, Callable[[], dict[str, Any]]] = {"listing": listing, "gengan": gengan_runs}
"""What is measured, by name; each gives JSON-ready numbers."""


def main(asked: Sequence[str]) -> int:
    """Measure (all parts are also written), print; 1 if something takes longer than it may."""
    if unknown := [name for name in asked if name not in PARTS]:
        print(f"There is no part {unknown[0]!r}; the parts are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    numbers = {name: PARTS[name]() for name in asked or PARTS}
    print(json.dumps(numbers, indent=1))
    if not asked:
        about = {"clip": "the project's demo voices, 10 s", "threads": 1, "weights": "random, of the published sizes"}
        write_result("neural", {**about, **numbers})
    return int(any(too_slow(numbers)))


def too_slow(numbers: Mapping[str, Any]) -> Iterator[bool]:
    """Whether each thing that has a bound takes longer."""
    if listed := numbers.get("listing"):
        yield listed["imports_torch"] or listed["fastest_ms"] > LISTING_BOUND_MS
    for row in numbers.get("gengan", {}).values():
        yield row["second_over_warm"] > SECOND_RUN_BOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
