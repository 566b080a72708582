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
from anonymizers.nn import hubert

Module = Any
UNITS, WIDTH = 200, 768


def network(encoder: Module, units: int = UNITS, width: int = WIDTH, layer: int = hubert.LAYERS) -> Module:
    """Sound, float32 (b, n), 16 kHz, to logits, (b, frames, units); `encoder` a HuBERT of that width. Not trained."""
    return _class()(encoder, units, width, layer)


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
    encoder = hubert.own(state)
    inside = {id(tensor) for tensor in encoder.values()}
    shaped = [
        tensor
        for _, tensor in hubert.flattened(state)
        if tuple(tensor.shape) == (units, width) and id(tensor) not in inside
    ]
    if len(shaped) != 1:
        raise AnonymizerError(
            f"The head of SSL-SAS's soft content, one tensor of {units} x {width}, was expected beside HuBERT, but the "
            f"file holds {len(shaped)}: get the published file (the hubert_soft of other projects is another network)."
        )
    return {**{f"encoder.{name}": tensor for name, tensor in encoder.items()}, "weight": shaped[0]}


@cache
def _class() -> Module:
    import torch
    from torch import nn

    class SoftContent(nn.Module):
        def __init__(self, encoder: Module, units: int, width: int, layer: int) -> None:
            super().__init__()
            self.encoder, self.layer = encoder, layer
            self.weight = nn.Parameter(torch.randn(units, width))

        def forward(self, sound: Any) -> Any:
            return logits(hubert.layer(self.encoder, sound, self.layer), self.weight)

    return SoftContent
