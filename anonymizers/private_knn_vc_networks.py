"""What private kNN-VC runs: WavLM-Large in full, the predictors of phones and of durations, kNN-VC's vocoder.

Names of files are those that the demonstration reads. What else the archives hold (WavLM and the vocoder once more, by
the look of it) is not taken out of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import wavlm_vocoder
from anonymizers.models import models
from anonymizers.nn import phone_predictors, ssl_models
from anonymizers.nn.ssl_models import WAVLM_LARGE
from anonymizers.phone_centroids import Ints
from anonymizers.pool import Floats
from anonymizers.weights import WeightFile, WeightRef, path_of

Module = Any
LAYERS = (6, 24)
"""What is said, and what tells phones."""
RELEASE = "https://github.com/carlosfranzreb/private_knnvc/releases/download/v1.0.0/"
PHONE_DECODER, DURATION_DECODER = "checkpoints/phone_decoder.pt", "checkpoints/duration_decoder.pt"
PREDICTORS = WeightRef(
    id="private-knn-vc",
    title="Private kNN-VC's predictors",
    source="github:carlosfranzreb/private_knnvc",
    revision="v1.0.0",
    files=(
        WeightFile("checkpoints.zip", RELEASE + "checkpoints.zip"),
        WeightFile(PHONE_DECODER, ""),
        WeightFile(DURATION_DECODER, ""),
    ),
    licence="MIT",
    loader="archive",
)
TARGETS = WeightRef(
    id="private-knn-vc-targets",
    title="Private kNN-VC's four target speakers",
    source="github:carlosfranzreb/private_knnvc",
    revision="v1.0.0",
    files=(
        WeightFile("target_feats.zip", RELEASE + "target_feats.zip"),
        *(WeightFile(f"target_feats/{number}.pt", "") for number in range(4)),
    ),
    licence="MIT",
    loader="archive",
)
"""WavLM's frames of four speakers of LibriTTS, by phone."""


@dataclass(frozen=True, eq=False)
class Networks:
    """What runs: encoder (ssl_models), its `layers` for what is said and for phones; the predictors; the vocoder;
    `name` tells them from all others."""

    encoder: Module
    phones: Module
    durations: Module
    vocoder: Module
    layers: tuple[int, int]
    name: str


def published() -> Networks:
    """The publishers' networks.

    Raises:
        AnonymizerError: if a file is missing, damaged, or another network's.
    """
    kept = models()
    encoder = kept.get(WAVLM_LARGE.id, lambda: ssl_models.load_wavlm_large(path_of(WAVLM_LARGE)), half_allowed=True)
    return Networks(
        encoder,
        kept.get(f"{PREDICTORS.id}-phones", lambda: phone_predictors.load(path_of(PREDICTORS, PHONE_DECODER))),
        kept.get(f"{PREDICTORS.id}-durations", lambda: phone_predictors.load(path_of(PREDICTORS, DURATION_DECODER))),
        wavlm_vocoder.published(),
        LAYERS,
        f"{WAVLM_LARGE.version}+{PREDICTORS.version}|{ssl_models.precision(encoder)}",
    )


def heard(networks: Networks, samples: Floats) -> tuple[Floats, Ints]:
    """What is said, float32, (frames, d), and the phone of each frame, int64, (frames,)."""
    import torch

    content, telling = ssl_models.several(networks.encoder, samples, networks.layers)
    with torch.inference_mode():
        scores = networks.phones(torch.from_numpy(telling)[None].to(next(networks.phones.parameters()).device))
    return content, scores[0].argmax(dim=1).cpu().numpy()


def retimed(durations: Module, phones: Ints, weight: float) -> tuple[npt.NDArray[np.float64], Ints]:
    """How much longer each frame's phone becomes, float64, (frames,); and which frames are said, one after the other,
    int64, (frames afterwards,).

    A phone of n frames gets round(w * predicted + (1 - w) * n) of them, at least 1, spread evenly over its own.
    """
    import torch

    starts = np.flatnonzero(np.diff(phones, prepend=phones[0] - 1))
    actual = np.diff(starts, append=len(phones))
    with torch.inference_mode():
        given = torch.from_numpy(phones[starts])[None].to(next(durations.parameters()).device)
        predicted = durations(given)[0, :, 0].cpu()
        wanted = torch.round(weight * predicted + (1 - weight) * torch.from_numpy(actual))
    counts = np.maximum(1, wanted.numpy().astype(np.int64))
    indices = [
        torch.linspace(int(start), int(start + frames - 1), int(count), dtype=torch.int64).numpy()
        for start, frames, count in zip(starts, actual, counts, strict=True)
    ]
    return np.repeat(counts / actual, actual), np.concatenate(indices)
