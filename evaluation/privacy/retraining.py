"""Semi-informed attackers: what they learn from anonymized speech, of whom, and the scores that come of it.

Whoever is recognised is never learned from: either the speech comes from a corpus of others (side "train"), or the
speakers of the corpus itself are dealt out to folds, and a trial between two folds is scored by what was learned from
all the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from evaluation.heard import Embedded
from evaluation.metrics.curves import eer
from evaluation.metrics.trust import Training
from evaluation.privacy import backend
from evaluation.privacy.backend import Speech
from evaluation.privacy.trial_scores import Bools, Floats, Ints, Trials

if TYPE_CHECKING:
    import pandas as pd

FOLDS = 6
TRAININGS = 3
KEPT_OF_SPEAKERS = 0.8
"""Share of the speakers that a repeated training learns from, where they are a corpus of their own."""


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


@dataclass(frozen=True, eq=False)
class Retrained:
    """What came of learning.

    Attributes:
        scores: of the sides asked for, in their order, (n,) each.
        learned: what was learned, and from how many, in words. training: for the trust check.
        repeats: EERs of the first sides' scores by all trainings. notes: what is doubtful.
    """

    scores: tuple[Floats, ...]
    learned: str
    training: Training
    repeats: tuple[float, ...]
    notes: tuple[str, ...]


class TooFew(ValueError):
    """Why nothing can be learned, in one sentence."""


class _Split(NamedTuple):
    """Which speech is learned from, (m,), and which trials are scored by it, (n,)."""

    learned_from: Bools
    trials: Bools


def material(files: pd.DataFrame, parts: Mapping[str, Embedded], system: str, tried: set[str]) -> Material:
    """Side "train" where there is one, without speakers who are tried; else the corpus itself.

    Args:
        files: the table of files. parts: embeddings by side, prepared. tried: speakers of the trials.
    """
    sides = ("train",) if "train" in parts else ("trial", "enrolment")
    own = files[(files["system"] == system) & files["side"].isin(sides)]
    known = {(one.side, one.utterance): one for one in own.itertuples()}
    rows = [(side, row, known[side, key]) for side in sides if side in parts
            for row, key in enumerate(parts[side].keys) if (side, key) in known]  # fmt: skip
    others = "train" in parts
    rows = [(side, row, one) for side, row, one in rows if not (others and one.speaker in tried)]
    if not rows:
        return Material(Speech(np.zeros((0, 1)), np.zeros(0, str), np.zeros(0, str)), 0.0, others)
    vectors = np.stack([parts[side].vectors[row] for side, row, _ in rows])
    speakers, sexes = (np.array([getattr(one, name) for *_, one in rows], str) for name in ("speaker", "sex"))
    whole = np.isfinite(vectors).all(1)
    minutes = float(np.nansum([one.duration_s for (*_, one), there in zip(rows, whole, strict=True) if there]) / 60)
    return Material(Speech(vectors, speakers, sexes).of(whole), minutes, others)


def retrained(found: Material, trials: Trials, sides: Sequence[Sides], *, rng: np.random.Generator) -> Retrained:
    """Scores of trials on several sides by what was learned; on the first sides learned TRAININGS times.

    Raises:
        TooFew: if there are too few speakers with two utterances to learn from.
    """
    chosen: Counter[str] = Counter()
    splits = _splits(found, trials, rng)
    scores = [np.full(len(trials.same), np.nan) for _ in sides]
    for split in splits:
        speech = found.speech.of(split.learned_from)
        name = backend.best(speech, rng=rng)
        chosen[name] += 1
        _score(backend.CANDIDATES[name](speech.vectors, speech.speakers), trials, split, sides, scores)
    name = chosen.most_common(1)[0][0]
    more = [_again(found, trials, sides[0], name, rng) for _ in range(TRAININGS - 1)]
    repeats = tuple(_eer(one, trials.same) for one in (scores[0], *more))
    least = min((found.speech.of(one.learned_from) for one in splits), key=lambda one: one.teaching)
    training = Training(len(np.unique(least.speakers)), len(least.speakers))
    return Retrained(tuple(scores), _learned(chosen, found, training), training, repeats, tuple(_notes(chosen)))


def _score(
    learned: backend.Map, trials: Trials, split: _Split, sides: Sequence[Sides], scores: Sequence[Floats]
) -> None:
    """Fill in the scores of the trials of a split."""
    for one, into in zip(sides, scores, strict=True):
        enrolling, tried = (Embedded(side.keys, learned(side.vectors)) for side in one)
        into[split.trials] = trials.scores_where(split.trials, enrolling, tried)


def _again(found: Material, trials: Trials, sides: Sides, name: str, rng: np.random.Generator) -> Floats:
    """Scores by a training on other speakers: other folds, or a part of those there are."""
    scores = [np.full(len(trials.same), np.nan)]
    for split in _splits(found, trials, rng, part=KEPT_OF_SPEAKERS):
        speech = found.speech.of(split.learned_from)
        _score(backend.CANDIDATES[name](speech.vectors, speech.speakers), trials, split, [sides], scores)
    return scores[0]


def _splits(found: Material, trials: Trials, rng: np.random.Generator, *, part: float = 1.0) -> list[_Split]:
    speech = found.speech
    if found.others:
        people = np.unique(speech.speakers)
        kept = rng.permutation(people)[: max(1, round(part * len(people)))]
        splits = [_Split(np.isin(speech.speakers, kept), np.ones(len(trials.same), bool))]
    else:
        count = max(1, min(FOLDS, len(np.unique(speech.speakers))))
        splits = list(_by_folds(backend.folds_of(speech, count, rng), speech, trials))
    fewest = min((speech.of(one.learned_from).teaching for one in splits), default=0)
    if fewest < backend.LEAST_SPEAKERS:
        raise TooFew(
            f"To learn from anonymized speech, at least {backend.LEAST_SPEAKERS} speakers with two utterances each who "
            f"are not tried were expected, but {fewest} came: give speech of other speakers (--train)."
        )
    return splits


def _by_folds(folds: Ints, speech: Speech, trials: Trials) -> Iterator[_Split]:
    """Every pair of folds that trials are between; both are left out of what is learned."""
    of = dict(zip(speech.speakers.tolist(), folds.tolist(), strict=True))
    sides: list[npt.NDArray[np.int64]] = [
        np.array([of.get(name, 0) for name in names.tolist()], np.int64) for names in (trials.enrolled, trials.speakers)
    ]
    low, high = np.minimum(*sides), np.maximum(*sides)
    count = int(folds.max(initial=-1)) + 1
    for one, other in combinations_with_replacement(range(count), 2):
        chosen = (low == one) & (high == other)
        left_out = (one, other if other != one else (one + 1) % count)
        if chosen.any():
            yield _Split(~np.isin(folds, left_out), chosen)


def _eer(scores: Floats, same: Bools) -> float:
    known = np.isfinite(scores)
    yes, no = scores[known & same], scores[known & ~same]
    return eer(yes, no) if len(yes) and len(no) else float("nan")


def _learned(chosen: Counter[str], found: Material, training: Training) -> str:
    what = " or ".join(name for name, _ in chosen.most_common())
    if found.others:
        return (
            f"retrained ({what}, then cosine) on {training.utterances:,} utterances ({found.minutes:.0f} minutes) of "
            f"{training.speakers} other speakers, put through the same system"
        )
    return (
        f"retrained ({what}, then cosine) on the system's output for the corpus's other speakers, at least "
        f"{training.utterances:,} utterances of {training.speakers}; both speakers of a trial are never learned from"
    )


def _notes(chosen: Counter[str]) -> Iterator[str]:
    if chosen["nothing"]:
        many = f"In {chosen['nothing']} of {chosen.total()} trainings n" if chosen.total() > 1 else "N"
        yield f"{many}othing that was learned told held-out speakers better: there it is the lazy-informed attacker."
