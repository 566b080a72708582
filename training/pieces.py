"""Which clips a step takes, and the part of a clip that a network hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from training.common import Utterance

Floats = npt.NDArray[np.float32]
Pcm = npt.NDArray[np.int16]
AS_THEY_ARE: Mapping[str, float] = MappingProxyType({})


def floats(sound: Pcm) -> Floats:
    """16-bit samples as float32 in [-1, 1)."""
    return np.divide(sound, 32768, dtype=np.float32)


def cut(sound: Pcm, start: int, length: int) -> Floats:
    """`length` samples from `start` on, which may begin before the sound or end after it: zeros there."""
    first, last = max(0, start), min(len(sound), start + length)
    return np.pad(floats(sound[first:last]), (first - start, start + length - last))


def chances(own: Sequence[Utterance], weights: Mapping[str, float] = AS_THEY_ARE) -> npt.NDArray[np.float64]:
    """How likely each clip is drawn, sum 1: by the root of its speaker's seconds, so that nobody's voice fills a batch.

    A clip's chance goes with its duration over the root of all its speaker's seconds; nameless speakers of a corpus
    count as one. `weights`: what clips of a corpus count, 1 if it is not named.
    """
    seconds: dict[str, float] = {}
    for one in own:
        seconds[one.speaker or one.corpus] = seconds.get(one.speaker or one.corpus, 0.0) + one.duration_s
    chance = np.array(
        [weights.get(one.corpus, 1.0) * one.duration_s / seconds[one.speaker or one.corpus] ** 0.5 for one in own]
    )
    return chance / chance.sum()
