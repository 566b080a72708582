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

Floats = npt.NDArray[np.float64]
RATE_HZ = 16_000
WINDOW, HOP = 400, 160
COEFFICIENTS = 20
LEAST_FRAMES = 10


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
            AttackerError: if there is too little speech.
        """
        ...

    def scores(self, first: Floats, second: Floats, cohort: Floats) -> Floats:
        """How alike pairs of embeddings (n, d) are, higher = one speaker, (n,); cohort (m, d): what it may be
        normalised with, without labels."""
        ...


class Mfcc:
    """Mean and standard deviation of mel-frequency cepstral coefficients: no training, no weights; the floor of what a
    machine does (Davis & Mermelstein 1980, doi 10.1109/TASSP.1980.1163420).

    Coefficients 1 to 19 (not the 0th, which is level) of 40 mel bands, 25 ms every 10 ms at 16 kHz, in speech only
    (Silero VAD). Each dimension is brought to mean 0 and standard deviation 1 over the cohort; cosine.
    """

    info = AttackerInfo("mfcc", "MFCC mean and deviation", "untrained; knows neither system nor speakers (ignorant)")

    def status(self) -> Status:
        """Always ready."""
        return Status("ready")

    def embed(self, clip: Clip) -> Floats:
        """Means and standard deviations, (38,).

        Raises:
            AttackerError: if there are fewer than LEAST_FRAMES frames of speech.
        """
        import librosa

        from audio import vad

        at = clip.resampled(RATE_HZ)
        found = librosa.feature.mfcc(
            y=at.samples.astype(np.float64), sr=RATE_HZ, n_mfcc=COEFFICIENTS, n_fft=512, win_length=WINDOW,
            hop_length=HOP, n_mels=40, center=False,
        )[1:]  # fmt: skip
        times_s = (np.arange(found.shape[1]) * HOP + WINDOW / 2) / RATE_HZ
        spoken = np.zeros(len(times_s), bool)
        for start_s, end_s in vad.segments(clip):
            spoken |= (times_s >= start_s) & (times_s < end_s)
        if spoken.sum() < LEAST_FRAMES:
            raise AttackerError(
                f"At least 0.1 s of speech was expected, but {spoken.sum() * HOP / RATE_HZ:.2f} s came."
            )
        return np.concatenate([found[:, spoken].mean(1), found[:, spoken].std(1)])

    def scores(self, first: Floats, second: Floats, cohort: Floats) -> Floats:
        """Cosine of the normalised embeddings, in [-1, 1]."""
        centre, spread = cohort.mean(0), cohort.std(0)
        scale = np.where(spread > 0, spread, 1.0)
        return cosines((first - centre) / scale, (second - centre) / scale)


def cosines(first: Floats, second: Floats) -> Floats:
    """Cosine of each pair of rows, (n, d) and (n, d) to (n,); 0 where one of them is nothing."""
    sizes = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.divide(np.sum(first * second, 1), sizes, out=np.zeros(len(sizes)), where=sizes > 0)


ATTACKERS: Mapping[str, type[Attacker]] = MappingProxyType({"mfcc": Mfcc})


def available() -> dict[str, Attacker]:
    """The attackers that can run now, by key."""
    every = {key: make() for key, make in ATTACKERS.items()}
    return {key: one for key, one in every.items() if one.status().state == "ready"}
