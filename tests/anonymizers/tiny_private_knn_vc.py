"""Private kNN-VC whole, with small random networks and target frames: milliseconds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch

from anonymizers.base import Anonymizer
from anonymizers.nn import phone_predictors, ssl_models
from anonymizers.private_knn_vc import PrivateKnnVc
from anonymizers.private_knn_vc_networks import Networks
from tests.anonymizers import tiny_knn_vc
from tests.anonymizers.tiny_knn_vc import shaken

PHONES = 6


@cache
def networks() -> Networks:
    """Whose phones last about three frames."""
    shared = tiny_knn_vc.networks()
    phones = shaken(phone_predictors.network(phone_predictors.Sizes(ssl_models.TINY.width, 8, PHONES)), 2)
    durations = shaken(phone_predictors.network(phone_predictors.Sizes(8, 8, 1, phones=PHONES)), 3)
    durations.proj.bias.fill_(3.0)
    return Networks(shared.encoder, phones, durations, shared.vocoder, (2, 3), "tiny")


def frames_of(file: str) -> Path:
    """As published: a list of frames by phone, here random, and none of the last phone."""
    path = tiny_knn_vc.folder().parent / file
    if not path.exists():
        generator = torch.Generator().manual_seed(int(path.stem))
        width = ssl_models.TINY.width
        frames = [torch.randn(12, width, generator=generator) for _ in range(PHONES - 1)]
        torch.save([*frames, torch.tensor([])], path)
    return path


def tiny() -> Anonymizer:
    folder = tiny_knn_vc.folder()
    return PrivateKnnVc(networks, lambda: folder, frames_of, folder.parent / "features")
