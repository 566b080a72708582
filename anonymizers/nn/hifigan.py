"""HiFi-GAN's generator as the published systems use it: frames of content in, a waveform out.

Kong, Kim and Bae, "HiFi-GAN", NeurIPS 2020, version 1 (three kernels a stage, their outputs averaged). kNN-VC puts a
linear layer before it; SSL-SAS feeds it as it is. Weights fit in both published forms: with weight norm (`weight_g`,
`weight_v`) or folded (`weight`). torch is imported inside functions: whoever only reads a system's Info does not load
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

Module = Any
SLOPE = 0.1
LAST_SLOPE = 0.01
"""Of the leaky ReLU before the last convolution: PyTorch's default, in all published versions."""


@dataclass(frozen=True)
class Sizes:
    """Of a generator.

    Attributes:
        inputs: numbers a frame; first_inputs: those after the linear layer in front, 0 where there is none.
        channels: after the first convolution, halved at each stage.
        rates, kernels: of the stages that bring frames to samples; a frame becomes prod(rates) samples.
        residual_kernels, dilations: of the residual blocks of each stage.
    """

    inputs: int
    first_inputs: int = 0
    channels: int = 512
    rates: tuple[int, ...] = (10, 8, 2, 2)
    kernels: tuple[int, ...] = (20, 16, 4, 4)
    residual_kernels: tuple[int, ...] = (3, 7, 11)
    dilations: tuple[int, ...] = (1, 3, 5)

    @property
    def hop(self) -> int:
        """Samples a frame."""
        product = 1
        for rate in self.rates:
            product *= rate
        return product


def network(sizes: Sizes) -> Module:
    """A generator without training: frames, float32 (b, frames, inputs), to sound, (b, frames * hop), in [-1, 1]."""
    return _classes()[1](sizes)


def folded(state: Mapping[str, Any]) -> dict[str, Any]:
    """The tensors without weight norm: weight = g * v / |v|, the norm over all but the first dimension."""
    import torch

    plain = {name: tensor for name, tensor in state.items() if not name.endswith((".weight_g", ".weight_v"))}
    for name in (name.removesuffix("_g") for name in state if name.endswith(".weight_g")):
        plain[name] = torch._weight_norm(state[f"{name}_v"].float(), state[f"{name}_g"].float(), 0)
    return plain


@cache
def _classes() -> tuple[Module, Module]:
    from torch import nn
    from torch.nn.functional import leaky_relu

    class Residual(nn.Module):
        """Three pairs of convolutions, the first of each dilated, each pair added to what came in."""

        def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
            super().__init__()
            self.convs1 = nn.ModuleList(
                nn.Conv1d(channels, channels, kernel, dilation=one, padding=one * (kernel - 1) // 2)
                for one in dilations
            )
            self.convs2 = nn.ModuleList(
                nn.Conv1d(channels, channels, kernel, padding=(kernel - 1) // 2) for _ in dilations
            )

        def forward(self, x: Any) -> Any:
            for first, second in zip(self.convs1, self.convs2, strict=True):
                x = x + second(leaky_relu(first(leaky_relu(x, SLOPE)), SLOPE))
            return x

    class Generator(nn.Module):
        """The names of its parts are those of the published checkpoints."""

        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            self.sizes = sizes
            inputs = sizes.first_inputs or sizes.inputs
            if sizes.first_inputs:
                self.lin_pre = nn.Linear(sizes.inputs, sizes.first_inputs)
            self.conv_pre = nn.Conv1d(inputs, sizes.channels, 7, padding=3)
            widths = [sizes.channels // 2**stage for stage in range(len(sizes.rates) + 1)]
            self.ups = nn.ModuleList(
                nn.ConvTranspose1d(before, after, kernel, rate, padding=(kernel - rate) // 2)
                for before, after, rate, kernel in zip(widths, widths[1:], sizes.rates, sizes.kernels, strict=False)
            )
            self.resblocks = nn.ModuleList(
                Residual(width, kernel, sizes.dilations) for width in widths[1:] for kernel in sizes.residual_kernels
            )
            self.conv_post = nn.Conv1d(widths[-1], 1, 7, padding=3)

        def forward(self, frames: Any) -> Any:
            if self.sizes.first_inputs:
                frames = self.lin_pre(frames)
            x = self.conv_pre(frames.transpose(1, 2))
            several = len(self.sizes.residual_kernels)
            for stage, up in enumerate(self.ups):
                x = up(leaky_relu(x, SLOPE))
                blocks = self.resblocks[stage * several : (stage + 1) * several]
                x = sum(block(x) for block in blocks) / several
            return self.conv_post(leaky_relu(x, LAST_SLOPE)).tanh()[:, 0]

    return Residual, Generator
