"""Answers of listeners whose truth is known, drawn in microseconds: for planning, and to check every interval.

They stand for no study: nothing of them reaches a database. (simulate.py has listeners take a real one.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from listening_test.simulated_listener import CONFIDENCE_CRITERIA

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
TRUTH_DRAWS = 400_000


class Ratings(NamedTuple):
    """Ratings of one system: values, and by number who gave each and whose voice it was; all of shape (n,)."""

    values: Floats
    listeners: Ints
    speakers: Ints


class Pairs(NamedTuple):
    """Same or different for one system: signed confidence in -3…3, truth, listener, speakers of both sides; (n,)."""

    scores: Floats
    same: Bools
    listeners: Ints
    speakers: Ints
    others: Ints


@dataclass(frozen=True)
class RatingWorld:
    """Ratings 1 to 5: a latent mean, shifted by listener and speaker, rounded and clipped.

    Attributes:
        listeners, speakers: how many there are; trials: ratings of each listener.
        mean: of the latent rating; sd_listener, sd_speaker, sd_residual: in points.
    """

    listeners: int
    speakers: int
    trials: int = 4
    mean: float = 3.2
    sd_listener: float = 0.5
    sd_speaker: float = 0.4
    sd_residual: float = 0.8

    def draw(self, rng: np.random.Generator) -> Ratings:
        """One study."""
        listeners, speakers = _dealt(self.listeners, self.speakers, self.trials, rng)
        return Ratings(self.rate(listeners, speakers, rng), listeners, speakers)

    def rate(self, listeners: Ints, speakers: Ints, rng: np.random.Generator) -> Floats:
        """Ratings of trials that are given, by number of listener and of speaker, (n,)."""
        latent = (
            self.mean
            + rng.normal(0, self.sd_listener, self.listeners)[listeners]
            + rng.normal(0, self.sd_speaker, self.speakers)[speakers]
            + rng.normal(0, self.sd_residual, len(listeners))
        )
        return rounded(latent)

    def truth(self) -> float:
        """The expected rating over all listeners and speakers there could be, by numerical integration."""
        from scipy import stats

        sd = float(np.sqrt(self.sd_listener**2 + self.sd_speaker**2 + self.sd_residual**2))
        return float(1 + stats.norm.sf(np.array([1.5, 2.5, 3.5, 4.5]), self.mean, sd).sum())


@dataclass(frozen=True)
class PairWorld:
    """Same or different on 6 points; listeners differ in d' and in their criteria, speakers in how recognisable.

    Evidence for "same" is normal with sd 1 around +d'/2 for one speaker and -d'/2 for two, where d' is the mean plus
    the listener's and the speaker's part (of two speakers the mean part); each listener's criteria are shifted.

    Attributes:
        trials: of each listener, half of them of one speaker.
        sd_listener, sd_speaker: of d'; sd_criterion: of the shift.
    """

    listeners: int
    speakers: int
    trials: int = 8
    d_prime: float = 1.0
    sd_listener: float = 0.4
    sd_speaker: float = 0.4
    sd_criterion: float = 0.5

    def draw(self, rng: np.random.Generator) -> Pairs:
        """One study."""
        listeners, speakers = _dealt(self.listeners, self.speakers, self.trials, rng)
        same = np.tile(np.arange(self.trials) % 2 == 0, self.listeners)
        others = np.where(same, speakers, (speakers + rng.integers(1, self.speakers, len(speakers))) % self.speakers)
        return Pairs(self.judge(same, listeners, speakers, others, rng), same, listeners, speakers, others)

    def judge(self, same: Bools, listeners: Ints, speakers: Ints, others: Ints, rng: np.random.Generator) -> Floats:
        """Signed confidence in trials that are given, (n,)."""
        able = rng.normal(0, self.sd_listener, self.listeners)[listeners]
        parts = rng.normal(0, self.sd_speaker, self.speakers)
        shift = rng.normal(0, self.sd_criterion, self.listeners)[listeners]
        d_prime = self.d_prime + able + (parts[speakers] + parts[others]) / 2
        evidence = np.where(same, d_prime, -d_prime) / 2 + shift + rng.normal(size=len(same))
        return _confidence(evidence)

    def truth(self, rng: np.random.Generator) -> float:
        """The expected within-listener AUC: of one listener, two independent trials. By TRUTH_DRAWS draws."""
        n = TRUTH_DRAWS
        able, shift = rng.normal(0, self.sd_listener, n), rng.normal(0, self.sd_criterion, n)
        one, two = rng.normal(0, self.sd_speaker, n), rng.normal(0, self.sd_speaker / np.sqrt(2), n)
        same = _confidence((self.d_prime + able + one) / 2 + shift + rng.normal(size=n))
        different = _confidence(-(self.d_prime + able + two) / 2 + shift + rng.normal(size=n))
        return float(np.mean(same > different) + np.mean(same == different) / 2)


def _dealt(listeners: int, speakers: int, trials: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Everybody hears `trials` speakers, each once as long as there are others; all speakers about equally often."""
    order = rng.permutation(speakers)
    places = (np.arange(listeners)[:, None] * trials + np.arange(trials)) % speakers
    rows = np.array([rng.permutation(row) for row in order[places]])
    return np.repeat(np.arange(listeners), trials), rows.ravel()


def rounded(latent: Floats) -> Floats:
    """Latent ratings as they are given: whole numbers from 1 to 5."""
    return np.clip(np.floor(latent + 0.5), 1, 5)


def _confidence(evidence: Floats) -> Floats:
    points = np.array([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
    return points[np.searchsorted(np.array(CONFIDENCE_CRITERIA), evidence)]
