"""What every part of the analysis gives: a table that explains itself, also when it is empty."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Cell = str | int | float | bool | None
Row = Mapping[str, Cell]


@dataclass(frozen=True)
class Column:
    """One column: its name (units in it), what it means."""

    name: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """Rows of one shape, with everything a reader must know of them.

    Attributes:
        key: its name in files and code, e.g. "mos".
        title: its heading.
        columns: in order; every row has exactly these.
        rows: cells are JSON values; NaN is None.
        reading: one line: how to read it.
        method: how it was computed, with the source of the formula.
        caution: when not to trust it.
        notes: sentences about this study's numbers.
        reason: why it is empty or partial, in a sentence; "" for a full one.
        public: whether it may be shown to others than the study's owner (comments may not).
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    reading: str = ""
    method: str = ""
    caution: str = ""
    notes: tuple[str, ...] = ()
    reason: str = ""
    public: bool = True

    def filled(self, rows: Iterable[Row], *, reason: str = "", notes: Sequence[str] = ()) -> Table:
        """This table with rows; a cell that is missing or NaN becomes None, one of no column is an error."""
        names = [column.name for column in self.columns]
        done = []
        for row in rows:
            if odd := set(row) - set(names):
                raise ValueError(f"{self.key} has the columns {', '.join(names)}, but {', '.join(sorted(odd))} came.")
            done.append({name: _cell(row.get(name)) for name in names})
        return replace(self, rows=tuple(done), reason=reason, notes=(*self.notes, *notes))

    def where(self, **wanted: Cell) -> Iterator[Row]:
        """Rows whose cells equal these."""
        return (row for row in self.rows if all(row[name] == value for name, value in wanted.items()))

    def frame(self) -> pd.DataFrame:
        """The rows as a DataFrame, with all columns even when there are none."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=[column.name for column in self.columns])

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `from_json` turns it back."""
        plain = {name: getattr(self, name) for name in _TEXTS}
        columns = [[column.name, column.meaning] for column in self.columns]
        rows = [[row[column.name] for column in self.columns] for row in self.rows]
        return {**plain, "notes": list(self.notes), "columns": columns, "rows": rows}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Table:
        """The table of `to_json`."""
        columns = tuple(Column(*column) for column in values["columns"])
        names = [column.name for column in columns]
        rows = tuple(dict(zip(names, row, strict=True)) for row in values["rows"])
        plain = {name: values[name] for name in _TEXTS}
        return cls(**plain, columns=columns, rows=rows, notes=tuple(values["notes"]))


_TEXTS = ("key", "title", "reading", "method", "caution", "reason", "public")


def _cell(value: Any) -> Cell:
    """A JSON value: numpy's scalars become Python's, NaN and infinities None."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
