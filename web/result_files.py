"""How results are named in addresses, and their tables as files to take away."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from listening_test.analysis.table import Column, Table

if TYPE_CHECKING:
    from listening_test.store import Store
    from listening_test.store_records import Origin, StudyInfo

VERSION_MAX = 2**31 - 1
"""Versions are smaller; databases take no larger ones."""


def name_of(info: StudyInfo) -> str:
    """A study's name in addresses of results, e.g. "demo-v1": never its secret link."""
    return f"{info.name}-v{info.version}"


def find(store: Store, name: str, *, owner: bool) -> StudyInfo | None:
    """The study of that name in addresses; others than its owner see only what is published.

    Raises:
        StoreError: if the database cannot say.
    """
    study, _, version = name.rpartition("-v")
    if not study or not (version.isascii() and version.isdigit()) or not 0 < int(version[:11]) <= VERSION_MAX:
        return None
    info = store.find(study, int(version[:11]))
    if info is None or (owner and info.state in ("open", "closed")):
        return info
    return info if info.state == "closed" and info.published_s is not None else None


def file_name(info: StudyInfo, table: str, origin: Origin = "participant") -> str:
    """What a browser calls the file of a table."""
    return f"{name_of(info)}-{'' if origin == 'participant' else origin + '-'}{table}.csv"


def as_csv(table: Table, watermark: str = "") -> bytes:
    """A table in UTF-8 that spreadsheets open safely; `watermark` is said in every row."""
    from listening_test.reporting.plain import csv_of

    if watermark:
        first = Column("watermark", "Says that no participant gave these answers")
        rows = tuple({"watermark": watermark, **row} for row in table.rows)
        table = replace(table, columns=(first, *table.columns), rows=rows)
    return csv_of(table)
