"""Who speaks, by SpeechBrain's ECAPA-TDNN trained on VoxCeleb: the field's usual attacker from the shelf.

Desplanques, Thienpondt & Demuynck, "ECAPA-TDNN", Interspeech 2020 (arXiv 2005.07143); weights
speechbrain/spkrec-ecapa-voxceleb (Apache-2.0). Its hyperparams.yaml can name any Python object, so it is not read: the
network is built here from the published sizes, with SpeechBrain's own classes. Verified: features, normalisation and
network against the golden fixture (random weights); revision and digest as several public projects pin them. Not
verified, as the weights could not be had while this was written: the answers of the published weights.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from anonymizers.base import Status
from anonymizers.ecapa import WEIGHTS
from anonymizers.nn import ecapa_voxceleb
from anonymizers.tensors import fill, state_of
from anonymizers.weights import WeightRef
from audio.clip import Clip
from evaluation.recognisers import downloads
from evaluation.recognisers.base import Floats, RecogniserInfo
from evaluation.recognisers.hearing import audible, parts

LEAST_S = 0.1
LONGEST_S = 30.0
"""Longer clips are heard in parts, in 0.5 GB at most; the embedding is their mean, weighted by duration."""


class Ecapa:
    """192 numbers for a voice. The score of two is their cosine, as in SpeechBrain's verify_batch."""

    info = RecogniserInfo(
        key="ecapa",
        title="ECAPA-TDNN (VoxCeleb)",
        kind="speaker",
        fidelity="original-weights",
        trained_on="VoxCeleb 1 and 2 (celebrities' interviews, mostly English, 7,205 speakers)",
        reference="Desplanques et al., Interspeech 2020; SpeechBrain spkrec-ecapa-voxceleb",
        weights=WEIGHTS.summary,
        caution="Trained on unprotected speech: where it fails, an attacker trained on anonymized speech may not.",
    )

    packages = ("torch", "torchaudio", "speechbrain")

    def __init__(self, source: WeightRef = WEIGHTS, sizes: ecapa_voxceleb.Sizes = ecapa_voxceleb.VOXCELEB) -> None:
        self.source, self.sizes = source, sizes

    def status(self) -> Status:
        """Whether the weights are here."""
        return downloads.status(self.source, self.packages)

    def embed(self, clip: Clip) -> Floats:
        """What identifies the speaker: float64, (192,), unit length.

        Raises:
            RecogniserError: if less than 0.1 s of sound came, or the weights cannot be had.
        """
        pieces = parts(audible(clip, LEAST_S), LONGEST_S)
        found = [self._embedded(piece) for piece in pieces]
        mean = np.average(found, axis=0, weights=[len(piece) for piece in pieces])
        return mean / max(1e-12, float(np.linalg.norm(mean)))

    def _embedded(self, samples: Any) -> Floats:
        import torch

        with torch.inference_mode():
            vector = self._network(torch.tensor(samples)[None])[0].double().numpy()
        return vector / max(1e-12, float(np.linalg.norm(vector)))

    @cached_property
    def _network(self) -> Any:
        path = downloads.folder(self.source) / self.source.files[0].name
        network = ecapa_voxceleb.network(self.sizes)
        with downloads.recogniser_errors():
            fill(network.ecapa, state_of(path), path)
        return network.eval()
