"""From WavLM's frames to sound: the HiFi-GAN of kNN-VC, which private kNN-VC uses too.

Trained by kNN-VC's authors on frames that had been replaced by their neighbours ("prematched"), in LibriSpeech
train-clean-100. Not verified, as they could not be had while this was written: the published weights themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers.models import models
from anonymizers.nn import hifigan
from anonymizers.nn.spans import spans
from anonymizers.nn.ssl_models import SAMPLE_RATE_HZ
from anonymizers.pool import Floats
from anonymizers.weights import WeightFile, WeightRef, path_of

Module = Any
LOUDNESS_LUFS = -16.0
LEAST_S = 0.4
"""Loudness is not defined for less."""
LONGEST_FRAMES = 1_500
CONTEXT_FRAMES = 16
"""More than the vocoder hears on either side of a frame: in pieces it gives the same sound."""

REF = WeightRef(
    id="knn-vc-hifigan",
    title="kNN-VC's HiFi-GAN (prematched)",
    source="github:bshall/knn-vc",
    revision="v0.1",
    files=(
        WeightFile(
            "prematch_g_02500000.pt",
            "https://github.com/bshall/knn-vc/releases/download/v0.1/prematch_g_02500000.pt",
            sha256="f924c7632c6eaf99004386d62293e124419e33582573552a6ae976eb88ed2dd5",
        ),
    ),
    licence="MIT",
    about_bytes=66_000_000,
)
"""SHA-256 as two public projects pin it."""
SIZES = hifigan.Sizes(1024, 512)


def published() -> Module:
    """The HiFi-GAN that was trained on frames replaced by their neighbours."""
    return models().get(REF.id, lambda: _vocoder(path_of(REF)))


def _vocoder(path: Path) -> Module:
    from anonymizers import tensors

    state: Mapping[str, Any] = tensors.state_of(path)
    return tensors.fill(hifigan.network(SIZES), hifigan.folded(state.get("generator", state)), path)


def spoken(vocoder: Module, frames: Floats) -> Floats:
    """What the vocoder says, float32, (320 n,), in [-1, 1], for `frames`, float32, (n, d), n >= 1."""
    import torch

    parameter = next(vocoder.parameters())
    hop, pieces = vocoder.sizes.hop, []
    with torch.inference_mode():
        for start, stop, own in spans(len(frames), LONGEST_FRAMES, CONTEXT_FRAMES):
            given = torch.from_numpy(np.ascontiguousarray(frames[start:stop]))[None]
            sound = vocoder(given.to(parameter.device, parameter.dtype))[0].float().cpu().numpy()
            pieces.append(sound[own.start * hop : own.stop * hop])
    return np.concatenate(pieces)


def levelled(samples: Floats, lufs: float = LOUDNESS_LUFS) -> Floats:
    """`samples` at 16 kHz, float32, (n,), brought to a loudness by torchaudio's reading of BS.1770, as the reference
    does: peaks may go over full scale. Left as they are where loudness is not defined: under 0.4 s, or silent."""
    import torch
    from torchaudio.functional import loudness

    if len(samples) < LEAST_S * SAMPLE_RATE_HZ:
        return samples
    found = float(loudness(torch.from_numpy(samples)[None], SAMPLE_RATE_HZ))
    return samples * np.float32(10.0 ** ((lufs - found) / 20.0)) if np.isfinite(found) else samples
