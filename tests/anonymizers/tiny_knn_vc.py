"""kNN-VC whole, with small random networks and target speakers made of vowels: milliseconds."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import torch

from anonymizers.base import Anonymizer
from anonymizers.knn_vc import KnnVc, Networks
from anonymizers.nn import hifigan, ssl_models
from audio.clip import Clip, encode_wav
from tests.conftest import synthetic_voice

RATE_HZ = 16_000
VOCODER = hifigan.Sizes(ssl_models.TINY.width, 8, channels=16, residual_kernels=(3,), dilations=(1,))


def shaken(module: torch.nn.Module, seed: int) -> torch.nn.Module:
    """The module with random numbers of useful size in every tensor."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator)
    return module.eval().requires_grad_(False)


@cache
def networks() -> Networks:
    encoder = shaken(ssl_models.wavlm_large(ssl_models.TINY), 0)
    return Networks(encoder, shaken(hifigan.network(VOCODER), 1), 2, "tiny")


def voice(f0_hz: float, seed: int = 0) -> Clip:
    """A second of vowels between two half seconds of silence, as a voice activity detector wants it."""
    return Clip(np.pad(synthetic_voice(1.0, RATE_HZ, f0_hz, seed).samples, RATE_HZ // 2), RATE_HZ)


@cache
def folder() -> Path:
    """Speech of ten high and ten low voices, in a temporary folder that goes with the process."""
    made = Path(tempfile.mkdtemp(prefix="targets-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    for number in range(20):
        name, f0_hz = (f"high{number}", 210.0 + 2 * number) if number % 2 else (f"low{number}", 100.0 + 2 * number)
        (made / "speech" / name).mkdir(parents=True)
        (made / "speech" / name / "1.wav").write_bytes(encode_wav(voice(f0_hz, number)))
    return made / "speech"


def tiny() -> Anonymizer:
    return KnnVc(networks, folder, folder().parent / "features")
