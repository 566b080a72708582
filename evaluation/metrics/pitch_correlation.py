"""Pitch correlation of a corpus: how much of the intonation a system keeps, in [-1, 1]; higher is better for utility.

ρF0 is VoicePrivacy 2022's, frame by frame as in evaluation.clip_scores: unvoiced frames count with F0 = 0, so that
agreement on which frames are voiced counts as well as the melody. `voiced_correlation` takes the melody alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evaluation.clip_scores import aligned_tracks, pitch_correlation_of_tracks
from evaluation.metrics.bootstrap import Interval, mean_interval, noted

Floats = npt.NDArray[np.float64]
NAN = float("nan")
LEAST_VOICED = 10

__all__ = ["mean_pitch_correlation", "pitch_correlation_of_tracks", "voiced_correlation"]


def voiced_correlation(first_hz: npt.ArrayLike, second_hz: npt.ArrayLike) -> float:
    """Pearson's correlation of two F0 tracks, (frames,), Hz, 0 where unvoiced, over frames in which both are voiced.

    Stretched, limited to 75 to 500 Hz and aligned as for ρF0. Not VoicePrivacy's ρF0: blind to voicing errors. NaN with
    fewer than 10 common frames (0.1 s), or without any change in one of them.
    """
    first, second = aligned_tracks(np.asarray(first_hz, float), np.asarray(second_hz, float))
    both = (first > 0) & (second > 0)
    if both.sum() < LEAST_VOICED or np.ptp(first[both]) == 0 or np.ptp(second[both]) == 0:
        return NAN
    return float(np.clip(np.corrcoef(first[both], second[both])[0, 1], -1, 1))


def mean_pitch_correlation(
    values: Sequence[float],
    speakers: Sequence[str],
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """Mean of utterances' correlations, (n,), with its interval for other speakers; NaN ones are left out, and said."""
    found = mean_interval(values, speakers, rng=rng, replicates=replicates, confidence=confidence)
    return noted(Interval(found.value, max(found.low, -1.0), min(found.high, 1.0), found.note))
