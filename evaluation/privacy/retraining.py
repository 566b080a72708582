"""What semi-informed attackers learn from anonymized speech, and of whom.

Whoever is recognised is never learned from: either the speech is of a corpus of others (side "train"), or the speakers
of the corpus itself are dealt out to folds, and a trial between two folds is scored by what was learned from all the
others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from evaluation.heard import Embedded
from evaluation.metrics.trust import Training
from evaluation.privacy import backend
from evaluation.privacy.backend import Speech
from evaluation.privacy.trial_scores import Bools, Floats, Ints, Trials

if TYPE_CHECKING:
    import pandas as pd

FOLDS = 6
EVERYBODY = (-1, -1)


class Sides(NamedTuple):
    """What enrols and what is tried, prepared by the attacker."""

    enrolling: Embedded
    tried: Embedded


@dataclass(frozen=True, eq=False)
class Material:
    """What can be learned from.

    Attributes:
        speech: the embeddings. minutes: how long they last. others: whether all are of speakers who are not tried.
    """

    speech: Speech
    minutes: float
    others: bool


class TooFew(ValueError):
    """Why nothing can be learned, in one sentence."""


def material(files: pd.DataFrame, parts: Mapping[str, Embedded], system: str, tried: set[str]) -> Material:
    """Side "train" where there is one, without speakers who are tried; else the corpus itself.

    Args:
        files: the table of files. parts: embeddings by side, prepared. tried: speakers of the trials.
    """
    others = "train" in parts
    sides = ("train",) if others else ("trial", "enrolment")
    own = files[(files["system"] == system) & files["side"].isin(sides)]
    known = {(one.side, one.utterance): one for one in own.itertuples()}
    rows = [(parts[side].vectors[row], known[side, key]) for side in sides if side in parts
            for row, key in enumerate(parts[side].keys) if (side, key) in known]  # fmt: skip
    kept = [
        (vector, one) for vector, one in rows
        if np.isfinite(vector).all() and not (others and one.speaker in tried)
    ]  # fmt: skip
    speakers, sexes = (np.array([getattr(one, name) for _, one in kept], str) for name in ("speaker", "sex"))
    vectors = np.stack([vector for vector, _ in kept]) if kept else np.zeros((0, 1))
    minutes = float(np.nansum([one.duration_s for _, one in kept])) / 60
    return Material(Speech(vectors, speakers, sexes), minutes, others)


@dataclass(frozen=True, eq=False)
class Lessons:
    """What was learned.

    Attributes:
        maps: what to do with embeddings, by the two folds that were left out; EVERYBODY if those are other speakers.
        folds: of each speaker, if they were dealt out. chosen: how often each of backend.CANDIDATES was taken.
        training: on how many, at least.
    """

    maps: Mapping[tuple[int, int], backend.Map]
    folds: Mapping[str, int]
    chosen: Counter[str]
    training: Training

    def scores(self, trials: Trials, sides: Sides) -> Floats:
        """Of trials, (n,), each by what was learned of neither of its speakers; NaN where there is nothing to hear."""
        found = np.full(len(trials.same), np.nan)
        for left_out, chosen in self._parts(trials):
            enrolling, tried = (Embedded(side.keys, self.maps[left_out](side.vectors)) for side in sides)
            found[chosen] = trials.scores_where(chosen, enrolling, tried)
        return found

    def _parts(self, trials: Trials) -> Iterator[tuple[tuple[int, int], Bools]]:
        """Every trial in the part of one pair of folds, those of both its speakers among them."""
        if not self.folds:
            yield EVERYBODY, np.ones(len(trials.same), bool)
            return
        first, second = (
            np.array([self.folds.get(name, 0) for name in names.tolist()], np.int64)
            for names in (trials.enrolled, trials.speakers)
        )
        waiting = np.ones(len(first), bool)
        for left_out in self.maps:
            chosen = waiting & np.isin(first, left_out) & np.isin(second, left_out)
            waiting &= ~chosen
            if chosen.any():
                yield left_out, chosen


def learn(found: Material, *, rng: np.random.Generator, how: str = "", part: float = 1.0) -> Lessons:
    """Learn all that can be learned.

    Args:
        how: one of backend.CANDIDATES; "" takes, each time, what tells held-out speakers best.
        part: share of the speakers to learn from, where they are others than those who are tried.

    Raises:
        TooFew: if there are too few speakers with two utterances to learn from.
    """
    folds = np.zeros(0, np.int64) if found.others else _dealt(found.speech, rng)
    maps, chosen, least = {}, Counter[str](), None
    for left_out, speech in _leaving_out(found, folds, part, rng):
        name = how or backend.best(speech, rng=rng)
        chosen[name] += 1
        maps[left_out] = backend.CANDIDATES[name](speech.vectors, speech.speakers)
        least = speech if least is None or speech.teaching < least.teaching else least
    training = Training(len(np.unique(least.speakers)), len(least.speakers)) if least else Training(0, 0)
    of = dict(zip(found.speech.speakers.tolist(), folds.tolist(), strict=True)) if len(folds) else {}
    return Lessons(maps, of, chosen, training)


def _dealt(speech: Speech, rng: np.random.Generator) -> Ints:
    return backend.folds_of(speech, max(1, min(FOLDS, len(np.unique(speech.speakers)))), rng)


def _leaving_out(
    found: Material, folds: Ints, part: float, rng: np.random.Generator
) -> Iterator[tuple[tuple[int, int], Speech]]:
    """What is learned from, by the pair of folds that it leaves out."""
    speech = found.speech
    if found.others:
        people = np.unique(speech.speakers)
        kept = rng.permutation(people)[: round(part * len(people))]
        yield EVERYBODY, _enough(speech.of(np.isin(speech.speakers, kept)))
        return
    for left_out in combinations(range(int(folds.max(initial=1)) + 1), 2):
        yield left_out, _enough(speech.of(~np.isin(folds, left_out)))


def _enough(speech: Speech) -> Speech:
    if speech.teaching < backend.LEAST_SPEAKERS:
        raise TooFew(
            f"To learn from anonymized speech, at least {backend.LEAST_SPEAKERS} speakers with two utterances each who "
            f"are not tried were expected, but {speech.teaching} came: give speech of other speakers (--train)."
        )
    return speech
