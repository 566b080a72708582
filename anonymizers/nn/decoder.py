"""The house decoder's network: what is said, how, and by whom, to the gains of a pulse train and of noise.

Every condition may be left out, since it was left out of a share of the training: the speaker (a zero vector), the
emotion controls (their mask), the soft bottleneck (its nearest code instead). So one network serves paper 001's whole
ablation.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from anonymizers.nn import convnext
from anonymizers.nn.controls import CONTROLS
from anonymizers.nn.phone_encoder import BOTTLENECK
from anonymizers.nn.source_filter import HARMONIC_BANDS, NOISE_BANDS

WIDTH = 256
BLOCKS = 6
KERNEL = 7
STEM_KERNEL = 5
DELAY = 1
"""Frames of 10 ms by which the output lags its input."""
SPEAKER = 192
SPEAKER_WIDTH = 64
PROSODY = 3
"""log2 of F0 over 200 Hz, voiced or not, loudness."""
INPUTS = BOTTLENECK + PROSODY + len(CONTROLS) + 1
"""The last is 1 where the controls count."""
Module = Any


def network() -> Module:
    """A decoder without training."""
    return _class()()


@cache
def _class() -> Module:
    import torch
    from torch import nn

    block, stem = convnext.classes()

    class Decoder(nn.Module):
        """Frames (b, frames, 71) and a speaker (b, 192) to natural-log gains (b, frames, 128), 80 harmonic bands and
        then 48 of noise, and the state."""

        def __init__(self) -> None:
            super().__init__()
            self.stem = stem(INPUTS, WIDTH, STEM_KERNEL)
            self.blocks = nn.ModuleList(block(WIDTH, KERNEL, 2) for _ in range(BLOCKS))
            self.voice = nn.Sequential(nn.Linear(SPEAKER, SPEAKER_WIDTH), nn.GELU())
            self.film = nn.Linear(SPEAKER_WIDTH, 2 * WIDTH * BLOCKS)
            self.norm = nn.LayerNorm(WIDTH)
            self.gains = nn.Linear(WIDTH, HARMONIC_BANDS + NOISE_BANDS)
            self.register_buffer("codebook", torch.zeros(48, BOTTLENECK))
            with torch.no_grad():
                self.film.weight.mul_(0.1)
                self.gains.weight.mul_(0.1)
                self.gains.bias.fill_(-4.0)

        def first_state(self, batch: int = 1) -> list[Any]:
            blocks: Any = self.blocks
            first = torch.zeros(batch, INPUTS, self.stem.before)
            return [first] + [torch.zeros(batch, WIDTH, one.before) for one in blocks]

        def forward(self, frames: Any, speaker: Any, states: list[Any]) -> tuple[Any, list[Any]]:
            y, first = self.stem(frames.transpose(1, 2), states[0])
            film = self.film(self.voice(speaker * 14.0)).view(-1, BLOCKS, 2, WIDTH, 1)
            after = [first]
            for place, one in enumerate(self.blocks):
                y, state = one(y, states[place + 1], film[:, place, 0], film[:, place, 1])
                after.append(state)
            return self.gains(self.norm(y.transpose(1, 2))).clamp(-14.0, 4.0), after

        def whole(self, frames: Any, speaker: Any) -> Any:
            """Gains of whole sounds, frame t at frame t: (b, frames, 128)."""
            frames = nn.functional.pad(frames, (0, 0, 0, DELAY))
            return self(frames, speaker, self.first_state(len(frames)))[0][:, DELAY:]

    return Decoder


def sound(gains: Any, pulse: Any, hiss: Any) -> Any:
    """The sound of gains, torch (b, frames, 128): the same as source_filter.SourceFilter, for whole crops.

    `pulse`, `hiss`: (b, 160 (frames + 1)), from 160 samples before frame 0's centre on. Gives (b, 160 (frames - 1)),
    from frame 0's centre on.
    """
    import torch

    from anonymizers.nn import source_filter as sf

    frames, n_fft, hop = gains.shape[1], sf.N_FFT, sf.HOP
    window = torch.from_numpy(sf.window()).to(gains)
    total = torch.zeros((), device=gains.device)
    for excitation, log_gains in ((pulse, gains[..., : sf.HARMONIC_BANDS]), (hiss, gains[..., sf.HARMONIC_BANDS :])):
        log_magnitude = log_gains @ torch.from_numpy(sf.interpolation(log_gains.shape[-1])).to(gains)
        cepstrum = torch.fft.irfft(log_magnitude, n_fft) * torch.from_numpy(sf.fold()).to(gains)
        response = torch.exp(torch.fft.rfft(cepstrum))
        pieces = excitation.unfold(1, 2 * hop, hop)[:, :frames] * window
        total = total + torch.fft.rfft(pieces, n_fft) * response
    pieces = torch.fft.irfft(total, n_fft)
    added = torch.nn.functional.fold(
        pieces.transpose(1, 2), (1, hop * (frames - 1) + n_fft), (1, n_fft), stride=(1, hop)
    )
    return added[:, 0, 0, hop : hop * frames].to(torch.float32)


def load(path: Path) -> Module:
    """A trained decoder (safetensors) in evaluation mode."""
    from safetensors.torch import load_file

    module = network()
    module.load_state_dict({name: tensor.float() for name, tensor in load_file(path).items()})
    return module.eval()
