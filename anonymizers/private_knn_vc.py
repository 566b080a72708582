"""`private-knn-vc`: kNN-VC whose phones last as long as usual and are said in a few of the target's ways only.

Franzreb, Das, Polzehl and Möller, "Private kNN-VC: interpretable anonymization of converted speech", Interspeech 2025;
re-implemented from the public demonstration (carlosfranzreb/private_knnvc). Each frame's phone is predicted from
WavLM's layer 24; each phone is brought part of the way to its predicted duration; each frame of layer 6 then becomes
the nearest of the target's centroids of that phone; kNN-VC's vocoder says them.

Our readings: layer 24 goes in without the norm that follows it, as in the demonstration (its training script reads it
with the norm); a phone that the target never says is said by the nearest centroid of all (the reference: zeros). Not
verified, as they could not be had while this was written: the published weights, and how the archives are laid out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers import knn_vc, phone_centroids, target_features, target_speech, wavlm_vocoder
from anonymizers.base import AnonymizerError, Info, Param, Progress, Result, silent
from anonymizers.nn import ssl_models
from anonymizers.nn.ssl_models import SAMPLE_RATE_HZ, WAVLM_LARGE
from anonymizers.phone_centroids import Centroids, nearest_within
from anonymizers.private_knn_vc_networks import PREDICTORS, TARGETS, Networks, heard, published, retimed
from anonymizers.weights import WeightRef, path_of
from audio.clip import Clip
from audio.features import Contour

PUBLISHED = {"7585": ("F", "0.pt"), "6967": ("F", "1.pt"), "6077": ("M", "2.pt"), "517": ("M", "3.pt")}

WEIGHT = Param(
    "duration_weight", "float", 0.7, "Usual durations",
    "How far each phone goes from how long it lasted (0) to how long it is predicted to last (1). Published: 0, 0.3, "
    "0.7 and 1.", 0.0, 1.0, 0.1,
)  # fmt: skip
CLUSTERS = Param(
    "clusters", "int", 8, "Ways to say a phone",
    "How many of the target's ways to say each phone are left: fewer hide more and garble more. 0: all of them. "
    "Published: 0, 2, 4, 8, 16 and 32.", 0, 32, 1,
)  # fmt: skip
FROM = Param(
    "targets", "choice", "published", "Target speakers",
    "published: four speakers of LibriTTS, whose frames come with the weights; folder: the folder of target speech.",
    choices=("published", "folder"),
)  # fmt: skip
BY_GENDER = (
    "The target was chosen by gender: do not read published figures for that (EER near 49 %) as more privacy. Their "
    "authors found that the attacker failed, not the system; a larger one links such speech more easily than with "
    "targets drawn among all (Franzreb et al., arXiv 2508.09803)."
)


class PrivateKnnVc:
    """The published encoder, predictors and vocoder, with one of the published targets or of a folder of speech."""

    info = Info(
        key="private-knn-vc",
        title="Private kNN-VC",
        family="Neural, published systems",
        summary="kNN-VC with usual durations and few ways to say each phone, so that rhythm and accent tell less.",
        hides=frozenset({"speaker"}),
        reference=(
            "Franzreb, Das, Polzehl and Möller, Interspeech 2025; weights of carlosfranzreb/private_knnvc and of "
            "bshall/knn-vc."
        ),
        fidelity="original-weights",
        published=True,
        params=(WEIGHT, CLUSTERS, FROM, knn_vc.TARGET, knn_vc.GENDER, knn_vc.MINUTES),
        weights=(WAVLM_LARGE, PREDICTORS, wavlm_vocoder.REF, TARGETS),
        keeps_timing=False,
        caution=(
            "It becomes a real person's voice: the target's. Phones get durations of their own, so the length changes, "
            "and some words are garbled. An attacker trained on such speech still links some of it (EER 26.6 % at the "
            "default settings, VoicePrivacy 2024's protocol, LibriSpeech test, random targets)."
        ),
    )  # fmt: skip
    every_weight = (target_speech.DEV_CLEAN,)

    def __init__(
        self,
        networks: Callable[[], Networks] = published,
        folder: Callable[[], Path] = target_speech.folder,
        frames_of: Callable[[str], Path] = lambda file: path_of(TARGETS, f"target_feats/{file}"),
        keep_in: Path | None = None,
    ) -> None:
        self._networks, self._folder, self._frames_of, self._keep_in = networks, folder, frames_of, keep_in

    @staticmethod
    def needs(params: Mapping[str, Any]) -> tuple[WeightRef, ...]:
        """The networks, and the published targets or target speech."""
        targets = (TARGETS,) if params["targets"] == "published" else target_speech.needs()
        return (WAVLM_LARGE, PREDICTORS, wavlm_vocoder.REF, *targets)

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        networks = self._networks()
        among, facts = self._target(networks, clip, seed, params, progress)
        progress(0.7, "listening to the source")
        frames, phones = heard(networks, clip.samples)
        factors, indices = retimed(networks.durations, phones, params["duration_weight"])
        progress(0.85, "saying it again")
        said, lacking = nearest_within(frames[indices], phones[indices], among)
        sound = wavlm_vocoder.spoken(networks.vocoder, said)
        return Result(
            Clip(sound, SAMPLE_RATE_HZ),
            self.info.fidelity,
            {
                **facts,
                "centroids": len(among),
                "frames_of_phones_the_target_never_says": int(lacking.sum()),
                "encoder_precision": ssl_models.precision(networks.encoder),
            },
            {
                "duration_factor": Contour(
                    "Phone durations", "times their own", ssl_models.times_s(len(phones)), factors
                )
            },
            (BY_GENDER,) if facts["gender"] in ("same", "cross") else (),
        )

    def _target(
        self, networks: Networks, clip: Clip, seed: int, params: Mapping[str, Any], progress: Progress
    ) -> tuple[Centroids, dict[str, Any]]:
        if params["targets"] == "folder":
            target, facts = knn_vc.drawn(self._folder(), clip, seed, params)
            path = self._listened(networks, target, params["minutes"], progress)
        else:
            name, facts = drawn(clip, seed, params)
            path = self._frames_of(PUBLISHED[name][1])
        progress(0.6, "sorting the target's phones")
        return _centroids(path, params["clusters"]), {**facts, "targets": params["targets"]}

    def _listened(self, networks: Networks, target: target_speech.Target, minutes: float, progress: Progress) -> Path:
        def encode(clip: Clip) -> target_features.Arrays:
            content, phones = heard(networks, clip.samples)
            return {"content": content, "phones": phones}

        return target_features.file_of(
            target, target_features.listened_s(minutes), f"{networks.name}|{networks.layers}", encode,
            folder=self._keep_in, progress=lambda done, doing: progress(0.6 * done, doing),
        )  # fmt: skip


def drawn(clip: Clip, seed: int, params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """One of the published targets, and what is to be said of the choice."""
    name, gender, source_sex, facts = knn_vc.asked(clip, params)
    found = target_speech.picked(
        list(PUBLISHED), lambda who: PUBLISHED[who][0], name, gender, source_sex, np.random.default_rng(seed)
    )
    return found, {"target": found, "target_sex": PUBLISHED[found][0], **facts}


@lru_cache(maxsize=2)
def _centroids(path: Path, clusters: int) -> Centroids:
    """Those of a target, from kept features or from a published list of frames by phone; the last two stay."""
    from anonymizers import tensors

    if path.suffix == ".npz":
        arrays = target_features.read(path)
        return phone_centroids.centroids(phone_centroids.by_phone(arrays["content"], arrays["phones"]), clusters)
    try:
        frames = {phone: tensor.float().numpy() for phone, tensor in enumerate(tensors.contents_of(path))}
    except (AttributeError, TypeError):
        raise AnonymizerError(
            f"{path}: a target's frames were expected, one tensor for each phone, but it holds something else: delete "
            "it and fetch it again."
        ) from None
    return phone_centroids.centroids(frames, clusters)
