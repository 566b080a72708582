"""GenGAN whole, with small random networks: no files, milliseconds."""

from __future__ import annotations

from functools import cache

import torch

from anonymizers.base import Anonymizer
from anonymizers.gengan import GenGan
from anonymizers.gengan_networks import Networks
from anonymizers.nn import gender_net, melgan, unet_filter


@cache
def networks(phase: str) -> Networks:
    """The U-Net with two channels a level, a vocoder if it is asked for by name, and the judge."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = unet_filter.network(unet_filter.Sizes(channels=(2, 2, 2, 2, 2)))
        vocoder = melgan.network(melgan.Sizes(channels=1, residuals=1)).eval() if phase == "melgan" else None
        return Networks(generator, vocoder, gender_net.network())


def tiny() -> Anonymizer:
    return GenGan(networks)
