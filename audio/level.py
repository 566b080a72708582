"""How loud a clip is (ITU-R BS.1770-4), and how to play clips equally loud without clipping."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from audio.clip import Clip
from audio.features import Contour

SAMPLE_RATE_HZ = 48_000
"""The only rate at which the standard gives its filters; clips at another are resampled there, so that the
K-weighting is the standard's own at every rate (bilinear filters made for 16 kHz are 0.15 dB off at 3 kHz)."""

STEP = 4_800
STEPS_PER_WINDOW = 4
BLOCK = 100 * STEP
OFFSET_LUFS = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0

K_WEIGHTING = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621),
)
"""BS.1770-4, annex 1, tables 1 and 2: the shelf of the head and the high-pass, as b0 b1 b2 a0 a1 a2."""


class Gain(NamedTuple):
    """What to add for playback: `gain_db`; and `short_by_db` >= 0, how far the peak guard keeps it from the target."""

    gain_db: float
    short_by_db: float


def integrated_lufs(clip: Clip) -> float:
    """Integrated loudness of a mono clip in LUFS, by ITU-R BS.1770-4.

        L = -0.691 + 10 log10(mean of z over the gated windows)

    where z is the mean square of the K-weighted samples in windows of 400 ms, every 100 ms; a window counts when it
    is above -70 LUFS and above 10 LU less than the loudness of all windows above -70 LUFS. A 997 Hz sine at 0 dBFS
    gives -3.01 LUFS.

    Returns -inf for silence (nothing above -70 LUFS) and NaN for clips under 400 ms, for which the standard defines
    no loudness.
    """
    powers = _window_powers(clip)
    if not len(powers):
        return float("nan")
    counted = powers[_lufs(powers) > ABSOLUTE_GATE_LUFS]
    if not len(counted):
        return float("-inf")
    counted = counted[_lufs(counted) > _lufs(counted.mean()) + RELATIVE_GATE_LU]
    return float(_lufs(counted.mean()))


def momentary_lufs(clip: Clip) -> Contour:
    """Momentary loudness in LUFS (ITU-R BS.1770-4, EBU Tech 3341): 400 ms windows, every 100 ms, no relative gate.

    A value's time is the middle of its window: 0.2 s, 0.3 s, ... NaN where it is not above -70 LUFS, the standard's
    absolute gate: that is silence. Clips under 400 ms have no window.
    """
    lufs = _lufs(_window_powers(clip))
    times_s = (np.arange(len(lufs)) + STEPS_PER_WINDOW / 2) * STEP / SAMPLE_RATE_HZ
    return Contour("Loudness", "LUFS", times_s, np.where(lufs > ABSOLUTE_GATE_LUFS, lufs, np.nan))


def peak_dbfs(clip: Clip) -> float:
    """The largest sample, in dB below full scale (20 log10 max |x|); -inf for digital silence and for an empty clip."""
    return _peak_dbfs(clip)


def _peak_dbfs(clip: Clip) -> float:
    peak = float(np.abs(clip.samples).max(initial=0.0))
    return 20 * float(np.log10(peak)) if peak > 0 else float("-inf")


def playback_gain_db(clip: Clip, *, target_lufs: float = -23.0, peak_dbfs: float = -1.0) -> Gain:
    """The gain that plays a clip at `target_lufs`, or as near as keeps its sample peak at or below `peak_dbfs`.

        gain = min(target_lufs - integrated loudness, peak_dbfs - sample peak)

    One constant gain: nothing is compressed or limited. 0 dB, short by 0 dB, for clips whose loudness is not defined
    (silence, under 400 ms): they are played as they are.
    """
    wanted_db = target_lufs - integrated_lufs(clip)
    if not np.isfinite(wanted_db):
        return Gain(0.0, 0.0)
    gain_db = min(wanted_db, peak_dbfs - _peak_dbfs(clip))
    return Gain(gain_db, wanted_db - gain_db)


def _lufs(powers: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return OFFSET_LUFS + 10 * np.log10(powers)


def _window_powers(clip: Clip) -> np.ndarray:
    """The mean square of the K-weighted clip in windows of 400 ms, every 100 ms: float64, shape (windows,)."""
    sums = np.concatenate([np.zeros(0), *_step_energies(clip)])
    if len(sums) < STEPS_PER_WINDOW:
        return np.zeros(0)
    windows = np.lib.stride_tricks.sliding_window_view(sums, STEPS_PER_WINDOW)
    return windows.sum(axis=1) / (STEPS_PER_WINDOW * STEP)


def _step_energies(clip: Clip) -> Iterator[np.ndarray]:
    """The energy of the K-weighted clip in steps of 100 ms, ten seconds at a time; the last is left out unless full."""
    from scipy.signal import sosfilt

    samples = clip.resampled(SAMPLE_RATE_HZ).samples
    filters, state = np.array(K_WEIGHTING), np.zeros((len(K_WEIGHTING), 2))
    for start in range(0, len(samples) // STEP * STEP, BLOCK):
        block = samples[start : start + BLOCK].astype(np.float64)
        weighted, state = sosfilt(filters, block, zi=state)
        full = len(weighted) // STEP
        yield np.square(weighted[: full * STEP]).reshape(full, STEP).sum(axis=1)
