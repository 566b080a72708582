"""What private kNN-VC runs: WavLM-Large in full, the predictors of phones and of durations, kNN-VC's vocoder.

The archives' layout is not known for sure (checkpoints/phone_decoder.pt, target_feats/0.pt by the demonstration), so
files are looked for by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import wavlm_vocoder, weights
from anonymizers.base import AnonymizerError
from anonymizers.models import models
from anonymizers.nn import phone_predictors, ssl_models
from anonymizers.nn.ssl_models import WAVLM_LARGE
from anonymizers.phone_centroids import Ints
from anonymizers.pool import Floats
from anonymizers.weights import WeightFile, WeightRef

Module = Any
LAYERS = (6, 24)
"""What is said, and what tells phones."""
RELEASE = "https://github.com/carlosfranzreb/private_knnvc/releases/download/v1.0.0/"
PREDICTORS = WeightRef(
    id="private-knn-vc",
    title="Private kNN-VC's predictors",
    source="github:carlosfranzreb/private_knnvc",
    revision="v1.0.0",
    files=(WeightFile("checkpoints.zip", RELEASE + "checkpoints.zip"),),
    licence="MIT",
    loader="archive",
)
TARGETS = WeightRef(
    id="private-knn-vc-targets",
    title="Private kNN-VC's four target speakers",
    source="github:carlosfranzreb/private_knnvc",
    revision="v1.0.0",
    files=(WeightFile("target_feats.zip", RELEASE + "target_feats.zip"),),
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
    return Networks(
        kept.get(WAVLM_LARGE.id, lambda: ssl_models.load_wavlm_large(weights.path_of(WAVLM_LARGE))),
        kept.get(f"{PREDICTORS.id}-phones", lambda: phone_predictors.load(held(PREDICTORS, "phone_decoder.pt"))),
        kept.get(f"{PREDICTORS.id}-durations", lambda: phone_predictors.load(held(PREDICTORS, "duration_decoder.pt"))),
        wavlm_vocoder.published(),
        LAYERS,
        f"{WAVLM_LARGE.version}+{PREDICTORS.version}",
    )


def held(ref: WeightRef, name: str) -> Path:
    """A file of that name in what an archive held, in whatever folder.

    Raises:
        AnonymizerError: if there is none.
    """
    folder = weights.located(ref)
    found = sorted(folder.rglob(name)) if folder else []
    if not found:
        raise AnonymizerError(f"{name} was expected among {ref.title}, but it is not there: fetch them again.")
    return found[0]


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
