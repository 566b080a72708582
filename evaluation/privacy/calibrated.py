"""What scores would cost an attacker who has to turn them into odds without knowing the speakers at hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evaluation.metrics.bootstrap import Interval, noted, undefined
from evaluation.metrics.curves import MetricError
from evaluation.metrics.detection_cost import cllr
from evaluation.metrics.speakers import known_trials

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
NAN = float("nan")
FOLDS = 4
BINS = 512
PENALTY = 1e-4
STEPS, LONGEST_STEP, ENOUGH = 200, 2.0, 1e-8
LEAST = 10
TOO_FEW = "Too few trials of other speakers to calibrate the scores on."
NO_INTERVAL = "Calibrated on the trials of other speakers; no interval."


def leave_out_cllr(
    scores: npt.ArrayLike,
    same: npt.ArrayLike,
    enrolment_speakers: npt.ArrayLike,
    trial_speakers: npt.ArrayLike,
    *,
    rng: np.random.Generator,
) -> Interval:
    """Cllr in bits of trials, (n,) each, whose scores become log-likelihood ratios a s + b by other speakers' trials.

    a and b are those of a logistic regression with targets and nontargets weighted alike (Brümmer & du Preez 2006,
    doi 10.1016/j.csl.2005.08.001), on trials of which neither speaker is in the folds of the two who are compared. At
    least minCllr; the difference is what it costs not to know how to read the scores. No interval.
    """
    values, kind, ours, theirs, note = known_trials(scores, same, enrolment_speakers, trial_speakers)
    people, places = np.unique(np.concatenate([ours, theirs]), return_inverse=True)
    first, second = np.split(rng.permutation(np.arange(len(people)) % FOLDS)[places], 2)
    low, high = np.minimum(first, second), np.maximum(first, second)
    llrs = np.full(len(values), NAN)
    for one, other in sorted(set(zip(low.tolist(), high.tolist(), strict=True))):
        rest = ~np.isin(first, (one, other)) & ~np.isin(second, (one, other))
        slope, offset = affine(values[rest & kind], values[rest & ~kind])
        chosen = (low == one) & (high == other)
        llrs[chosen] = slope * values[chosen] + offset
    if not np.isfinite(llrs).all():
        return noted(undefined(TOO_FEW), note)
    try:
        return Interval(cllr(llrs[kind], llrs[~kind]), NAN, NAN, " ".join(filter(None, [note, NO_INTERVAL])))
    except MetricError as error:
        return noted(undefined(str(error)), note)


def affine(targets: Floats, nontargets: Floats) -> tuple[float, float]:
    """Slope and offset of the best log-likelihood ratio of scores, natural; NaN with fewer than 10 of either kind.

    Newton's method, with steps no longer than LONGEST_STEP; a faint penalty bounds them where the kinds do not overlap.
    """
    if min(len(targets), len(nontargets)) < LEAST:
        return NAN, NAN
    every = np.concatenate([targets, nontargets])
    middle, spread = float(every.mean()), float(every.std())
    if spread <= 0:
        return 0.0, 0.0
    yes, no = (_binned((side - middle) / spread) for side in (targets, nontargets))
    line = np.zeros(2)
    for _ in range(STEPS):
        slopes, curves = PENALTY * line, PENALTY * np.eye(2)
        for sign, (centres, weights) in ((-1, yes), (1, no)):
            wrong = weights * (1 + np.tanh(sign * (line[0] * centres + line[1]) / 2)) / 2
            inputs = np.stack([centres, np.ones(len(centres))])
            slopes = slopes + sign * inputs @ wrong
            curves = curves + (inputs * wrong * (1 - wrong / weights)) @ inputs.T
        step = np.linalg.solve(curves, slopes)
        line = line - step * min(1.0, LONGEST_STEP / max(float(np.linalg.norm(step)), 1e-12))
        if np.abs(step).max() < ENOUGH:
            break
    slope, offset = line
    return float(slope / spread), float(offset - slope * middle / spread)


def _binned(scores: Floats) -> tuple[Floats, Floats]:
    """Centres of bins and the share of scores in each; exact where there are few scores."""
    if len(scores) <= BINS:
        return scores, np.full(len(scores), 1 / len(scores))
    starts = np.arange(BINS) * len(scores) // BINS
    sizes = np.diff(np.append(starts, len(scores)))
    return np.add.reduceat(np.sort(scores), starts) / sizes, sizes / len(scores)
