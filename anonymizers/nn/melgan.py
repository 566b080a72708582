"""MelGAN: the log-mel spectrogram that its authors compute, and the generator that makes a waveform of one.

Kumar et al., "MelGAN: Generative Adversarial Networks for Conditional Waveform Synthesis", NeurIPS 2019; sizes, names
and quirks as in descriptinc/melgan-neurips. Weights fit with weight norm (`weight_g`, `weight_v`: nn/hifigan.folded).
Checked against the reference with the same random weights; the published weights were not at hand. torch is imported
inside functions: whoever only reads a system's Info does not load it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

Module = Any
Tensor = Any
N_FFT = 1024
HOP = 256
MARGIN = (N_FFT - HOP) // 2
"""Samples put before and after the sound, so that n samples become n // 256 frames."""
N_MELS = 80
FLOOR = 1e-5
SLOPE = 0.2
BLOCK_FRAMES = 1024
CONTEXT_FRAMES = 16
"""A long spectrogram becomes sound in blocks; a sample hears less than this many frames to either side."""


@dataclass(frozen=True)
class Sizes:
    """Of a generator; those published are the defaults.

    Attributes:
        n_mels: bands of the spectrogram.
        channels: before the last convolution; twice as many before each stage from the end.
        residuals: blocks a stage, dilated by 1, 3, 9, ...
        rates: a frame becomes their product of samples; even.
    """

    n_mels: int = N_MELS
    channels: int = 32
    residuals: int = 3
    rates: tuple[int, ...] = (8, 8, 2, 2)


def log_mel(samples: Tensor, sample_rate_hz: int, padding: Literal["reflect", "constant"] = "reflect") -> Tensor:
    """log10 of Slaney mel bands of the magnitude, at least 1e-5: float32 (b, 80, n // 256) of float32 (b, n).

    Periodic Hann windows of 1024 samples every 256, 0 Hz to half the rate. `padding` of 384 samples at both ends:
    "reflect" as MelGAN's authors (n is above 384), "constant" (zeros) as GenGAN's. Frame t is centred on sample
    256 t + 128.
    """
    import torch
    from torch.nn.functional import pad

    padded = pad(samples[:, None], (MARGIN, MARGIN), padding)[:, 0]
    window = torch.hann_window(N_FFT, device=samples.device)
    spectrum = torch.stft(padded, N_FFT, HOP, window=window, center=False, return_complex=True)
    mel = bands(sample_rate_hz).to(samples.device) @ spectrum.abs()
    return mel.clamp(min=FLOOR).log10()


@lru_cache(maxsize=4)
def bands(sample_rate_hz: int) -> Tensor:
    """Slaney's triangles, of area 1 in Hz: float32 (80, 513), as librosa.filters.mel gives them."""
    from torchaudio.functional import melscale_fbanks

    rows = melscale_fbanks(
        N_FFT // 2 + 1, 0.0, sample_rate_hz / 2, N_MELS, sample_rate_hz, norm="slaney", mel_scale="slaney"
    )
    return rows.T.contiguous()


def network(sizes: Sizes = Sizes()) -> Module:
    """A generator without training: log-mel, float32 (b, n_mels, frames), to sound, (b, frames * hop), in [-1, 1]."""
    return _classes()[1](sizes)


def spoken(module: Module, mel: Tensor, done: Callable[[float], None] = lambda fraction: None) -> Tensor:
    """What `module` says of a log-mel of any length, float32 (n_mels, frames): float32 (frames * hop,).

    In blocks with their context: the same samples as all at once, in flat memory. `done(fraction in [0, 1])`.
    """
    import torch

    frames, pieces = mel.shape[1], []
    for start in range(0, frames, BLOCK_FRAMES):
        first, last = max(0, start - CONTEXT_FRAMES), min(frames, start + BLOCK_FRAMES + CONTEXT_FRAMES)
        sound = module(mel[None, :, first:last])[0]
        hop = len(sound) // (last - first)
        pieces.append(sound[(start - first) * hop : (min(start + BLOCK_FRAMES, frames) - first) * hop])
        done(min(1.0, (start + BLOCK_FRAMES) / frames))
    return torch.cat(pieces)


@cache
def _classes() -> tuple[Module, Module]:
    from torch import nn

    class Residual(nn.Module):
        """A dilated convolution and one of width 1, added to a third that is a short cut."""

        def __init__(self, channels: int, dilation: int) -> None:
            super().__init__()
            self.block = nn.Sequential(
                nn.LeakyReLU(SLOPE),
                nn.ReflectionPad1d(dilation),
                nn.Conv1d(channels, channels, 3, dilation=dilation),
                nn.LeakyReLU(SLOPE),
                nn.Conv1d(channels, channels, 1),
            )
            self.shortcut = nn.Conv1d(channels, channels, 1)

        def forward(self, x: Any) -> Any:
            return self.shortcut(x) + self.block(x)

    class Generator(nn.Module):
        """The names of its parts are those of the published checkpoints: places in one sequence."""

        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            width = sizes.channels * 2 ** len(sizes.rates)
            layers = [nn.ReflectionPad1d(3), nn.Conv1d(sizes.n_mels, width, 7)]
            for rate in sizes.rates:
                layers += [
                    nn.LeakyReLU(SLOPE),
                    nn.ConvTranspose1d(width, width // 2, 2 * rate, rate, padding=rate // 2),
                    *(Residual(width // 2, 3**depth) for depth in range(sizes.residuals)),
                ]
                width //= 2
            layers += [nn.LeakyReLU(SLOPE), nn.ReflectionPad1d(3), nn.Conv1d(width, 1, 7), nn.Tanh()]
            self.model = nn.Sequential(*layers)

        def forward(self, mel: Any) -> Any:
            return self.model(mel)[:, 0]

    return Residual, Generator
