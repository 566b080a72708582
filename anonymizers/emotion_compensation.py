"""Emotion compensation: an anonymised speaker vector moved to where the vectors of an emotion lie.

Miao, Zhang, Wang, Tomashenko, Soh and McLoughlin, "Adapting General Disentanglement-Based Speaker Anonymization for
Enhanced Emotion Preservation" (arXiv 2408.05928; github.com/xiaoxiaomiao323/emotion-compensation @ 877a1c5, CC BY-NC
4.0), re-implemented from its formula. For each emotion a linear support vector machine tells the vectors of that
emotion from all others; b is the unit normal of its hyperplane. A vector is scaled to the norm sqrt(d), then

    x' = x + (D - x b) b

so that its projection on b is D: 30 or 40, and -30 or -40 for sad, as published. (By the sizes of its training sets the
published machine has sad on its positive side, so that rule moves sad voices away from it; why is not said. Boundaries
among house vectors have D above 0 for sad, too: see their card.)

Whose emotion: the paper predicts it from the original's speaker vector by an "emotion indicator"; its code reads it
from a file. That the same hyperplanes predict it, by the largest of their decisions, is our reading. So is what becomes
of encoders whose vectors have unit length: D is for a vector of norm sqrt(d) all the same, and the result is brought
back to unit length.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import weights
from anonymizers.base import AnonymizerError, Param
from anonymizers.pool import cosine_distances
from anonymizers.pseudo_speaker import PseudoSpeaker
from anonymizers.weights import WeightFile, WeightRef
from audio.clip import Clip

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

EMOTIONS = ("angry", "happy", "neutral", "sad")
ENCODERS = ("house", "ecapa", "ssl-sas")
"""Whose vectors: the house speaker encoder's, or those of ECAPA-TDNN as SpeechBrain or SSL-SAS trained it."""
PUBLISHED_SIGNS = (1.0, 1.0, 1.0, -1.0)
SIGNS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {"house": (1.0, 1.0, 1.0, 1.0), "ecapa": PUBLISHED_SIGNS, "ssl-sas": PUBLISHED_SIGNS}
)
"""Of D, by encoder and emotion."""
ALL = "all"
FILE = "emotion_boundaries.npz"
HOUSE = Path(__file__).resolve().parents[1] / "assets" / "models" / FILE
"""Boundaries among vectors of the house speaker encoder; card: assets/models/emotion_boundaries.md."""
COMPENSATION = Param(
    "emotion_compensation", "choice", "off", "Emotion compensation",
    "Moves the pseudo-speaker's vector to where voices of an emotion lie. predicted: the emotion that is heard in the "
    "source's own vector, often wrongly; or one that you name.",
    choices=("off", "predicted", *EMOTIONS),
)  # fmt: skip
DISTANCE = Param(
    "emotion_distance", "float", 30.0, "Distance of the compensation",
    "How far beyond the emotion's boundary the vector is put, where a vector is sqrt(d) long (13.9 for 192 numbers); "
    "30 or 40 as published. The further, the more alike all pseudo-speakers get, which helps attackers.",
    0.0, 40.0, 0.5,
)  # fmt: skip
PARAMS = (COMPENSATION, DISTANCE)


@dataclass(frozen=True, eq=False)
class Boundaries:
    """A hyperplane w x + c = 0 for each emotion, among vectors of norm sqrt(d).

    Attributes:
        encoder: whose vectors, one of ENCODERS.
        coefficients: w, float64, (emotions, d), by place in EMOTIONS.
        intercepts: c, float64, (emotions,).
        signs: of the distance, float64, (emotions,).
    """

    encoder: str
    coefficients: Doubles
    intercepts: Doubles
    signs: Doubles

    @property
    def unit_length(self) -> bool:
        """Whether the encoder's vectors have unit length."""
        return self.encoder == "house"

    def normal(self, emotion: str) -> Doubles:
        """b, the unit normal on that emotion's side, (d,)."""
        own = self.coefficients[EMOTIONS.index(emotion)]
        return own / np.linalg.norm(own)

    def decisions(self, vectors: npt.ArrayLike) -> Doubles:
        """w x + c of vectors (..., d) of any length: (..., emotions); above 0 on the emotion's side."""
        return scaled(vectors) @ self.coefficients.T + self.intercepts

    def predicted(self, vector: npt.ArrayLike) -> str:
        """The emotion whose decision is the largest."""
        return EMOTIONS[int(np.argmax(self.decisions(vector)))]


def scaled(vectors: npt.ArrayLike) -> Doubles:
    """Vectors (..., d), none of them zero, at norm sqrt(d); float64."""
    rows = np.asarray(vectors, np.float64)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True) * np.sqrt(rows.shape[-1])


def edited(vectors: npt.ArrayLike, normal: npt.ArrayLike, distance: float) -> Doubles:
    """x' = x + (D - x b) b of vectors (..., d), scaled to norm sqrt(d) first; `normal`: b, (d,), of unit length."""
    rows, b = scaled(vectors), np.asarray(normal, np.float64)
    return rows + (distance - rows @ b)[..., None] * b


