"""How a version of a recording sounds, in two numbers, measured before it becomes a file to be played."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from audio.clip import Clip
    from audio.vad import Segment


def sounding(version: Clip, speech: Sequence[Segment]) -> dict[str, float | None]:
    """Medians over the frames of `version` in `speech`: centroid_hz and kurtosis; None without a frame that sounds.

    Of the samples as they come from the system. In the file that is played they would be others: its dither and its
    rounding to 16 bits fill what some systems leave empty above the voice. McAdams' kurtosis, against the original's,
    then moved by 0.15 to 0.19 doublings on average and by half a doubling at most (20 recordings each of EmoDB and
    LibriSpeech); that of systems by a vocoder by 0.01.
    """
    from audio.features import spectral_centroid, spectral_kurtosis

    return {
        "centroid_hz": _median(spectral_centroid(version, segments=speech).values),
        "kurtosis": _median(spectral_kurtosis(version, segments=speech).values),
    }


def _median(values: np.ndarray) -> float | None:
    there = values[np.isfinite(values)]
    return float(np.median(there)) if len(there) else None
