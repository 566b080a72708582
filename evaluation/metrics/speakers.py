"""EER for other speakers, per speaker and per sex: a global EER hides speakers that leak.

All EERs are shares in [0, 1]; for privacy higher is better, up to 0.5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.metrics.bootstrap import (
    NAN,
    Interval,
    mean_interval,
    noted,
    numbered,
    speaker_interval,
    undefined,
)
from evaluation.metrics.curves import counts, eer, eer_of_counts

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]
OfCounts = Callable[[Floats, Floats], Floats]
"""Weights of targets and of nontargets at k rising scores, (b, k) each, to a measure, (b,)."""
MOST_LEVELS = 4096


def eer_interval(
    scores: npt.ArrayLike,
    same: npt.ArrayLike,
    enrolment_speakers: npt.ArrayLike,
    trial_speakers: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """EER of trials, (n,) each, with its interval for other speakers (bootstrap.py).

    Trials without a finite score are left out, and said; without targets or nontargets it is NaN, with the reason.
    """
    return interval_of_counts(
        eer_of_counts, scores, same, enrolment_speakers, trial_speakers,
        rng=rng, replicates=replicates, confidence=confidence,
    )  # fmt: skip


def interval_of_counts(
    measure: OfCounts,
    scores: npt.ArrayLike,
    same: npt.ArrayLike,
    enrolment_speakers: npt.ArrayLike,
    trial_speakers: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """As `eer_interval`, for any share of scores that can be had from weighted counts (auc_of_counts, for one).

    The estimate itself is exact; in the draws more than 4,096 distinct scores share that many bins, of equally many
    targets or nontargets.
    """
    values, kind, ours, theirs, note = known_trials(scores, same, enrolment_speakers, trial_speakers)
    if not kind.any() or kind.all():
        return noted(one_sided(int(kind.sum()), int((~kind).sum())), note)
    _, yes, no = counts(values[kind], values[~kind])
    found = interval_of_levels(
        measure, _levels(values, kind), kind, ours, theirs,
        value=float(measure(yes[None], no[None])[0]), rng=rng, replicates=replicates, confidence=confidence,
    )  # fmt: skip
    return noted(found, note)


def interval_of_levels(
    measure: OfCounts,
    levels: npt.NDArray[np.int64],
    same: Bools,
    enrolment_speakers: npt.ArrayLike,
    trial_speakers: npt.ArrayLike,
    *,
    value: float | None = None,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """As `interval_of_counts`, for trials whose scores are already numbers of levels or bins from 0, (n,).

    value: the estimate, if the levels do not tell it exactly.
    """
    (first, second), people = numbered(enrolment_speakers, trial_speakers)
    drawn = _Draws(levels, same, first, second)
    known = float(measure(*drawn.counts(np.ones((1, people))))[0]) if value is None else value
    return speaker_interval(
        known, lambda weights: measure(*drawn.counts(weights)), people,
        rng=rng, replicates=replicates, confidence=confidence, scale="logit", cells=drawn.cells,
    )  # fmt: skip


@dataclass(frozen=True)
class SpeakerEer:
    """How well one speaker is told from others.

    Attributes:
        eer: of the trials against this speaker's enrolments, NaN if there is none; clipped: at most 0.5, since beyond
            it others' leaks would be averaged away.
        targets, nontargets: how many trials it rests on.
        note: why there is no EER.
    """

    speaker: str
    eer: float
    clipped: float
    targets: int
    nontargets: int
    note: str = ""


@dataclass(frozen=True)
class SpeakerLevel:
    """EERs of all speakers, in alphabetical order; the mean of the clipped ones with its interval; the lowest of them.

    note: how many speakers have none, and on how few trials the worst rests.
    """

    speakers: tuple[SpeakerEer, ...]
    mean: Interval
    worst: SpeakerEer | None
    note: str = ""


def speaker_eers(
    scores: npt.ArrayLike, same: npt.ArrayLike, enrolment_speakers: npt.ArrayLike, trial_speakers: npt.ArrayLike
) -> tuple[SpeakerEer, ...]:
    """Every speaker that is enrolled or tried, with the EER of the trials, (n,) each, against his or her enrolments."""
    values, kind, ours, _, _ = known_trials(scores, same, enrolment_speakers, trial_speakers)
    everybody = sorted(
        {name for side in (enrolment_speakers, trial_speakers) for name in np.asarray(side, str).ravel().tolist()}
    )
    order = np.argsort(ours, kind="stable")
    starts, ends = (np.searchsorted(ours[order], everybody, side) for side in ("left", "right"))
    chosen = [order[start:end] for start, end in zip(starts, ends, strict=True)]
    return tuple(_of_speaker(name, values[own], kind[own]) for name, own in zip(everybody, chosen, strict=True))


def speaker_level(
    scores: npt.ArrayLike,
    same: npt.ArrayLike,
    enrolment_speakers: npt.ArrayLike,
    trial_speakers: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> SpeakerLevel:
    """Speaker-level EERs, clipped at 50 % before they are averaged (Gaznepoglu et al., arXiv 2506.09521)."""
    every = speaker_eers(scores, same, enrolment_speakers, trial_speakers)
    known = [one for one in every if np.isfinite(one.eer)]
    missing = f"{len(every) - len(known)} of {len(every)} speakers have no EER." if len(known) < len(every) else ""
    if not known:
        return SpeakerLevel(every, undefined(missing or "There are no speakers."), None, missing)
    mean = mean_interval(
        [one.clipped for one in known], [one.speaker for one in known],
        rng=rng, replicates=replicates, confidence=confidence, scale="logit",
    )  # fmt: skip
    worst = min(known, key=lambda one: (one.clipped, -one.targets))
    rests = f"The worst is of {len(known)} and rests on {worst.targets} target and {worst.nontargets} nontarget trials."
    return SpeakerLevel(every, noted(mean, missing), worst, " ".join(filter(None, [missing, rests])))


def eer_by_sex(
    scores: npt.ArrayLike,
    same: npt.ArrayLike,
    enrolment_speakers: npt.ArrayLike,
    trial_speakers: npt.ArrayLike,
    sexes: Mapping[str, str],
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> dict[str, Interval]:
    """EER of the trials in which both are F, and both are M, by `sexes` (speaker to sex); NaN and why without any."""
    values, kind = np.asarray(scores, float).ravel(), np.asarray(same, bool).ravel()
    people = [np.ravel(names).astype(str) for names in (enrolment_speakers, trial_speakers)]
    ours, theirs = (np.array([sexes.get(name, "") for name in names.tolist()], str) for names in people)
    found = {}
    for sex in ("F", "M"):
        own = (ours == sex) & (theirs == sex)
        found[sex] = (
            eer_interval(
                values[own], kind[own], people[0][own], people[1][own],
                rng=rng, replicates=replicates, confidence=confidence,
            )
            if own.any()
            else undefined(f"There are no trials between two speakers of sex {sex}.")
        )  # fmt: skip
    return found


def _of_speaker(name: str, scores: Floats, same: Bools) -> SpeakerEer:
    targets, nontargets = int(same.sum()), int((~same).sum())
    if not len(same):
        return SpeakerEer(name, NAN, NAN, 0, 0, "nobody is compared with an enrolment of this speaker")
    if not targets:
        return SpeakerEer(name, NAN, NAN, 0, nontargets, "no target trials: at least two utterances are needed")
    if not nontargets:
        return SpeakerEer(name, NAN, NAN, targets, 0, "no nontarget trials: nobody else was compared")
    found = eer(scores[same], scores[~same])
    return SpeakerEer(name, found, min(found, 0.5), targets, nontargets)


def known_trials(
    scores: npt.ArrayLike, same: npt.ArrayLike, enrolment_speakers: npt.ArrayLike, trial_speakers: npt.ArrayLike
) -> tuple[Floats, Bools, Names, Names, str]:
    """Scores, kinds and both speakers of the trials that have a score; and how many have none, in a sentence."""
    values, kind = np.asarray(scores, float).ravel(), np.asarray(same, bool).ravel()
    ours, theirs = (np.ravel(names).astype(str) for names in (enrolment_speakers, trial_speakers))
    finite = np.isfinite(values)
    note = "" if finite.all() else f"{int((~finite).sum())} of {len(finite)} trials have no score and are left out."
    return values[finite], kind[finite], ours[finite], theirs[finite], note


def one_sided(targets: int, nontargets: int) -> Interval:
    """What there is without targets or without nontargets: nothing, and why."""
    return undefined(f"Targets and nontargets were expected, but {targets} and {nontargets} trials came.")


def _levels(scores: Floats, same: Bools) -> npt.NDArray[np.int64]:
    """The rank of each score among distinct ones, or its bin where they are more than MOST_LEVELS; (n,)."""
    levels, places = np.unique(scores, return_inverse=True)
    if len(levels) <= MOST_LEVELS:
        return places
    shares = np.linspace(0, 1, MOST_LEVELS // 2)
    edges = np.unique([np.quantile(scores[kind], shares, method="nearest") for kind in (same, ~same)])
    return np.searchsorted(edges, scores)


class _Draws:
    """Trials by pair of speakers and level, ready to be weighed: a sparse product instead of a loop over trials."""

    def __init__(
        self,
        levels: npt.NDArray[np.int64],
        same: Bools,
        first: npt.NDArray[np.int64],
        second: npt.NDArray[np.int64],
    ) -> None:
        from scipy.sparse import csr_array

        whole = int(max(first.max(), second.max())) + 1
        couples, places = np.unique(np.minimum(first, second) * whole + np.maximum(first, second), return_inverse=True)
        self._first, self._second = couples // whole, couples % whole
        shape = (int(levels.max()) + 1, len(couples))
        self._tables = [
            csr_array((np.ones(int(kind.sum())), (levels[kind], places[kind])), shape) for kind in (same, ~same)
        ]
        self.cells = max(shape)

    def counts(self, weights: Floats) -> tuple[Floats, Floats]:
        """Weights of the speakers, (b, g), to those of targets and nontargets at each level, (b, k)."""
        apart = self._first != self._second
        both = weights[:, self._first] * np.where(apart, weights[:, self._second], 1.0)
        yes, no = (np.asarray(table @ both.T).T for table in self._tables)
        return yes, no
