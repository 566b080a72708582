"""Linkability: how far a score tells that two utterances are of one speaker (Gomez-Barrero et al. 2018,
doi 10.1109/TIFS.2017.2788000), local D(s) and of the whole system D_sys, as VoicePrivacy computes it.

Lower is better for privacy; both in [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.metrics.bootstrap import Interval, noted, undefined
from evaluation.metrics.curves import checked
from evaluation.metrics.speakers import interval_of_levels, known_trials, one_sided

Floats = npt.NDArray[np.float64]
MOST_BINS = 100
SCORES_PER_BIN = 10
LEAST_MATED = 2 * SCORES_PER_BIN
NAN = float("nan")


@dataclass(frozen=True, eq=False)
class Linkability:
    """D_sys, and D(s) at the centres of the bins, (bins,) each; NaN and empty with the reason in `note`."""

    d_sys: float
    scores: Floats
    local: Floats
    note: str = ""


def linkability(mated: npt.ArrayLike, nonmated: npt.ArrayLike, *, omega: float = 1.0) -> Linkability:
    """Linkability of the scores of one speaker, (n,), and of two, (m,).

        D(s) = max(0, 2 w LR / (1 + w LR) - 1),  LR(s) = p(s | mated) / p(s | nonmated),  D_sys = ∫ D(s) p(s | mated) ds

    The densities are histograms between the lowest and the highest score with min(n // 10, 100) bins of one width;
    where no nonmated score fell, D = 1 (0 where none fell at all). The integral is the trapezoidal rule over the
    centres, so that half of the first and of the last bin is lost: D_sys of a perfect system is below 1, and D_sys of
    chance above 0, the more so the fewer scores there are.

    omega: prior odds P(mated) / P(nonmated).

    Fewer than 20 mated scores, which have no two bins, and scores that are all equal have no D_sys.

    Raises:
        MetricError: if there are no mated scores, no nonmated ones, or one that is not finite.
    """
    one, other = checked(mated, nonmated)
    low, high = min(one.min(), other.min()), max(one.max(), other.max())
    if reason := _undefined(len(one), low == high):
        return Linkability(NAN, np.zeros(0), np.zeros(0), reason)
    bins = _bins(len(one))
    edges = np.linspace(low, high, bins + 1)
    yes, no = (np.histogram(scores, bins, (low, high))[0].astype(float) for scores in (one, other))
    local = _local(yes[None], no[None], omega)
    return Linkability(float(_integral(local, yes[None])[0]), (edges[1:] + edges[:-1]) / 2, local[0])


def linkability_interval(
    scores: npt.ArrayLike,
    same: npt.ArrayLike,
    enrolment_speakers: npt.ArrayLike,
    trial_speakers: npt.ArrayLike,
    *,
    omega: float = 1.0,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """D_sys of trials, (n,) each, with its interval for other speakers (bootstrap.py); the bins stay those of the data.

    Trials without a finite score are left out, and said; where D_sys is not defined it is NaN, with the reason.
    """
    values, kind, ours, theirs, note = known_trials(scores, same, enrolment_speakers, trial_speakers)
    if not kind.any() or kind.all():
        return noted(one_sided(int(kind.sum()), int((~kind).sum())), note)
    low, high = values.min(), values.max()
    if reason := _undefined(int(kind.sum()), low == high):
        return noted(undefined(reason), note)
    bins = _bins(int(kind.sum()))
    places = np.clip(np.searchsorted(np.linspace(low, high, bins + 1), values, "right") - 1, 0, bins - 1)
    found = interval_of_levels(
        lambda yes, no: _integral(_local(yes, no, omega), yes), places, kind, ours, theirs,
        rng=rng, replicates=replicates, confidence=confidence,
    )  # fmt: skip
    return noted(found, note)


def _bins(mated: int) -> int:
    return min(mated // SCORES_PER_BIN, MOST_BINS)


def _undefined(mated: int, all_equal: bool) -> str:
    if all_equal:
        return "All scores are equal: they have no histogram."
    if mated < LEAST_MATED:
        return f"At least {LEAST_MATED} scores of one speaker were expected, but {mated} came."
    return ""


def _local(yes: Floats, no: Floats, omega: float) -> Floats:
    """D in each bin, from weights in b sets of bins, (b, bins) each."""
    p, q = (weights / np.maximum(weights.sum(1, keepdims=True), 1e-300) for weights in (yes, no))
    odds = np.divide(omega * p, q, out=np.where(p > 0, np.inf, 0.0), where=q > 0)
    return np.where(odds > 1, 1 - 2 / (1 + odds), 0.0)


def _integral(local: Floats, yes: Floats) -> Floats:
    """Trapezoidal rule over the centres of D times density: bin width and density's 1 / width cancel."""
    parts = local * yes / yes.sum(1, keepdims=True)
    return np.asarray(parts.sum(1) - (parts[:, 0] + parts[:, -1]) / 2)
