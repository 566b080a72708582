"""GenGAN's generator: a U-Net that turns a log-mel spectrogram into one of ambiguous gender.

Stoidis and Cavallaro, "Generating gender-ambiguous voices for privacy-preserving speech recognition", Interspeech 2022;
sizes, names and quirks as in dimitriStoidis/GenGAN. Five levels of paired convolutions; noise enters at the lowest as
one more channel, through a linear layer along time, so the number of frames is fixed. The condition on a gender is in
the weights but not in the computation, as published. Weights fit with weight norm (nn/hifigan.folded).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

Module = Any
FRAMES = 1043
"""16.7 s at 16 kHz in hops of 256 samples."""
N_MELS = 80


@dataclass(frozen=True)
class Sizes:
    """Of the network; those published are the defaults.

    Attributes:
        channels: of each level, from the spectrogram down.
        noise_columns: frames at the lowest level, FRAMES // 16.
        noise_rows: bands there, N_MELS // 16.
        genders, embedding, condition: of the parts that are not used.
    """

    channels: tuple[int, int, int, int, int] = (8, 16, 32, 64, 128)
    noise_columns: int = FRAMES // 16
    noise_rows: int = N_MELS // 16
    genders: int = 2
    embedding: int = 16
    condition: int = 10

    @property
    def noise(self) -> int:
        """How many numbers are drawn for one spectrogram."""
        return self.noise_rows * self.noise_columns


def network(sizes: Sizes = Sizes()) -> Module:
    """A generator without training, in evaluation mode.

    It takes normalised spectrograms, float32 (b, 1, 80, 1043) in [-1, 1], and standard normal noise, (b, 325); it gives
    spectrograms of the same shape and range.
    """
    return _class()(sizes).eval().requires_grad_(False)


@cache
def _class() -> Module:
    import torch
    from torch import nn
    from torch.nn.functional import interpolate, max_pool2d, pad

    def pair(inputs: int, outputs: int) -> Any:
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        )

    def beside(skipped: Any, lower: Any) -> Any:
        """`lower` at twice its size behind `skipped`; an odd width gets its column of zeros on the left."""
        doubled = interpolate(lower, scale_factor=2, mode="nearest")
        return torch.cat((skipped, pad(doubled, (skipped.shape[-1] - doubled.shape[-1], 0))), dim=1)

    class Generator(nn.Module):
        """The names of its parts are those of the published checkpoint."""

        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            self.sizes = sizes
            first, second, third, fourth, fifth = sizes.channels
            self.embed_condition = nn.Embedding(sizes.genders, sizes.embedding)
            self.project_noise = nn.Linear(sizes.noise_columns, sizes.noise_columns)
            self.project_cond = nn.Linear(sizes.embedding, sizes.condition)
            self.dconv_down1 = pair(1, first)
            self.dconv_down2 = pair(first, second)
            self.dconv_down3 = pair(second, third)
            self.dconv_down4 = pair(third, fourth)
            self.dconv_down5 = pair(fourth, fifth)
            self.dconv_up5 = pair(fifth + fourth + 1, fourth)
            self.dconv_up4 = pair(fourth + third, third)
            self.dconv_up3 = pair(third + second, second)
            self.dconv_up2 = pair(second + first, first)
            self.dconv_up1 = nn.Conv2d(first, 1, 1)

        def forward(self, spectrogram: Any, noise: Any) -> Any:
            first = self.dconv_down1(spectrogram)
            second = self.dconv_down2(max_pool2d(first, 2))
            third = self.dconv_down3(max_pool2d(second, 2))
            fourth = self.dconv_down4(max_pool2d(third, 2))
            lowest = self.dconv_down5(max_pool2d(fourth, 2))
            drawn = noise.reshape(-1, 1, self.sizes.noise_rows, self.sizes.noise_columns)
            x = torch.cat((lowest, self.project_noise(drawn)), dim=1)
            x = self.dconv_up5(beside(fourth, x))
            x = self.dconv_up4(beside(third, x))
            x = self.dconv_up3(beside(second, x))
            x = self.dconv_up2(beside(first, x))
            return self.dconv_up1(x).tanh()

    return Generator
