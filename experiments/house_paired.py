"""What changes between two runs over the same clips, with intervals for other speakers of the difference itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from evaluation.metrics.bootstrap import Interval, numbered, ratio_interval, speaker_interval, undefined
from evaluation.metrics.curves import eer_of_counts
from evaluation.metrics.recognition import uar
from evaluation.metrics.speakers import interval_of_levels
from experiments.house_figures import Study
from experiments.house_plan import Cell, Job

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.privacy.trial_scores import Trials

Floats = npt.NDArray[np.float64]
SEED = 0
REPLICATES = 1000


def uar_difference(study: Study, kind: str, cell: Cell, other: Cell) -> Interval:
    """UAR of a cell less that of another, over the utterances that both have."""
    one, two = (study.table("emotions", kind, [made]) for made in (cell, other))
    return uar_difference_of(one, two)


def uar_difference_of(one: pd.DataFrame, two: pd.DataFrame) -> Interval:
    """UAR of one table of answers ("utterance", "speaker", "truth", "said") less that of another, over the utterances
    that both have."""
    if one.empty or two.empty:
        return undefined("One of the two runs is missing.")
    both = one.merge(two, on=["utterance", "speaker", "truth"], suffixes=("", "_other"))
    truth, said, before = (both[name].to_numpy(str) for name in ("truth", "said", "said_other"))
    (people,), count = numbered(both["speaker"])
    _, kinds = np.unique(truth, return_inverse=True)
    hits, others, whole = np.zeros((3, count, int(kinds.max()) + 1))
    np.add.at(whole, (people, kinds), 1)
    np.add.at(hits, (people, kinds), said == truth)
    np.add.at(others, (people, kinds), before == truth)

    def difference(weights: Floats) -> Floats:
        return np.asarray(np.mean((weights @ (hits - others)) / (weights @ whole), 1))

    value = uar(truth.tolist(), said.tolist()) - uar(truth.tolist(), before.tolist())
    return speaker_interval(
        value, difference, count, rng=np.random.default_rng(SEED), replicates=REPLICATES, cells=len(truth)
    )


def wer_ratio(study: Study, kind: str, cell: Cell, other: Cell) -> Interval:
    """Errors in the words of a cell by errors in those of another, over the utterances that both have."""
    one, two = (study.table("transcripts", kind, [made]) for made in (cell, other))
    if one.empty or two.empty:
        return undefined("One of the two runs is missing.")
    both = one.merge(two, on=["utterance", "speaker", "recogniser"], suffixes=("", "_other"))
    rng = np.random.default_rng(SEED)
    return ratio_interval(both["errors"], both["errors_other"], both["speaker"], rng=rng, replicates=REPLICATES)


def eer_difference(study: Study, kind: str, attacker: str, protocol: str, cell: Cell, other: Cell) -> Interval:
    """Lazy-informed EER of a cell less that of another, by the same attacker on the same trials.

    `interval_of_levels` is for shares: it gets the half of 1 + the difference, which is one.
    """
    if not (study.has(kind, cell) and study.has(kind, other)):
        return undefined("One of the two runs is missing.")
    trials, one = lazy_scores(study, kind, attacker, protocol, cell)
    others, two = lazy_scores(study, kind, attacker, protocol, other)
    if trials.protocol.trials != others.protocol.trials:
        return undefined("The two runs were not tried with the same trials.")
    known = np.isfinite(one) & np.isfinite(two)
    same, first, second = (array[known] for array in (trials.same, trials.enrolled, trials.speakers))
    levels = [np.unique(scores[known], return_inverse=True)[1].ravel() for scores in (one, two)]
    border = int(levels[0].max()) + 1

    def half(targets: Floats, nontargets: Floats) -> Floats:
        ours = eer_of_counts(targets[:, :border], nontargets[:, :border])
        theirs = eer_of_counts(targets[:, border:], nontargets[:, border:])
        return np.asarray((1 + ours - theirs) / 2)

    made = interval_of_levels(
        half, np.concatenate([levels[0], levels[1] + border]), np.tile(same, 2), np.tile(first, 2),
        np.tile(second, 2), rng=np.random.default_rng(SEED), replicates=REPLICATES,
    )  # fmt: skip
    return Interval(2 * made.value - 1, 2 * made.low - 1, 2 * made.high - 1, made.note)


def lazy_scores(study: Study, kind: str, attacker: str, protocol: str, cell: Cell) -> tuple[Trials, Floats]:
    """The trials of a run, and a lazy-informed attacker's scores of them (n,), NaN where something was not heard."""
    from evaluation.attackers import ATTACKERS
    from evaluation.heard import Embedded, Heard

    folder = Job(kind, cell).folder(study.out)
    heard = Heard.load(folder).embeddings[attacker, cell.system, "trial"]
    whole = heard.vectors[np.isfinite(heard.vectors).all(1)]
    prepared = Embedded(heard.keys, ATTACKERS[attacker]().prepared(heard.vectors, whole))
    trials = trials_of(folder, protocol)
    return trials, trials.scores(prepared, prepared)


def trials_of(folder: Path, protocol: str) -> Trials:
    """The trials of a run, as it wrote them."""
    from evaluation import protocol_lists
    from evaluation.corpus import Corpus, Utterance
    from evaluation.privacy.trial_scores import Trials

    place = folder / "protocols" / protocol
    told = json.loads((place / "protocol.json").read_text(encoding="utf-8"))["utterances"]
    spoken = tuple(Utterance(key, Path(), speaker) for key, (speaker, *_) in told.items())
    return Trials.of(protocol_lists.read(place), Corpus(protocol, "", folder, spoken))
