"""Is it still understood? Word and character error rates of a recogniser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from evaluation.metrics import words
from evaluation.utility.rows import Draws, by_sex, groups, joined, row

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.heard import About

AGAINST = {
    "transcript": "against what was said",
    "own original": "against the recogniser's own words of the original, since no transcript came with the data",
}


def rows(
    transcripts: pd.DataFrame, files: pd.DataFrame, about: About, languages: Mapping[str, str], draws: Draws
) -> Iterator[dict[str, Any]]:
    """WER and CER of every system, recogniser and data set: all errors by all words, never a mean of rates.

    `languages`: of each recogniser; speech known to be of another is left out, since its errors say nothing about it.
    """
    every = joined(transcripts, files)
    for (system, recogniser, data, against), part in groups(every, "system", "recogniser", "data", "against"):
        if system == "original" and against == "own original":
            continue  # nothing is told by comparing words with themselves
        theirs = part[_spoken(part, languages.get(recogniser, ""))]
        for sex, used in by_sex(theirs) if len(theirs) else ():
            for metric, rate in (("WER", words.wer), ("CER", words.cer)):
                found = rate(used["reference"].tolist(), used["heard"].tolist())
                yield row(
                    about, found.interval(used["speaker"], **draws.how), used,
                    system=system, metric=metric, kind="intelligibility", unit="share", better="lower",
                    attacker=recogniser, data=data, sex=sex, about=f"{recogniser}, {AGAINST[against]}; {data}",
                )  # fmt: skip


def _spoken(part: pd.DataFrame, language: str) -> pd.Series:
    return (part["language"] == language) | (part["language"] == "") | (not language)
