"""SSL-SAS with small random networks and a small random pool: whole, in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch

from anonymizers.base import Progress, silent
from anonymizers.nn import ecapa_voxceleb, gst, hifigan, soft_content, ssl_models
from anonymizers.pool import Floats, Pool
from anonymizers.ssl_sas import SslSas
from anonymizers.ssl_sas_networks import KERNELS, LAYERS, RATES, Networks, vector_by
from audio.clip import Clip

UNITS, VECTOR = 10, 24
WIDTHS = {"t12-soft": UNITS, "t6": ssl_models.TINY.width, "t1": ssl_models.TINY.width}
VECTORS = {"ecapa": VECTOR, "gst": 8, "none": 0}
TINY_ECAPA = ecapa_voxceleb.Sizes(
    channels=(8, 8, 8, 8, 24), attention_channels=8, se_channels=8, res2net_scale=2, lin_neurons=VECTOR
)
TINY_GST = gst.Sizes(convolutions=(4, 4, 4, 4, 4, 4), recurrent=8, tokens=3, heads=2)


def tiny() -> SslSas:
    return SslSas(networks, pool)


@cache
def networks(content: str, kind: str) -> Networks:
    return Networks(content_of(content), speaker_of(kind), vocoder(content, kind))


def seeded(make: Callable[[], Any]) -> Any:
    """A network with weights that are the same in every run, and do something."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return make().eval().requires_grad_(False)


def content_of(content: str) -> Callable[[Any], Any]:
    hubert = seeded(lambda: ssl_models.hubert_base(ssl_models.TINY))
    if content == "t12-soft":
        return seeded(lambda: soft_content.network(hubert, UNITS, ssl_models.TINY.width, ssl_models.TINY.layers))
    return lambda sound: soft_content.layer(hubert, sound, min(LAYERS[content], ssl_models.TINY.layers))


def speaker_of(kind: str) -> Callable[[Floats, np.random.Generator], Floats] | None:
    if kind == "ecapa":
        network = seeded(lambda: ecapa_voxceleb.network(TINY_ECAPA))
        return lambda samples, rng: vector_by(network, samples, "cpu")
    style = seeded(lambda: gst.network(TINY_GST)) if kind == "gst" else None
    return (lambda samples, rng: gst.style(style, samples, rng)) if style else None


def vocoder(content: str, kind: str, channels: int = 32) -> Any:
    inputs = WIDTHS[content] + 1 + VECTORS[kind]
    return seeded(lambda: hifigan.network(hifigan.Sizes(inputs, channels=channels, rates=RATES, kernels=KERNELS)))


def pool(hear: Callable[[Clip], Floats], progress: Progress = silent) -> Pool:
    """Twelve speakers of either sex."""
    rng = np.random.default_rng(0)
    vectors = (30 * rng.standard_normal((24, VECTOR))).astype(np.float32)
    names = tuple(f"s{number:02}" for number in range(24))
    f0_hz = np.linspace(90, 250, 24, dtype=np.float32)
    return Pool(names, ("M",) * 12 + ("F",) * 12, vectors, f0_hz, np.full(24, 2.0, np.float32))
