"""People beside machines: the pairs of recordings that listeners compared, judged by machine attackers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evaluation import metrics
from evaluation.attackers import Attacker, AttackerError, AttackerInfo, available
from listening_test.analysis import panel, pooled, resampling, within
from listening_test.analysis.answers import Answers
from listening_test.analysis.estimate import Estimate
from listening_test.analysis.reidentification import arrays
from listening_test.analysis.table import Column, Table
from listening_test.study import SameDifferentTask
from listening_test.trial import Sound

if TYPE_CHECKING:
    import pandas as pd

    from listening_test.store import Store, StudyInfo
    from listening_test.store_records import Origin

Floats = npt.NDArray[np.float64]
Embeddings = Mapping[str, Floats]
"""By key of a sound (trial.Sound.key)."""
WITHIN, POOLED, PANEL = "people, within listeners", "people pooled", "people, as a panel"
MOST_POINTS = 60
MACHINE = Table(
    "machine",
    "People and machines on the same pairs",
    (
        Column("task", "Task of the study"),
        Column("pair", "What was compared"),
        Column("system", "System"),
        Column("attacker", "Who judged"),
        Column("knows", "What the attacker was trained on, and knows of the system and the speakers"),
        Column("protocol", "How trials and scores came about, and on which data"),
        Column("trials", "Distinct pairs of recordings"),
        Column("auc", "Area under the ROC curve; 0.5 is chance"),
        Column("auc_low", "Lower end of its interval"),
        Column("auc_high", "Upper end of it"),
        Column("eer", "Equal error rate, 0 to 1; 0.5 is chance. Not defined within listeners"),
        Column("eer_low", "Lower end of its interval"),
        Column("eer_high", "Upper end of it"),
        Column("spearman", "Machines: rank correlation with the panel over pairs of one kind (same, or different)"),
        Column("spearman_low", "Lower end of its interval"),
        Column("spearman_high", "Upper end of it"),
        Column("note", "What is missing or doubtful"),
    ),
    reading="The attacker with the highest AUC decides how private a system is, be it people or a machine.",
    method=(
        "Machines score each distinct pair once, from the very sounds that were played; people's answers are many for "
        "each pair. Intervals hold for other speakers, those of people for other listeners too (two-way bootstrap)."
    ),
    caution=(
        "A weak attacker overestimates privacy: that no strong one is in the table means that none was available here. "
        "People and machines need not agree on which pairs are hard (arXiv 2505.00409 found no "
        "correlation)."
    ),
)
ROC = Table(
    "machine_roc",
    "People and machines: receiver operating characteristic",
    (
        Column("task", "Task of the study"),
        Column("pair", "What was compared"),
        Column("system", "System"),
        Column("attacker", "Who judged"),
        Column("threshold", "Scores at or above it count as the same; empty for none at all"),
        Column("false_alarm_rate", "Share of different-speaker pairs called the same"),
        Column("hit_rate", "Share of same-speaker pairs called the same"),
    ),
    reading="The curve nearest to the upper left corner is the better attacker; the diagonal is chance.",
    method="Step curves, equal scores share a threshold; long ones are thinned to 60 points.",
    caution=pooled.FLATTERS,
)


def of(store: Store, info: StudyInfo, origins: Sequence[Origin] = ("participant",)) -> list[Table]:
    """`machine` and `machine_roc`: every attacker that is available judges the sounds that were compared."""
    from listening_test import export

    answers = Answers(info.study, export.frame(store.table(info.id, origins), info.study))
    if not any(isinstance(task, SameDifferentTask) for task in info.study.tasks):
        return []
    wanted = sorted({key for _, own in panel.chosen(answers) for key in _sounds(panel.fused(own))})
    ids = {one.key: one.id for one in store.stimuli(info.id)}
    found = {
        attacker.info: embeddings(attacker, {key: ids[key] for key in wanted if key in ids}, store.audio)
        for attacker in available().values()
    }
    return tables(answers, found)


def embeddings(attacker: Attacker, ids: Mapping[str, int], audio: Callable[[int], bytes]) -> Embeddings:
    """What an attacker hears in each sound; without those that are gone or have too little speech.

    Args:
        ids: number of each sound, by its key. audio: the WAV of a sound by its number.
    """
    from audio.clip import decode
    from listening_test.store_records import NotFound

    found: dict[str, Floats] = {}
    for key, number in ids.items():
        try:
            found[key] = attacker.embed(decode(audio(number)).clip)
        except (AttackerError, NotFound):
            continue
    return found


def tables(answers: Answers, heard: Mapping[AttackerInfo, Embeddings]) -> list[Table]:
    """`machine` and `machine_roc` of the answers, and of what each attacker heard in each sound."""
    rows: list[dict[str, Any]] = []
    points: list[dict[str, Any]] = []
    for named, own in panel.chosen(answers):
        pairs = panel.fused(own)
        for attacker, row, curve in _judged(answers, named, own, pairs, heard):
            rows.append({**named, "attacker": attacker, "trials": len(pairs), **row})
            points += [{**named, "attacker": attacker, **point} for point in curve]
    reason = "" if rows else "Nobody has compared two voices yet."
    return [MACHINE.filled(rows, reason=reason), ROC.filled(points, reason=reason)]


def _judged(
    answers: Answers,
    named: dict[str, str],
    own: pd.DataFrame,
    pairs: pd.DataFrame,
    heard: Mapping[AttackerInfo, Embeddings],
) -> Iterator[tuple[str, dict[str, Any], list[dict[str, float]]]]:
    yield WITHIN, {**_protocol(answers, "answers of each listener"), **_of_people(own, answers)}, []
    scores, same, *clusters = arrays(own)
    measured = _measured(answers, scores, same, *clusters, names=(*named.values(), POOLED))
    yield POOLED, {**_protocol(answers, "all answers on one scale"), **measured}, _curve(scores, same)
    of_panel = _pairs(answers, pairs, pairs["score"].to_numpy(float), (*named.values(), PANEL))
    kind = pairs["same"].to_numpy(bool)
    said = _protocol(answers, "mean standardised answer of each pair")
    yield PANEL, {**said, **of_panel}, _curve(pairs["score"].to_numpy(float), kind)
    for info, embedded in heard.items():
        yield info.key, *_of_machine(answers, named, pairs, info, embedded)


def _protocol(answers: Answers, scores: str, knows: str = "") -> dict[str, str]:
    ladder = ", ".join(answers.study.design.rungs)
    speakers = "same sex, different texts"
    data = f"voices of the study {answers.study.name}, all of its pairs"
    return {"knows": knows or f"people; rungs: {ladder}", "protocol": f"{scores}; {speakers}; {data}"}


def _of_people(own: pd.DataFrame, answers: Answers) -> dict[str, Any]:
    found = within.auc(*arrays(own), confidence=answers.study.analysis.confidence)
    return {**found.bounds("auc"), "note": found.note}


def _measured(
    answers: Answers, scores: Floats, same: Any, listeners: Any, speakers: Any, others: Any, names: Sequence[str]
) -> dict[str, Any]:
    found: dict[str, Estimate] = {
        name: pooled.interval(statistic, scores, same, listeners, speakers, others, answers, (*names, name))
        for name, statistic in (("auc", metrics.auc_of_counts), ("eer", metrics.eer_of_counts))
    }
    return {**found["auc"].bounds("auc"), **found["eer"].bounds("eer"), "note": found["auc"].note}


def _pairs(answers: Answers, pairs: pd.DataFrame, scores: Floats, names: Sequence[str]) -> dict[str, Any]:
    """Of one score a pair: pairs are what is drawn anew beside speakers."""
    speakers, others = (pairs[name].to_numpy(str) for name in ("speaker", "other_speaker"))
    return _measured(answers, scores, pairs["same"].to_numpy(bool), np.arange(len(pairs)), speakers, others, names)


def _of_machine(
    answers: Answers, named: dict[str, str], pairs: pd.DataFrame, info: AttackerInfo, embedded: Embeddings
) -> tuple[dict[str, Any], list[dict[str, float]]]:
    sides = [pairs["recordings"].map(lambda text, n=n: _keys(text)[n]) for n in (0, 1)]
    kept = (sides[0].isin(list(embedded)) & sides[1].isin(list(embedded))).to_numpy(bool)
    said = _protocol(answers, "cosine of both sounds as they were played", info.knows)
    if not kept.any():
        return {**said, "note": "The sounds are gone, or hold too little speech."}, []
    some = pairs[kept]
    first, second = (np.stack([embedded[key] for key in side[kept]]) for side in sides)
    cohort = np.unique(np.concatenate([first, second]), axis=0)
    scores = _attacker(info).scores(first, second, cohort)
    names = (*named.values(), info.key)
    row = {**said, **_pairs(answers, some, scores, names), **_agreement(answers, some, scores, names)}
    if not kept.all():
        row["note"] = (
            f"{int((~kept).sum())} of {len(pairs)} pairs could not be judged: sounds gone, or too little speech."
        )
    return row, _curve(scores, some["same"].to_numpy(bool))


def _attacker(info: AttackerInfo) -> Attacker:
    return available()[info.key]


def _agreement(answers: Answers, pairs: pd.DataFrame, scores: Floats, names: Sequence[str]) -> dict[str, Any]:
    """Rank correlation of the panel's and the machine's scores, among pairs of one kind, both kinds together."""
    from scipy import stats

    same = pairs["same"].to_numpy(bool)
    ranks = np.zeros((2, len(pairs)))
    for kind in (True, False):
        chosen = same == kind
        if chosen.sum() > 1:
            for row, values in zip(ranks, (pairs["score"].to_numpy(float), scores), strict=True):
                row[chosen] = stats.rankdata(values[chosen]) / chosen.sum()
                row[chosen] -= row[chosen].mean()
    if len(pairs) < 10 or not np.all(ranks.std(1) > 0):
        return {}
    plan = answers.study.analysis
    found = resampling.interval(
        lambda weights: _correlation(weights, *ranks), np.arange(len(pairs)), pairs["speaker"].to_numpy(str),
        others=pairs["other_speaker"].to_numpy(str), rng=answers.rng("spearman", *names),
        replicates=plan.replicates, confidence=plan.confidence,
    )  # fmt: skip
    ends = {"spearman_low": max(-1.0, found.low), "spearman_high": min(1.0, found.high)}
    return {"spearman": found.value, **ends}


def _correlation(weights: Floats, one: Floats, other: Floats) -> Floats:
    """Pearson's correlation of two values under each row of weights (b, n): (b,)."""
    whole = weights.sum(1, keepdims=True)
    left, right = (values - weights @ values[:, None] / whole for values in (one, other))
    return np.sum(weights * left * right, 1) / np.sqrt(np.sum(weights * left**2, 1) * np.sum(weights * right**2, 1))


def _sounds(pairs: pd.DataFrame) -> Iterator[str]:
    for text in pairs["recordings"]:
        yield from _keys(text)


def _keys(recordings: str) -> tuple[str, str]:
    """Keys of the two sounds of a pair as panel.fused names it."""
    first, second = (part.rsplit("/", 2) for part in recordings.split(" + "))
    return tuple(Sound("speech", *names).key for names in (first, second))  # type: ignore[arg-type, return-value]


def _curve(scores: Floats, same: npt.NDArray[np.bool_]) -> list[dict[str, float]]:
    """Points of the ROC curve, at most MOST_POINTS; none without both kinds."""
    if not same.any() or same.all():
        return []
    points = pooled.curve(scores, same)
    chosen = np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int))
    return [points[n] for n in chosen]
