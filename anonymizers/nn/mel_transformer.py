"""From what is said, and a speaker's vector, to a mel spectrogram: a transformer, our own reading of ContentVec2Mel-VC.

Content comes 50 times a second, log-mel frames go out 100 times: every block gives two. Positions are told by a
convolution over time alone, so that a sound may be longer than those learnt from; the speaker's vector, normalised, is
added before every block through a projection of its own. There is no input for pitch: it follows from content and
speaker, as nothing else is described.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

Module = Any
STRIDE = 2
"""Mel frames a frame of content."""


@dataclass(frozen=True)
class Sizes:
    """Of the network.

    Attributes:
        content, speaker, mels: numbers of a frame of content, of a speaker's vector, of a mel frame.
        width, heads, inner, blocks: of the transformer.
        kernel: frames of content that the convolution for positions spans; odd.
        dropout: while it learns.
    """

    content: int = 256
    speaker: int = 192
    mels: int = 80
    width: int = 384
    heads: int = 6
    inner: int = 1_536
    blocks: int = 6
    kernel: int = 31
    dropout: float = 0.1


def network(sizes: Sizes = Sizes()) -> Module:
    """The network without training: content, float32 (b, n, content), and vectors (b, speaker) of any length to
    normalised log-mel frames (b, 2 n, mels)."""
    return _class()(sizes)


@cache
def _class() -> Module:
    from torch import nn
    from torch.nn.functional import gelu, layer_norm

    class MelTransformer(nn.Module):
        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            self.sizes = sizes
            width = sizes.width
            self.inputs = nn.Linear(sizes.content, width)
            self.positions = nn.Conv1d(width, width, sizes.kernel, padding=sizes.kernel // 2, groups=width)
            self.speakers = nn.ModuleList(nn.Linear(sizes.speaker, width) for _ in range(sizes.blocks))
            self.blocks = nn.ModuleList(
                nn.TransformerEncoderLayer(
                    width, sizes.heads, sizes.inner, sizes.dropout, "gelu", batch_first=True, norm_first=True
                )
                for _ in range(sizes.blocks)
            )
            self.norm = nn.LayerNorm(width)
            self.outputs = nn.Linear(width, STRIDE * sizes.mels)

        def forward(self, content: Any, speaker: Any) -> Any:
            x = self.inputs(content)
            x = x + gelu(self.positions(x.transpose(1, 2))).transpose(1, 2)
            voice = layer_norm(speaker, speaker.shape[-1:])
            for block, projection in zip(self.blocks, self.speakers, strict=True):
                x = block(x + projection(voice)[:, None])
            mel = self.outputs(self.norm(x))
            return mel.reshape(len(mel), -1, self.sizes.mels)

    return MelTransformer
