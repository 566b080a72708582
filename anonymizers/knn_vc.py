"""`knn-vc`: kNN-VC, each moment replaced by the nearest moments of another speaker.

Baas, van Niekerk and Kamper, "Voice conversion with just nearest neighbors", Interspeech 2023, re-implemented; equal to
the reference from features to sound with the same weights. Reference speech is trimmed, the source is not; the waveform
goes into WavLM as it is; the sound comes out at -16 LUFS, as in the reference (players here level sounds anyway).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers import nearest, target_features, target_speech, wavlm_vocoder
from anonymizers.base import Info, Param, Progress, Result, silent
from anonymizers.models import models
from anonymizers.nearest import Searchable, neighbours
from anonymizers.nn import ssl_models
from anonymizers.nn.ssl_models import HOP, SAMPLE_RATE_HZ, WAVLM_LARGE
from anonymizers.pool import Floats
from anonymizers.pseudo_speaker import GENDERS, Gender
from anonymizers.target_speech import Target
from anonymizers.wavlm_vocoder import levelled, spoken
from anonymizers.weights import WeightRef, path_of
from audio.clip import Clip
from audio.features import Contour

Module = Any
LAYER = 6

TARGET = Param(
    "target", "text", "", "Target speaker",
    "Whose voice it becomes: a name from the folder of target speech (LibriSpeech's speaker number). Empty: drawn "
    "from the seed.",
)  # fmt: skip
GENDER = Param(
    "gender", "choice", "any", "Gender of the target",
    "Among whom the target is drawn: everybody, the source's sex, or the other one. The source's sex is guessed from "
    "its median F0.",
    choices=GENDERS[::-1],
)  # fmt: skip
MINUTES = Param(
    "minutes", "float", 5.0, "Speech of the target",
    "How much of the target's speech is searched at most, in half minutes. More sounds better, up to about 5 minutes; "
    "a target is listened to once and then kept.",
    0.1, 10.0, 0.5, unit="min",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Networks:
    """What runs: an encoder (ssl_models), of which `layer` is taken; a vocoder; `name` tells them from all others."""

    encoder: Module
    vocoder: Module
    layer: int
    name: str


def published() -> Networks:
    """The publishers' networks; of WavLM-Large the six blocks that are needed.

    Raises:
        AnonymizerError: if a file is missing, damaged, or another network's.
    """
    encoder = models().get(
        f"{WAVLM_LARGE.id}-{LAYER}",
        lambda: ssl_models.load_wavlm_large(path_of(WAVLM_LARGE), LAYER),
        half_allowed=True,
    )
    name = f"{WAVLM_LARGE.version}|{ssl_models.precision(encoder)}"
    return Networks(encoder, wavlm_vocoder.published(), LAYER, name)


class KnnVc:
    """The published encoder and vocoder around nearest neighbours, with a target from a folder of speech."""

    info = Info(
        key="knn-vc",
        title="kNN-VC",
        family="Neural, published systems",
        summary="Replaces every 20 ms by the mean of the most similar moments in another person's speech.",
        hides=frozenset({"speaker"}),
        reference=(
            "Baas, van Niekerk and Kamper, Interspeech 2023; weights of bshall/knn-vc (WavLM-Large: Chen et al., 2022)."
        ),
        fidelity="original-weights",
        published=True,
        params=(
            TARGET, GENDER,
            Param("k", "int", 4, "Neighbours", "How many nearest frames are averaged; 4 as published.", 1, 32, 1),
            MINUTES,
        ),
        weights=(WAVLM_LARGE, wavlm_vocoder.REF, target_speech.DEV_CLEAN),
        caution=(
            "It becomes a real person's voice: the target's. Melody, rhythm and pauses stay the source's, and an "
            "attacker trained on such speech links it (EER 10.4 %, VoicePrivacy 2024's protocol, LibriSpeech test, "
            "random targets)."
        ),
    )  # fmt: skip

    def __init__(
        self,
        networks: Callable[[], Networks] = published,
        folder: Callable[[], Path] = target_speech.folder,
        keep_in: Path | None = None,
    ) -> None:
        self._networks, self._folder, self._keep_in = networks, folder, keep_in

    @staticmethod
    def needs(params: Mapping[str, Any]) -> tuple[WeightRef, ...]:
        """The encoder, the vocoder, and target speech unless there is a folder of one's own."""
        return (WAVLM_LARGE, wavlm_vocoder.REF, *target_speech.needs())

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        networks = self._networks()
        target, facts = drawn(self._folder(), clip, seed, params)
        among = _searchable(self._features(networks, target, params["minutes"], progress))
        progress(0.7, "listening to the source")
        query = ssl_models.features(networks.encoder, clip.samples, networks.layer)
        progress(0.8, "looking for the nearest frames")
        frames, places = neighbours(query, among, params["k"])
        progress(0.9, "saying it again")
        sound = levelled(spoken(networks.vocoder, frames))
        return Result(
            Clip(sound, SAMPLE_RATE_HZ),
            self.info.fidelity,
            {
                **facts,
                "k": params["k"],
                "frames_searched": len(among),
                "encoder_precision": ssl_models.precision(networks.encoder),
            },
            {"nearest_cosine": likeness(query, among, places)},
        )

    def _features(self, networks: Networks, target: Target, minutes: float, progress: Progress) -> Path:
        def encode(clip: Clip) -> target_features.Arrays:
            return {"content": content(networks, target_features.trimmed(clip.samples))}

        made_by = f"{networks.name}|{networks.layer}|trim {target_features.TRIGGER_LEVEL}"
        return target_features.file_of(
            target, target_features.listened_s(minutes), made_by, encode,
            folder=self._keep_in, progress=lambda done, doing: progress(0.7 * done, doing),
        )  # fmt: skip


