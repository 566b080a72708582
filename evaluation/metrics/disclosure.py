"""Who is it, among N? Identification without a threshold: cumulative match rate and similarity rank disclosure.

Each trial utterance is compared with all N enrolled speakers; its rank is the true speaker's place, 1 = most alike.
Speakers with equal scores share their places: each of them is as likely as another.

Cumulative match rate at k: share of trials with a rank of at most k, in [0, 1] (the hit rate of the cumulative match
characteristic, as in Seo et al. 2025, arXiv 2508.14012); chance is k / N. Similarity rank disclosure: what the rank's
distribution p(r) tells, in bits (Bäckström et al. 2025, arXiv 2508.05250; Chandra et al. 2026, arXiv 2605.07291):

    D(r) = log2(N p(r)),  mean disclosure = sum of p(r) D(r) = log2 N - H(rank),  worst = max of D(r)

from 0 (no rank more likely than another) to log2 N. p(r) is the histogram of ranks or, where trials are few, the
beta-binomial distribution of the greatest likelihood. Lower is better for privacy, for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from evaluation.metrics.betabinomial import Cells
from evaluation.metrics.bootstrap import Interval, mean_interval, noted, numbered, speaker_interval, undefined
from evaluation.metrics.curves import MetricError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Fit = Literal["beta-binomial", "histogram"]
NAN = float("nan")
NO_TRIALS = "No trial compares an utterance with its own speaker and another."


@dataclass(frozen=True, eq=False)
class Ranks:
    """Ranks of the true speaker in n trials, all (n,).

    Attributes:
        best: 1 + number of speakers that are more alike; ties: speakers with the true one's score, itself among them.
        pool: N, how many speakers the utterance was compared with.
        speakers: who spoke.
        note: how many trials are left out, and why.
    """

    best: Ints
    ties: Ints
    pool: Ints
    speakers: npt.NDArray[np.str_]
    note: str = ""

    @property
    def expected(self) -> Floats:
        """The mean of the places that the true speaker shares: the rank to be shown, (n,)."""
        return np.asarray(self.best + (self.ties - 1) / 2)


@dataclass(frozen=True)
class MatchRate:
    """Cumulative match rate at rank k with its interval, and what guessing gives, mean of k / N; both in [0, 1]."""

    rank: int
    rate: Interval
    chance: float


@dataclass(frozen=True)
class RankDisclosure:
    """Similarity rank disclosure.

    Attributes:
        mean_bits: with its interval, in [0, log2 N]; worst_bits: of the most telling rank.
        possible_bits: log2 N (its mean where N differs between trials).
        identification_rate: p(1), in [0, 1]; rank_spread: share of ranks more likely than by chance, in [0, 1].
        fit: what p(r) is.
    """

    mean_bits: Interval
    worst_bits: float
    possible_bits: float
    identification_rate: float
    rank_spread: float
    fit: Fit


def ranks_of_scores(scores: npt.ArrayLike, truth: npt.ArrayLike, speakers: Sequence[str]) -> Ranks:
    """Ranks from scores of n utterances against N speakers, (n, N), the true one in column `truth`, (n,).

    speakers: the names of the N. Utterances with a score that is not finite are left out, and said.

    Raises:
        MetricError: if the shapes do not fit.
    """
    table, columns = np.asarray(scores, float), np.asarray(truth, np.int64)
    if table.ndim != 2 or table.shape != (len(columns), len(speakers)):
        raise MetricError(
            f"Scores of {len(columns)} utterances against {len(speakers)} speakers were expected, "
            f"but an array of shape {table.shape} came."
        )
    known = np.isfinite(table).all(1)
    kept, columns = table[known], columns[known]
    own = np.take_along_axis(kept, columns[:, None], 1)
    names = np.asarray(speakers).astype(str)[columns]
    return Ranks(
        1 + (kept > own).sum(1), (kept == own).sum(1), np.full(len(kept), len(speakers)), names, _lost(~known)
    )  # fmt: skip


def ranks_of_trials(
    scores: npt.ArrayLike, enrolment_speakers: npt.ArrayLike, utterances: npt.ArrayLike, trial_speakers: npt.ArrayLike
) -> Ranks:
    """Ranks from a list of trials, (n,) each: of each utterance, among the speakers that it was compared with.

    Several trials of an utterance against one speaker (several enrolments) count as one, by their mean score. An
    utterance that was not compared with its own speaker and at least one other has no rank; one with a score that is
    not finite neither: both are said. Utterances come in alphabetical order.
    """
    values = np.asarray(scores, float).ravel()
    (said,), count = numbered(utterances)
    (ours, theirs), people = numbered(enrolment_speakers, trial_speakers)
    cells, places = np.unique(said * people + ours, return_inverse=True)
    means = np.bincount(places, values) / np.bincount(places)
    row, whom = cells // people, cells % people
    speaker = np.zeros(count, np.int64)
    speaker[said] = theirs
    true = np.flatnonzero(whom == speaker[row])
    own = np.full(count, np.nan)
    own[row[true]] = means[true]
    pool, bad = np.bincount(row, minlength=count), np.bincount(row, ~np.isfinite(means), count) > 0
    above = np.bincount(row, means > own[row], count).astype(np.int64)
    equal = np.bincount(row, means == own[row], count).astype(np.int64)
    kept = ~bad & np.isfinite(own) & (pool > 1)
    known = dict(zip(theirs.tolist(), np.asarray(trial_speakers).astype(str).ravel().tolist(), strict=True))
    found = np.array([known[one] for one in speaker[kept].tolist()], str)
    return Ranks(1 + above[kept], equal[kept], pool[kept], found, _lost(bad, ~kept & ~bad))


def match_rates(
    ranks: Ranks,
    at: Sequence[int] = (1, 5, 10),
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> tuple[MatchRate, ...]:
    """Cumulative match rates with their intervals for other speakers, and chance."""
    if not len(ranks.best):
        return tuple(MatchRate(k, noted(undefined(NO_TRIALS), ranks.note), NAN) for k in at)
    return tuple(
        MatchRate(
            k,
            noted(
                mean_interval(
                    hits(ranks, k), ranks.speakers,
                    rng=rng, replicates=replicates, confidence=confidence, scale="logit",
                ),
                ranks.note,
            ),
            float(np.mean(np.minimum(k / ranks.pool, 1.0))),
        )
        for k in at
    )  # fmt: skip


def hits(ranks: Ranks, k: int) -> Floats:
    """Probability that each trial's true speaker is among the k most alike, (n,); between 0 and 1 only for ties."""
    return np.clip((k - ranks.best + 1) / ranks.ties, 0.0, 1.0)


