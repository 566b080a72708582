"""The same pairs for people and machines: who judged them, and how well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from evaluation import metrics
from evaluation.attackers import ATTACKERS, AttackerInfo, cohort
from listening_test.analysis import panel, pooled, resampling, within
from listening_test.analysis.answers import Answers
from listening_test.analysis.reidentification import arrays
from listening_test.trial import Sound

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Embeddings = Mapping[str, Floats]
"""What an attacker hears in sounds, by their keys (trial.Sound.key)."""
Points = list[dict[str, float]]
WITHIN, POOLED, PANEL = "people, within listeners", "people pooled", "people, as a panel"
MOST_POINTS = 60


class Fact(NamedTuple):
    """A sound's clip, and the system it went through."""

    clip: str
    system: str


def facts_of(answered: Iterable[pd.DataFrame]) -> dict[str, Fact]:
    """What is known of each sound that was compared, by its key."""
    found = {}
    for own in answered:
        for n in (1, 2):
            for names in own[[f"sound_{n}_{part}" for part in panel.PARTS]].astype(str).to_numpy():
                found[Sound("speech", *names).key] = Fact(names[0], names[1])
    return found


def _judged(info: AttackerInfo, embedded: Embeddings, facts: Mapping[str, Fact], pairs: pd.DataFrame) -> Floats:
    """An attacker's score of each pair, (n,); NaN where it could not hear both sounds."""
    known = sorted(key for key in facts if key in embedded)
    scores = np.full(len(pairs), np.nan)
    if not known:
        return scores
    attacker, heard = ATTACKERS[info.key](), np.stack([embedded[key] for key in known])
    systems, places = np.array([facts[key].system for key in known]), {key: n for n, key in enumerate(known)}
    first, second = (np.array([places.get(key, -1) for key in pairs[side]]) for side in panel.SIDES)
    both = (first >= 0) & (second >= 0)
    for one, other in sorted(set(zip(systems[first[both]], systems[second[both]], strict=True))):
        now = both & (systems[first] == one) & (systems[second] == other)
        cohorts = cohort(one, systems, heard), cohort(other, systems, heard)
        scores[now] = attacker.scores(heard[first[now]], heard[second[now]], cohorts)
    return scores


@dataclass(frozen=True, eq=False)
class Trials:
    """Pairs of one kind with one system that some attacker judged, and people's answers to them.

    An attacker who could not judge all of these is not compared.

    Attributes:
        own: the answers. pairs: as of panel.fused.
        judged: the score of each pair by each attacker, (n,); NaN where it could not judge.
        notes: what was left out.
    """

    answers: Answers
    named: Mapping[str, str]
    own: pd.DataFrame
    pairs: pd.DataFrame
    judged: Mapping[AttackerInfo, Floats]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        answers: Answers,
        named: Mapping[str, str],
        own: pd.DataFrame,
        heard: Mapping[AttackerInfo, Embeddings],
        facts: Mapping[str, Fact],
    ) -> Trials:
        pairs = panel.fused(own)
        judged = {info: _judged(info, embedded, facts, pairs) for info, embedded in heard.items()}
        known = [np.isfinite(scores) for scores in judged.values()]
        kept = np.any([np.zeros(len(pairs), bool), *known], axis=0)
        if not kept.any():
            kept[:] = True
        some = pairs[kept].reset_index(drop=True)
        wanted = set(zip(*(some[side] for side in panel.SIDES), strict=True))
        about = [pair in wanted for pair in zip(*panel.sounds(own), strict=True)]
        return cls(answers, named, own[about], some, {info: judged[info][kept] for info in judged}, _left_out(kept))

    def rows(self) -> Iterator[tuple[str, dict[str, Any], Points]]:
        """Attacker, row of `machine`, points of `machine_roc`."""
        if not len(self.pairs):  # each attacker judged other pairs
            return
        scores, same, *clusters = arrays(self.own)
        area = within.auc(scores, same, *clusters, confidence=self.answers.study.analysis.confidence)
        yield WITHIN, {**self._protocol("answers of each listener"), **area.bounds("auc"), "note": area.note}, []
        row = self._measured(POOLED, scores, same, *clusters)
        yield POOLED, {**self._protocol("all answers on one scale"), **row}, _curve(scores, same)
        fused = self.pairs["score"].to_numpy(float)
        row, curve = self._of_pairs(PANEL, fused)
        yield PANEL, {**self._protocol("mean standardised answer of each pair"), **row}, curve
        for info, found in self.judged.items():
            said = self._protocol("cosine of both sounds as they were played", info.knows)
            if not np.isfinite(found).all():
                yield info.key, {**said, "note": _deaf(found)}, []
                continue
            row, curve = self._of_pairs(info.key, found)
            correlated = agreement(self.answers, self.pairs, found, (*self.named.values(), info.key))
            yield info.key, {**said, **row, **correlated}, curve

    def _protocol(self, scores: str, knows: str = "") -> dict[str, str]:
        study = self.answers.study
        trials = f"speakers of one sex, different texts; all pairs of the study {study.name}"
        return {"knows": knows or f"people; rungs: {', '.join(study.design.rungs)}", "protocol": f"{scores}; {trials}"}

    def _of_pairs(self, name: str, scores: Floats) -> tuple[dict[str, Any], Points]:
        """Of one score a pair: pairs are what is drawn anew beside speakers."""
        same = self.pairs["same"].to_numpy(bool)
        speakers, others = (self.pairs[side].to_numpy(str) for side in ("speaker", "other_speaker"))
        return self._measured(name, scores, same, np.arange(len(same)), speakers, others), _curve(scores, same)

    def _measured(
        self, name: str, scores: Floats, same: Bools, listeners: Any, speakers: Any, others: Any
    ) -> dict[str, Any]:
        auc, eer = (
            pooled.interval(of, scores, same, listeners, speakers, others, self.answers, (*self.named.values(), name))
            for of in (metrics.auc_of_counts, metrics.eer_of_counts)
        )
        return {**auc.bounds("auc"), **eer.bounds("eer"), "note": auc.note}


def _deaf(scores: Floats) -> str:
    """Why an attacker without all scores, (n,), is not compared."""
    missing = int((~np.isfinite(scores)).sum())
    if missing == len(scores):
        return "All sounds are gone or silent."
    return f"It heard nothing in {missing} of {len(scores)} pairs that others could judge, so it is not compared."


def _left_out(kept: Bools) -> tuple[str, ...]:
    if kept.all():
        return ()
    count = f"{int((~kept).sum())} of {len(kept)} pairs"
    return (f"{count} are left out, for people and machines alike: a sound of theirs is gone or silent.",)


def agreement(answers: Answers, pairs: pd.DataFrame, scores: Floats, names: Sequence[str]) -> dict[str, Any]:
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
    low, high = np.clip([found.low, found.high], -1, 1)
    return {"spearman": found.value, "spearman_low": low, "spearman_high": high}


def _correlation(weights: Floats, one: Floats, other: Floats) -> Floats:
    """Pearson's correlation of two values under each row of weights (b, n): (b,)."""
    whole = weights.sum(1, keepdims=True)
    left, right = (values - weights @ values[:, None] / whole for values in (one, other))
    return np.sum(weights * left * right, 1) / np.sqrt(np.sum(weights * left**2, 1) * np.sum(weights * right**2, 1))


def _curve(scores: Floats, same: npt.NDArray[np.bool_]) -> list[dict[str, float]]:
    """Points of the ROC curve, at most MOST_POINTS; none without both kinds."""
    if not same.any() or same.all():
        return []
    points = pooled.curve(scores, same)
    chosen = np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int))
    return [points[n] for n in chosen]
