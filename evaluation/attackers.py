"""Machines that try to tell whether two recordings are of one person: one registry line each.

An attacker turns a clip into an embedding and compares two embeddings. Those that need weights say so in `status`; none
downloads anything here, and none stands in for another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from anonymizers.base import Status
from audio.clip import Clip
from audio.vad import Segment, segments
from evaluation.clip_scores import MIN_FRAMES, cepstra

Floats = npt.NDArray[np.float64]
LEAST_COHORT = 10
FLOOR = 1e-9


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

    def scores(self, first: Floats, second: Floats, cohorts: tuple[Floats, Floats]) -> Floats:
        """How alike pairs of embeddings (n, d) are, higher = one speaker: (n,).

        cohorts: what was heard in all recordings of the kind of the first, and of the second side (see `cohort`),
        (m, d) each; it comes without names, and an attacker may normalise with it.
        """
        ...


class Mfcc:
    """Mean and logarithmic standard deviation of mel-frequency cepstral coefficients 1 to 12 (Davis & Mermelstein 1980,
    doi 10.1109/TASSP.1980.1163420; clip_scores.cepstra): no training, no weights; the floor of what a machine does.

    Over frames in which somebody speaks (Silero VAD), or over all that are not silent where the detector finds no
    voice: some systems leave sounds that only people take for speech. Each side's dimensions are brought to mean 0 and
    standard deviation 1 over its own cohort, so that what a system does to every voice cancels; cosine.
    """

    info = AttackerInfo(
        "mfcc",
        "MFCC mean and deviation",
        "untrained; has all recordings of the study and knows which went through which system, not whose they are",
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

    def scores(self, first: Floats, second: Floats, cohorts: tuple[Floats, Floats]) -> Floats:
        """Cosine of the normalised embeddings, in [-1, 1]."""
        return cosines(_standard(first, cohorts[0]), _standard(second, cohorts[1]))


def cohort(system: str, systems: npt.ArrayLike, heard: Floats) -> Floats:
    """What was heard (m, d) in recordings of one system, of all m `systems`; of all where they are fewer than 10."""
    own = heard[np.asarray(systems) == system]
    return own if len(own) >= LEAST_COHORT else heard


def _standard(embeddings: Floats, known: Floats) -> Floats:
    spread = known.std(0)
    return np.asarray((embeddings - known.mean(0)) / np.where(spread > FLOOR, spread, 1.0))


def cosines(first: Floats, second: Floats) -> Floats:
    """Cosine of each pair of rows, (n, d) and (n, d) to (n,); 0 where one of them is nothing."""
    sizes = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.divide(np.sum(first * second, 1), sizes, out=np.zeros(len(sizes)), where=sizes > 0)


ATTACKERS: Mapping[str, type[Attacker]] = MappingProxyType({"mfcc": Mfcc})


def available() -> dict[str, Attacker]:
    """The attackers that can run now, by key."""
    every = {key: make() for key, make in ATTACKERS.items()}
    return {key: one for key, one in every.items() if one.status().state == "ready"}
