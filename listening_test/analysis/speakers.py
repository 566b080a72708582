"""The worst speaker: an average hides the one person everybody recognises."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from listening_test.analysis import within
from listening_test.analysis.answers import Answers
from listening_test.analysis.estimate import Estimate
from listening_test.analysis.reidentification import ALL, arrays, cells, missing
from listening_test.analysis.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DRAWS = 4000
LEAST = 1e-12
FEW = "An interval needs speakers whom more than one listener heard."
WORST = Table(
    "worst_speakers",
    "Re-identification: the worst speaker",
    (
        Column("task", "Task of the study"),
        Column("pair", "What was compared"),
        Column("system", "System"),
        Column("speaker", "Speaker"),
        Column("raw", "Mean placement of the trials about this speaker: their AUC as it came out"),
        Column("value", "The same, shrunk towards the mean as far as it rests on few answers"),
        Column("low", "Lower end of an interval that holds for all speakers at once"),
        Column("high", "Upper end of it"),
        Column("answers", "Answers about this speaker"),
        Column("listeners", "Listeners who gave them"),
        Column("worst", "Whether this is the speaker who is recognised best"),
        Column("note", "What is missing or doubtful"),
    ),
    reading="1 = always recognised, 0.5 = chance. The interval of the worst allows for having picked it.",
    method=(
        "Empirical Bayes: each speaker's mean placement (their share of the within-listener AUC) is shrunk by "
        "v/(s + v), s the variance between speakers, v that of the mean (Morris 1983); a listener's answers count as "
        "dependent. Intervals from the distribution of the largest deviation over all speakers."
    ),
    caution=(
        "The worst of many speakers is bad luck as much as bad privacy: of ten at chance with 20 trials each, the "
        "highest AUC of a speaker's own trials is about .70, the highest mean placement about .60. Where shrunken "
        "values lie close together, little is known, which does not mean that all are safe."
    ),
)


def tables(answers: Answers) -> list[Table]:
    """`worst_speakers`, exclusions applied, all rungs together."""
    wanted = {"exclusions": "applied", "rung": ALL, "sex": ALL}
    found = list(cells(answers))
    chosen = [(keys, own) for keys, own in found if wanted.items() <= keys.items()]
    rows = [row for keys, own in chosen for row in _rows(answers, keys, own)]
    none = missing(answers, found) or "Nobody has compared both one speaker and two speakers through one system."
    return [WORST.filled(rows, reason="" if rows else none)]


def _rows(answers: Answers, keys: dict[str, str], own: pd.DataFrame) -> Iterator[dict[str, Any]]:
    named = {name: keys[name] for name in ("task", "pair", "system")}
    scores, same, listeners, *sides = arrays(own)
    placed, kept = within.placements(scores, same, listeners)
    if not kept.any():
        return
    voices, speakers = _parted(*(side[kept] for side in sides))
    about = _About.of(placed[kept], listeners[kept], speakers, voices)
    centre = within.auc(*arrays(own))
    plan, rng = answers.study.analysis, answers.rng("speakers", *keys.values())
    found = shrunken(about.means, about.errors, centre, plan.confidence, rng)
    worst = int(np.argmax(found.values))
    note = centre.note or (FEW if np.isnan(found.low).all() else "")
    for n, name in enumerate(voices):
        ends = {"raw": about.means[n], "value": found.values[n], "low": found.low[n], "high": found.high[n]}
        basis = {"answers": int(about.answers[n]), "listeners": int(about.listeners[n]), "worst": n == worst}
        yield {**named, "speaker": str(name), **ends, **basis, "note": note}


def _parted(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Names of the voices, and for each trial the numbers of both, (n, 2)."""
    names, numbers = np.unique(np.concatenate([first, second]), return_inverse=True)
    return names, numbers.reshape(2, -1).T.astype(np.int64)


class _About(NamedTuple):
    """By speaker, (k,): mean placement of the trials about them, the variance of its error, what it rests on."""

    means: Floats
    errors: Floats
    answers: Ints
    listeners: Ints

    @classmethod
    def of(cls, placed: Floats, listeners: Any, speakers: Ints, voices: Any) -> _About:
        """The answers of one listener about a speaker scatter together; the variance per answer is that of all."""
        about, trials = _memberships(speakers)
        people = np.unique(listeners, return_inverse=True)[1][trials]
        shape = (len(voices), int(people.max()) + 1)
        cells, size = about * shape[1] + people, shape[0] * shape[1]
        given = np.bincount(cells, minlength=size).reshape(shape)
        count = given.sum(1)
        means = np.bincount(about, placed[trials]) / count
        sums = np.bincount(cells, placed[trials] - means[about], size).reshape(shape)
        effective = count**2 / np.sum(given**2, 1)
        known = float(count @ (1 - 1 / effective))
        spread = max(float(np.sum(sums**2)) / known, LEAST) if known > LEAST else math.nan
        return cls(means, spread / count, count, (given > 0).sum(1))


def _memberships(speakers: Ints) -> tuple[Ints, Ints]:
    """Speaker and trial of each voice that a trial was about; once where both sides are one person."""
    trials = np.arange(len(speakers))
    apart = speakers[:, 0] != speakers[:, 1]
    return np.concatenate([speakers[:, 0], speakers[apart, 1]]), np.concatenate([trials, trials[apart]])


class Shrunken(NamedTuple):
    """Shrunken means and the ends of their simultaneous intervals, (k,) each."""

    values: Floats
    low: Floats
    high: Floats


def shrunken(means: Floats, errors: Floats, centre: Estimate, confidence: float, rng: np.random.Generator) -> Shrunken:
    """Means (k,) with error variances (k,), shrunk towards their centre; intervals hold for all at once.

    The variance s between speakers: DerSimonian & Laird (1986, doi 10.1016/0197-2456(86)90046-2). With
    B = (k - 3)/(k - 1) v/(s + v) each is moved to centre + (1 - B)(mean - centre), not at all for three or fewer. That
    errs by (1 - B) v + B² V(centre) + 2/(k - 3) B² (mean - centre)², the last for not knowing s (Morris 1983,
    doi 10.1080/01621459.1983.10477920). The intervals reach as many standard errors as the largest of k normal
    deviations stays within with the confidence, by DRAWS draws.
    """
    count = len(means)
    if count < 2 or not centre.se >= 0 or np.isnan(errors).any():
        return Shrunken(means, np.full(count, math.nan), np.full(count, math.nan))
    pull = max(0, count - 3) / (count - 1) * errors / (_between(means, errors) + errors)
    away = means - centre.value
    values = centre.value + (1 - pull) * away
    unsure = 2 / max(1, count - 3) * away**2
    se = np.sqrt((1 - pull) * errors + pull**2 * (centre.se**2 + unsure))
    largest = np.abs(rng.standard_normal((DRAWS, count))).max(1)
    reach = float(np.quantile(largest, confidence)) * se
    return Shrunken(values, np.maximum(0.0, values - reach), np.minimum(1.0, values + reach))


def _between(means: Floats, errors: Floats) -> float:
    weights = 1 / errors
    centre = weights @ means / weights.sum()
    squares = float(weights @ (means - centre) ** 2)
    scale = float(weights.sum() - np.sum(weights**2) / weights.sum())
    return max(0.0, (squares - (len(means) - 1)) / scale)
