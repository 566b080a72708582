"""What recognisers share: sound at 16 kHz, long enough to be heard, and in parts that bound the memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audio.clip import Clip
from evaluation.recognisers.base import RecogniserError

SAMPLE_RATE_HZ = 16_000
Samples = npt.NDArray[np.float32]


def audible(clip: Clip, least_s: float) -> Samples:
    """The samples of a clip at 16 kHz: float32, (n,).

    Raises:
        RecogniserError: if the clip lasts less than `least_s`, or is digital silence.
    """
    if clip.duration_s < least_s or clip.is_silent:
        came = "silence" if clip.duration_s >= least_s else f"{clip.duration_s:.2f} s"
        raise RecogniserError(f"At least {least_s:g} s of sound was expected, but {came} came: take a longer clip.")
    return clip.resampled(SAMPLE_RATE_HZ).samples


def parts(samples: Samples, longest_s: float) -> list[Samples]:
    """As few parts of equal length as there must be for none to last longer than `longest_s`."""
    count = -(-len(samples) // int(longest_s * SAMPLE_RATE_HZ))
    return np.array_split(samples, max(1, count))


def transcribed(text: str) -> str:
    """Words as every recogniser gives them: lower case, no punctuation, one space between them."""
    from evaluation.metrics.words import normalised

    return normalised(text)
