"""GenderNet: a small network of GenGAN's authors that says of half a second of sound whether a woman or a man speaks.

From dimitriStoidis/GenGAN; trained by them on LibriSpeech train-clean-100, at 16 kHz. It hears samples, no spectrogram.
It was trained on unprotected speech: what it cannot tell, an attacker trained on protected speech may.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Module = Any
Floats = npt.NDArray[np.float32]
SAMPLE_RATE_HZ = 16_000
WINDOW = 8192
PEAK = 0.95
CHANNELS, LAYERS = 16, 5
QUIET_DB = 30.0
"""A window so far below the loudest is a pause: nothing can be heard there."""


def network(channels: int = CHANNELS, layers: int = LAYERS) -> Module:
    """Without training, in evaluation mode: sound, float32 (b, 1, n), to (b, 2), in [0, 1]: man, woman; n >= 243."""
    return _class()(channels, layers).eval().requires_grad_(False)


def windows(samples: Floats) -> Floats:
    """Windows of 8192 samples, one after the other, of a sound scaled to a peak of 0.95: float32 (windows, 8192).

    What is left at the end is dropped; a shorter sound is filled up with zeros.
    """
    scaled = samples * np.float32(PEAK / max(1e-9, float(np.abs(samples).max(initial=0))))
    whole = max(1, len(scaled) // WINDOW)
    return np.pad(scaled, (0, max(0, WINDOW - len(scaled))))[: whole * WINDOW].reshape(whole, WINDOW)


def pauses(cut: Floats) -> npt.NDArray[np.bool_]:
    """Which windows of a sound are pauses, bool (windows,)."""
    level = np.sqrt(np.mean(np.square(cut, dtype=np.float64), axis=1))
    return level < level.max(initial=0) * 10 ** (-QUIET_DB / 20)


def femininity(module: Module, cut: Floats, device: str = "cpu") -> npt.NDArray[np.float64]:
    """How female each window sounds to the network, float64 (windows,), in [0, 1]: woman / (woman + man).

    Above .5 the network decides for a woman. It is no probability: the network answers with two separate numbers.
    """
    import torch

    with torch.inference_mode():
        said = torch.cat([module(part.to(device)).cpu() for part in torch.from_numpy(cut)[:, None].split(64)])
    man, woman = said.double().numpy().T
    return woman / np.maximum(woman + man, 1e-12)


@cache
def _class() -> Module:
    from torch import nn
    from torch.nn.functional import max_pool1d

    class GenderNet(nn.Module):
        """The names of its parts are those of the published checkpoint."""

        def __init__(self, channels: int, layers: int) -> None:
            super().__init__()
            self.layers = layers
            self.initialconv = nn.Conv1d(1, channels, 3, padding=1)
            self.initialbn = nn.BatchNorm1d(channels)
            for layer in range(layers):
                self.add_module(f"conv_{layer}", nn.Conv1d(channels, channels, 3, padding=1))
                self.add_module(f"bn_{layer}", nn.BatchNorm1d(channels))
            self.finalconv = nn.Conv1d(channels, channels, 3, padding=1)
            self.output = nn.Linear(channels, 2)

        def forward(self, sound: Any) -> Any:
            x = self.initialbn(self.initialconv(sound))
            for layer in range(self.layers):
                x = self.get_submodule(f"bn_{layer}")(self.get_submodule(f"conv_{layer}")(x).relu())
                x = max_pool1d(x, 3)
            return self.output(self.finalconv(x).relu().amax(dim=-1)).sigmoid()

    return GenderNet
