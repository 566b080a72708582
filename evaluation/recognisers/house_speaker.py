"""Who speaks, by the house speaker encoder: small, trained by this project, and there without a network."""

from __future__ import annotations

import hashlib

import numpy as np

from anonymizers import speaker_encoder
from anonymizers.base import AnonymizerError, Status
from audio.clip import Clip
from evaluation.recognisers.base import Floats, RecogniserError, RecogniserInfo


class HouseSpeaker:
    """192 numbers for a voice. Its card, assets/models/speaker_encoder.md, says on whose speech it was trained."""

    info = RecogniserInfo(
        key="house-speaker",
        title="House speaker encoder",
        kind="speaker",
        fidelity="house-weights",
        trained_on="a few hours of permissively licensed read speech: assets/models/speaker_encoder.md says whose",
        reference="ECAPA-TDNN (Desplanques et al., Interspeech 2020), a quarter as wide, trained by this project",
        caution="A small attacker, trained on little speech: what it cannot link, a larger one may.",
    )

    def version(self) -> str:
        """The first digits of the SHA-256 of the network's file, which names its weights' digest; "" without it."""
        if not speaker_encoder.available():
            return ""
        return hashlib.sha256(speaker_encoder.MODEL.read_bytes()).hexdigest()[:12]

    def status(self) -> Status:
        """Whether the model's files are here."""
        if speaker_encoder.available():
            return Status("ready")
        return Status("needs training", "assets/models/speaker_encoder.*: run `python -m training speaker-encoder`")

    def embed(self, clip: Clip) -> Floats:
        """What identifies the speaker: float64, (192,), unit length.

        Raises:
            RecogniserError: if the clip is too short or silent, or a file of the model is missing.
        """
        try:
            return speaker_encoder.embed(clip).astype(np.float64)
        except AnonymizerError as error:
            raise RecogniserError(str(error)) from None
