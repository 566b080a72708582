"""Convolutions in time that can stop and go on: what came before is a state that goes in and comes out.

A whole file is one call from the zero state; live sound is many short ones. Both give the same numbers.
torch is imported inside functions: whoever only reads a system's Info does not load it.
"""

from __future__ import annotations

from functools import cache
from typing import Any

Module = Any
"""A torch.nn.Module class or object; torch is not imported for its name."""


@cache
def classes() -> tuple[Module, Module]:
    """The classes `Block` and `Stem`."""
    import torch
    from torch import nn

    class Block(nn.Module):
        """ConvNeXt in one dimension (Liu et al., CVPR 2022), causal: depthwise convolution, norm, two linear layers.

        Called with x (b, d, frames) and the `kernel - 1` frames before it, (b, d, kernel - 1); gives y like x, and
        the state for the next call. With `scale` and `shift` (b, d, 1), they change what the norm gives (FiLM).
        """

        def __init__(self, width: int, kernel: int, expansion: int, centred: bool = False) -> None:
            super().__init__()
            self.before = kernel - 1
            self.centred = centred
            self.depthwise = nn.Conv1d(width, width, kernel, groups=width)
            self.norm = nn.LayerNorm(width)
            self.wider = nn.Linear(width, expansion * width)
            self.back = nn.Linear(expansion * width, width)
            self.weight = nn.Parameter(torch.full((width,), 0.2))

        def forward(self, x: Any, state: Any, scale: Any = None, shift: Any = None) -> tuple[Any, Any]:
            if self.centred:
                y = nn.functional.pad(x, (self.before // 2, self.before // 2))
            else:
                y = torch.cat((state, x), dim=2)
                state = y[:, :, y.shape[2] - self.before :]
            y = self.norm(self.depthwise(y).transpose(1, 2))
            if scale is not None:
                y = y * (1 + scale.transpose(1, 2)) + shift.transpose(1, 2)
            y = self.back(nn.functional.gelu(self.wider(y)))
            return x + (y * self.weight).transpose(1, 2), state

    class Stem(nn.Module):
        """A convolution without a residual: the only place that looks ahead. Its output lags its input by
        `ahead` frames when live; a whole file is padded with as many zeros after its end."""

        def __init__(self, inputs: int, width: int, kernel: int, stride: int = 1) -> None:
            super().__init__()
            self.before = kernel - stride
            self.conv = nn.Conv1d(inputs, width, kernel, stride)

        def forward(self, x: Any, state: Any) -> tuple[Any, Any]:
            """x: (b, inputs, frames), frames a multiple of the stride; the state: the kernel - stride frames before."""
            y = torch.cat((state, x), dim=2)
            return self.conv(y), y[:, :, y.shape[2] - self.before :]

    return Block, Stem
