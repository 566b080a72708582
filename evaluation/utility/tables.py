"""All that utility says of a run, as rows of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evaluation.utility import emotion, sound, words
from evaluation.utility.rows import Draws

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
    """`figures` of the kinds intelligibility, emotion, prosody, quality and acoustics, and `confusion` of emotions.

    Data sets are never pooled: their words, emotions and rooms differ. Intervals are for other speakers.
    """
    import pandas as pd

    from evaluation.run_tables import CONFUSION, FIGURES

    draws = Draws(rng, replicates)
    figures = [
        *words.rows(heard.transcripts, heard.files, about, _languages(heard.transcripts), draws),
        *emotion.rows(heard.emotions, heard.files, about, draws),
        *sound.rows(heard.files, about, draws),
    ]
    confusion = emotion.confusion_rows(heard.emotions, heard.files)
    return {
        "figures": pd.DataFrame(figures, columns=[column.name for column in FIGURES]),
        "confusion": pd.DataFrame(confusion, columns=[column.name for column in CONFUSION]),
    }


def _languages(transcripts: pd.DataFrame) -> dict[str, str]:
    from evaluation.recognisers.registry import info

    return {key: info(key).language for key in transcripts["recogniser"].unique()}
