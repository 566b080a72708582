"""python -m benchmarks.mcadams: our McAdams against one frame at a time, side by side on one core.

The other side is written here, on its own, the way the published system works: per frame librosa.lpc, numpy.roots,
numpy.poly and two lfilter calls. Both must give the same sound, or there is no result.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: one core

import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from anonymizers.mcadams import mcadams  # noqa: E402
from benchmarks.clips import ten_seconds  # noqa: E402
from benchmarks.results import write_result  # noqa: E402

RUNS = 15
ALPHA = 0.8
LARGEST_DIFFERENCE = 1e-6


def frame_at_a_time(samples: np.ndarray, alpha: float, frame: int = 320, hop: int = 160) -> np.ndarray:
    """McAdams with a loop over frames: raw overlap-add result, float32, shape (n,)."""
    import librosa
    from scipy.signal import lfilter

    epsilon = np.finfo(np.float32).eps
    window = np.sqrt(np.hanning(frame) / (np.hanning(frame).sum() / hop))
    out = np.zeros(len(samples), dtype=np.float32)
    for start in range(0, len(samples) - frame + 1, hop):
        piece = (samples[start : start + frame] + epsilon) * window
        predictor = librosa.lpc(piece + epsilon, order=20)
        poles = np.roots(predictor)
        turned = poles[poles.imag != 0]
        angles = np.angle(turned)
        poles[poles.imag != 0] = np.abs(turned) * np.exp(1j * np.sign(angles) * np.abs(angles) ** alpha)
        residual = lfilter(predictor, [1.0], piece)
        out[start : start + frame] += lfilter([1.0], np.real(np.poly(poles)), residual) * window
    return out


def alternately(
    runs: int, *, clock: Callable[[], float] = time.perf_counter, **functions: Callable[[], Any]
) -> dict[str, list[float]]:
    """Seconds by `clock` of each function, called in turn `runs` times after a warm-up: all meet the same machine."""
    seconds: dict[str, list[float]] = {name: [] for name in functions}
    for function in functions.values():
        function()
    for _ in range(runs):
        for name, function in functions.items():
            started = clock()
            function()
            seconds[name].append(clock() - started)
    return seconds


def measure(samples: np.ndarray, sample_rate: int, runs: int = RUNS) -> dict[str, Any]:
    """Times, real-time factors, their ratio, and by how much the two sounds differ (relative to the peak)."""
    ours, theirs = mcadams(samples, ALPHA)[0], frame_at_a_time(samples, ALPHA)
    difference = float(np.abs(ours - theirs).max() / np.abs(theirs).max())
    seconds = alternately(
        runs, vectorised=lambda: mcadams(samples, ALPHA), frame_at_a_time=lambda: frame_at_a_time(samples, ALPHA)
    )
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    duration_s = len(samples) / sample_rate
    return {
        "clip_s": duration_s,
        "alpha": ALPHA,
        "threads": 1,
        "runs": runs,
        "difference_relative_to_peak": difference,
        "median_s": medians,
        "fastest_s": {name: min(values) for name, values in seconds.items()},
        "real_time_factor": {name: median / duration_s for name, median in medians.items()},
        "times_faster": medians["frame_at_a_time"] / medians["vectorised"],
    }


def main() -> int:
    """Measure, print and write; exit status 1 when the two sounds differ."""
    clip = ten_seconds()
    numbers = measure(clip.samples, clip.sample_rate)
    difference = numbers["difference_relative_to_peak"]
    if difference > LARGEST_DIFFERENCE:
        print(
            f"Both sides were expected to agree within {LARGEST_DIFFERENCE:g} of the peak, but {difference:.2g} came: "
            "one of them is wrong, and its speed means nothing.",
            file=sys.stderr,
        )
        return 1
    for side, factor in numbers["real_time_factor"].items():
        print(f"{side:16} {1000 * numbers['median_s'][side]:8.1f} ms   RTF {factor:.4f}")
    print(f"{numbers['times_faster']:.1f} times faster, one thread; {write_result('mcadams', numbers)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
