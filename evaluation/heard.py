"""What was measured and heard in every file of a run, gathered: the input of all figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evaluation import tuned

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Key = tuple[str, str, str]
"""Attacker, system, side."""
TABLES = ("files", "transcripts", "emotions")


class HeardError(ValueError):
    """Why a folder holds nothing that was heard, in one sentence."""


@dataclass(frozen=True)
class About:
    """What a run was asked for, for the sentences that go with its numbers.

    Attributes:
        level: what a pseudo-speaker was drawn for. systems, attackers, words, emotions: keys.
        data, split: of the corpus; train: the data that learning attackers had, in words, "" if none.
    """

    level: str
    systems: tuple[str, ...]
    data: str
    split: str
    attackers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    train: str = ""


@dataclass(frozen=True, eq=False)
class Embedded:
    """Embeddings of utterances: `vectors`, float64 (n, d), in the order of `keys`, which is alphabetical."""

    keys: tuple[str, ...]
    vectors: Floats


@dataclass(frozen=True, eq=False)
class Tuned:
    """What an attacker's network heard after it was trained on a system's output (evaluation/privacy/tuning.py).

    Attributes:
        parts: embeddings by side of the system; "original" holds those of originals.
        held_out: speakers of side "train" whom it never heard. words: how it was trained.
    """

    parts: Mapping[str, Embedded]
    held_out: tuple[str, ...]
    words: str


@dataclass(frozen=True, eq=False)
class Heard:
    """Tables as in run_tables; embeddings by attacker, system and side ("trial", "enrolment", "told", "train"), those
    of tuned networks by attacker and system."""

    files: pd.DataFrame
    transcripts: pd.DataFrame
    emotions: pd.DataFrame
    embeddings: Mapping[Key, Embedded]
    tuned: Mapping[tuple[str, str], Tuned] = field(default_factory=dict)

    @classmethod
    def load(cls, out: Path) -> Heard:
        """What a run left in OUT/tables and OUT/embeddings.

        Raises:
            HeardError: if a table is missing or cannot be read.
        """
        import pandas as pd

        try:
            tables = {name: pd.read_parquet(out / "tables" / f"{name}.parquet") for name in TABLES}
            embeddings: dict[Key, Embedded] = {}
            for path in sorted((out / "embeddings").glob("*.parquet")):
                embeddings |= _embeddings(path.stem, pd.read_parquet(path))
            found = {key: _tuned(table, facts) for key, table, facts in tuned.read(out)}
        except (OSError, ValueError, KeyError) as error:
            raise HeardError(
                f"{out}: the tables {', '.join(TABLES)} of a run were expected, but reading them failed: "
                f"{type(error).__name__}: {error}"
            ) from None
        return cls(**tables, embeddings=embeddings, tuned=found)


def _embeddings(attacker: str, table: pd.DataFrame) -> dict[Key, Embedded]:
    return {
        (attacker, str(system), str(side)): _embedded(own)
        for (system, side), own in table.groupby(["system", "side"], sort=True)
    }


def _tuned(table: pd.DataFrame, facts: Mapping[str, Any]) -> Tuned:
    parts = {str(side): _embedded(own) for side, own in table.groupby("side", sort=True)}
    return Tuned(parts, tuple(facts["held_out"]), facts["words"])


def _embedded(own: pd.DataFrame) -> Embedded:
    ordered = own.sort_values("utterance")
    return Embedded(tuple(ordered["utterance"]), np.stack(ordered["vector"].to_numpy()).astype(np.float64))
