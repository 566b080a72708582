"""An exported file read back as the long table, so that anybody can repeat an analysis without the database."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from listening_test.export import COLUMNS, DTYPES, format_of
from listening_test.study import Study, StudyError

if TYPE_CHECKING:
    import pandas as pd

FILLED = frozenset(
    {"watermark", "digest", "reasons", "task", "system", "value", "language", "device", "rung", "software_version"}
)
"""Texts that are empty and never missing in the long table; CSV does not know the difference."""
_SOUND = re.compile(r"sound_(\d+)_(?:clip|speaker|sex|emotion|system)")
"""Facts of a sound that tones do not have: empty, where there is such a sound."""
_GUARD = re.compile(r"(^|[;\t\r\n][ \"]*)'(?=[=+\-@＝＋－＠])|^'(?=[\t\r\n])")
"""The apostrophes that export puts in front of what a spreadsheet would take for a formula."""


def read(path: Path) -> pd.DataFrame:
    """The long table of a file that `export` wrote: CSV, Parquet or SQLite, by its name.

    Raises:
        StudyError: if it is no such file, or lacks columns.
    """
    kind = format_of(path)
    try:
        table = {"csv": _csv, "parquet": _parquet, "sqlite": _sqlite}[kind](path)
    except (ValueError, OSError, sqlite3.Error) as error:
        if isinstance(error, FileNotFoundError):
            raise StudyError(f"An exported file was expected, but there is no {path}.") from None
        raise StudyError(f"A file that `export` wrote was expected, but {path.name} is none ({error}).") from None
    needed = [column.name for column in COLUMNS if "N" not in column.name]
    if missing := [name for name in needed if name not in table]:
        raise StudyError(f"The columns of an export were expected, but {path.name} lacks {', '.join(missing[:5])}.")
    return _typed(table)


def check(table: pd.DataFrame, study: Study) -> bool:
    """Whether the table's systems are letters, in place of the study's.

    Raises:
        StudyError: if the answers are another study's.
    """
    from listening_test.export import masks

    names = set(table["study"].dropna()) - {""}
    if names - {study.name}:
        raise StudyError(
            f"Answers of {study.name} were expected, but the file has those of {', '.join(sorted(names))}."
        )
    systems = set(table["system"].dropna()) - {""}
    if systems <= set(study.labels):
        return False
    if systems <= set(masks(study).values()):
        return True
    odd = ", ".join(sorted(systems - set(study.labels))[:5])
    raise StudyError(f"Systems of {study.name} were expected ({', '.join(study.labels)}), but {odd} came.")


def _csv(path: Path) -> pd.DataFrame:
    import pandas as pd

    table = pd.read_csv(path, dtype="string", keep_default_na=False, na_values=[""], encoding="utf-8")
    return table.apply(lambda column: column.map(_unguarded, na_action="ignore").astype("string"))


def _unguarded(cell: str) -> str:
    return _GUARD.sub(r"\1", cell)


def _parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_parquet(path)


def _sqlite(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise FileNotFoundError(path)
    with closing(sqlite3.connect(f"file:{path.resolve().as_posix()}?mode=ro", uri=True)) as connection:
        return pd.read_sql_query("SELECT * FROM answers", connection)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """Each column of the type that export gives it."""
    import pandas as pd

    types = {column.name: DTYPES[column.type] for column in COLUMNS}
    done = {}
    for name in table.columns:
        dtype = types.get(re.sub(r"^sound_\d+_", "sound_N_", name), "string")
        done[name] = _cast(table[name], dtype)
        if name in FILLED:
            done[name] = done[name].fillna("")
    for name in done:
        if sound := _SOUND.fullmatch(name):
            there = (done["sounds"] >= int(sound[1])).fillna(False)
            done[name] = done[name].mask(there & done[name].isna(), "")
    return pd.DataFrame(done)


def _cast(column: pd.Series, dtype: str) -> pd.Series:
    import pandas as pd

    if dtype == "boolean":
        known = {"True": True, "False": False, "1": True, "0": False, "1.0": True, "0.0": False}
        return column.astype("string").map(known, na_action="ignore").astype("boolean")
    if dtype == "string":
        return column.astype("string")
    return pd.to_numeric(column).astype(dtype)
