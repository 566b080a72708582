"""The networks of SSL-SAS: where their weights come from, and how they are read.

Public are the soft content encoder, the speaker encoder and the vocoder of one variant, soft content with an ECAPA
vector (Zenodo 6529898, in fairseq's form; fetched from a conversion of them that needs no fairseq). The vocoders of all
other variants are trained by our own recipe. The names of the tensors inside the converted files are not documented:
what comes before the names of the parts does not matter, and a file that does not fit is a sentence. Not verified, as
the weights could not be had while this was written: what the published ones sound like.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from anonymizers import tensors, weights
from anonymizers.models import models
from anonymizers.nn import ecapa_voxceleb, gst, hifigan, names, soft_content, ssl_models
from anonymizers.weights import WeightFile, WeightRef

Module = Any
Tensor = Any
Floats = npt.NDArray[np.float32]
Content = Literal["t12-soft", "t6", "t1"]
Kind = Literal["ecapa", "gst", "none"]

CONTENTS: tuple[Content, ...] = ("t12-soft", "t6", "t1")
KINDS: tuple[Kind, ...] = ("ecapa", "gst", "none")
WIDTHS = {"t12-soft": soft_content.UNITS, "t6": soft_content.WIDTH, "t1": soft_content.WIDTH}
LAYERS = {"t6": 6, "t1": 1}
SPEAKER_WIDTHS = {"ecapa": 192, "gst": 128, "none": 0}
RATES, KERNELS = (5, 4, 2, 2, 2), (11, 8, 4, 4, 4)
VOCODER_PARTS = ("conv_pre", "ups", "resblocks", "conv_post")
ECAPA_PARTS = ("blocks", "mfa", "asp", "asp_bn", "fc")
VOCODER_FILE = "vocoder.safetensors"

PSST1 = "https://huggingface.co/QKTheoNguyen/psst1/resolve/main/"
ECAPA = WeightRef(
    id="ssl-sas-ecapa",
    title="SSL-SAS, speaker encoder (ECAPA-TDNN)",
    source="huggingface:QKTheoNguyen/psst1",
    revision="",
    files=(WeightFile("ecapa.ckpt", f"{PSST1}ecapa.ckpt"),),
    licence="CC BY-NC 4.0",
    commercial=False,
    about_bytes=25_000_000,
)
SPEECH = WeightRef(
    id="ssl-sas-speech",
    title="SSL-SAS, soft content and vocoder",
    source="huggingface:QKTheoNguyen/psst1",
    revision="",
    files=(
        WeightFile("hubert_soft.pt", f"{PSST1}hubert_soft.pt"),
        WeightFile("hifigan.pt", f"{PSST1}hifigan.pt"),
    ),
    licence="CC BY-NC 4.0",
    commercial=False,
    about_bytes=435_000_000,
)
GST = WeightRef(
    id="sttts-tts",
    title="STTTS (B3): its TTS archive, for the style encoder in it",
    source="github:DigitalPhonetics/speaker-anonymization",
    revision="v2.0",
    files=(
        WeightFile(
            "tts.zip",
            "https://github.com/DigitalPhonetics/speaker-anonymization/releases/download/v2.0/tts.zip",
            748_014_864,
            "c9a40069693d98c4d7a9c17646aa670ded668c0f0cc376175fc26d4fb706b8c1",
        ),
        WeightFile("tts/Embedding/embedding_function.pt", ""),
    ),
    licence="GPL-3.0",
    loader="archive",
)
"""Size and SHA-256 of the archive as several public projects pin them."""


def vocoder(content: str, kind: str) -> WeightRef:
    """The weights of a variant's vocoder: published for soft content with an ECAPA vector, else our own."""
    if (content, kind) == ("t12-soft", "ecapa"):
        return SPEECH
    return WeightRef(
        id=f"ssl-sas-{content}-{kind}",
        title=f"SSL-SAS, vocoder for {content} with {'no speaker vector' if kind == 'none' else kind.upper()}",
        source="here",
        revision="",
        files=(WeightFile(VOCODER_FILE, ""),),
        licence="of the speech that it is trained on",
        loader="safetensors",
        recipe=f"ssl-sas --content {content} --speaker {kind} --data DIR",
    )


def inputs_of(content: str, kind: str) -> tuple[WeightRef, ...]:
    """The weights of the networks before the vocoder."""
    speaker = {"ecapa": (ECAPA,), "gst": (GST,), "none": ()}[kind]
    return (SPEECH if content == "t12-soft" else ssl_models.HUBERT_BASE, *speaker)


def needed(content: str, kind: str) -> tuple[WeightRef, ...]:
    """All the weights of a variant."""
    return tuple(dict.fromkeys((*inputs_of(content, kind), vocoder(content, kind))))


