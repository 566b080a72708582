"""SSL-SAS's soft content: how much each frame is like each of 200 units of speech.

Miao et al., "Language-independent speaker anonymization approach using self-supervised pre-trained models", Odyssey
2022 (arXiv 2202.13097), after van Niekerk et al., ICASSP 2022; github.com/nii-yamagishilab/SSL-SAS @ 07e51d3 (CC BY-NC
4.0), re-implemented from its description. The reference divides HuBERT's features by their norm over *time*, not over
the features of a frame: every frame depends on the whole utterance. The published weights were trained so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from anonymizers.base import AnonymizerError
from anonymizers.nn import names

Module = Any
UNITS, WIDTH, LAYERS = 200, 768, 12
HUBERT = ("feature_extractor", "encoder")
"""Its parts under torchaudio's names."""


def network(encoder: Module, units: int = UNITS, width: int = WIDTH, number: int = LAYERS) -> Module:
    """Sound, float32 (b, n), 16 kHz, to logits, (b, frames, units); `encoder` a HuBERT of that width. Not trained."""
    return _class()(encoder, units, width, number)


def layer(encoder: Module, sound: Any, number: int) -> Any:
    """What block `number` of HuBERT (1 to 12, as the papers count) makes of a sound (b, n), as it is: (b, frames, d).

    A sound of 320 k samples has k - 1 frames.
    """
    return encoder.extract_features(sound, num_layers=number)[0][-1]


def logits(features: Any, weight: Any) -> Any:
    """Features (b, frames, d) over their norm over time, times the rows of `weight` (units, d) over theirs."""
    from torch.nn.functional import linear, normalize

    return linear(normalize(features, dim=1), normalize(weight, dim=1))


def tensors(state: Mapping[str, Any], units: int = UNITS, width: int = WIDTH) -> dict[str, Any]:
    """The tensors of a published file under this network's names: HuBERT's by torchaudio's names, and the head, which
    is the one tensor of its shape outside HuBERT.

    Raises:
        AnonymizerError: if the file has no HuBERT or no such head.
    """
    encoder = names.under(state, HUBERT)
    inside = {id(tensor) for tensor in encoder.values()}
    shaped = [
        tensor
        for _, tensor in names.flattened(state)
        if tuple(tensor.shape) == (units, width) and id(tensor) not in inside
    ]
    if not encoder or len(shaped) != 1:
        raise AnonymizerError(
            f"HuBERT under torchaudio's names and beside it one tensor of {units} x {width}, the head of the soft "
            f"content, were expected, but the file holds {len(encoder)} tensors of HuBERT and {len(shaped)} of that "
            "shape: get the published file (the hubert_soft of other projects is another network)."
        )
    return {**{f"encoder.{name}": tensor for name, tensor in encoder.items()}, "weight": shaped[0]}


@cache
def _class() -> Module:
    import torch
    from torch import nn

    class SoftContent(nn.Module):
        def __init__(self, encoder: Module, units: int, width: int, number: int) -> None:
            super().__init__()
            self.encoder, self.number = encoder, number
            self.weight = nn.Parameter(torch.randn(units, width))

        def forward(self, sound: Any) -> Any:
            return logits(layer(self.encoder, sound, self.number), self.weight)

    return SoftContent
