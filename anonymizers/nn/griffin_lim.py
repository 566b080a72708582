"""A waveform from a log-mel spectrogram without a vocoder: magnitudes that give these bands, then phases that agree.

Magnitudes: non-negative least squares by Lee and Seung's multiplicative updates, which keep the smooth spectrum they
start from. Phases: Griffin and Lim (1984) in the faster form of Perraudin, Balazs and Sondergaard (2013), from phases
that the seed draws. It needs no weights; it sounds rougher than a trained vocoder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from anonymizers.nn.melgan import FLOOR, HOP, N_FFT, bands

Tensor = Any
ITERATIONS = 32
"""Of the phases, unless asked otherwise; more did not raise predicted quality (docs/systems/gengan.md)."""
MAGNITUDE_ITERATIONS = 20
"""The bands are then met to 0.002 in log10 on speech, a twentieth of what the phases leave."""
MOMENTUM = 0.99
TINY = 1e-16


def spoken(
    mel: Tensor,
    sample_rate_hz: int,
    rng: np.random.Generator,
    iterations: int = ITERATIONS,
    done: Callable[[float], None] = lambda fraction: None,
) -> Tensor:
    """A sound of which `melgan.log_mel` would give about `mel`, float32 (80, frames): float32 (256 * frames,).

    `done(fraction in [0, 1])` is called after each iteration.
    """
    import torch

    magnitudes = magnitudes_of(10**mel, bands(sample_rate_hz).to(mel.device))
    first, last = magnitudes[:, :1], magnitudes[:, -1:]
    framed = torch.cat((first, magnitudes, last, last), dim=1)
    turns = torch.from_numpy(rng.random(framed.shape, np.float32)).to(mel.device)
    sound = with_phases(framed, torch.polar(torch.ones_like(turns), 2 * torch.pi * turns), iterations, done)
    # frame t of `framed` is centred on sample 256 t, frame t of log_mel on 256 t + 128
    return sound[HOP // 2 : HOP // 2 + HOP * mel.shape[1]]


def magnitudes_of(mel: Tensor, weights: Tensor, iterations: int = MAGNITUDE_ITERATIONS) -> Tensor:
    """Magnitudes, float32 (bins, frames), >= 0, whose bands `weights` @ magnitudes, weights (bands, bins), are nearest
    to `mel`, (bands, frames), in least squares; bins that no band hears are 0."""
    import torch

    wanted = weights.T @ (mel - FLOOR).clamp(min=0)
    heard = weights.sum(dim=0, keepdim=True).T > 0
    found = torch.where(heard, wanted / (weights.T @ weights.sum(dim=1, keepdim=True) + TINY), 0)
    for _ in range(iterations):
        found = found * wanted / (weights.T @ (weights @ found) + TINY)
    return found


def with_phases(
    magnitudes: Tensor,
    phases: Tensor,
    iterations: int,
    done: Callable[[float], None] = lambda fraction: None,
    momentum: float = MOMENTUM,
) -> Tensor:
    """A sound, float32 (256 * (frames - 1),), whose transform has these magnitudes, (513, frames), as nearly as
    `iterations` steps from these phases, complex64 of the same shape and length 1, get to it; frames >= 4."""
    import torch

    window = torch.hann_window(N_FFT, device=magnitudes.device)
    pull = momentum / (1 + momentum)
    before = torch.zeros_like(phases)
    for step in range(iterations):
        sound = torch.istft(magnitudes * phases, N_FFT, HOP, window=window)
        after = torch.stft(sound, N_FFT, HOP, window=window, return_complex=True)
        turned = after - pull * before
        phases = turned / (turned.abs() + TINY)
        before = after
        done((step + 1) / iterations)
    return torch.istft(magnitudes * phases, N_FFT, HOP, window=window)
