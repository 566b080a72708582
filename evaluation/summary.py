"""From what attackers and recognisers heard to the tables of a run, written as Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from evaluation.run_tables import TABLES, Column

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.corpus import Corpus
    from evaluation.heard import About, Heard
    from evaluation.protocol import Protocol

FOLDER = "tables"
REPLICATES = 1000


def tables(
    heard: Heard,
    corpus: Corpus,
    protocols: Sequence[Protocol],
    about: About,
    *,
    seed: int = 0,
    replicates: int = REPLICATES,
) -> dict[str, pd.DataFrame]:
    """Every table of a run (see run_tables.py), with all its columns in their order.

    `seed` draws the intervals: privacy and utility from streams of their own, so that one more recogniser does not
    move the intervals of the attackers.
    """
    from evaluation.privacy import tables as privacy_tables
    from evaluation.utility.tables import tables as utility_tables

    found: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    for make, rng in zip((privacy_tables, utility_tables), np.random.default_rng(seed).spawn(2), strict=True):
        for name, part in make(heard, corpus, protocols, about, rng=rng, replicates=replicates).items():
            found[name].append(part)
    for name in ("files", "transcripts", "emotions"):
        found[name].append(getattr(heard, name))
    return {name: conformed(name, parts) for name, parts in found.items()}


def conformed(name: str, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The parts of a table one below the other, with its columns alone, in their order and of their kinds."""
    import pandas as pd

    columns = TABLES[name]
    there = [part for part in parts if len(part)]
    whole = pd.concat(there, ignore_index=True) if there else pd.DataFrame(columns=[one.name for one in columns])
    return pd.DataFrame({one.name: _typed(whole, one) for one in columns})


def _typed(frame: pd.DataFrame, column: Column) -> pd.Series:
    import pandas as pd

    if column.name not in frame:
        raise KeyError(f"The column {column.name!r} was expected, but {', '.join(frame.columns)} came.")
    values = frame[column.name]
    if column.kind == "number":
        return values.astype(float)
    if column.kind == "whole":
        return pd.to_numeric(values).fillna(0).astype("int64")
    if column.kind == "flag":
        return values.astype(bool)
    return values.fillna("").astype("str")


def write(found: Mapping[str, pd.DataFrame], out: Path) -> None:
    """Write tables to out/tables/<name>.parquet, each whole or not at all; the same tables, the same bytes.

    Raises:
        OSError: if they cannot be written.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in found.items():
        part = folder / f"{name}.parquet.part"
        frame.to_parquet(part, index=False, compression="zstd", **_steady())
        part.replace(folder / f"{name}.parquet")


def _steady() -> dict[str, Any]:
    return {"engine": "pyarrow", "store_schema": False}