EVERY = tuple(dict.fromkeys(ref for content in CONTENTS for kind in KINDS for ref in needed(content, kind)))


@dataclass(frozen=True, eq=False)
class Networks:
    """What a variant runs.

    Attributes:
        content: what is said, from a torch sound (b, n) at 16 kHz, n = 320 k: (b, k - 1, width), not normalised.
        speaker: who speaks, from samples, float32 (n,), and a generator for places drawn at random: float32, (d,); None
            for a variant without.
        vocoder: from frames (b, 2 k, width + 1 + d) to a torch sound (b, 320 k).
        device: where `content` and `vocoder` take their inputs.
    """

    content: Callable[[Tensor], Tensor]
    speaker: Callable[[Floats, np.random.Generator], Floats] | None
    vocoder: Callable[[Tensor], Tensor]
    device: str = "cpu"


def sizes(content: str, kind: str, channels: int = 512) -> hifigan.Sizes:
    """Of a variant's vocoder."""
    inputs = WIDTHS[content] + 1 + SPEAKER_WIDTHS[kind]
    return hifigan.Sizes(inputs, channels=channels, rates=RATES, kernels=KERNELS)


def published(content: str, kind: str) -> Networks:
    """The networks of a variant with their weights, which must be here (`needed`).

    Raises:
        AnonymizerError: if weights are missing or are another network's.
    """
    return Networks(content_of(content), speaker_of(kind), _vocoder(content, kind), models().device)


def content_of(content: str) -> Callable[[Tensor], Tensor]:
    """What is said, as `Networks.content`."""
    if content == "t12-soft":
        return cast(Callable[[Tensor], Tensor], models().get("ssl-sas-soft-content", load_soft_content))
    number = LAYERS[content]
    return lambda sound: soft_content.layer(models().get(ssl_models.HUBERT_BASE.id, load_hubert), sound, number)


def speaker_of(kind: str) -> Callable[[Floats, np.random.Generator], Floats] | None:
    """Who speaks, as `Networks.speaker`."""
    return {"ecapa": _ecapa_vector, "gst": _style, "none": None}[kind]


def vector_by(network: Module, samples: Floats, device: str) -> Floats:
    """The vector that an ECAPA network gives for samples, float32 (n,): float32, (d,)."""
    import torch

    with torch.inference_mode():
        return network(torch.tensor(samples, device=device)[None])[0].float().cpu().numpy()


def _ecapa_vector(samples: Floats, rng: np.random.Generator) -> Floats:
    return vector_by(models().get(ECAPA.id, load_ecapa), samples, models().device)


def _style(samples: Floats, rng: np.random.Generator) -> Floats:
    return gst.style(models().get(GST.id, load_gst), samples, rng, models().device)


def _vocoder(content: str, kind: str) -> Callable[[Tensor], Tensor]:
    ref = vocoder(content, kind)
    path = weights.path_of(ref, "hifigan.pt" if ref is SPEECH else "")
    made = lambda: hifigan.network(sizes(content, kind))  # noqa: E731
    return cast(
        Callable[[Tensor], Tensor],
        models().get(
            f"ssl-sas-vocoder-{content}-{kind}",
            lambda: tensors.fill(made(), hifigan.folded(_own(path, VOCODER_PARTS)), path),
        ),
    )


def load_soft_content() -> Module:
    """HuBERT with the soft head, as published.

    Raises:
        AnonymizerError: if the weights are not here, or are another network's.
    """
    path = weights.path_of(SPEECH, "hubert_soft.pt")
    network = soft_content.network(ssl_models.hubert_base())
    return tensors.fill(network, soft_content.tensors(tensors.state_of(path)), path)


def load_hubert() -> Module:
    """HuBERT base, as published.

    Raises:
        AnonymizerError: if the weights are not here, or are another network's.
    """
    path = weights.path_of(ssl_models.HUBERT_BASE)
    return tensors.fill(ssl_models.hubert_base(), _own(path, soft_content.HUBERT), path)


def load_ecapa() -> Module:
    """SSL-SAS's speaker encoder, as published.

    Raises:
        AnonymizerError: if the weights are not here, or are another network's.
    """
    path = weights.path_of(ECAPA)
    network = ecapa_voxceleb.network(ecapa_voxceleb.SSL_SAS)
    tensors.fill(network.ecapa, _own(path, ECAPA_PARTS), path)
    return network


def load_gst() -> Module:
    """B3's style encoder, as published.

    Raises:
        AnonymizerError: if the weights are not here, or are another network's.
    """
    path = weights.path_of(GST)
    return tensors.fill(gst.network(), _own(path, ("gst",)), path)


def _own(path: Any, parts: Sequence[str]) -> dict[str, Any]:
    return names.under(tensors.state_of(path), parts)
