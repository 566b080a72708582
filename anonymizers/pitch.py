"""F0 tracking of a whole file or of live sound, by the same candidates and the same costs.

Autocorrelation of a windowed frame, divided by that of the window, and dynamic programming over its peaks and an
unvoiced state: Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of
a sampled sound", IFA Proceedings 17, 1993. The spectrum is limited to the band of the strong harmonics and its peaks
are flattened first, so that a strong formant is not taken for the fundamental and a missing one is found.

A file is decided by the best path through all of it (`track`); live sound by the best path up to `lag_frames` after
each frame (`LiveTracker`). Loudness counts only against the loudest nearby, so the level of a recording is of no
account.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from anonymizers.nn.mel import HOP, SAMPLE_RATE_HZ, frame_count

Floats = npt.NDArray[np.float32]

WINDOW = 640
AHEAD = WINDOW // 2
"""Frame t is centred on sample t * HOP and needs this many samples from there on."""
N_FFT = 1024
FLOOR_HZ, CEILING_HZ = 60.0, 600.0
SHORTEST_LAG, LONGEST_LAG = int(SAMPLE_RATE_HZ / CEILING_HZ), int(np.ceil(SAMPLE_RATE_HZ / FLOOR_HZ))
BAND_HZ = (50.0, 100.0, 1200.0, 2400.0)
"""What is heard of the spectrum: from nothing to all between the first two, and back between the last two."""
FLATTENING = 0.75
"""The spectrum's magnitude is raised to 2 * this: 1 is plain autocorrelation, 0.5 takes magnitudes for powers."""
CANDIDATES = 6
UNVOICED_STRENGTH = 0.5
OCTAVE_COST = 0.02
JUMP_COST = 0.5
VOICING_COST = 0.14
QUIET_DB = (-45.0, -30.0)
"""Below the first, against the loudest nearby, a frame is unvoiced; up to the second, less and less surely so."""
FALL_DB_PER_S = 6.0
"""How fast "the loudest nearby" is forgotten."""
SILENCE_DB = -180.0
BLOCK_FRAMES = 512
NONE = -1e3
"""The strength of a candidate that is not there."""


