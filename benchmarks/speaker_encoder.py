"""python -m benchmarks.speaker_encoder: how long the house speaker encoder takes for a clip, on one core."""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: one core

import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import numpy as np  # noqa: E402

from anonymizers import speaker_encoder  # noqa: E402
from anonymizers.nn import ecapa  # noqa: E402
from audio.clip import Clip  # noqa: E402
from benchmarks.clips import ten_seconds  # noqa: E402
from benchmarks.results import write_result  # noqa: E402

RUNS = 9
BOUND_MS = 100.0
"""What 10 s may take."""


def median_ms(work: Callable[[], object], runs: int = RUNS) -> float:
    """Milliseconds of `work`, the median of `runs` after one that is not counted."""
    seconds = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return 1000 * statistics.median(seconds[1:])


def measure(runs: int = RUNS) -> dict[str, float]:
    """Milliseconds for 1, 10 and 60 s of speech, of 10 s the part of the features, and PyTorch's time against ours."""
    clip = ten_seconds()
    first, long = Clip(clip.samples[:16_000], 16_000), Clip(np.tile(clip.samples, 6), 16_000)
    mel = ecapa.features(clip.samples)
    numbers = {
        "ms_for_1_s": median_ms(lambda: speaker_encoder.embed(first), runs),
        "ms_for_10_s": median_ms(lambda: speaker_encoder.embed(clip), runs),
        "ms_for_60_s": median_ms(lambda: speaker_encoder.embed(long), runs),
        "features_ms_for_10_s": median_ms(lambda: ecapa.features(clip.samples), runs),
    }
    network_ms = numbers["ms_for_10_s"] - numbers["features_ms_for_10_s"]
    return numbers | {"pytorch_over_onnxruntime": _pytorch_ms(mel, runs) / network_ms}


def _pytorch_ms(mel: np.ndarray, runs: int) -> float:
    import torch

    torch.set_num_threads(1)
    module, batch = ecapa.load(), torch.from_numpy(mel[None])
    with torch.inference_mode():
        return median_ms(lambda: module(batch), runs)


def main() -> int:
    """Measure, write the result; 1 if 10 s take longer than they may."""
    numbers = measure()
    for name, value in numbers.items():
        print(f"{name:26} {value:8.2f}")
    write_result(
        "speaker_encoder", {"clip": "the project's demo voices", "threads": 1, "bound_ms": BOUND_MS, **numbers}
    )
    return int(numbers["ms_for_10_s"] > BOUND_MS)


if __name__ == "__main__":
    sys.exit(main())
