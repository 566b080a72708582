"""How something is said, by the house emotion recogniser: trained by this project on acted German, small, in numpy.

assets/models/emotion_recogniser.npz holds one model for each EmoDB speaker, which never heard that speaker, and one,
"all", for everybody else. Its card, assets/models/emotion_recogniser.md, says how well they do. One model, with z the
standardised functionals of a clip (evaluation/emotion_features.py) held within ±4:

    logits = W z + b + V tanh(3 (A k + c)),    k_i = exp(-gamma |P z - s_i|^2),    probabilities = softmax(logits)

a linear discriminant, and the votes of a support vector machine's duels on principal components P z; W, b and V are
divided by the temperature already.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from anonymizers.base import Status
from audio.clip import Clip
from audio.vad import VadError
from evaluation import emotion_features
from evaluation.recognisers.base import CORE_EMOTIONS, Floats, RecogniserError, RecogniserInfo

MODEL = Path(__file__).resolve().parents[2] / "assets" / "models" / "emotion_recogniser.npz"
ALL = "all"
FURTHEST = 4.0
"""Standardised functionals are held within ± this: speech from elsewhere lies far outside what was learned from."""
STEEPNESS = 3.0
"""A duel won by a third of the margin is 0.76 of a vote, one won by the whole margin all of it."""
MISSING = "assets/models/emotion_recogniser.npz is not here: run `python -m training emotion-recogniser`"


@dataclass(frozen=True, eq=False)
class Fold:
    """One model: d functionals, 4 classes, 6 duels, n support vectors in p dimensions; see the formula above.

    Attributes:
        centre, spread: of the functionals, (d,).
        weights, bias: W (4, d) and b (4,).
        axes, vectors, gamma: P (p, d), s (n, p) and gamma (); coefficients, duel_bias: A (6, n) and c (6,);
            votes: V (4, 6). Without a machine p, n and the number of duels are 0.
        all_weights, all_bias: logits of every emotion that the data has, without a machine, (m, d) and (m,).
    """

    centre: Floats
    spread: Floats
    weights: Floats
    bias: Floats
    axes: Floats
    vectors: Floats
    coefficients: Floats
    duel_bias: Floats
    gamma: Floats
    votes: Floats
    all_weights: Floats
    all_bias: Floats

    def standardised(self, functionals: Floats) -> Floats:
        """z, (d,) or (n, d)."""
        return np.clip((functionals - self.centre) / self.spread, -FURTHEST, FURTHEST)

    def logits(self, functionals: Floats) -> Floats:
        """Of CORE_EMOTIONS, (4,), from functionals (d,)."""
        z = self.standardised(functionals)
        distances = np.sum((self.axes @ z - self.vectors) ** 2, axis=1)
        margins = self.coefficients @ np.exp(-self.gamma * distances) + self.duel_bias
        return self.weights @ z + self.bias + self.votes @ np.tanh(STEEPNESS * margins)

    def all_logits(self, functionals: Floats) -> Floats:
        """Of every emotion of the data, (m,), from functionals (d,)."""
        return self.all_weights @ self.standardised(functionals) + self.all_bias


@dataclass(frozen=True, eq=False)
class Model:
    """What the file holds.

    Attributes:
        names: of the functionals, in order; emotions: all of the data's, in the order of Fold.all_weights.
        folds: by speaker who was left out, and "all".
        heard: digest of each clip learned from (Clip.digest, first 16 digits), to its speaker.
    """

    names: tuple[str, ...]
    emotions: tuple[str, ...]
    folds: Mapping[str, Fold]
    heard: Mapping[str, str]


class HouseEmotion:
    """Probabilities of four emotions from the sound of a voice alone: no words, no network, no torch.

    Speech of an EmoDB speaker is judged by the model that never heard them, if `speaker` says so ("emodb-03") or the
    clip is one of those learned from.
    """

    info = RecogniserInfo(
        key="house-emotion",
        title="House emotion recogniser",
        kind="emotion",
        fidelity="house-weights",
        trained_on="EmoDB (acted German, six speakers) and copies of it with other pitch and formants",
        reference="Acoustic functionals after eGeMAPS (Eyben et al., 2016), LDA and SVM, trained by this project",
        language="de",
        caution=(
            "Learned from six actors who speak German: on English, everyday or anonymized speech it errs far more "
            "often than on EmoDB."
        ),
    )

    def __init__(self, model: Path = MODEL) -> None:
        """`model`: the file that training/emotion_recogniser.py wrote."""
        self.path = model

    def version(self) -> str:
        """The first digits of the model file's SHA-256; "" without it."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:12] if self.path.is_file() else ""

    def status(self) -> Status:
        """Whether the model's file is here."""
        return Status("ready") if self.path.is_file() else Status("needs training", MISSING)

    def probabilities(self, clip: Clip, *, speaker: str = "") -> dict[str, float]:
        """Of each of CORE_EMOTIONS; they sum to 1. Calibrated on speakers whom the model had not heard.

        Raises:
            RecogniserError: if less than 0.3 s of speech is found, or the model's file is missing.
        """
        fold = load(self.path).folds[self.fold(clip, speaker=speaker)]
        return dict(zip(CORE_EMOTIONS, _softmax(fold.logits(self._functionals(clip))), strict=True))

    def all_emotions(self, clip: Clip, *, speaker: str = "") -> dict[str, float]:
        """Of every emotion that EmoDB has, boredom, disgust and fear too: a second, linear head. They sum to 1.

        Raises:
            RecogniserError: as `probabilities`.
        """
        model = load(self.path)
        fold = model.folds[self.fold(clip, speaker=speaker)]
        return dict(zip(model.emotions, _softmax(fold.all_logits(self._functionals(clip))), strict=True))

    def embed(self, clip: Clip) -> Floats:
        """The standardised functionals, (d,), within ±4. No label went into how they are standardised.

        Raises:
            RecogniserError: as `probabilities`.
        """
        return load(self.path).folds[ALL].standardised(self._functionals(clip))

    def fold(self, clip: Clip, *, speaker: str = "") -> str:
        """Which model judges this clip: the name of the speaker whom it never heard, or "all".

        Raises:
            RecogniserError: if the model's file is missing.
        """
        model = load(self.path)
        known = model.heard.get(clip.digest[:16])
        named = _speaker_name(speaker)
        return known or (named if named in model.folds else ALL)

    def _functionals(self, clip: Clip) -> Floats:
        try:
            found = emotion_features.features(clip)
        except (emotion_features.TooLittleSpeech, VadError) as error:
            raise RecogniserError(str(error)) from None
        if tuple(found) != load(self.path).names:
            raise RecogniserError(
                f"A model of today's {len(found)} functionals was expected, but {self.path.name} was trained on "
                "others: train it again with `python -m training emotion-recogniser`."
            )
        return np.array(list(found.values()))


def _speaker_name(speaker: str) -> str:
    """As the folds are called: "EmoDB_03" is "emodb-03"."""
    return re.sub(r"[\s_/]+", "-", speaker.strip().lower())


def _softmax(logits: Floats) -> list[float]:
    shares = np.exp(logits - logits.max())
    return (shares / shares.sum()).tolist()


@lru_cache(maxsize=2)
def load(path: Path) -> Model:
    """The model, read once a process.

    Raises:
        RecogniserError: if its file is missing.
    """
    if not path.is_file():
        raise RecogniserError(f"The house emotion recogniser needs its model, but {MISSING}.")
    with np.load(path, allow_pickle=False) as file:
        names, emotions = (tuple(file[key].tolist()) for key in ("names", "emotions"))
        heard = dict(zip(file["digests"].tolist(), file["speakers"].tolist(), strict=True))
        folds = {key: _fold(file, key) for key in file["folds"].tolist()}
    return Model(names, emotions, folds, heard)


def _fold(file: Mapping[str, np.ndarray], key: str) -> Fold:
    arrays = [file[f"{key}/{name}"].astype(np.float64) for name in Fold.__dataclass_fields__]
    return Fold(*arrays)
