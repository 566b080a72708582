"""Who speaks, by SpeechBrain's ECAPA-TDNN as it was trained on VoxCeleb: features, normalisation and network.

Desplanques, Thienpondt & Demuynck, "ECAPA-TDNN", Interspeech 2020 (arXiv 2005.07143). SpeechBrain's published
checkpoint and the one of SSL-SAS differ in their sizes alone. The network is built from sizes with SpeechBrain's own
classes; none of the publishers' Python-naming configuration files is read.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

Module = Any


@dataclass(frozen=True)
class Sizes:
    """Of the network; those of speechbrain/spkrec-ecapa-voxceleb are the defaults."""

    n_mels: int = 80
    channels: tuple[int, ...] = (1024, 1024, 1024, 1024, 3072)
    kernel_sizes: tuple[int, ...] = (5, 3, 3, 3, 1)
    dilations: tuple[int, ...] = (1, 2, 3, 4, 1)
    attention_channels: int = 128
    se_channels: int = 128
    res2net_scale: int = 8
    lin_neurons: int = 192


VOXCELEB = Sizes()
SSL_SAS = Sizes(channels=(512, 512, 512, 512, 1536))
"""Those of SSL-SAS's checkpoint."""


def network(sizes: Sizes) -> Module:
    """A network without training: sound, float32 (b, n), 16 kHz, to vectors, (b, lin_neurons), of no fixed length.

    Its parts: `features` (log-mel in dB, (b, frames, n_mels)), `normalise` (each band less its mean over the sound),
    `ecapa`, which has the published weights.
    """
    return _class()(sizes)


@cache
def _class() -> Module:
    import torch
    from speechbrain.lobes.features import Fbank
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
    from speechbrain.processing.features import InputNormalization
    from torch import nn

    _forget_placeholders()

    class Embedder(nn.Module):
        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            own = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(sizes).items()}
            n_mels = own.pop("n_mels")
            self.features = Fbank(n_mels=n_mels)
            self.normalise = InputNormalization(norm_type="sentence", std_norm=False)
            self.ecapa = ECAPA_TDNN(n_mels, **own)

        def forward(self, sound: Any) -> Any:
            levelled = self.normalise(self.features(sound), torch.ones(len(sound), device=sound.device))
            return self.ecapa(levelled)[:, 0]

    return Embedder


def _forget_placeholders() -> None:
    """SpeechBrain leaves modules in sys.modules that fail when they are looked at, as inspect looks at all of them."""
    from speechbrain.utils.importutils import LazyModule

    for name in [name for name, module in sys.modules.items() if isinstance(module, LazyModule)]:
        del sys.modules[name]
