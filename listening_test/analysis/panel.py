"""Many listeners as one attacker: what those who heard the same pair of recordings say together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evaluation import metrics
from listening_test.analysis import resampling
from listening_test.analysis.answers import Answers
from listening_test.analysis.reidentification import ALL, cells
from listening_test.analysis.table import Column, Table

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
HARDLY = 3
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
        "Each listener's confidences are put on one scale (minus their mean, divided by their standard deviation), "
        "then averaged over all who heard the pair (Schmidt-Nielsen & Crystal 2000). Who gave one answer, or always "
        "the same, is put on the scale of all answers. Bootstrap over pairs and speakers."
    ),
    caution="With one or two listeners for each pair this is hardly a panel: it says little more than the pooled AUC.",
)


def tables(answers: Answers) -> list[Table]:
    """`panel`, exclusions applied, all rungs together."""
    wanted = {"exclusions": "applied", "rung": ALL, "sex": ALL}
    chosen = [(keys, own) for keys, own in cells(answers) if wanted.items() <= keys.items()]
    rows = [
        {**{name: keys[name] for name in ("task", "pair", "system")}, **_row(answers, own, tuple(keys.values()))}
        for keys, own in chosen
    ]
    return [PANEL.filled(rows, reason="" if rows else "Nobody has compared two voices yet.")]


def fused(own: pd.DataFrame) -> pd.DataFrame:
    """One row for each pair of recordings: score, same, speaker, other_speaker, listeners."""
    values = own["value_number"].astype(float)
    by_listener = values.groupby(own["listener"])
    spread = by_listener.transform("std", ddof=0)
    scaled = (values - by_listener.transform("mean")) / spread.where(spread > 0, 1.0)
    # Of one answer, or always the same, nothing would be left: chance, whatever was said.
    scaled = scaled.where(spread > 0, (values - values.mean()) / (values.std(ddof=0) or 1.0))
    kept = own.assign(score=scaled, recordings=_recordings(own))
    groups = kept.groupby("recordings", sort=True)
    first = groups[["same", "speaker", "other_speaker"]].first()
    return first.assign(score=groups["score"].mean(), listeners=groups["listener"].nunique()).reset_index()


def _recordings(own: pd.DataFrame) -> list[str]:
    """What was heard, whichever side came first."""
    sides = [
        own[[f"sound_{n}_{part}" for part in ("clip", "system", "level")]].astype(str).agg("/".join, axis=1)
        for n in (1, 2)
    ]
    return [" + ".join(sorted(both)) for both in zip(*sides, strict=True)]


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
    return {**basis, **found["auc"].bounds("auc"), **found["eer"].bounds("eer"), "note": one_kind or few}


def _of_scores(statistic: Any, scores: Floats, same: npt.NDArray[np.bool_]) -> resampling.Statistic:
    """The statistic of weighted scores in rising order; equal ones share a level."""
    starts = np.flatnonzero(np.diff(scores, prepend=-np.inf) > 1e-9)

    def of(weights: Floats) -> Floats:
        yes, no = (np.add.reduceat(weights * kind, starts, axis=1) for kind in (same, ~same))
        return statistic(yes, no)

    return of
