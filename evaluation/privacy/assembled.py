"""All that attackers found out in a run, as rows of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.privacy import attacks, attributes, distinctiveness, measures, trusting, words_alone
from evaluation.privacy.named_draws import NamedDraws
from evaluation.privacy.trial_scores import Trials

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.corpus import Corpus
    from evaluation.heard import About, Heard
    from evaluation.protocol import Protocol


def tables(
    heard: Heard,
    corpus: Corpus,
    protocols: Sequence[Protocol],
    about: About,
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
) -> dict[str, pd.DataFrame]:
    """`figures` of the kinds privacy and attribute, `speakers`, `curves`, `trust`, and `confusion` of attributes.

    Every attacker attacks every system as ignorant, lazy-informed and semi-informed, originals unprotected; where
    something cannot be had there is a row without a value, and `note` says why. Intervals are for other speakers.
    """
    import pandas as pd

    from evaluation.run_tables import TABLES

    draws = NamedDraws.of(rng, replicates)
    found = _identified(heard, corpus, [Trials.of(one, corpus) for one in protocols if one.trials], about, draws)
    found["figures"] += distinctiveness.rows(heard, corpus, about, draws)
    guessed = attributes.guesses(heard, about, draws)
    found["figures"] += attributes.rows(guessed, about, draws)
    found["confusion"] = list(attributes.confusion_rows(guessed))
    return {name: pd.DataFrame(rows, columns=[column.name for column in TABLES[name]]) for name, rows in found.items()}


def _identified(
    heard: Heard, corpus: Corpus, every: list[Trials], about: About, draws: NamedDraws
) -> dict[str, list[dict[str, Any]]]:
    """Rows of `figures`, `speakers`, `curves` and `trust` of those who ask who speaks."""
    from evaluation.metrics.bootstrap import Interval

    sexes = {one.speaker: str(one.sex) for one in corpus.utterances}
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in ("figures", "speakers", "curves", "trust")}
    judged = []
    for who in (words_alone, attacks):
        for attack in who.attacks(heard, corpus, every, about, draws):
            for sex in measures.sexes_of(attack):
                part = measures.Part.of(attack, sex)
                figures = list(measures.figures(part, about, draws))
                found["figures"] += figures
                found["curves"] += measures.curve(part)
                if sex == "all":
                    found["speakers"] += measures.by_speaker(part, sexes)
                    eer = figures[0]
                    judged.append((attack, Interval(eer["value"], eer["low"], eer["high"], eer["note"])))
    found["trust"] += trusting.rows(judged)
    return found
