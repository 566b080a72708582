"""The contract every recogniser keeps: what it says of itself, and what it hears in a clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from anonymizers.base import Fidelity, Status
from audio.clip import Clip

Kind = Literal["speaker", "words", "emotion"]
Floats = npt.NDArray[np.float64]
CORE_EMOTIONS = ("angry", "happy", "neutral", "sad")
"""The four classes that every emotion recogniser here answers with, in this order."""


class RecogniserError(ValueError):
    """Why a recogniser cannot judge a clip, or cannot run, in one sentence."""


@dataclass(frozen=True)
class RecogniserInfo:
    """What a recogniser says of itself without being loaded.

    Attributes:
        key: its name in commands and tables, e.g. "house-emotion"; title: in words.
        kind: what it hears.
        fidelity: which weights run (see anonymizers.base.Fidelity); "exact" for an algorithm without weights.
        trained_on: data, in words; language: of its training ("en", "de"), "" if it makes no difference.
        reference: where it was published.
        weights: what must be downloaded first (name, size, licence), "" if nothing.
        caution: what must be known before its numbers are believed, "" if nothing.
    """

    key: str
    title: str
    kind: Kind
    fidelity: Fidelity
    trained_on: str
    reference: str
    language: str = ""
    weights: str = ""
    caution: str = ""


class Recogniser(Protocol):
    """What all three kinds have in common."""

    info: RecogniserInfo

    def status(self) -> Status:
        """Whether it can run now, and if not, why and the mend; downloads and loads nothing."""
        ...


class SpeakerRecogniser(Recogniser, Protocol):
    """Turns a clip into an embedding of who speaks."""

    def embed(self, clip: Clip) -> Floats:
        """What identifies the speaker, (d,), unit length; the cosine of two is their score.

        Raises:
            RecogniserError: if there is nothing to hear, or the model cannot run.
        """
        ...


class WordRecogniser(Recogniser, Protocol):
    """Writes down what is said."""

    def transcribe(self, clip: Clip) -> str:
        """The words in lower case without punctuation, "" if none was heard.

        Raises:
            RecogniserError: if the model cannot run.
        """
        ...


class EmotionRecogniser(Recogniser, Protocol):
    """Tells how something is said, whatever is said."""

    def probabilities(self, clip: Clip, *, speaker: str = "") -> Mapping[str, float]:
        """Probability of each of CORE_EMOTIONS, in that order; they sum to 1.

        `speaker` names who speaks, so that a recogniser made of folds can use the one that never heard them.

        Raises:
            RecogniserError: if there is too little speech, or the model cannot run.
        """
        ...

    def embed(self, clip: Clip) -> Floats:
        """What it bases its answer on, (d,): speakers are verified from it (paper 000).

        Raises:
            RecogniserError: as above.
        """
        ...