def compensated(
    target: PseudoSpeaker,
    source: Floats | None,
    clip: Clip | None,
    params: Mapping[str, Any],
    boundaries: Callable[[Clip | None], Boundaries] | None = None,
) -> PseudoSpeaker:
    """`target` with its vector, (d,), moved as PARAMS ask; its provenance says so. As it was, if they say "off".

    The vector of an encoder without unit length comes back longer than it was: its projection on b is D.

    Args:
        source: the source's vector, which "predicted" asks for.
        clip: the source's sound, as the system got it; None if it is still to come.
        boundaries: gives those for a clip: `trained_for`, or (None) those of the house speaker encoder.

    Raises:
        AnonymizerError: if the emotion is to be predicted and there is no source's vector, the vectors are another
            encoder's, or the boundaries are not here.
    """
    asked = params[COMPENSATION.name]
    if asked == "off":
        return target
    found = (boundaries or of)(clip)
    _check(target.vector, found)
    emotion = asked if asked in EMOTIONS else _predicted(source, found)
    distance = float(params[DISTANCE.name] * found.signs[EMOTIONS.index(emotion)])
    vector = edited(target.vector, found.normal(emotion), distance)
    if found.unit_length:
        vector = vector / np.linalg.norm(vector)
    facts: dict[str, Any] = {
        "emotion": emotion,
        "emotion_from": "given" if asked in EMOTIONS else "speaker vector",
        "emotion_distance": distance,
    }
    if source is not None:
        facts["cosine_distance_to_source"] = round(float(cosine_distances([vector], source)[0]), 4)
    return replace(target, vector=vector.astype(np.float32), provenance={**target.provenance, **facts})


def left_out(params: Mapping[str, Any]) -> tuple[str, ...]:
    """What to say where `params` ask for compensation and, with "speaker", for a vector that is not anonymised."""
    if params["speaker"] == "anonymised" or params[COMPENSATION.name] == "off":
        return ()
    return ("Emotion compensation moves anonymised vectors only: it was left out.",)


def _check(vector: Floats, boundaries: Boundaries) -> None:
    if vector.shape != boundaries.coefficients.shape[1:] or not vector.any():
        raise AnonymizerError(
            f"A speaker vector of {boundaries.coefficients.shape[1]} numbers, not all of them 0, was expected for the "
            f"emotion boundaries of the encoder {boundaries.encoder}, but one of shape {vector.shape} came that is "
            "not: turn emotion compensation off, or take boundaries of that encoder."
        )


def _predicted(source: Floats | None, boundaries: Boundaries) -> str:
    if source is None:
        raise AnonymizerError(
            "The source's speaker vector was expected, to predict its emotion, but there is none: name the emotion."
        )
    return boundaries.predicted(source)


def weights_of(encoder: str) -> WeightRef:
    """Boundaries among vectors of "ecapa" or "ssl-sas"; the published ones were learnt from ESD and MSP-Podcast."""
    return WeightRef(
        id=f"emotion-boundaries-{encoder}",
        title=f"Emotion boundaries, {encoder}",
        source="here",
        revision="",
        files=(WeightFile(FILE, ""),),
        licence="of the speech that they are trained on",
        recipe=f"emotion-boundaries --encoder {encoder} --data DIR",
    )


def needs(params: Mapping[str, Any], encoder: str) -> tuple[WeightRef, ...]:
    """The weights that a system with vectors of "ecapa" or "ssl-sas" needs for these PARAMS, beside its own."""
    return () if params[COMPENSATION.name] == "off" else (weights_of(encoder),)


def trained_for(encoder: str) -> Callable[[Clip | None], Boundaries]:
    """What gives the boundaries among vectors of "ecapa" or "ssl-sas" for a clip (see `of`), for `compensated`.

    It raises AnonymizerError if they are not here.
    """
    return lambda clip: of(clip, weights.path_of(weights_of(encoder)))


def of(clip: Clip | None, path: Path = HOUSE) -> Boundaries:
    """Boundaries from a file of training/emotion_boundaries.py.

    If they were learnt from this very `clip`, those that were learnt without its speaker: what is measured on such
    clips is measured on speakers who were not heard.

    Raises:
        AnonymizerError: if the file is missing or holds something else.
    """
    folds, heard = load(path)
    return folds[heard.get(clip.digest[:16], ALL) if clip else ALL]


@lru_cache(maxsize=2)
def load(path: Path) -> tuple[Mapping[str, Boundaries], Mapping[str, str]]:
    """Boundaries by fold, the one of all speakers being "all"; and by clip (Clip.digest, first 16 digits) the fold that
    was learnt without its speaker.

    Raises:
        AnonymizerError: if the file is missing or holds something else.
    """
    if not path.is_file():
        raise AnonymizerError(
            f"Emotion boundaries were expected, but {path.name} is not here: get it with the project's files, or make "
            "it with `python -m training emotion-boundaries`."
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            encoder, names = str(file["encoder"]), [str(name) for name in file["folds"]]
            heard = dict(zip(file["digests"].tolist(), file["fold_of"].tolist(), strict=True))
            rows = zip(names, file["coefficients"], file["intercepts"], strict=True)
            folds = {name: Boundaries(encoder, w, c, file["signs"]) for name, w, c in rows}
    except (OSError, ValueError, KeyError, EOFError, TypeError, zipfile.BadZipFile):
        raise AnonymizerError(f"Emotion boundaries were expected, but {path.name} holds none: get it again.") from None
    return folds, heard
