"""Who speaks, as a vector: the house speaker encoder, trained by this project (training/speaker_encoder.py).

Its card, assets/models/speaker_encoder.md, says on whose speech it was trained and how well it tells speakers apart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.base import AnonymizerError
from anonymizers.nn.ecapa import EMBEDDING_SIZE, SAMPLE_RATE_HZ, features
from audio.clip import Clip

__all__ = ["EMBEDDING_SIZE", "MODEL", "SAMPLE_RATE_HZ", "available", "card", "embed", "embed_by"]

Floats = npt.NDArray[np.float32]

MODEL = Path(__file__).resolve().parents[1] / "assets" / "models" / "speaker_encoder.onnx"
"""The network; its weights lie beside it, in a file that torch can read too (nn/ecapa.py)."""
MIN_DURATION_S = 0.1
SHORTEST_S = 0.5
"""Shorter clips are heard repeated up to this length."""
LONGEST_S = 20.0
"""Longer clips are heard in pieces of equal length, at most this long."""


def available() -> bool:
    """Whether the model's files are here; loads nothing."""
    return all(path.is_file() for path in _files(MODEL))


def card() -> Mapping[str, Any]:
    """The model's card: "training_speakers" (as the manifests name them), "parameters", "eer" and more.

    Raises:
        AnonymizerError: if there is none.
    """
    path = MODEL.with_suffix(".json")
    if not path.is_file():
        raise AnonymizerError(_missing(path))
    return json.loads(path.read_text(encoding="utf-8"))


def embed(clip: Clip, model: Path | None = None) -> Floats:
    """What identifies the speaker of a clip: float32, shape (192,), unit length; the cosine of two is their score.

    Clips of more than 20 s: the mean over pieces, at unit length. The same clip gives the same vector. `model`: another
    file of the same kind.

    Raises:
        AnonymizerError: if the clip lasts less than 0.1 s or is silent, or a file of the model is missing.
    """
    return embed_by(lambda mel: _session(model or MODEL).run(None, {"features": mel[None]})[0][0], clip)


def embed_by(network: Callable[[Floats], Floats], clip: Clip) -> Floats:
    """As `embed`, by another network: from features (frames, 64) to an embedding (192,), float32 both.

    Raises:
        AnonymizerError: as `embed`.
    """
    if clip.duration_s < MIN_DURATION_S or clip.is_silent:
        what = f"{clip.duration_s:.2f} s" if clip.duration_s < MIN_DURATION_S else "silence"
        raise AnonymizerError(
            f"At least {MIN_DURATION_S:g} s of sound was expected, but {what} came: take a longer clip."
        )
    mean = np.mean([network(features(piece)) for piece in pieces(clip)], axis=0)
    return (mean / max(1e-12, float(np.linalg.norm(mean)))).astype(np.float32)


def pieces(clip: Clip) -> list[Floats]:
    """A clip's samples at 16 kHz, repeated up to 0.5 s, in equal pieces of at most 20 s: what an encoder hears."""
    samples = clip.resampled(SAMPLE_RATE_HZ).samples
    shortest = int(SHORTEST_S * SAMPLE_RATE_HZ)
    if len(samples) < shortest:
        samples = np.tile(samples, -(-shortest // len(samples)))[:shortest]
    return np.array_split(samples, -(-len(samples) // int(LONGEST_S * SAMPLE_RATE_HZ)))


def _files(model: Path) -> tuple[Path, Path]:
    return model, model.with_suffix(".safetensors")


@lru_cache(maxsize=2)
def _session(model: Path) -> Any:
    """The network, loaded once a process, on one thread, without an arena."""
    import onnxruntime

    if missing := [path for path in _files(model) if not path.is_file()]:
        raise AnonymizerError(_missing(missing[0]))
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def _missing(path: Path) -> str:
    return (
        f"The house speaker encoder needs assets/models/{path.name}, which is not here: get it with the project's "
        "files, or train it with `python -m training speaker-encoder`."
    )
