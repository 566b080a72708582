"""F0 of a whole file or of live sound, by the same candidates and the same costs.

Peaks of the autocorrelation of a windowed frame, divided by that of the window, and dynamic programming over them and
an unvoiced state: Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio
of a sampled sound", IFA Proceedings 17, 1993. Unlike there, the frame is limited to the band of the strong harmonics
and peaks are weighed by the autocorrelation of magnitudes instead of powers, so that a strong formant is not taken for
the fundamental and a missing fundamental is found.

A file is decided by the best path through all of it (`track`); live sound by the best path up to a few frames after
each (`LiveTracker`). Loudness counts only against the loudest nearby, so the level of a recording is of no account.
Voices above 600 Hz come out an octave too low.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from anonymizers.nn.mel import HOP, SAMPLE_RATE_HZ, frame_count

Floats = npt.NDArray[np.float32]

WINDOW = 640
AHEAD = WINDOW // 2
"""Frame t is centred on sample t * HOP and takes this many samples before it and from it on."""
N_FFT = 1024
FLOOR_HZ, CEILING_HZ = 60.0, 600.0
SHORTEST_LAG, LONGEST_LAG = int(SAMPLE_RATE_HZ / CEILING_HZ), int(np.ceil(SAMPLE_RATE_HZ / FLOOR_HZ))
BAND_HZ = (50.0, 80.0, 1000.0, 2000.0)
"""What is heard of the spectrum: from nothing to all between the first two, and back between the last two."""
CANDIDATES = 6
UNVOICED_STRENGTH = 0.3
OCTAVE_COST = 0.02
JUMP_COST = 0.6
"""Per octave, from one voiced frame to the next."""
VOICING_COST = 0.35
QUIET_DB = (-55.0, -40.0)
"""Below the first, against the loudest nearby, a frame is unvoiced; up to the second, less and less surely so."""
FALL_DB_PER_S = 6.0
"""How fast "the loudest nearby" is forgotten."""
SILENCE_DB = -180.0
BLOCK_FRAMES = 512
LONGEST_WAIT_FRAMES = 3
NONE = -1e3
"""The strength of a candidate that is not there."""


@dataclass(frozen=True, eq=False)
class Pitch:
    """A track; frame t is centred on sample t * 160 of sound at 16 kHz.

    Attributes:
        f0_hz: float32, shape (frames,), in [60, 600]; 0 where unvoiced.
        harmonicity: float32, shape (frames,), in [0, 1]: the share h of the power below some 1.5 kHz that repeats
            with the period of f0_hz; 10 log10(h / (1 - h)) is the harmonics-to-noise ratio in dB. Where unvoiced:
            with the period that fits best, 0 without any.
    """

    f0_hz: Floats
    harmonicity: Floats

    def __len__(self) -> int:
        return len(self.f0_hz)


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Peaks of frames, float32, shape (frames, CANDIDATES), and how loud the frames are, float64, shape (frames,).

    `log2_hz` is 0 and `strength` is NONE where there is no further peak.
    """

    log2_hz: Floats
    strength: Floats
    harmonicity: Floats
    level_db: npt.NDArray[np.float64]


def track(samples: Floats) -> Pitch:
    """The pitch of a whole file: the best path through all its frames.

    Args:
        samples: float32, shape (n,), 16 kHz; zeros are assumed before and after, and in place of NaN.

    Returns:
        ceil(n / 160) frames. Takes 25 MB and 100 bytes a frame (60 MB for an hour) beside the samples.
    """
    blocks = [_candidates(frames) for frames in _blocks(samples)]
    if not blocks:
        return _joined([])
    found = _Candidates(
        np.concatenate([block.log2_hz for block in blocks]),
        np.concatenate([block.strength for block in blocks]),
        np.concatenate([block.harmonicity for block in blocks]),
        np.concatenate([block.level_db for block in blocks]),
    )
    return _pitch(found, _best_path(found))


def track_causal(samples: Floats, lag_frames: int = 1) -> Pitch:
    """What a LiveTracker gives for all of `samples`; see there and `track`."""
    tracker = LiveTracker(lag_frames)
    return _joined([tracker.push(samples), tracker.flush()])