def drawn(folder: Path, clip: Clip, seed: int, params: Mapping[str, Any]) -> tuple[Target, dict[str, Any]]:
    """The target for a clip, and what is to be said of the choice; `params`: "target" and "gender".

    Raises:
        AnonymizerError: as `target_speech.chosen`.
    """
    name, gender, source_sex, facts = asked(clip, params)
    target = target_speech.chosen(folder, name, gender, source_sex, np.random.default_rng(seed))
    return target, {"target": target.name, "target_sex": target.sex, **facts}


def asked(clip: Clip, params: Mapping[str, Any]) -> tuple[str, Gender, str, dict[str, Any]]:
    """Which target is asked for: a name, or "" and a gender with the source's sex where it matters; and facts on it."""
    name, gender = str(params["target"]).strip(), params["gender"]
    source_sex = target_speech.guessed_sex([clip]) if gender != "any" and not name else ""
    facts = {
        "rule": "named" if name else "one speaker drawn",
        "gender": "" if name else gender,
        "source_sex_estimated_from_f0": source_sex,
    }
    return name, gender, source_sex, facts


@lru_cache(maxsize=2)
def _searchable(path: Path) -> Searchable:
    """A target's frames, ready to be searched; those of the last two stay loaded."""
    return nearest.searchable(target_features.read(path)["content"])


def content(networks: Networks, samples: Floats) -> Floats:
    """The encoder's frames, float32, (frames, d); none where the sound is shorter than one."""
    if len(samples) < ssl_models.FRAME:
        return np.zeros((0, networks.vocoder.sizes.inputs), np.float32)
    return ssl_models.features(networks.encoder, samples, networks.layer)


def stretched(frames: Floats, duration_s: float) -> Floats:
    """`frames` of the source, float32, (n, d), interpolated in time so that they last `duration_s`: the reference's
    `target_duration`."""
    import torch
    from torch.nn.functional import interpolate

    factor = (int(duration_s * SAMPLE_RATE_HZ) / HOP) / len(frames)
    return interpolate(torch.from_numpy(frames).T[None], scale_factor=factor, mode="linear")[0].T.numpy()


def likeness(query: Floats, among: Searchable, places: np.ndarray) -> Contour:
    """How like a frame is to the neighbours that replace it: the mean of their cosines, over time."""
    unit = query / np.maximum(np.linalg.norm(query, axis=1, keepdims=True), 1e-9)
    cosines = np.einsum("md,mkd->mk", unit, among.unit[places], optimize=True).mean(axis=1)
    times_s = ssl_models.times_s(len(query))
    return Contour("Likeness to the target's nearest frames", "cosine", times_s, cosines.astype(np.float64))
