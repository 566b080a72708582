"""The networks of ContentVec2Mel: published ContentVec and ECAPA-TDNN, and a transformer and a vocoder that
training/contentvec2mel.py trains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import ecapa, emotion_compensation, ssl_sas_pool, target_speech, weights
from anonymizers.base import Progress
from anonymizers.emotion_compensation import Boundaries
from anonymizers.models import models
from anonymizers.nn import contentvec, hifigan, mel, mel_transformer
from anonymizers.nn.spans import spans
from anonymizers.pool import Pool
from anonymizers.weights import WeightFile, WeightRef
from audio.clip import Clip

Module = Any
Floats = npt.NDArray[np.float32]

PEAK = 0.95
MEL_CENTRE, MEL_SPREAD = -9.0, 4.0
"""Of log-mel frames of speech at that peak, roughly: what the networks see has about mean 0 and deviation 1."""
TRANSFORMER_FILE, VOCODER_FILE = "mel_transformer.safetensors", "vocoder.safetensors"
OWN = WeightRef(
    id="contentvec2mel",
    title="ContentVec2Mel, transformer and vocoder",
    source="here",
    revision="",
    files=(WeightFile(TRANSFORMER_FILE, ""), WeightFile(VOCODER_FILE, "")),
    licence="of the speech that they are trained on",
    loader="safetensors",
    recipe="contentvec2mel --data DIR",
)
WEIGHTS = (contentvec.WEIGHTS, ecapa.WEIGHTS, OWN)
TRANSFORMER = mel_transformer.Sizes()
VOCODER = hifigan.Sizes(mel.N_MELS, rates=(5, 4, 2, 2, 2), kernels=(11, 8, 4, 4, 4))
"""HiFi-GAN with the stages of SSL-SAS: 160 samples a frame."""
LONGEST_FRAMES, CONTEXT_FRAMES = 1_000, 50
"""The transformer hears 20 s of content at a time with 1 s on either side."""
SPOKEN_FRAMES, SPOKEN_CONTEXT = 2_000, 32
"""The vocoder speaks 20 s at a time; further than 32 frames it does not hear."""


@dataclass(frozen=True, eq=False)
class Networks:
    """What runs.

    Attributes:
        content: from samples at 16 kHz, float32 (n,), to content, (m, width), every 20 ms.
        speaker: from a clip to its vector, float32, (d,).
        mel: from content (m, width) and a vector (d,) to normalised log-mel frames (2 m, 80).
        vocoder: from these to a sound, float32, (320 m,).
        pool: whom pseudo-speakers are made of; it may have to be made first, and tells its progress.
        boundaries: for emotion compensation, of a clip.
    """

    content: Callable[[Floats], Floats]
    speaker: Callable[[Clip], Floats]
    mel: Callable[[Floats, Floats], Floats]
    vocoder: Callable[[Floats], Floats]
    pool: Callable[[Progress], Pool]
    boundaries: Callable[[Clip | None], Boundaries]


def published() -> Networks:
    """Published weights, and those that our recipe trained; all of them must be here.

    Raises:
        AnonymizerError: if weights are missing or are another network's.
    """
    hears = models().get(contentvec.WEIGHTS.id, load_contentvec, half_allowed=True)
    draws = models().get("contentvec2mel-transformer", _transformer)
    speaks = models().get("contentvec2mel-vocoder", _vocoder)
    return Networks(
        lambda samples: contentvec.content(hears, samples),
        ecapa.embed,
        lambda content, vector: mel_of(draws, content, vector),
        lambda frames: spoken(speaks, frames),
        _pool,
        emotion_compensation.trained_for("ecapa"),
    )


def normalised_mel(samples: Floats) -> Floats:
    """Log-mel frames of a sound at 16 kHz, (n,), as the networks see them: float32, (ceil(n / 160), 80)."""
    return (mel.log_mel(samples) - np.float32(MEL_CENTRE)) / np.float32(MEL_SPREAD)


def mel_of(module: Module, content: Floats, vector: Floats) -> Floats:
    """What the transformer makes of content, (m, width), for a speaker's vector, (d,): (2 m, 80)."""
    import torch

    device = next(module.parameters()).device
    voice, parts = torch.from_numpy(vector)[None].to(device), []
    for span in spans(len(content), LONGEST_FRAMES, CONTEXT_FRAMES):
        with torch.inference_mode():
            frames = module(torch.from_numpy(content[span.start : span.stop])[None].to(device), voice)[0]
        parts.append(frames[_twice(span.own)].float().cpu().numpy())
    return np.concatenate(parts)


def _twice(own: slice) -> slice:
    return slice(mel_transformer.STRIDE * own.start, mel_transformer.STRIDE * own.stop)


def spoken(module: Module, frames: Floats) -> Floats:
    """The vocoder's sound for normalised log-mel frames, (n, 80): float32, (160 n,)."""
    import torch

    device, parts = next(module.parameters()).device, []
    for span in spans(len(frames), SPOKEN_FRAMES, SPOKEN_CONTEXT):
        with torch.inference_mode():
            sound = module(torch.from_numpy(frames[span.start : span.stop])[None].to(device))[0]
        parts.append(sound[span.own.start * mel.HOP : span.own.stop * mel.HOP].float().cpu().numpy())
    return np.concatenate(parts)


def load_contentvec() -> Module:
    """ContentVec with its published weights.

    Raises:
        AnonymizerError: if they are not here or are another network's.
    """
    from anonymizers import tensors

    path = weights.path_of(contentvec.WEIGHTS)
    return tensors.fill(contentvec.network(), contentvec.from_transformers(tensors.state_of(path)), path)


def _transformer() -> Module:
    from anonymizers import tensors

    path = weights.path_of(OWN, TRANSFORMER_FILE)
    return tensors.fill(mel_transformer.network(TRANSFORMER), tensors.state_of(path), path)


def _vocoder() -> Module:
    from anonymizers import tensors

    path = weights.path_of(OWN, VOCODER_FILE)
    return tensors.fill(hifigan.network(VOCODER), hifigan.folded(tensors.state_of(path)), path)


def _pool(progress: Progress) -> Pool:
    encoder = ssl_sas_pool.encoder_of(weights.path_of(ecapa.WEIGHTS))
    return ssl_sas_pool.kept(target_speech.folder(), encoder, ecapa.embed, progress)
