"""python -m benchmarks.knn_vc: kNN over ten minutes of a target's speech, and memory and time of kNN-VC at full size.

On one core; bounds are on processor time, so that others on the machine do not count. The networks have the published
sizes and random weights, written to files and read as the published ones are. Memory is the largest that a process of
its own ever held, Python, torch and loading included. Frames to search are like speech as far as that can be without
the encoder's weights: spectra of the demo voices, each with noise of its own, spread at random over 1,024 dimensions.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: one core

import json  # noqa: E402
import resource  # noqa: E402
import statistics  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from anonymizers import nearest, wavlm_vocoder  # noqa: E402
from anonymizers.nn import hifigan, mel, phone_predictors, ssl_models  # noqa: E402
from anonymizers.pool import Floats  # noqa: E402
from anonymizers.private_knn_vc_networks import Networks, heard, retimed  # noqa: E402
from benchmarks.clips import ten_seconds  # noqa: E402
from benchmarks.results import write_result  # noqa: E402

POOL_FRAMES, QUERY_FRAMES, WIDTH = 30_000, 249, 1024
BOUND_MS, BOUND_GB = 150.0, 4.0
SYSTEMS = {"knn-vc": 6, "private-knn-vc": 24}
"""And how many of WavLM's blocks they need."""


def times_ms(work: Callable[[], object], runs: int = 15) -> dict[str, float]:
    """Milliseconds of `work`, medians of `runs` after one that is not counted: processor time, and by the clock."""
    found = []
    for _ in range(runs + 1):
        processor, clock = time.process_time(), time.perf_counter()
        work()
        found.append((time.process_time() - processor, time.perf_counter() - clock))
    names = ("processor_ms", "clock_ms")
    return {name: 1000 * statistics.median(one[place] for one in found[1:]) for place, name in enumerate(names)}


def search() -> dict[str, Any]:
    """kNN for 5 s among 10 minutes, beside the same without looking roughly first and beside scikit-learn."""
    from sklearn.neighbors import NearestNeighbors

    rows, queries = frames(POOL_FRAMES, 1), frames(QUERY_FRAMES, 2)
    started = time.process_time()
    among = nearest.searchable(rows)
    preparing_ms = 1000 * (time.process_time() - started)
    plain = replace(among, rough=None)
    other = NearestNeighbors(n_neighbors=4, metric="cosine", algorithm="brute").fit(rows)
    places, direct = (np.sort(nearest.neighbours(queries, one, 4)[1]) for one in (among, plain))
    theirs = np.sort(other.kneighbors(queries, return_distance=False))
    ours = times_ms(lambda: nearest.neighbours(queries, among, 4))
    return {
        "pool_frames": POOL_FRAMES,
        "query_frames": QUERY_FRAMES,
        "rough_first": among.rough is not None,
        "preparing_once_processor_ms": preparing_ms,
        **ours,
        "direct": times_ms(lambda: nearest.neighbours(queries, plain, 4)),
        "scikit_learn": times_ms(lambda: other.kneighbors(queries), 5),
        "same_neighbours_as_direct": bool((places == direct).all()),
        "rows_with_scikit_learns_neighbours": float((places == theirs).all(axis=1).mean()),
    }


