"""Tables as CSV files that spreadsheets open safely."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")
_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LATER = re.compile(r"([;\t\r\n][ \"]*)(?=[=+\-@＝＋－＠])")
"""Where a spreadsheet that parts cells at semicolons or tabs, as in German, would begin one with a formula."""


def harmless(cell: Any) -> Any:
    """A cell of a CSV file that no spreadsheet takes for a formula; numbers stay as they are."""
    if not isinstance(cell, str) or NUMBER.fullmatch(cell):
        return cell
    return ("'" if cell.startswith(_RISKY) else "") + _LATER.sub(r"\1'", cell)


def as_csv(table: pd.DataFrame) -> bytes:
    """A table in UTF-8 with a header line; what is not known is empty."""
    safe = table.copy()
    for name in safe.select_dtypes("string"):
        known = {cell: harmless(cell) for cell in safe[name].dropna().unique()}
        safe[name] = safe[name].map(known, na_action="ignore")
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8")
