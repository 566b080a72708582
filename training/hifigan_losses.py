"""What HiFi-GAN is trained by: its critics, and the distance of mel spectra.

Kong, Kim and Bae, "HiFi-GAN", NeurIPS 2020: five critics that hear every p-th sample, three that hear the sound at
full, half and quarter rate; least squares (Mao et al., ICCV 2017); the critics' inner layers, twice; the L1 distance of
log-mel spectra, 45 times. Losses of the critics are summed over them, as there.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

Module = Any
Tensor = Any

PERIODS = (2, 3, 5, 7, 11)
SLOPE = 0.1
MEL_WEIGHT, FEATURE_WEIGHT = 45.0, 2.0
N_FFT, HOP, N_MELS = 1024, 256, 80
SAMPLE_RATE_HZ = 16_000
FLOOR = 1e-5


def critics(width: int = 1024) -> Module:
    """The eight critics; called with sound (b, n), they give lists of their layers' outputs, the judgement last.

    `width`: of their widest layers, a multiple of 64.
    """
    import torch
    from torch import nn
    from torch.nn.utils.parametrizations import spectral_norm, weight_norm

    class Period(nn.Module):
        """Hears a sound folded into rows of so many samples."""

        def __init__(self, period: int) -> None:
            super().__init__()
            self.period = period
            widths = (1, width // 32, width // 8, width // 2, width, width)
            strides = (3, 3, 3, 3, 1)
            shapes = zip(widths[:-1], widths[1:], strides, strict=True)
            layers = [nn.Conv2d(i, o, (5, 1), (stride, 1), (2, 0)) for i, o, stride in shapes]
            self.layers = nn.ModuleList(weight_norm(one) for one in [*layers, nn.Conv2d(width, 1, (3, 1), 1, (1, 0))])

        def forward(self, sound: Tensor) -> list[Tensor]:
            missing = -sound.shape[1] % self.period
            padded = nn.functional.pad(sound[:, None], (0, missing), "reflect")
            return _through(self.layers, padded.unflatten(2, (-1, self.period)))

    class Scale(nn.Module):
        """Hears a sound as it is."""

        def __init__(self, norm: Any) -> None:
            super().__init__()
            eighth, quarter, half = width // 8, width // 4, width // 2
            shapes = (
                (1, eighth, 15, 1, 1), (eighth, eighth, 41, 2, 4), (eighth, quarter, 41, 2, 16),
                (quarter, half, 41, 4, 16), (half, width, 41, 4, 16), (width, width, 41, 1, 16),
                (width, width, 5, 1, 1), (width, 1, 3, 1, 1),
            )  # fmt: skip
            self.layers = nn.ModuleList(
                norm(nn.Conv1d(i, o, kernel, stride, kernel // 2, groups=max(1, min(groups, i // 2, o // 2))))
                for i, o, kernel, stride, groups in shapes
            )

        def forward(self, sound: Tensor) -> list[Tensor]:
            return _through(self.layers, sound[:, None])

    class Critics(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.periods = nn.ModuleList(Period(period) for period in PERIODS)
            self.scales = nn.ModuleList(Scale(norm) for norm in (spectral_norm, weight_norm, weight_norm))
            self.halve = nn.AvgPool1d(4, 2, padding=2)

        def forward(self, sound: Tensor) -> list[list[Tensor]]:
            found = [one(sound) for one in self.periods]
            for place, one in enumerate(self.scales):
                sound = self.halve(sound) if place else sound
                found.append(one(sound))
            return found

    def _through(layers: Module, x: Tensor) -> list[Tensor]:
        found = []
        for layer in layers[:-1]:
            x = torch.nn.functional.leaky_relu(layer(x), SLOPE)
            found.append(x)
        return [*found, layers[-1](x)]

    return Critics()


def critics_loss(real: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """What the critics descend: the squared distance of their judgement of real sound to 1, of made sound to 0."""
    return sum((1 - one[-1]).square().mean() + other[-1].square().mean() for one, other in zip(real, made, strict=True))


def adversarial_loss(made: list[list[Tensor]]) -> Tensor:
    """How far the critics are from taking what was made for real."""
    return sum((1 - one[-1]).square().mean() for one in made)


def feature_loss(real: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """How differently the critics hear the two: L1 of every layer, the judgement too, summed."""
    pairs = [pair for one, other in zip(real, made, strict=True) for pair in zip(one, other, strict=True)]
    return sum((one.detach() - other).abs().mean() for one, other in pairs)


def mel_loss(target: Tensor, made: Tensor) -> Tensor:
    """L1 of log-mel spectra of two sounds (b, n), 16 kHz."""
    return (log_mel(target) - log_mel(made)).abs().mean()


def log_mel(sound: Tensor) -> Tensor:
    """log of mel magnitudes of a sound (b, n), at least 385 samples, 16 kHz: (b, n // 256, 80)."""
    import torch

    margin = (N_FFT - HOP) // 2
    padded = torch.nn.functional.pad(sound[:, None], (margin, margin), "reflect")[:, 0]
    window = torch.hann_window(N_FFT, device=sound.device)
    spectrum = torch.stft(padded, N_FFT, HOP, window=window, center=False, return_complex=True)
    magnitude = torch.sqrt(spectrum.real.square() + spectrum.imag.square() + 1e-9)
    return (magnitude.transpose(1, 2) @ _bands(str(sound.device))).clamp(min=FLOOR).log()


@lru_cache(maxsize=2)
def _bands(device: str) -> Tensor:
    from torchaudio.functional import melscale_fbanks

    return melscale_fbanks(
        N_FFT // 2 + 1, 0.0, SAMPLE_RATE_HZ / 2, N_MELS, SAMPLE_RATE_HZ, norm="slaney", mel_scale="slaney"
    ).to(device)


def weight_normed(generator: Module) -> Module:
    """`generator` with weight norm on all its convolutions, as it is trained."""
    from torch import nn
    from torch.nn.utils.parametrizations import weight_norm

    for one in _convolutions(generator, nn).values():
        weight_norm(one)
    return generator


def plain_state(generator: Module) -> dict[str, Tensor]:
    """The tensors of a generator with weight norm folded away, on the CPU, as nn/hifigan.py loads them."""
    from torch import nn

    found = {
        name: tensor.detach().cpu().contiguous()
        for name, tensor in generator.state_dict().items()
        if "parametrizations" not in name
    }
    for name, one in _convolutions(generator, nn).items():
        found[f"{name}.weight"] = one.weight.detach().cpu().contiguous()
    return found


def _convolutions(generator: Module, nn: Any) -> dict[str, Module]:
    kinds = (nn.Conv1d, nn.ConvTranspose1d)
    return {name: one for name, one in generator.named_modules() if isinstance(one, kinds)}
