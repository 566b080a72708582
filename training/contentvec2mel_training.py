"""What ContentVec2Mel's two networks learn by: the transformer by L1 and L2 of its mel spectrogram; HiFi-GAN as
published (hifigan_training.py), half of the time from mel spectrograms as the transformer draws them, so that it learns
to speak those. No size, loss or step count of the published ContentVec2Mel-VC is public: all of this is our choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers.nn import mel_transformer
from training.ahead import Ahead
from training.contentvec2mel_data import Batch, Crops
from training.loop import Loop

Module = Any
Tensor = Any


@dataclass(frozen=True)
class Settings:
    """One training of the transformer; `frames` of content a crop (50 a second)."""

    steps: int = 100_000
    seed: int = 8
    batch: int = 32
    frames: int = 200
    learning_rate: float = 3e-4
    weight_decay: float = 0.01


class TransformerLoop(Loop):
    """From content and a vector to the mel spectrogram of the same clip."""

    columns = ("loss", "mel_l1", "mel_l2", "learning_rate")

    def __init__(
        self, crops: Crops, sizes: mel_transformer.Sizes, settings: Settings, folder: Path, device: str = "cpu"
    ) -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.crops = Ahead(crops.of_step)
        self.module = mel_transformer.network(sizes).to(device)
        super().__init__(settings, folder, device, {"module": self.module})

    def losses(self, step: int) -> tuple[Any, tuple[float, ...]]:
        content, vectors, wanted = _on(self.device, self.crops.at(step))
        error = self.module(content, vectors) - wanted
        near, far = error.abs().mean(), error.square().mean()
        loss = near + far
        return loss, (loss.item(), near.item(), far.item())


class Spoken:
    """What the vocoder learns from: mel spectrograms, a share `drawn` of them the transformer's, and their sound."""

    def __init__(self, crops: Crops, transformer: Module, device: str = "cpu", drawn: float = 0.5) -> None:
        self.crops, self.device, self.drawn = Ahead(crops.of_step), device, drawn
        self.transformer = transformer.to(device).eval().requires_grad_(False)
        self._seed = crops.seed

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Mel frames (b, 2 n, 80) and the sound (b, 320 n) of a step, without gradients."""
        import torch

        batch = self.crops.at(step)
        content, vectors, frames = _on(self.device, batch)
        chosen = np.random.default_rng((self._seed, step, 2)).random(len(frames)) < self.drawn
        with torch.no_grad():
            drawn = self.transformer(content, vectors)
        mixed = torch.where(torch.from_numpy(chosen).to(self.device)[:, None, None], drawn, frames)
        return mixed, torch.from_numpy(batch.sound).to(self.device)


def _on(device: str, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Content, vectors and mel of a batch as tensors."""
    import torch

    content, vectors, frames = (
        torch.from_numpy(one).to(device) for one in (batch.content, batch.vectors, batch.mel)
    )  # fmt: skip
    return content, vectors, frames
