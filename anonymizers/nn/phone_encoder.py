"""The house phone encoders' network: log-mel frames to a bottleneck that knows what is said and little of who says it.

The design is B5's of the VoicePrivacy Challenge 2024 in small (Champion, 2023): an acoustic model trained on phones,
its bottleneck taken soft, or as the nearest of 48 vectors (vector quantisation).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from anonymizers.nn import convnext
from anonymizers.nn.mel import N_MELS

BOTTLENECK = 64
CODES = 48
PHONES = 40
WIDTH, CAUSAL_WIDTH = 256, 192
BLOCKS = 8
KERNEL = 9
STEM_KERNEL = 6
"""Mel frames of 10 ms that make one content frame of 20 ms, on either side of which they lie."""
LOOK_KERNEL = 5
DELAY = 2
"""Content frames of 20 ms by which the output lags its input: content frame j is at mel frame 2 j, and comes when mel
frame 2 j + 5 is known. The causal encoder knows no more of what is to come; the other one hears the whole clip."""
STRIDE = 2
Module = Any


def network(causal: bool = False) -> Module:
    """An encoder without training; see `_class` for what it takes and gives."""
    return _class()(causal)


@cache
def _class() -> Module:
    import torch
    from torch import nn

    block, stem = convnext.classes()

    class PhoneEncoder(nn.Module):
        """Mel frames less their mean, (b, frames, 80), frames even, to (content (b, frames / 2, 64), phone logits
        (b, frames / 2, 40), state). The state is a tuple of what each convolution heard last; `first_state` begins."""

        def __init__(self, causal: bool) -> None:
            super().__init__()
            self.causal = causal
            self.width = width = CAUSAL_WIDTH if causal else WIDTH
            self.stem = stem(N_MELS, width, STEM_KERNEL, STRIDE)
            self.look = stem(width, width, LOOK_KERNEL)
            self.blocks = nn.ModuleList(block(width, KERNEL, 2, centred=not causal) for _ in range(BLOCKS))
            self.norm = nn.LayerNorm(width)
            self.bottleneck = nn.Linear(width, BOTTLENECK)
            self.phones = nn.Linear(BOTTLENECK, PHONES)
            self.register_buffer("codebook", torch.randn(CODES, BOTTLENECK) * 0.3)

        def first_state(self, batch: int = 1) -> list[Any]:
            state = lambda width, one: torch.zeros(batch, width, one.before)  # noqa: E731
            kept: Any = self.blocks if self.causal else ()
            first = [state(N_MELS, self.stem), state(self.width, self.look)]
            return first + [state(self.width, one) for one in kept]

        def forward(self, mel: Any, states: list[Any]) -> tuple[Any, Any, list[Any]]:
            y, first = self.stem(mel.transpose(1, 2) * 0.4, states[0])
            y, second = self.look(nn.functional.gelu(y), states[1])
            after = [first, second]
            for place, one in enumerate(self.blocks):
                y, state = one(y, states[place + 2] if self.causal else None)
                after += [state] if self.causal else []
            content = torch.tanh(self.bottleneck(self.norm(y.transpose(1, 2))))
            return content, self.phones(content), after

        def whole(self, mel: Any) -> tuple[Any, Any]:
            """Content and phone logits of whole sounds, frame j at mel frame 2 j: (b, ceil(frames / 2), ...)."""
            frames = -(-mel.shape[1] // STRIDE)
            mel = nn.functional.pad(mel, (0, 0, 0, STRIDE * (DELAY + frames) - mel.shape[1]))
            content, logits, _ = self(mel, self.first_state(len(mel)))
            return content[:, DELAY:], logits[:, DELAY:]

    return PhoneEncoder


def quantised(content: Any, codebook: Any) -> tuple[Any, Any]:
    """The codes nearest to `content`, torch (..., 64), in `codebook` (48, 64): the vectors, and their places (...)."""
    distances = codebook.square().sum(1) - 2 * content @ codebook.T
    places = distances.argmin(-1)
    return codebook[places], places


def for_use(module: Module) -> Module:
    """`module` as it is shipped: log-mel frames and states to content, its nearest codes, phone logits and states."""
    import torch

    class InUse(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = module

        def first_state(self) -> list[Any]:
            return module.first_state()

        def forward(self, mel: Any, states: list[Any]) -> tuple[Any, ...]:
            content, logits, after = self.encoder(mel, states)
            return content, quantised(content, self.encoder.codebook)[0], logits, after

    return InUse().eval()


def load(path: Path, causal: bool) -> Module:
    """A trained encoder (safetensors) in evaluation mode."""
    from safetensors.torch import load_file

    module = network(causal)
    tensors = load_file(path).items()
    module.load_state_dict({name.removeprefix("encoder."): tensor.float() for name, tensor in tensors})
    return module.eval()