class LiveTracker:
    """The pitch of live sound: each frame is decided `lag_frames` (0 to 3) after its window is full.

    Candidates and costs are those of `track`, but "the loudest nearby" is the loudest so far. Whatever the sizes of
    the pieces, the frames are the same.
    """

    def __init__(self, lag_frames: int = 1) -> None:
        if not 0 <= lag_frames <= LONGEST_WAIT_FRAMES:
            raise ValueError(f"A lag of 0 to {LONGEST_WAIT_FRAMES} frames is expected, but {lag_frames} came.")
        self._lag = lag_frames
        self._heard = np.zeros(AHEAD, np.float32)
        self._samples = self._frames = 0
        self._loudest_db = SILENCE_DB
        self._scores = _start()
        self._newest = np.zeros(CANDIDATES, np.float32)
        self._waiting: deque[tuple[_Candidates, np.ndarray]] = deque()

    @property
    def latency_s(self) -> float:
        """From the centre of a frame to the end of what its decision needs: half a window, 20 ms, and the lag."""
        return (AHEAD + self._lag * HOP) / SAMPLE_RATE_HZ

    def push(self, samples: Floats) -> Pitch:
        """Take float32 samples, shape (n,), any n, 16 kHz; give the frames decided since, in order."""
        self._samples += len(samples)
        return _joined(list(self._hear(samples)))

    def flush(self) -> Pitch:
        """The sound has ended: the remaining of ceil(n / 160) frames. Nothing may be pushed afterwards."""
        missing = frame_count(self._samples) - self._frames
        silence = np.zeros(max(0, (missing - 1) * HOP + WINDOW - len(self._heard)), np.float32)
        late = list(self._hear(silence if missing else silence[:0]))
        return _joined(late + [self._decide(behind) for behind in range(len(self._waiting) - 1, -1, -1)])

    def _hear(self, samples: Floats) -> Iterator[Pitch]:
        self._heard = np.concatenate([self._heard, _clean(samples)])
        at = 0
        while at + WINDOW <= len(self._heard):
            self._advance(_candidates(self._heard[None, at : at + WINDOW]))  # alone: sums must not depend on company
            at += HOP
            if len(self._waiting) > self._lag:
                yield self._decide(self._lag)
        self._heard = self._heard[at:].copy()

    def _advance(self, found: _Candidates) -> None:
        """One frame further along every path."""
        self._loudest_db = max(float(found.level_db[0]), self._loudest_db - FALL_DB_PER_S * HOP / SAMPLE_RATE_HZ)
        totals = self._scores[:, None] - _costs(self._newest, found.log2_hz[0])
        scores = totals.max(axis=0) + _rewards(found, found.level_db - self._loudest_db)[0]
        self._scores = scores - scores.max()
        self._newest = found.log2_hz[0]
        self._waiting.append((found, totals.argmax(axis=0)))
        self._frames += 1

    def _decide(self, behind: int) -> Pitch:
        """The oldest waiting frame, `behind` frames before the newest, on the path that is best now."""
        state = int(self._scores.argmax())
        for step in range(1, behind + 1):
            state = int(self._waiting[-step][1][state])
        found, _ = self._waiting.popleft()
        return _pitch(found, np.array([state]))


def _clean(samples: Floats) -> Floats:
    if np.ndim(samples) != 1:
        raise ValueError(f"One channel, shape (n,), is expected, but shape {np.shape(samples)} came.")
    return np.nan_to_num(np.asarray(samples, np.float32), posinf=0.0, neginf=0.0)


def _blocks(samples: Floats) -> Iterator[Floats]:
    """The frames of a file, shape (up to BLOCK_FRAMES, WINDOW), one block after another."""
    count = frame_count(len(samples))
    for start in range(0, count, BLOCK_FRAMES):
        first, last = start * HOP - AHEAD, (min(start + BLOCK_FRAMES, count) - 1) * HOP + AHEAD
        piece = _clean(samples[max(0, first) : last])
        padded = np.pad(piece, (max(0, -first), max(0, last - len(samples))))
        yield np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]


def _candidates(frames: Floats) -> _Candidates:
    """The strongest peaks in the normalised autocorrelation of `frames`, shape (m, WINDOW)."""
    from scipy import fft

    window, weights, shape = _tables()
    spectrum = fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * window, N_FFT)[:, : len(weights)]
    magnitude = np.abs(spectrum) * weights
    power = np.square(magnitude)
    level_db = 10 * np.log10(power.sum(axis=1, dtype=np.float64) + 10 ** (SILENCE_DB / 10))
    at, lags, strength = _peaks(_correlation(magnitude, shape))
    harmonicity = np.take_along_axis(_correlation(power, shape), at, axis=1)
    there = strength > 0
    log2_hz = np.log2(SAMPLE_RATE_HZ / lags) * there
    return _Candidates(
        log2_hz.astype(np.float32),
        np.where(there, strength, NONE).astype(np.float32),
        np.clip(harmonicity * there, 0.0, 1.0),
        level_db,
    )


