"""Many listeners as one attacker: what those who heard the same pair of recordings say together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evaluation import metrics
from listening_test.analysis import resampling
from listening_test.analysis.answers import Answers
from listening_test.analysis.reidentification import ALL, QUESTION, cells, missing
from listening_test.analysis.table import Column, Table
from listening_test.trial import Sound

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
HARDLY = 3
PARTS = ("clip", "system", "level")
SIDES = ("sound", "other_sound")
PRIOR = 5
"""Answers that everybody's spread counts as, beside a listener's own."""
PANEL = Table(
    "panel",
    "Re-identification by a panel",
    (
        Column("task", "Task of the study"),
        Column("pair", "What was compared"),
        Column("system", "System"),
        Column("trials", "Distinct pairs of recordings"),
        Column("median_listeners", "How many listeners heard a pair, in the middle"),
        Column("auc", "Area under the ROC curve of the panel"),
        Column("auc_low", "Lower end of its interval, for other speakers"),
        Column("auc_high", "Upper end of it"),
        Column("eer", "Equal error rate, 0 to 1; 0.5 is chance"),
        Column("eer_low", "Lower end of its interval, for other speakers"),
        Column("eer_high", "Upper end of it"),
        Column("speakers", "Speakers it rests on"),
        Column("note", "What is missing or doubtful"),
    ),
    reading="AUC near 0.5, EER near 0.5 = even many listeners together do not recognise the speaker.",
    method=(
        "Each listener's confidences are put on one scale (minus their mean, divided by their standard deviation, over "
        "all their answers of the task; both drawn towards everybody's where they rest on few), then averaged over all "
        "who heard the pair (Schmidt-Nielsen & Crystal 2000). Bootstrap over pairs and speakers."
    ),
    caution="With one or two listeners for each pair this is hardly a panel: it says little more than the pooled AUC.",
)


def tables(answers: Answers) -> list[Table]:
    """`panel`, exclusions applied, all rungs together."""
    rows = [{**named, **_row(answers, own, tuple(named.values()))} for named, own in chosen(answers)]
    return [PANEL.filled(rows, reason="" if rows else missing(answers, list(cells(answers))))]


def chosen(answers: Answers) -> list[tuple[dict[str, str], pd.DataFrame]]:
    """Answers of each task, kind of pair and system, exclusions applied, with their `score` on one scale."""
    wanted = {"exclusions": "applied", "rung": ALL, "sex": ALL}
    found = [(keys, own) for keys, own in cells(answers) if wanted.items() <= keys.items()]
    scores = {task: _scores(answers.rated(QUESTION, task=task)) for task in {keys["task"] for keys, _ in found}}
    return [
        (
            {name: keys[name] for name in ("task", "pair", "system")},
            own.assign(score=scores[keys["task"]].loc[own.index]),
        )
        for keys, own in found
    ]


def _scores(rated: pd.DataFrame) -> pd.Series:
    import pandas as pd

    return pd.Series(on_one_scale(rated["value_number"].to_numpy(float), rated["listener"].to_numpy(str)), rated.index)


def on_one_scale(values: Floats, listeners: Any) -> Floats:
    """Values (n,) less their listener's mean, over their listener's standard deviation.

    Of few answers both say little: the mean is drawn to everybody's by n/(n + w/b), w and b the variances within and
    between listeners (one-way analysis of variance); the variance counts with n answers and w with PRIOR.
    """
    of, given = np.unique(listeners, return_inverse=True, return_counts=True)[1:]
    means = np.bincount(of, values) / given
    squares = np.bincount(of, (values - means[of]) ** 2).astype(float)
    within, between = _components(means, squares, given)
    kept = given * between / (given * between + within) if between > 0 else np.zeros(len(given))
    centres = values.mean() + kept * (means - values.mean())
    spread = (squares + PRIOR * within) / (given + PRIOR)
    return (values - centres[of]) / np.sqrt(np.where(spread > 0, spread, 1.0))[of]


def _components(means: Floats, squares: Floats, given: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Variance within and between listeners; nothing between where nobody answered twice."""
    n, people = int(given.sum()), len(given)
    if people < 2 or n == people:
        return float(squares.sum() / n), 0.0
    within = float(squares.sum() / (n - people))
    scatter = float(given @ (means - given @ means / n) ** 2)
    typical = (n - float(given @ given) / n) / (people - 1)
    return within, max(0.0, (scatter / (people - 1) - within) / typical)


def fused(own: pd.DataFrame) -> pd.DataFrame:
    """One row for each pair of recordings: sound, other_sound (Sound.key), same, speaker, other_speaker, score (the
    mean), listeners."""
    groups = own.assign(**dict(zip(SIDES, sounds(own), strict=True))).groupby(list(SIDES), sort=True)
    first = groups[["same", "speaker", "other_speaker"]].first()
    return first.assign(score=groups["score"].mean(), listeners=groups["listener"].nunique()).reset_index()


def sounds(own: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Keys of the two sounds of each answer, in alphabetical order whichever side came first."""
    sides = [
        [Sound("speech", *names).key for names in own[[f"sound_{n}_{part}" for part in PARTS]].astype(str).to_numpy()]
        for n in (1, 2)
    ]
    pairs = [sorted(both) for both in zip(*sides, strict=True)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def _row(answers: Answers, own: pd.DataFrame, names: tuple[str, ...]) -> dict[str, Any]:
    pairs = fused(own)
    same, scores = pairs["same"].to_numpy(bool), pairs["score"].to_numpy(float)
    median = float(pairs["listeners"].median())
    plan = answers.study.analysis
    found = {}
    for name, statistic in (("auc", metrics.auc_of_counts), ("eer", metrics.eer_of_counts)):
        order = np.argsort(scores, kind="stable")
        found[name] = resampling.interval(
            _of_scores(statistic, scores[order], same[order]),
            np.arange(len(pairs)), pairs["speaker"].to_numpy(str)[order],
            others=pairs["other_speaker"].to_numpy(str)[order], rng=answers.rng("panel", name, *names),
            replicates=plan.replicates, confidence=plan.confidence, scale="logit",
        )  # fmt: skip
    few = f"Half of the pairs were heard by {median:g} or fewer: hardly a panel." if median < HARDLY else ""
    one_kind = "" if same.any() and not same.all() else "Only pairs of one kind were heard."
    basis = {"trials": len(pairs), "median_listeners": median, "speakers": found["auc"].speakers}
    return {
        **basis,
        **found["auc"].bounds("auc"),
        **found["eer"].bounds("eer"),
        "note": one_kind or " ".join(filter(None, (few, found["auc"].note))),
    }


def _of_scores(statistic: Any, scores: Floats, same: npt.NDArray[np.bool_]) -> resampling.Statistic:
    """The statistic of weighted scores in rising order; equal ones share a level."""
    starts = np.flatnonzero(np.diff(scores, prepend=-np.inf) > 1e-9)

    def of(weights: Floats) -> Floats:
        yes, no = (np.add.reduceat(weights * kind, starts, axis=1) for kind in (same, ~same))
        return statistic(yes, no)

    return of
