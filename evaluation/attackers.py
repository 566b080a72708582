"""Machines that try to tell whether two recordings are of one person: one registry line each.

An attacker turns a clip into an embedding and compares two embeddings. Those that need weights say so in `status`; none
downloads anything here, and none stands in for another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from anonymizers.base import Status
from audio.clip import Clip
from audio.vad import Segment, segments
from evaluation.clip_scores import MIN_FRAMES, cepstra
from evaluation.recognisers import registry
from evaluation.recognisers.base import RecogniserError

Floats = npt.NDArray[np.float64]
LEAST_COHORT = 10
FLOOR = 1e-9
HAS_ALL = "has all recordings and knows which went through which system, not whose they are"


class AttackerError(ValueError):
    """Why an attacker cannot judge a clip, in one sentence."""


@dataclass(frozen=True)
class AttackerInfo:
    """What an attacker says of itself.

    Attributes:
        key: its name in tables; title: in words.
        knows: what it was trained on and what it knows of the anonymizer, as VoicePrivacy's attack models have it.
        weights: what must be had first, "" if nothing.
    """

    key: str
    title: str
    knows: str
    weights: str = ""


class Attacker(Protocol):
    """A machine speaker verifier."""

    info: AttackerInfo

    def status(self) -> Status:
        """Whether it can run now, and if not, why."""
        ...

    def embed(self, clip: Clip) -> Floats:
        """What it hears in a clip, (d,).

        Raises:
            AttackerError: if there is nothing to hear.
        """
        ...

    def prepared(self, heard: Floats, known: Floats) -> Floats:
        """Embeddings (n, d) as they are averaged over an enrolment and compared by their cosine, (n, d).

        known: what was heard in all recordings of the same kind (see `cohort`), (m, d); it comes without names, and an
        attacker may normalise with it.
        """
        ...

    def scores(self, first: Floats, second: Floats, cohorts: tuple[Floats, Floats]) -> Floats:
        """How alike pairs of embeddings (n, d) are, higher = one speaker: (n,).

        cohorts: `known`, of the first and of the second side.
        """
        ...


class _Compared:
    """How every attacker here compares: each dimension standardised over its own side's cohort, then the cosine.

    So what a system does to every voice cancels. For the house encoder, on 29 speakers of two data sets, that took
    half a point off the EER on originals, and up to 8 points off what two systems put out.
    """

    def prepared(self, heard: Floats, known: Floats) -> Floats:
        """Embeddings (n, d), each dimension with mean 0 and standard deviation 1 over the cohort (m, d)."""
        return standardised(heard, known)

    def scores(self, first: Floats, second: Floats, cohorts: tuple[Floats, Floats]) -> Floats:
        """Cosine of the normalised embeddings, in [-1, 1]."""
        return cosines(self.prepared(first, cohorts[0]), self.prepared(second, cohorts[1]))


class Mfcc(_Compared):
    """Mean and logarithmic standard deviation of mel-frequency cepstral coefficients 1 to 12 (Davis & Mermelstein 1980,
    doi 10.1109/TASSP.1980.1163420; clip_scores.cepstra): no training, no weights; the floor of what a machine does.

    Over frames in which somebody speaks (Silero VAD), or over all that are not silent where the detector finds no
    voice: some systems leave sounds that only people take for speech.
    """

    info = AttackerInfo(
        "mfcc",
        "MFCC mean and deviation",
        f"untrained; {HAS_ALL}",
    )

    def status(self) -> Status:
        """Always ready."""
        return Status("ready")

    def embed(self, clip: Clip) -> Floats:
        """Means and logarithmic standard deviations, (24,).

        Raises:
            AttackerError: if less than 0.1 s of the clip is sound.
        """
        found = cepstra(clip, segments(clip))
        if len(found) < MIN_FRAMES:
            found = cepstra(clip, (Segment(0.0, clip.duration_s),))
        if len(found) < MIN_FRAMES:
            raise AttackerError(f"At least 0.1 s of sound was expected, but {len(found) / 100:.2f} s came.")
        return np.concatenate([found.mean(0), np.log(np.maximum(found.std(0), FLOOR))])


class _Recognised(_Compared):
    """An attacker that hears with one of the recognisers (evaluation/recognisers)."""

    info: AttackerInfo
    recogniser: str

    def status(self) -> Status:
        """Whether the recogniser can run now, and if not, why."""
        return registry.status(self.recogniser)

    def embed(self, clip: Clip) -> Floats:
        """What the recogniser hears, (d,).

        Raises:
            AttackerError: if there is nothing to hear, or the recogniser cannot run.
        """
        try:
            return np.asarray(registry.load(self.recogniser).embed(clip), float)
        except RecogniserError as error:
            raise AttackerError(str(error)) from None


class House(_Recognised):
    """The house speaker encoder, which ships with the project (assets/models/speaker_encoder.md)."""

    recogniser = "house-speaker"
    info = AttackerInfo(
        "house",
        "House speaker encoder",
        f"trained on read English of some 300 speakers, unprotected; {HAS_ALL}",
    )


class Ecapa(_Recognised):
    """SpeechBrain's ECAPA-TDNN, trained on VoxCeleb; its weights are downloaded."""

    recogniser = "ecapa"
    info = AttackerInfo(
        "ecapa",
        "ECAPA-TDNN (VoxCeleb)",
        f"trained on VoxCeleb 1 and 2, unprotected; {HAS_ALL}",
        "speechbrain/spkrec-ecapa-voxceleb",
    )


class Emotion(_Recognised):
    """Verifies speakers from what an emotion recogniser hears alone (paper 000): who speaks leaks through how."""

    recogniser = "house-emotion"
    info = AttackerInfo(
        "emotion",
        "Emotion recogniser's embeddings",
        f"trained on acted emotions, not on speakers; {HAS_ALL}",
    )


def cohort(system: str, systems: npt.ArrayLike, heard: Floats) -> Floats:
    """What was heard (m, d) in recordings of one system, of all m `systems`; of all where they are fewer than 10."""
    own = heard[np.asarray(systems) == system]
    return own if len(own) >= LEAST_COHORT else heard


def standardised(embeddings: Floats, known: Floats) -> Floats:
    """Embeddings (n, d) less the mean of those known, (m, d), by their standard deviation; as they are without any."""
    if not len(known):
        return embeddings
    spread = known.std(0)
    return np.asarray((embeddings - known.mean(0)) / np.where(spread > FLOOR, spread, 1.0))


def units(embeddings: Floats) -> Floats:
    """Rows (n, d) at length 1; what is nothing stays nothing, NaN stays NaN."""
    sizes = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.divide(embeddings, sizes, out=np.zeros_like(embeddings), where=sizes != 0)


def cosines(first: Floats, second: Floats) -> Floats:
    """Cosine of each pair of rows, (n, d) and (n, d) to (n,); 0 where one of them is nothing."""
    sizes = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.divide(np.sum(first * second, 1), sizes, out=np.zeros(len(sizes)), where=sizes > 0)


ATTACKERS: Mapping[str, type[Any]] = MappingProxyType(
    {one.info.key: one for one in (Mfcc, House, Ecapa, Emotion)}
)  # each of them an Attacker


def available() -> dict[str, Attacker]:
    """The attackers that can run now, by key."""
    every = {key: make() for key, make in ATTACKERS.items()}
    return {key: one for key, one in every.items() if one.status().state == "ready"}
