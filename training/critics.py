"""How near one sound is to another, and how much like speech: distances of spectra, and critics that learn them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

RESOLUTIONS = ((256, 64), (512, 128), (1024, 256))
"""Window and hop in samples."""
FLOOR = 1e-4


def magnitudes(sound: Any, n_fft: int, hop: int) -> Any:
    """|STFT|, torch (b, bins, frames), of sound (b, n) under a Hann window."""
    import torch

    window = torch.hann_window(n_fft, device=sound.device)
    spectrum = torch.stft(sound, n_fft, hop, window=window, center=False, return_complex=True)
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-10)


def spectral_distance(given: Any, target: Any) -> Any:
    """Mean over three resolutions of L1 between log magnitudes and the relative error of magnitudes (Yamamoto et al.,
    ICASSP 2020), and L1 between log-mel spectra."""
    import torch

    total = torch.zeros((), device=given.device)
    for n_fft, hop in RESOLUTIONS:
        one, other = (magnitudes(sound, n_fft, hop) / n_fft**0.5 for sound in (given, target))
        logs = (torch.log(one + FLOOR) - torch.log(other + FLOOR)).abs().mean()
        relative = torch.linalg.vector_norm(one - other) / torch.linalg.vector_norm(other).clamp(min=1e-4)
        total = total + logs + relative + (0.5 * _mel_distance(one, other) if n_fft == 512 else 0.0)
    return total / len(RESOLUTIONS)


def _mel_distance(one: Any, other: Any) -> Any:
    """L1 between log-mel spectra of magnitudes (b, 257, frames)."""
    import torch

    bands = _mel(one.device)
    logs = [torch.log(sound.square().transpose(1, 2) @ bands + FLOOR**2) for sound in (one, other)]
    return (logs[0] - logs[1]).abs().mean()


@lru_cache(maxsize=2)
def _mel(device: Any) -> Any:
    import torch

    from anonymizers.nn.mel import bands

    return torch.from_numpy(bands()).to(device)


def critics() -> Any:
    """One small convolutional critic for each resolution (Jang et al., "UnivNet", Interspeech 2021); called with sound
    (b, n), they give lists of their layers' outputs, the judgement last."""
    import torch
    from torch import nn

    class Critic(nn.Module):
        def __init__(self, n_fft: int, hop: int) -> None:
            super().__init__()
            self.n_fft, self.hop = n_fft, hop
            shapes = ((1, 12, (1, 2)), (12, 20, (2, 2)), (20, 20, (1, 2)), (20, 1, (1, 1)))
            layers = [nn.Conv2d(i, o, (3, 7), stride, (1, 3)) for i, o, stride in shapes]
            self.layers = nn.ModuleList(nn.utils.parametrizations.weight_norm(layer) for layer in layers)

        def forward(self, sound: torch.Tensor) -> list[torch.Tensor]:
            y = magnitudes(sound, self.n_fft, self.hop).transpose(1, 2).unsqueeze(1)
            y = torch.log(y / self.n_fft**0.5 + 1e-3)
            found = []
            for place, layer in enumerate(self.layers):
                y = layer(y)
                if place + 1 < len(self.layers):
                    y = nn.functional.leaky_relu(y, 0.1)
                found.append(y)
            return found

    class Critics(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.all = nn.ModuleList(Critic(*one) for one in RESOLUTIONS)

        def forward(self, sound: torch.Tensor) -> list[list[torch.Tensor]]:
            return [one(sound) for one in self.all]

    return Critics()


def judged_real(found: list[list[Any]]) -> Any:
    """The loss of a sound that should be taken for speech (least squares: Mao et al., ICCV 2017)."""
    return sum((1 - one[-1]).square().mean() for one in found) / len(found)


def judged_made(found: list[list[Any]]) -> Any:
    """The loss of a sound that should be found out."""
    return sum(one[-1].square().mean() for one in found) / len(found)


def feature_distance(given: list[list[Any]], target: list[list[Any]]) -> Any:
    """How differently critics hear two sounds: L1 of their inner layers (Larsen et al., ICML 2016)."""
    inner = [zip(one[:-1], other[:-1], strict=True) for one, other in zip(given, target, strict=True)]
    pairs = [pair for layers in inner for pair in layers]
    return sum((a - b.detach()).abs().mean() for a, b in pairs) / len(pairs)
