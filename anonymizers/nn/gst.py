"""A voice's style as 128 numbers: global style tokens, as the VoicePrivacy Challenge's baseline B3 (STTTS) has them.

Wang et al., "Style Tokens", ICML 2018, in IMS Toucan's version (Meyer et al., "Prosody is not identity", ICASSP 2023;
Voice-Privacy-Challenge-2024 @ 400de3a, GPL-3.0), re-implemented from its description. A convolutional encoder hears 256
frames of log-mel; a recurrent one makes a vector of them, which asks ten learnt tokens. The encoder saw random places
of its clips, and is given random places here: they come from the caller's generator.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Module = Any
Floats = npt.NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
N_MELS, N_FFT, HOP = 80, 1024, 256
LOWEST_HZ, HIGHEST_HZ = 40.0, 8_000.0
FLOOR = 1e-10
CROP = 256


@dataclass(frozen=True)
class Sizes:
    """Of the network; those published are the defaults. `recurrent` is also the length of the style."""

    n_mels: int = N_MELS
    convolutions: tuple[int, ...] = (32, 32, 64, 64, 128, 128)
    recurrent: int = 128
    tokens: int = 10
    heads: int = 4


def network(sizes: Sizes = Sizes()) -> Module:
    """A style encoder without training: log-mel, float32 (b, frames, n_mels), to styles, (b, recurrent)."""
    return _class()(sizes)


def log_mel(sound: Any) -> Any:
    """log10 of mel magnitudes of a torch sound (n,), peak 1: (n // 256 + 1, 80); a sound of at least 513 samples."""
    import torch
    from torchaudio.functional import melscale_fbanks

    window = torch.hann_window(N_FFT, device=sound.device)
    spectrum = torch.stft(sound, N_FFT, HOP, window=window, pad_mode="reflect", return_complex=True).abs()
    bands = melscale_fbanks(
        N_FFT // 2 + 1, LOWEST_HZ, HIGHEST_HZ, N_MELS, SAMPLE_RATE_HZ, norm="slaney", mel_scale="slaney"
    )
    return (spectrum.T @ bands.to(sound.device)).clamp(min=FLOOR).log10()


def crop(mel: Any, rng: np.random.Generator) -> Any:
    """256 frames from a random place of `mel` (frames, n_mels), repeated if it is shorter."""
    if len(mel) < CROP:
        mel = mel.repeat(-(-2 * CROP // len(mel)), 1)
    start = int(rng.integers(0, max(1, len(mel) - CROP)))
    return mel[start : start + CROP]


def style(module: Module, samples: Floats, rng: np.random.Generator, device: str = "cpu") -> Floats:
    """The style of a sound, float32 (n,), 16 kHz, of any level: float32, (recurrent,).

    Of one random place, drawn from `rng`, as in B3. Silence around the speech is for the caller to cut.
    """
    import torch

    shortest = np.resize(samples, max(len(samples), N_FFT))
    peak = max(float(np.abs(shortest).max()), float(np.finfo(np.float32).tiny))
    sound = torch.tensor(shortest / np.float32(peak), device=device)
    with torch.inference_mode():
        return module(crop(log_mel(sound), rng)[None])[0].cpu().numpy()


@cache
def _class() -> Module:
    import torch
    from torch import nn

    class Reference(nn.Module):
        """What is heard, as a vector."""

        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            widths = (1, *sizes.convolutions)
            layers: list[Module] = []
            for before, after in pairwise(widths):
                layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
            self.convs = nn.Sequential(*layers)
            bands = sizes.n_mels
            for _ in sizes.convolutions:
                bands = (bands - 1) // 2 + 1
            self.gru = nn.GRU(bands * widths[-1], sizes.recurrent, batch_first=True)

        def forward(self, mel: Any) -> Any:
            found = self.convs(mel[:, None]).transpose(1, 2).flatten(2)
            return self.gru(found)[1][0]

    class Attention(nn.Module):
        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            width, token = sizes.recurrent, sizes.recurrent // sizes.heads
            self.heads = sizes.heads
            self.linear_q = nn.Linear(width, width)
            self.linear_k = nn.Linear(token, width)
            self.linear_v = nn.Linear(token, width)
            self.linear_out = nn.Linear(width, width)

        def forward(self, query: Any, tokens: Any) -> Any:
            split = lambda one: one.unflatten(-1, (self.heads, -1)).transpose(-3, -2)  # noqa: E731
            asked = split(self.linear_q(query)[:, None])
            keys, values = split(self.linear_k(tokens)), split(self.linear_v(tokens))
            found = nn.functional.scaled_dot_product_attention(
                asked, keys.expand(len(query), -1, -1, -1), values.expand(len(query), -1, -1, -1)
            )
            return self.linear_out(found.transpose(1, 2).flatten(2))[:, 0]

    class Tokens(nn.Module):
        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            self.gst_embs = nn.Parameter(torch.randn(sizes.tokens, sizes.recurrent // sizes.heads))
            self.mha = Attention(sizes)

        def forward(self, heard: Any) -> Any:
            return self.mha(heard, self.gst_embs.tanh())

    class Gst(nn.Module):
        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            self.ref_enc, self.stl = Reference(sizes), Tokens(sizes)

        def forward(self, mel: Any) -> Any:
            return self.stl(self.ref_enc(mel))

    class Style(nn.Module):
        """The names of its parts are those of the published checkpoint."""

        def __init__(self, sizes: Sizes) -> None:
            super().__init__()
            self.gst = Gst(sizes)

        def forward(self, mel: Any) -> Any:
            return self.gst(mel)

    return Style