def rank_disclosure(
    ranks: Ranks,
    *,
    fit: Fit = "beta-binomial",
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> RankDisclosure:
    """Similarity rank disclosure with an interval for other speakers.

    Prefer the beta-binomial fit: n random ranks among N seem to disclose (N - 1) / (2 n ln 2) bits by their histogram
    (0.70 bits for 40 speakers and 40 trials, 0.07 for 400 trials), and 1 / (n ln 2) by the fit (0.04 and 0.004). Where
    N differs between trials, one beta-binomial distribution is fitted to all, and a histogram is taken for each N.
    """
    if not len(ranks.best):
        return RankDisclosure(noted(undefined(NO_TRIALS), ranks.note), NAN, NAN, NAN, NAN, fit)
    (people,), count = numbered(ranks.speakers)
    cells = Cells.of(ranks.best, ranks.ties, ranks.pool, people)
    shares = cells.shares(np.ones((1, count)), fit)
    mean = speaker_interval(
        float(cells.mean_bits(shares)[0]), lambda weights: cells.mean_bits(cells.shares(weights, fit)), count,
        rng=rng, replicates=replicates, confidence=confidence, cells=len(cells.pool),
    )  # fmt: skip
    most = float(np.mean(np.log2(ranks.pool)))
    bounded = Interval(mean.value, max(0.0, mean.low), min(most, mean.high), mean.note)
    return RankDisclosure(noted(bounded, ranks.note), *cells.summary(shares[0]), fit)


def _lost(bad: npt.NDArray[np.bool_], alone: npt.NDArray[np.bool_] | None = None) -> str:
    said = []
    if bad.any():
        said.append(f"{int(bad.sum())} of {len(bad)} utterances have a score that is no number and are left out.")
    if alone is not None and alone.any():
        said.append(
            f"{int(alone.sum())} of {len(alone)} utterances were not compared with their own speaker and another."
        )
    return " ".join(said)
