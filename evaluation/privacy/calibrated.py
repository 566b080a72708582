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
    """Slope and offset of the best log-likelihood ratio of scores, natural; NaN with fewer than 10 of either kind."""
    from scipy.optimize import minimize

    if min(len(targets), len(nontargets)) < LEAST:
        return NAN, NAN
    every = np.concatenate([targets, nontargets])
    middle, spread = float(every.mean()), float(every.std())
    if spread <= 0:
        return 0.0, 0.0
    yes, no = (_binned((side - middle) / spread) for side in (targets, nontargets))

    def loss(line: Floats) -> tuple[float, Floats]:
        value, slopes = PENALTY * float(line @ line) / 2, PENALTY * line
        for sign, (centres, weights) in ((-1, yes), (1, no)):
            llr = line[0] * centres + line[1]
            value += float(weights @ np.logaddexp(0, sign * llr))
            pull = weights * sign / 2 * (1 + np.tanh(sign * llr / 2))
            slopes = slopes + np.array([pull @ centres, pull.sum()])
        return value, slopes

    slope, offset = minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    return float(slope / spread), float(offset - slope * middle / spread)


def _binned(scores: Floats) -> tuple[Floats, Floats]:
    """Centres of bins and the share of scores in each; exact where there are few scores."""
    if len(scores) <= BINS:
        return scores, np.full(len(scores), 1 / len(scores))
    parts = np.array_split(np.sort(scores), BINS)
    return np.array([part.mean() for part in parts]), np.array([len(part) for part in parts]) / len(scores)