def _correlation(spectrum: Floats, shape: Floats) -> Floats:
    """The autocorrelation whose transform is `spectrum`, over its value at lag 0 and over `shape`; (m, lags)."""
    from scipy import fft

    correlation = fft.irfft(spectrum, N_FFT)[:, : len(shape)]
    return correlation / ((correlation[:, :1] + np.float32(1e-30)) * shape)


def _peaks(correlation: Floats) -> tuple[np.ndarray, Floats, Floats]:
    """The highest peaks, each (m, CANDIDATES): nearest lag, lag, height (-1: none), by a parabola through 3 points."""
    middle = correlation[:, SHORTEST_LAG : LONGEST_LAG + 1]
    left, right = correlation[:, SHORTEST_LAG - 1 : LONGEST_LAG], correlation[:, SHORTEST_LAG + 1 :]
    heights = np.where((middle > left) & (middle >= right), middle, np.float32(-1))
    at = np.argpartition(heights, -CANDIDATES, axis=1)[:, -CANDIDATES:]
    before, top, after = (np.take_along_axis(side, at, axis=1) for side in (left, middle, right))
    slope, bend = before - after, np.maximum(2 * top - before - after, np.float32(1e-9))
    shift = np.clip(-0.5 * slope / bend, -0.5, 0.5)
    there = np.take_along_axis(heights, at, axis=1) > 0
    return at + SHORTEST_LAG, at + SHORTEST_LAG + shift, np.where(there, top - 0.25 * slope * shift, np.float32(-1))


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


def _rewards(found: _Candidates, against_loudest_db: np.ndarray) -> np.ndarray:
    """What each state of a frame is worth, shape (frames, 1 + CANDIDATES), unvoiced first."""
    quiet = np.interp(against_loudest_db, QUIET_DB, (1.0, 0.0))
    octaves = found.log2_hz - np.float32(np.log2(FLOOR_HZ))
    return np.concatenate([UNVOICED_STRENGTH + quiet[:, None], found.strength + OCTAVE_COST * octaves], axis=1)


def _costs(before: Floats, after: Floats) -> Floats:
    """What it costs to go from each state to each, shape (..., 1 + CANDIDATES, 1 + CANDIDATES)."""
    costs = np.full((*before.shape[:-1], CANDIDATES + 1, CANDIDATES + 1), VOICING_COST, np.float32)
    costs[..., 0, 0] = 0.0
    costs[..., 1:, 1:] = JUMP_COST * np.abs(before[..., :, None] - after[..., None, :])
    return costs


def _start() -> np.ndarray:
    """The scores before the first frame, when nothing is voiced."""
    return np.append(0.0, np.full(CANDIDATES, NONE))


def _best_path(found: _Candidates) -> np.ndarray:
    """The states of the path of the greatest reward, uint8, shape (frames,)."""
    rewards = _rewards(found, found.level_db - _loudest(found.level_db))
    before = np.concatenate([np.zeros((1, CANDIDATES), np.float32), found.log2_hz[:-1]])
    back = np.zeros(rewards.shape, np.uint8)
    scores = _start()
    for start in range(0, len(rewards), BLOCK_FRAMES):
        block = slice(start, start + BLOCK_FRAMES)
        for t, costs in enumerate(_costs(before[block], found.log2_hz[block]), start):
            totals = scores[:, None] - costs
            back[t] = totals.argmax(axis=0)
            scores = totals.max(axis=0) + rewards[t]
    return _traced(back, int(scores.argmax()))


def _traced(back: np.ndarray, state: int) -> np.ndarray:
    """The path that ends in `state`, uint8, shape (frames,); `back[t, s]` is the state before state s of frame t."""
    states = np.zeros(len(back), np.uint8)
    for t in range(len(back) - 1, -1, -1):
        states[t] = state
        state = int(back[t, state])
    return states


def _pitch(found: _Candidates, states: np.ndarray) -> Pitch:
    voiced = states > 0
    chosen = np.where(voiced, states.astype(np.int64) - 1, found.strength.argmax(axis=1))[:, None]
    log2_hz = np.take_along_axis(found.log2_hz, chosen, axis=1)[:, 0]
    f0_hz = np.where(voiced, np.clip(np.exp2(log2_hz), FLOOR_HZ, CEILING_HZ), np.float32(0))
    return Pitch(f0_hz.astype(np.float32), np.take_along_axis(found.harmonicity, chosen, axis=1)[:, 0])


def _joined(pieces: list[Pitch]) -> Pitch:
    if not pieces:
        return Pitch(np.zeros(0, np.float32), np.zeros(0, np.float32))
    return Pitch(np.concatenate([p.f0_hz for p in pieces]), np.concatenate([p.harmonicity for p in pieces]))
