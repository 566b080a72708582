"""ContentVec: what is said, with less of who says it, 50 frames of 256 numbers a second.

Qian et al., "ContentVec", ICML 2022: HuBERT base, trained so that its content no longer tells the speaker. Taken from
its 12th and last transformer block, through the final projection from 768 to 256 numbers (as GenVC does). Weights:
lengyue233/content-vec-best, a conversion of the authors' `checkpoint_best_legacy_500.pt` with the names of Hugging
Face's transformers; size and digest as several public projects pin them. Verified with random weights: the renaming and
the network against transformers' HubertModel. Not verified, as they could not be had while this was written: the
published weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.nn import ssl_models
from anonymizers.nn.ssl_models import FRAME, HOP, Sizes
from anonymizers.weights import WeightFile, WeightRef

Module = Any
Floats = npt.NDArray[np.float32]

WIDTH = 256
REVISION = "c0b9ba13db21beaa4053faae94c102ebe326fd68"
WEIGHTS = WeightRef(
    id="contentvec",
    title="ContentVec (legacy 500)",
    source="huggingface:lengyue233/content-vec-best",
    revision=REVISION,
    files=(
        WeightFile(
            "pytorch_model.bin",
            f"https://huggingface.co/lengyue233/content-vec-best/resolve/{REVISION}/pytorch_model.bin",
            378_342_945,
            "d8dd400e054ddf4e6be75dab5a2549db748cc99e756a097c496c099f65a4854e",
        ),
    ),
    licence="MIT",
)
AHEAD = FRAME - HOP
"""Silence put before a sound, so that frame t hears 80 samples before sample 320 t to 320 after it."""


def network(sizes: Sizes = ssl_models.BASE, width: int = WIDTH) -> Module:
    """ContentVec without training: `hubert` (torchaudio's) and `final_proj`."""
    return _class()(sizes, width)


def content(module: Module, samples: Floats) -> Floats:
    """What is said in a sound at 16 kHz, float32, (n,), n > 0: float32, (ceil(n / 320), width), every 20 ms."""
    import torch

    count = -(-len(samples) // HOP)
    padded = np.pad(samples, (AHEAD, HOP * count - len(samples)))
    features = ssl_models.features(module.hubert, padded, len(module.hubert.encoder.transformer.layers))
    projection = module.final_proj.weight
    with torch.inference_mode():
        heard = torch.from_numpy(features).to(projection.device, projection.dtype)
        return module.final_proj(heard).float().cpu().numpy()


def from_transformers(state: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors of transformers' HubertModel with a final projection by the names of `network`; what only training
    needs (the mask's embedding) is left out."""
    return {_renamed(name): tensor for name, tensor in state.items() if name != "masked_spec_embed"}


def _renamed(name: str) -> str:
    if name.startswith("feature_extractor."):
        return f"hubert.{name}"
    if name.startswith("feature_projection."):
        return f"hubert.encoder.{name}"
    if name.startswith("encoder."):
        return f"hubert.encoder.transformer.{name.removeprefix('encoder.')}"
    return name


@cache
def _class() -> Module:
    from torch import nn

    class ContentVec(nn.Module):
        def __init__(self, sizes: Sizes, width: int) -> None:
            super().__init__()
            self.hubert = ssl_models.hubert_base(sizes)
            self.final_proj = nn.Linear(sizes.width, width)

    return ContentVec
