"""Who speaks, by SpeechBrain's ECAPA-TDNN trained on VoxCeleb, for systems that are conditioned on its vector.

Desplanques, Thienpondt and Demuynck, "ECAPA-TDNN", Interspeech 2020; weights speechbrain/spkrec-ecapa-voxceleb, size
and digest as several public projects have them. Verified: features, normalisation and network against the golden
fixture (random weights). Not verified, as they could not be had while this was written: what the weights give.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import speaker_encoder, weights
from anonymizers.models import models
from anonymizers.nn import ecapa_voxceleb
from anonymizers.weights import WeightFile, WeightRef
from audio.clip import Clip

Module = Any
Floats = npt.NDArray[np.float32]

WIDTH = 192
REVISION = "0f99f2d0ebe89ac095bcc5903c4dd8f72b367286"
WEIGHTS = WeightRef(
    id="ecapa-voxceleb",
    title="ECAPA-TDNN (VoxCeleb)",
    source="huggingface:speechbrain/spkrec-ecapa-voxceleb",
    revision=REVISION,
    files=(
        WeightFile(
            "embedding_model.ckpt",
            f"https://huggingface.co/speechbrain/spkrec-ecapa-voxceleb/resolve/{REVISION}/embedding_model.ckpt",
            sha256="0575cb64845e6b9a10db9bcb74d5ac32b326b8dc90352671d345e2ee3d0126a2",
        ),
    ),
    licence="Apache-2.0",
    about_bytes=83_300_000,
)


def embed(clip: Clip) -> Floats:
    """The vector of a clip, float32, (192,), of no fixed length; see `embed_by`.

    Raises:
        AnonymizerError: if the weights are not here or are another network's.
    """
    return embed_by(models().get(WEIGHTS.id, _loaded), clip)


def embed_by(network: Module, clip: Clip) -> Floats:
    """The vector that a network of nn/ecapa_voxceleb.py gives: the mean over pieces of at most 20 s; clips of less than
    0.5 s are heard repeated up to it."""
    import torch

    device = next(network.parameters()).device
    with torch.inference_mode():
        heard = [network(torch.tensor(piece)[None].to(device))[0] for piece in speaker_encoder.pieces(clip)]
        return torch.stack(heard).mean(0).float().cpu().numpy()


def _loaded() -> Module:
    from anonymizers import tensors

    network, path = ecapa_voxceleb.network(ecapa_voxceleb.Sizes()), weights.path_of(WEIGHTS)
    tensors.fill(network.ecapa, tensors.state_of(path), path)
    return network
