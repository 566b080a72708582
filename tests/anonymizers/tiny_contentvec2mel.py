"""ContentVec2Mel whole, with small random networks: no files, milliseconds."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from anonymizers import contentvec2mel_networks as own
from anonymizers import emotion_compensation
from anonymizers.base import Anonymizer
from anonymizers.contentvec2mel import ContentVec2Mel
from anonymizers.contentvec2mel_networks import Networks
from anonymizers.emotion_compensation import Boundaries
from anonymizers.nn import contentvec, hifigan, mel, mel_transformer, ssl_models
from anonymizers.pool import Pool
from audio.clip import Clip

VECTOR, CONTENT = 6, 8
TRANSFORMER = mel_transformer.Sizes(content=CONTENT, speaker=VECTOR, width=8, heads=2, inner=16, blocks=2, kernel=3)
VOCODER = hifigan.Sizes(80, channels=32, rates=own.VOCODER.rates, kernels=own.VOCODER.kernels)


def speakers(count: int = 8) -> Pool:
    vectors = np.random.default_rng(0).standard_normal((count, VECTOR)).astype(np.float32)
    f0_hz = np.where(np.arange(count) % 2, 110, 210).astype(np.float32)
    names = tuple(f"p{place}" for place in range(count))
    return Pool(names, tuple("FM"[place % 2] for place in range(count)), vectors, f0_hz, np.full(count, 2, np.float32))


def vector_of(clip: Clip) -> np.ndarray:
    """A voice by its long-term spectrum. (SpeechBrain, once imported, breaks hypothesis in the same process.)"""
    frames = mel.log_mel(clip.samples)
    measured = np.concatenate((frames.mean(0), frames.std(0)))
    return (np.random.default_rng(2).standard_normal((VECTOR, len(measured))) @ measured).astype(np.float32)


@cache
def networks() -> Networks:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        hears = contentvec.network(ssl_models.TINY, CONTENT).eval()
        draws = mel_transformer.network(TRANSFORMER).eval()
        speaks = hifigan.network(VOCODER).eval()
    signs = np.array(emotion_compensation.SIGNS["ecapa"])
    boundaries = Boundaries("ecapa", np.random.default_rng(1).standard_normal((4, VECTOR)), np.zeros(4), signs)
    return Networks(
        lambda samples: contentvec.content(hears, samples),
        vector_of,
        lambda content, vector: own.mel_of(draws, content, vector),
        lambda frames: own.spoken(speaks, frames),
        lambda progress: speakers(),
        lambda clip: boundaries,
    )


def tiny() -> Anonymizer:
    return ContentVec2Mel(networks)