def half_precision() -> dict[str, float]:
    """What float16 changes in the six blocks of WavLM that kNN-VC hears through (random weights): the distance of the
    features in share of their length, and the share of frames of 5 s whose four nearest of 5 other seconds stay so."""
    import torch

    layers = SYSTEMS["knn-vc"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder = ssl_models.wavlm_large(replace(ssl_models.LARGE, layers=layers)).eval()
    parts = np.split(ten_seconds().samples, 2)
    whole = [ssl_models.features(encoder, part, layers) for part in parts]
    halved = [ssl_models.features(encoder.half(), part, layers) for part in parts]
    away = [np.linalg.norm(one - other) / np.linalg.norm(one) for one, other in zip(whole, halved, strict=True)]
    sets = [np.sort(nearest.neighbours(one, nearest.searchable(among), 4)[1]) for one, among in (whole, halved)]
    return {"features_away": float(max(away)), "same_neighbours": float((sets[0] == sets[1]).all(axis=1).mean())}


def frames(count: int, seed: int) -> Floats:
    """Frames like speech, float32, (count, 1024); see above."""
    rng = np.random.default_rng(seed)
    spectra = mel.log_mel(ten_seconds().samples)
    spectra = (spectra - spectra.mean(axis=0)) / spectra.std(axis=0)
    picked = spectra[rng.integers(len(spectra), size=count)]
    spread = np.random.default_rng(0).standard_normal((spectra.shape[1], WIDTH)) / np.sqrt(spectra.shape[1])
    noisy = picked + 0.3 * rng.standard_normal(picked.shape)
    return (np.tanh(noisy @ spread) + 0.1 * rng.standard_normal((count, WIDTH))).astype(np.float32)


def whole(system: str, files: Path) -> dict[str, float]:
    """One system on 20 s, in this process: processor time of its parts in s, and the most memory it held, in GB."""
    layers = SYSTEMS[system]
    clock = [time.process_time()]

    def lap() -> float:
        clock.append(time.process_time())
        return clock[-1] - clock[-2]

    encoder = ssl_models.load_wavlm_large(files / "WavLM-Large.pt", layers)
    vocoder = wavlm_vocoder._vocoder(files / "g.pt")
    numbers = {"loading_processor_s": lap()}
    sound = np.tile(ten_seconds().samples, 2)
    pool = np.random.default_rng(0).standard_normal((POOL_FRAMES, WIDTH), dtype=np.float32)
    among = nearest.searchable(pool)
    numbers["preparing_target_processor_s"] = lap()
    if system == "knn-vc":
        query = ssl_models.features(encoder, sound, layers)
    else:
        telling, lasting = (phone_predictors.network(sizes).eval() for sizes in PREDICTORS)
        content, phones = heard(Networks(encoder, telling, lasting, vocoder, (6, layers), ""), sound)
        query = content[retimed(lasting, phones, 0.0)[1]]
    numbers["encoder_processor_s"] = lap()
    found, _ = nearest.neighbours(query, among, 4 if system == "knn-vc" else 1)
    numbers["search_processor_s"] = lap()
    wavlm_vocoder.levelled(wavlm_vocoder.spoken(vocoder, found))
    numbers["vocoder_processor_s"] = lap()
    return numbers | {"peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9}


PREDICTORS = (phone_predictors.Sizes(WIDTH, 256, 41), phone_predictors.Sizes(256, 256, 1, phones=41))


def write_networks(folder: Path) -> None:
    """Random weights of the published sizes under the published names."""
    import torch

    state = ssl_models.wavlm_large().state_dict()
    torch.save({"cfg": {}, "model": microsofts(state)}, folder / "WavLM-Large.pt")
    torch.save({"generator": hifigan.network(wavlm_vocoder.SIZES).state_dict()}, folder / "g.pt")


def microsofts(state: dict[str, Any]) -> dict[str, Any]:
    """torchaudio's WavLM under Microsoft's names: the way back of `ssl_models.from_microsoft`."""
    renamed: dict[str, Any] = {}
    for name, tensor in state.items():
        if name.startswith("encoder.transformer.layers."):
            number, rest = name.removeprefix("encoder.transformer.layers.").split(".", 1)
            block = f"encoder.layers.{number}."
            if "in_proj_" in rest:
                parts = zip("qkv", tensor.chunk(3), strict=True)
                kind = rest.rpartition("_")[2]
                renamed |= {f"{block}self_attn.{letter}_proj.{kind}": part.clone() for letter, part in parts}
            else:
                renamed[block + _back(rest, ssl_models.RENAMED_IN_A_BLOCK)] = tensor
        elif name.startswith("feature_extractor."):
            renamed[name.replace(".conv.weight", ".0.weight").replace(".layer_norm.", ".2.1.")] = tensor
        else:
            renamed[_back(name, ssl_models.RENAMED)] = tensor
    return renamed


def _back(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    return next((old + name.removeprefix(new) for old, new in pairs if name.startswith(new)), name)


def main(arguments: list[str] | None = None) -> int:
    """Measure, write the result; 1 if the search or the memory is over its bound."""
    given = sys.argv[1:] if arguments is None else arguments
    if given:
        print(json.dumps(whole(given[0], Path(given[1]))))
        return 0
    numbers: dict[str, Any] = {"threads": 1, "bound_ms": BOUND_MS, "bound_gb": BOUND_GB, "search": search()}
    numbers["half_precision"] = half_precision()
    with tempfile.TemporaryDirectory() as folder:
        write_networks(Path(folder))
        for system in SYSTEMS:
            command = [sys.executable, "-m", "benchmarks.knn_vc", system, folder]
            numbers[system] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(json.dumps(numbers, indent=1))
    write_result("knn_vc", {"clip": "the project's demo voices, 20 s", **numbers})
    memory = max(numbers[system]["peak_memory_gb"] for system in SYSTEMS)
    return int(numbers["search"]["processor_ms"] > BOUND_MS or memory > BOUND_GB)


if __name__ == "__main__":
    sys.exit(main())
