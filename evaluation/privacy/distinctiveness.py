"""De-identification and gain of voice distinctiveness of a system, by the house speaker encoder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.corpus import Corpus
from evaluation.heard import About, Embedded, Heard
from evaluation.metrics.bootstrap import Interval, noted, speaker_interval, undefined
from evaluation.metrics.curves import MetricError
from evaluation.metrics.similarity_matrices import (
    SimilarityMatrix,
    similarity_matrix_of_embeddings,
    voice_distinctiveness,
)
from evaluation.privacy.named_draws import NamedDraws
from evaluation.privacy.semi_informed import ORIGINAL
from evaluation.privacy.trial_scores import aligned

Floats = npt.NDArray[np.float64]
JUDGE = "house"
MOST_UTTERANCES = 1_500
"""All pairs of utterances are compared."""
PROTOCOL = "all pairs of utterances of the trials' side, once"
HELD = "The interval holds the calibration of scores fixed."


def rows(heard: Heard, corpus: Corpus, about: About, draws: NamedDraws) -> Iterator[dict[str, Any]]:
    """DEID and G_VD of every system, of all speakers and of each sex; by cosines, as VoicePrivacy 2022 compares."""
    original = heard.embeddings.get((JUDGE, ORIGINAL, "trial"))
    if original is None or JUDGE not in about.attackers:
        return
    people = {one.key: one for one in corpus.utterances}
    for system in about.systems:
        own = heard.embeddings.get((JUDGE, system, "trial"))
        if system == ORIGINAL or own is None:
            continue
        both = sorted(people.keys() & set(original.keys) & set(own.keys))
        for sex in _sexes([people[key].sex for key in both]):
            keys = [key for key in both if sex in ("all", people[key].sex)]
            if used := _some(keys, people, draws.rng("distinctiveness", system, sex)):
                yield from _figures(system, sex, original, own, used, people, about, draws)


def _sexes(sexes: list[str]) -> Iterator[str]:
    yield "all"
    yield from (sex for sex in ("F", "M") if sex in sexes)


def _some(keys: list[str], people: Any, rng: np.random.Generator) -> list[str]:
    """At most MOST_UTTERANCES, as many of each speaker as can be."""
    turns: dict[str, int] = {}
    order = []
    for key in rng.permutation(np.array(keys, str)).tolist():
        turns[people[key].speaker] = turns.get(people[key].speaker, 0) + 1
        order.append((turns[people[key].speaker], key))
    return sorted(key for _, key in sorted(order)[:MOST_UTTERANCES])


def _figures(
    system: str, sex: str, original: Embedded, own: Embedded, keys: list[str], people: Any, about: About,
    draws: NamedDraws,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    speakers = [people[key].speaker for key in keys]
    rng = draws.rng("DEID and G_VD", system, sex)
    deid, gain = _measured(aligned(original, keys), aligned(own, keys), speakers, rng, draws.replicates)
    cells = {
        "system": system, "level": about.level, "kind": "privacy", "attacker": JUDGE, "attack": "", "protocol": "",
        "about": f"voice similarity matrices of {JUDGE}; {PROTOCOL}; {about.data}, {about.split}".rstrip(", "),
        "data": about.data, "split": about.split, "sex": sex, "group": "", "speakers": len(set(speakers)),
        "utterances": len(keys), "trials": len(keys) * (len(keys) - 1) // 2, "targets": _pairs(speakers),
    }  # fmt: skip
    for metric, unit, better, found in (("DEID", "share", "higher", deid), ("G_VD", "dB", "", gain)):
        estimate = {"value": found.value, "low": found.low, "high": found.high, "note": found.note}
        yield {**cells, "metric": metric, "unit": unit, "better": better, **estimate}


def _pairs(speakers: list[str]) -> int:
    count = np.unique(speakers, return_counts=True)[1]
    return int(np.sum(count * (count - 1) // 2))


def _measured(
    original: Floats, own: Floats, speakers: list[str], rng: np.random.Generator, replicates: int
) -> tuple[Interval, Interval]:
    """DEID, and G_VD in dB, with intervals for other speakers."""
    try:
        oo, op, pp = (
            similarity_matrix_of_embeddings(one, other, speakers)
            for one, other in ((original, original), (original, own), (own, own))
        )
    except MetricError as error:
        return undefined(str(error)), undefined(str(error))
    found = voice_distinctiveness(oo, op, pp)
    values = np.array([found.deid, found.gain_db])
    entropy, people = int(rng.integers(2**63)), len(oo.speakers)

    def interval(which: int) -> Interval:
        if not np.isfinite(values[which]):
            return Interval(float(values[which]), np.nan, np.nan, found.note)
        drawn = speaker_interval(
            float(values[which]), lambda weights: _both(weights, oo, op, pp)[which], people,
            rng=np.random.default_rng(entropy), replicates=replicates, cells=people**2,
        )  # fmt: skip
        return noted(drawn, HELD, found.note)

    return interval(0), interval(1)


def _both(weights: Floats, oo: SimilarityMatrix, op: SimilarityMatrix, pp: SimilarityMatrix) -> tuple[Floats, Floats]:
    """DEID and G_VD under weights of the speakers, (b, s), to (b,) each."""
    base, crossed, processed = (_dominance(weights, matrix.values) for matrix in (oo, op, pp))
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - crossed / base, 10 * np.log10(processed / base)


def _dominance(weights: Floats, matrix: Floats) -> Floats:
    """|mean of the diagonal - mean beside it| of a matrix (s, s), entries weighted by their speakers': (b,)."""
    known = np.isfinite(matrix)
    filled, own = np.where(known, matrix, 0.0), np.diag(known).astype(float)
    diagonal = (weights @ np.diag(filled)) / (weights @ own)
    apart = [np.einsum("bi,ij,bj->b", weights, part * ~np.eye(len(matrix), dtype=bool), weights, optimize=True)
             for part in (filled, known.astype(float))]  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.abs(diagonal - apart[0] / apart[1])
