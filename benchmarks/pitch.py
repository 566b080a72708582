"""python -m benchmarks.pitch [FOLDER ...] [--every N]: speed and errors of the pitch tracker beside WORLD's and pYIN.

Errors are counted against two referees, WORLD's Harvest (with StoneMask) and librosa's pYIN: F0 on frames that both
call voiced within 50 cents of each other, false alarms on frames that both call unvoiced. The clips are the demo
voices, or every N-th sound in each FOLDER and the folders within, cut to 8 s and taken at 16 kHz: as they are, with
white noise at 10 dB SNR, and through a telephone's band (300 to 3400 Hz); the referees always hear them as they are.
"""

from __future__ import annotations

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: one core

import argparse  # noqa: E402
import statistics  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

import numpy as np  # noqa: E402

from anonymizers.nn.mel import HOP, SAMPLE_RATE_HZ, frame_count  # noqa: E402
from anonymizers.pitch import LiveTracker, track, track_causal  # noqa: E402
from audio.clip import decode  # noqa: E402
from benchmarks.clips import DEMO, ten_seconds  # noqa: E402
from benchmarks.mcadams import alternately  # noqa: E402
from benchmarks.results import write_result  # noqa: E402

RUNS = 9
LONGEST_S = 8
PUSH = 320
FLOOR_HZ, CEILING_HZ = 55.0, 650.0
AGREEMENT_CENTS = 50.0
Track = Callable[[np.ndarray], np.ndarray]
"""samples, float32, shape (n,) -> F0 in Hz every 10 ms, 0 where unvoiced."""


def harvest(samples: np.ndarray) -> np.ndarray:
    return _world("harvest", samples)


def dio(samples: np.ndarray) -> np.ndarray:
    return _world("dio", samples)


def pyin(samples: np.ndarray) -> np.ndarray:
    import librosa

    f0_hz, _, _ = librosa.pyin(
        samples, fmin=FLOOR_HZ, fmax=CEILING_HZ, sr=SAMPLE_RATE_HZ, frame_length=1024, hop_length=HOP, fill_na=0.0
    )
    return f0_hz


def live_in_pieces(samples: np.ndarray) -> np.ndarray:
    """The live tracker, 20 ms at a time."""
    tracker = LiveTracker()
    pieces = [tracker.push(samples[at : at + PUSH]).f0_hz for at in range(0, len(samples), PUSH)]
    return np.concatenate([*pieces, tracker.flush().f0_hz])


def _world(method: str, samples: np.ndarray) -> np.ndarray:
    import pyworld

    samples = samples.astype(np.float64)
    settings = {"f0_floor": FLOOR_HZ, "f0_ceil": CEILING_HZ, "frame_period": 1000 * HOP / SAMPLE_RATE_HZ}
    coarse, times_s = getattr(pyworld, method)(samples, SAMPLE_RATE_HZ, **settings)
    return pyworld.stonemask(samples, coarse, times_s, SAMPLE_RATE_HZ)


def live(lag_frames: int) -> Track:
    return lambda samples: track_causal(samples, lag_frames).f0_hz


TRACKERS: dict[str, Track] = {
    "whole": lambda samples: track(samples).f0_hz,
    **{f"live, lag {lag}": live(lag) for lag in (0, 1, 2)},
    "dio": dio,
}


def speed() -> dict[str, dict[str, float]]:
    """Median real-time factor of each tracker on 10 s by processor time, one thread, all called in turn."""
    samples = ten_seconds(SAMPLE_RATE_HZ).samples
    sides: dict[str, Track] = {"whole": TRACKERS["whole"], "live_20_ms": live_in_pieces, "dio": dio, "harvest": harvest}
    calls: dict[str, Callable[[], np.ndarray]] = {name: partial(side, samples) for name, side in sides.items()}
    seconds = alternately(RUNS, clock=time.process_time, **calls)
    factors = {name: statistics.median(values) * SAMPLE_RATE_HZ / len(samples) for name, values in seconds.items()}
    whole = factors["whole"]
    return {"real_time_factor": factors, "times_whole": {name: factor / whole for name, factor in factors.items()}}