@dataclass(frozen=True, eq=False)
class Pitch:
    """A track; frame t is centred on sample t * 160 of sound at 16 kHz.

    Attributes:
        f0_hz: float32, shape (frames,), in [60, 600]; 0 where unvoiced.
        harmonicity: float32, shape (frames,), in [0, 1]: the share of the frame's (flattened, band-limited) power
            that repeats at f0_hz; where unvoiced, at its best candidate, 0 without one.
    """

    f0_hz: Floats
    harmonicity: Floats

    def __len__(self) -> int:
        return len(self.f0_hz)


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Peaks of frames: `log2_hz` and `strength` (frames, CANDIDATES), NONE where there is none; `level_db`."""

    log2_hz: Floats
    strength: Floats
    level_db: npt.NDArray[np.float64]


def track(samples: Floats) -> Pitch:
    """The pitch of a whole file: the best path through all its frames.

    Args:
        samples: float32, shape (n,), 16 kHz; zeros are assumed before and after.

    Returns:
        ceil(n / 160) frames. Beside the samples this takes about 60 bytes a frame (22 MB for an hour).
    """
    padded = np.pad(np.asarray(samples, np.float32), (AHEAD, WINDOW))
    count = frame_count(len(samples))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]
    blocks = [_candidates(frames[start : start + BLOCK_FRAMES]) for start in range(0, max(count, 1), BLOCK_FRAMES)]
    found = _Candidates(
        np.concatenate([block.log2_hz for block in blocks]),
        np.concatenate([block.strength for block in blocks]),
        np.concatenate([block.level_db for block in blocks]),
    )
    rewards = _rewards(found.strength, found.log2_hz, found.level_db - _loudest(found.level_db))
    states = _best_path(found.log2_hz, rewards)
    return _pitch(found, states)


def track_causal(samples: Floats, lag_frames: int = 1) -> Pitch:
    """What a LiveTracker gives for all of `samples`; see there and `track`."""
    tracker = LiveTracker(lag_frames)
    early, late = tracker.push(samples), tracker.flush()
    return Pitch(np.append(early.f0_hz, late.f0_hz), np.append(early.harmonicity, late.harmonicity))


class LiveTracker:
    """The pitch of live sound, frame by frame, each decided `lag_frames` (0 to 3) after its window was full.

    The frames are the same whatever the sizes of the pieces. After `flush` nothing may be pushed.
    """

    def __init__(self, lag_frames: int = 1) -> None:
        if not 0 <= lag_frames <= 3:
            raise ValueError(f"A lag of 0 to 3 frames was expected, but {lag_frames} came.")
        self._lag = lag_frames
        self._heard = np.zeros(AHEAD, np.float32)
        self._samples = self._frames = 0
        self._loudest_db = SILENCE_DB
        self._scores = _start()
        self._newest = np.zeros(CANDIDATES, np.float32)
        self._waiting: deque[tuple[_Candidates, np.ndarray]] = deque()

    @property
    def latency_s(self) -> float:
        """From the centre of a frame to the last sample that its decision needs: half a window and the lag."""
        return (AHEAD + self._lag * HOP) / SAMPLE_RATE_HZ

    def push(self, samples: Floats) -> Pitch:
        """Take float32 samples, shape (n,), any n; give the frames decided since, in order."""
        self._samples += len(samples)
        return self._push(samples)

    def flush(self) -> Pitch:
        """The sound has ended: the remaining frames, so that ceil(n / 160) were given for n samples."""
        missing = frame_count(self._samples) - self._frames
        last = self._push(np.zeros(max(0, (missing - 1) * HOP + WINDOW - len(self._heard)), np.float32))
        rest = [self._decide(behind) for behind in range(len(self._waiting) - 1, -1, -1)]
        return _joined([last, *rest])

    def _push(self, samples: Floats) -> Pitch:
        self._heard = np.concatenate([self._heard, np.asarray(samples, np.float32)])
        decided = []
        position = 0
        while position + WINDOW <= len(self._heard):
            self._advance(_candidates(self._heard[None, position : position + WINDOW]))
            position += HOP
            if len(self._waiting) > self._lag:
                decided.append(self._decide(self._lag))
        self._heard = self._heard[position:].copy()
        return _joined(decided)

    def _advance(self, found: _Candidates) -> None:
        """One frame further along every path."""
        level_db = float(found.level_db[0])
        self._loudest_db = max(level_db, self._loudest_db - FALL_DB_PER_S * HOP / SAMPLE_RATE_HZ)
        reward = _rewards(found.strength, found.log2_hz, found.level_db - self._loudest_db)[0]
        totals = self._scores[:, None] - _costs(self._newest, found.log2_hz[0])
        self._newest = found.log2_hz[0]
        self._scores = totals.max(axis=0) + reward
        self._scores -= self._scores.max()
        self._waiting.append((found, totals.argmax(axis=0)))
        self._frames += 1

    def _decide(self, behind: int) -> Pitch:
        """The oldest waiting frame, `behind` frames before the newest, on the path that is best now."""
        state = int(self._scores.argmax())
        for step in range(behind):
            state = int(self._waiting[-1 - step][1][state])
        found, _ = self._waiting.popleft()
        return _pitch(found, np.array([state]))


def _joined(pieces: list[Pitch]) -> Pitch:
    if not pieces:
        return Pitch(np.zeros(0, np.float32), np.zeros(0, np.float32))
    return Pitch(np.concatenate([p.f0_hz for p in pieces]), np.concatenate([p.harmonicity for p in pieces]))


def _candidates(frames: Floats) -> _Candidates:
    """The strongest peaks of the normalised autocorrelation of `frames`, shape (m, WINDOW)."""
    from scipy import fft

    window, weights, shape = _tables()
    spectrum = fft.rfft(frames * window, N_FFT)[:, : len(weights)]
    power = (np.square(spectrum.real) + np.square(spectrum.imag)) * weights
    level_db = 10 * np.log10(power.sum(axis=1, dtype=np.float64) + 10 ** (SILENCE_DB / 10))
    power /= power.max(axis=1, keepdims=True) + np.float32(1e-30)
    correlation = fft.irfft(power**FLATTENING * weights, N_FFT)[:, : LONGEST_LAG + 2]
    correlation = correlation / (correlation[:, :1] + np.float32(1e-30)) / shape
    lags, strength = _peaks(correlation)
    there = strength > 0
    log2_hz = np.log2(SAMPLE_RATE_HZ / np.maximum(lags, 1.0)) * there
    return _Candidates(log2_hz.astype(np.float32), np.where(there, strength, NONE).astype(np.float32), level_db)


def _peaks(correlation: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Lags in samples and heights, shape (m, CANDIDATES), of the highest peaks, by a parabola through three points."""
    first = SHORTEST_LAG
    middle = correlation[:, first : LONGEST_LAG + 1]
    left, right = correlation[:, first - 1 : LONGEST_LAG], correlation[:, first + 1 : LONGEST_LAG + 2]
    heights = np.where((middle > left) & (middle >= right), middle, np.float32(-1))
    at = np.argpartition(heights, -CANDIDATES, axis=1)[:, -CANDIDATES:]
    before, top, after = (np.take_along_axis(side, at, axis=1) for side in (left, middle, right))
    slope, bend = before - after, np.maximum(2 * top - before - after, np.float32(1e-9))
    shift = np.clip(-0.5 * slope / bend, -0.5, 0.5)
    strength = np.where(np.take_along_axis(heights, at, axis=1) > 0, top - 0.25 * slope * shift, -1.0)
    return at + first + shift, np.minimum(strength, 1.0)


