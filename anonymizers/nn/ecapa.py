"""The house speaker encoder's network and what it hears: one definition for training, attackers and inference.

ECAPA-TDNN (Desplanques, Thienpondt & Demuynck, Interspeech 2020), SpeechBrain's class, at a quarter of its usual width.
torch is imported inside functions: `features` alone needs NumPy alone.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 16_000
WINDOW = 512
HOP = 240
N_MELS = 64
LOWEST_HZ, HIGHEST_HZ = 20.0, 7_600.0
FLOOR = 1e-5
RMS = 0.1
EMBEDDING_SIZE = 192
Module = Any
"""A torch.nn.Module; torch is not imported for its name."""
WEIGHTS = Path(__file__).resolve().parents[2] / "assets" / "models" / "speaker_encoder.safetensors"


def features(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """What the network hears: float32, shape (..., frames, 64), log-mel with the mean of each band over time removed.

    `samples`: float32, shape (..., n), n ≥ 512, 16 kHz; brought to an RMS of 0.1 first, so that the level plays no
    part. Hann windows of 32 ms every 15 ms, power, 64 mel bands (HTK's scale) from 20 to 7,600 Hz, ln(power + 1e-5).
    """
    level = np.sqrt(np.mean(np.square(samples), axis=-1, keepdims=True, dtype=np.float64)).astype(np.float32)
    scaled = samples * (RMS / np.maximum(level, 1e-8))
    frames = np.lib.stride_tricks.sliding_window_view(scaled, WINDOW, axis=-1)[..., ::HOP, :]
    spectrum = np.fft.rfft(frames * _hann())
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    mel = np.log(power @ _mel_bands() + np.float32(FLOOR))
    return mel - mel.mean(axis=-2, keepdims=True)


@lru_cache(maxsize=1)
def _hann() -> npt.NDArray[np.float32]:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)


@lru_cache(maxsize=1)
def _mel_bands() -> npt.NDArray[np.float32]:
    """Triangles of height 1, equally spaced in mel = 2595 log10(1 + f / 700); shape (257, 64)."""
    lowest, highest = (2595 * np.log10(1 + f / 700) for f in (LOWEST_HZ, HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(lowest, highest, N_MELS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE_HZ)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def network() -> Module:
    """A network without training: features, float32 (b, frames, 64), to embeddings of unit length, (b, 192)."""
    import torch

    ecapa_tdnn = _speechbrain_class()

    class Encoder(torch.nn.Module):
        """ECAPA-TDNN whose embeddings have length 1."""

        def __init__(self) -> None:
            super().__init__()
            self.ecapa = ecapa_tdnn(
                N_MELS,
                lin_neurons=EMBEDDING_SIZE,
                channels=[256, 256, 256, 256, 768],
                kernel_sizes=[5, 3, 3, 3, 1],
                dilations=[1, 2, 3, 4, 1],
                attention_channels=64,
                res2net_scale=8,
                se_channels=64,
            )

        def forward(self, mel: Any) -> Any:
            return torch.nn.functional.normalize(self.ecapa(mel)[:, 0].float(), dim=-1)

    return Encoder()


def _speechbrain_class() -> Any:
    """SpeechBrain's ECAPA_TDNN. Its placeholders of modules that are not installed leave sys.modules again: whoever
    walks through that (inspect, hypothesis) would import them, and fail."""
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
    from speechbrain.utils.importutils import LazyModule

    for name in [name for name, module in sys.modules.items() if isinstance(module, LazyModule)]:
        del sys.modules[name]
    return ECAPA_TDNN


def load(path: Path = WEIGHTS) -> Module:
    """The network with the shipped weights (safetensors), in evaluation mode."""
    from safetensors.torch import load_file

    module = network()
    module.load_state_dict(load_file(path))
    return module.eval()


def export_onnx(module: Module, path: Path) -> None:
    """Write `module` as ONNX: "features", float32 (1, frames ≥ 6, 64), to "embedding", float32 (1, 192)."""
    import warnings

    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter uses what its own torch deprecates
        torch.onnx.export(
            module.eval(),
            (torch.zeros(1, 200, N_MELS),),
            path,
            input_names=["features"],
            output_names=["embedding"],
            dynamic_shapes=({1: torch.export.Dim("frames", min=6)},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
