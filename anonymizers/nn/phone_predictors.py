"""The two small predictors of private kNN-VC: which phone a frame is, and how many frames a phone lasts.

FastSpeech 2's duration predictor (Ren et al., 2021): two convolutions over three frames, each with a layer norm after
its ReLU, and a projection. Sizes are read from the weights, as in the reference: 1024 -> 256 -> phones, and phones
(embedded in 256) -> 256 -> 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from anonymizers.base import AnonymizerError

Module = Any
Tensor = Any


@dataclass(frozen=True)
class Sizes:
    """Numbers a frame that go in, inside, that come out; `phones` to be embedded first, 0 where frames go in."""

    inputs: int
    width: int
    outputs: int
    phones: int = 0
    kernel: int = 3


def network(sizes: Sizes) -> Module:
    """A predictor without training: frames, float32 (b, n, inputs), or phones, int64 (b, n): float32 (b, n, outputs),
    scores of phones, or durations in frames."""
    return _class()(sizes)


def load(path: Path) -> Module:
    """A predictor with published weights.

    Raises:
        AnonymizerError: if `path` holds something else.
    """
    from anonymizers import tensors

    state = tensors.state_of(path)
    return tensors.fill(network(sizes_of(state, path)), state, path)


def sizes_of(state: Mapping[str, Tensor], path: Path) -> Sizes:
    """Those of the network whose weights these are; `path` is for the message.

    Raises:
        AnonymizerError: if they are another network's.
    """
    try:
        width, inputs, kernel = state["conv1.0.weight"].shape
        outputs = state["proj.weight"].shape[0]
        phones = state["emb.weight"].shape[0] if "emb.weight" in state else 0
    except (KeyError, ValueError, AttributeError):
        raise AnonymizerError(f"{path}: a predictor of phones or durations was expected, but it holds none.") from None
    return Sizes(inputs, width, outputs, phones, kernel)


@cache
def _class() -> Module:
    from torch import nn

    class Predictor(nn.Module):
        """The names of its parts are those of the published checkpoints."""

        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            self.sizes = sizes
            if sizes.phones:
                self.emb = nn.Embedding(sizes.phones, sizes.inputs, padding_idx=0)
            self.conv1 = nn.Sequential(
                nn.Conv1d(sizes.inputs, sizes.width, sizes.kernel, padding=(sizes.kernel - 1) // 2), nn.ReLU()
            )
            self.ln1 = nn.LayerNorm(sizes.width)
            self.conv2 = nn.Sequential(nn.Conv1d(sizes.width, sizes.width, sizes.kernel, padding=1), nn.ReLU())
            self.ln2 = nn.LayerNorm(sizes.width)
            self.proj = nn.Linear(sizes.width, sizes.outputs)

        def forward(self, x: Tensor) -> Tensor:
            x = self.emb(x) if self.sizes.phones else x
            x = self.ln1(self.conv1(x.transpose(1, 2)).transpose(1, 2))
            x = self.ln2(self.conv2(x.transpose(1, 2)).transpose(1, 2))
            return self.proj(x)

    return Predictor
