"""Rows of the table of figures, for one system on one data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.corpus_words import data_set
from evaluation.metrics.bootstrap import Interval

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.heard import About

SEXES = ("all", "F", "M")


@dataclass(frozen=True)
class Draws:
    """How intervals are drawn: by whom, and how often."""

    rng: np.random.Generator
    replicates: int

    @property
    def how(self) -> dict[str, Any]:
        """As arguments of the metrics' interval functions."""
        return {"rng": self.rng, "replicates": self.replicates}


def row(run: About, interval: Interval, used: pd.DataFrame, /, **cells: Any) -> dict[str, Any]:
    """One row: the estimate, on whom it rests (`used`: the utterances), and what else is known of it."""
    rests = {"speakers": used["speaker"].nunique(), "utterances": len(used), "trials": 0, "targets": 0}
    blank = {"attacker": "", "attack": "", "protocol": "", "sex": "all", "group": ""}
    estimate = {"value": interval.value, "low": interval.low, "high": interval.high, "note": interval.note}
    return {
        **blank,
        "level": run.level,
        "split": " + ".join(sorted(set(used["part"]) - {""})) or run.split,
        **estimate,
        **rests,
        **cells,
    }


def by_sex(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """All, then women and men where both are there."""
    yield "all", frame
    known = set(frame["sex"]) & {"F", "M"}
    if len(known) == 2:
        yield from ((sex, frame[frame["sex"] == sex]) for sex in SEXES[1:])


def joined(answers: pd.DataFrame, files: pd.DataFrame) -> pd.DataFrame:
    """Answers of recognisers with what is known of their utterances: sex, corpus, language, split by neither."""
    known = files.loc[files["side"] == "trial", ["system", "utterance", "sex", "corpus", "language"]]
    return with_data_sets(answers.merge(known, on=["system", "utterance"], how="inner"))


def with_data_sets(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with `data` and `part`, of its column `corpus`."""
    parts = [data_set(corpus) for corpus in frame["corpus"]]
    return frame.assign(data=[data for data, _ in parts], part=[part for _, part in parts])


def groups(frame: pd.DataFrame, *columns: str) -> Iterator[tuple[Any, pd.DataFrame]]:
    """The parts of a frame by these columns, in the order in which they first come."""
    yield from frame.groupby(list(columns), sort=False)