def conditions(samples: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The clip as it is, in noise, and over the telephone; float32."""
    from scipy.signal import butter, sosfilt

    noise = rng.standard_normal(len(samples)) * np.sqrt(np.mean(np.square(samples, dtype=np.float64)) / 10)
    band = butter(6, [300, 3400], "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    heard = {"clean": samples, "white noise, 10 dB SNR": samples + noise, "telephone": sosfilt(band, samples)}
    return {name: np.asarray(sound, np.float32) for name, sound in heard.items()}


def fitted(f0_hz: np.ndarray, frames: int) -> np.ndarray:
    return np.pad(f0_hz, (0, max(0, frames - len(f0_hz))))[:frames]


def errors(found_hz: np.ndarray, one_hz: np.ndarray, other_hz: np.ndarray) -> dict[str, float | int]:
    """Shares of errors, all in [0, 1], against two referees' tracks, each F0 in Hz, shape (frames,), 0 unvoiced.

    gross: F0 off by over 20 %, among frames voiced for all; octave_down and octave_up: those off by an octave;
    missed: sure voiced frames called unvoiced; false_alarms: sure unvoiced frames called voiced; voicing: both, among
    all sure frames; fine_cents: standard deviation of the rest against the first referee.
    """
    voiced = (one_hz > 0) & (other_hz > 0)
    voiced[voiced] = np.abs(1200 * np.log2(one_hz[voiced] / other_hz[voiced])) < AGREEMENT_CENTS
    unvoiced = (one_hz == 0) & (other_hz == 0)
    compared = voiced & (found_hz > 0)
    octaves = np.log2(found_hz[compared] / one_hz[compared])
    gross = np.abs(np.exp2(octaves) - 1) > 0.2
    missed, alarms = voiced & (found_hz == 0), unvoiced & (found_hz > 0)
    return {
        "gross": float(np.mean(gross)),
        "octave_down": float(np.mean(np.abs(octaves + 1) < 0.25)),
        "octave_up": float(np.mean(np.abs(octaves - 1) < 0.25)),
        "missed": float(np.sum(missed) / np.sum(voiced)),
        "false_alarms": float(np.sum(alarms) / np.sum(unvoiced)),
        "voicing": float((np.sum(missed) + np.sum(alarms)) / (np.sum(voiced) + np.sum(unvoiced))),
        "fine_cents": float(1200 * np.std(octaves[~gross])),
        "voiced_frames": int(np.sum(voiced)),
        "unvoiced_frames": int(np.sum(unvoiced)),
    }


def quality(clips: Sequence[np.ndarray]) -> dict[str, dict[str, dict[str, float | int]]]:
    """Errors by condition and tracker over all `clips`, each float32, shape (n,), 16 kHz."""
    rng = np.random.default_rng(0)
    referees: list[list[np.ndarray]] = [[], []]
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    for samples in clips:
        frames = frame_count(len(samples))
        for tracks, referee in zip(referees, (harvest, pyin), strict=True):
            tracks.append(fitted(referee(samples), frames))
        for condition, heard in conditions(samples, rng).items():
            for name, tracker in TRACKERS.items():
                found.setdefault(condition, {}).setdefault(name, []).append(fitted(tracker(heard), frames))
    one, other = (np.concatenate(tracks) for tracks in referees)
    return {
        condition: {name: errors(np.concatenate(tracks), one, other) for name, tracks in by_name.items()}
        for condition, by_name in found.items()
    }


def clips_of(folder: Path, every: int) -> list[np.ndarray]:
    """Every `every`-th sound of `folder` and the folders in it, by name; float32, 16 kHz, at most 8 s."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".flac", ".wav", ".opus", ".ogg"})[::every]
    if not files:
        raise SystemExit(f"Sounds (flac, wav, opus, ogg) are expected in {folder}, but there are none.")
    sounds = [decode(path).clip.resampled(SAMPLE_RATE_HZ).samples[: LONGEST_S * SAMPLE_RATE_HZ] for path in files]
    return [np.asarray(sound, np.float32) for sound in sounds]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pitch")
    parser.add_argument("folders", nargs="*", type=Path, default=[DEMO], metavar="FOLDER")
    parser.add_argument("--every", type=int, default=1, metavar="N")
    asked = parser.parse_args(arguments)
    clips = [clip for folder in asked.folders for clip in clips_of(folder, asked.every)]
    numbers: dict[str, Any] = {"threads": 1, "runs": RUNS, **speed(), "clips": len(clips), "every": asked.every}
    numbers["folders"] = [folder.name for folder in asked.folders]
    numbers |= {"seconds": sum(map(len, clips)) / SAMPLE_RATE_HZ, "errors": quality(clips)}
    for name, factor in numbers["real_time_factor"].items():
        print(f"{name:12} RTF {factor:.4f}   {numbers['times_whole'][name]:6.1f} times the whole-file tracker")
    for condition, by_name in numbers["errors"].items():
        for name, of in by_name.items():
            shares = "  ".join(f"{key} {100 * of[key]:.2f} %" for key in list(of)[:6])
            print(f"{condition:24} {name:12} {shares}  fine {of['fine_cents']:.0f} cents")
    print(write_result("pitch", numbers))
    return 0


if __name__ == "__main__":
    sys.exit(main())
