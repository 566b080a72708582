"""The long table of a study, as the analysis asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from listening_test.study import LOW_ANCHOR, ORIGINAL, Study

if TYPE_CHECKING:
    import pandas as pd

Exclusions = Literal["applied", "none"]
EXCLUSIONS: tuple[Exclusions, ...] = ("applied", "none")
"""applied: only listeners whose answers are to be used, by the rules frozen in the study; none: everybody's."""


@dataclass(frozen=True, eq=False)
class Answers:
    """Everything the analysis sees.

    Attributes:
        study: the frozen definition; its `analysis` holds what was decided beforehand.
        frame: the long table, the columns of export.COLUMNS, one row an answer. Systems may be letters (masked).
        masked: whether they are.
    """

    study: Study
    frame: pd.DataFrame
    masked: bool = False

    @cached_property
    def systems(self) -> tuple[str, ...]:
        """Systems in the order to show: the original first, then the file's order; letters in alphabetical order."""
        if self.masked:
            from listening_test.export import masks

            return tuple(sorted(masks(self.study).values(), key=lambda letters: (len(letters), letters)))
        labels = self.study.labels
        return tuple(sorted(labels, key=lambda label: self.study.system(label).system != ORIGINAL))

    def is_clear(self, system: str) -> bool:
        """Whether the speaker is heard undisguised; nobody knows it of a letter."""
        return not self.masked and self.study.system(system).system in (ORIGINAL, LOW_ANCHOR)

    def rng(self, *names: object) -> np.random.Generator:
        """Randomness of its own for each use: the same answers give the same numbers."""
        text = "|".join(map(str, (self.study.analysis.seed, *names)))
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))

    def rated(self, question: str, exclusions: Exclusions = "applied", *, task: str | None = None) -> pd.DataFrame:
        """Answers of rated trials to one question; only participants of one kind are ever in one table.

        The columns of the long table, with `sex` (of the sample's, first side's or target's speaker) beside them.
        """
        kept = self._rated
        kept = kept[kept["question"].eq(question).fillna(False).astype(bool)]
        if task is not None:
            kept = kept[kept["task"].eq(task).fillna(False).astype(bool)]
        if exclusions == "applied":
            kept = kept[kept["use"].fillna(False).astype(bool)]
        return kept

    def by_system(self, rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
        """The rows of each system that has any, in the order to show."""
        groups = dict(iter(rows.groupby("system", sort=False)))
        return ((system, groups[system]) for system in self.systems if system in groups)

    @cached_property
    def _rated(self) -> pd.DataFrame:
        rated = self.frame[self.frame["kind"].eq("rated").fillna(False).astype(bool)]
        sex = rated.get("sound_1_sex")
        return rated.assign(sex=sex).reset_index(drop=True)
