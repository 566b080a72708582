"""GenGAN's networks with the publishers' weights: the generator, the vocoder, and the judge of gender."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from anonymizers import weights
from anonymizers.models import models
from anonymizers.nn import gender_net, melgan, unet_filter
from anonymizers.weights import WeightFile, WeightRef

Module = Any
COMMIT = "4c745b232adfa9631462542202b72404f23d353f"
RAW = f"https://raw.githubusercontent.com/dimitriStoidis/GenGAN/{COMMIT}/"
GENERATOR = WeightRef(
    id="gengan",
    title="GenGAN",
    source="github:dimitriStoidis/GenGAN",
    revision=COMMIT,
    files=(WeightFile("models/netG_epoch_25.pt", RAW + "models/netG_epoch_25.pt", 2_025_571),),
    licence="MIT",
)
JUDGE = WeightRef(
    id="gendernet",
    title="GenderNet",
    source="github:dimitriStoidis/GenGAN",
    revision=COMMIT,
    files=(WeightFile("models/model.ckpt-90_GenderNet.pt", RAW + "models/model.ckpt-90_GenderNet.pt", 76_469),),
    licence="MIT",
)
MELGAN_COMMIT = "6488045bfba1975602288de07a58570c7b4d66ea"
VOCODER = WeightRef(
    id="melgan-multi-speaker",
    title="MelGAN, many speakers",
    source="github:descriptinc/melgan-neurips",
    revision=MELGAN_COMMIT,
    files=(
        WeightFile(
            "models/multi_speaker.pt",
            f"https://raw.githubusercontent.com/descriptinc/melgan-neurips/{MELGAN_COMMIT}/models/multi_speaker.pt",
        ),
    ),
    licence="MIT",
    about_bytes=17_064_200,  # its tensors; the file is a little larger
)


@dataclass(frozen=True)
class Networks:
    """What runs: the generator; the vocoder, or None for Griffin-Lim; the judge of gender, or None if not here."""

    generator: Module
    vocoder: Module | None = None
    judge: Module | None = None


def published(
    phase: str, *, generator: WeightRef = GENERATOR, vocoder: WeightRef = VOCODER, judge: WeightRef = JUDGE
) -> Networks:
    """The publishers' networks for a value of `phase`; the judge if its file is here.

    Raises:
        AnonymizerError: if a file is missing, damaged, or another network's.
    """
    vocoded = phase == "melgan" or (phase == "auto" and weights.located(vocoder) is not None)
    judged = weights.located(judge) is not None
    return Networks(
        _loaded(generator, unet_filter.network),
        _loaded(vocoder, melgan.network) if vocoded else None,
        _loaded(judge, gender_net.network) if judged else None,
    )


def _loaded(ref: WeightRef, network: Callable[[], Module]) -> Module:
    return models().get(ref.id, lambda: _filled(network(), ref))


def _filled(module: Module, ref: WeightRef) -> Module:
    from anonymizers import tensors
    from anonymizers.nn.hifigan import folded

    path = weights.path_of(ref)
    state: Mapping[str, Any] = tensors.state_of(path)
    return tensors.fill(module, folded(state.get("classifier", state)), path)