@lru_cache(maxsize=1)
def _tables() -> tuple[Floats, Floats, Floats]:
    """The window, periodic Hann; the weights of the bins up to the band's end; the window's own autocorrelation."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    hz = np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE_HZ)
    weights = np.interp(hz, BAND_HZ, (0.0, 1.0, 1.0, 0.0))[hz <= BAND_HZ[-1]]
    shape = np.fft.irfft(np.abs(np.fft.rfft(window, 2 * WINDOW)) ** 2)[: LONGEST_LAG + 2]
    return window.astype(np.float32), weights.astype(np.float32), (shape / shape[0]).astype(np.float32)


def _loudest(level_db: np.ndarray) -> np.ndarray:
    """The loudest level nearby, before or after, less FALL_DB_PER_S for its distance in time; shape (frames,)."""
    fall = FALL_DB_PER_S * HOP / SAMPLE_RATE_HZ * np.arange(len(level_db))
    before = np.maximum.accumulate(level_db + fall) - fall
    after = np.maximum.accumulate((level_db - fall)[::-1])[::-1] + fall
    return np.maximum(before, after)


def _rewards(strength: Floats, log2_hz: Floats, below_loudest_db: np.ndarray) -> np.ndarray:
    """What each state of a frame is worth, shape (frames, 1 + CANDIDATES), unvoiced first."""
    quiet = np.interp(below_loudest_db, QUIET_DB, (1.0, 0.0))
    voiced = strength + np.float32(OCTAVE_COST) * log2_hz
    return np.concatenate([(UNVOICED_STRENGTH + OCTAVE_COST * np.log2(200.0) + quiet)[:, None], voiced], axis=1)


def _costs(before: Floats, after: Floats) -> np.ndarray:
    """What it costs to go from each state to each, shape (..., 1 + CANDIDATES, 1 + CANDIDATES)."""
    costs = np.full((*before.shape[:-1], CANDIDATES + 1, CANDIDATES + 1), VOICING_COST, np.float32)
    costs[..., 0, 0] = 0.0
    costs[..., 1:, 1:] = JUMP_COST * np.abs(before[..., :, None] - after[..., None, :])
    return costs


def _start() -> np.ndarray:
    """The scores before the first frame, when nothing is voiced."""
    return np.append(0.0, np.full(CANDIDATES, NONE))


def _best_path(log2_hz: Floats, rewards: np.ndarray) -> np.ndarray:
    """The states of the path of the greatest reward, shape (frames,)."""
    count = len(log2_hz)
    back = np.zeros((count, CANDIDATES + 1), np.uint8)
    before = np.concatenate([np.zeros((1, CANDIDATES), np.float32), log2_hz])
    scores = _start()
    for start in range(0, count, BLOCK_FRAMES):
        after = log2_hz[start : start + BLOCK_FRAMES]
        for t, cost in enumerate(_costs(before[start : start + len(after)], after), start):
            totals = scores[:, None] - cost
            back[t] = totals.argmax(axis=0)
            scores = totals.max(axis=0) + rewards[t]
    states = np.zeros(count, np.int64)
    state = int(np.argmax(scores))
    for t in range(count - 1, -1, -1):
        states[t] = state
        state = back[t, state]
    return states


def _pitch(found: _Candidates, states: np.ndarray) -> Pitch:
    chosen = np.maximum(states - 1, 0)[:, None]
    log2_hz = np.take_along_axis(found.log2_hz, chosen, axis=1)[:, 0]
    best = found.strength.max(axis=1)
    strength = np.where(states > 0, np.take_along_axis(found.strength, chosen, axis=1)[:, 0], best)
    f0_hz = np.where(states > 0, np.clip(np.exp2(log2_hz), FLOOR_HZ, CEILING_HZ), 0.0)
    return Pitch(f0_hz.astype(np.float32), np.clip(strength, 0.0, 1.0).astype(np.float32))
