"""The study's figures, read from its runs: one table, a row a number, with the cell that it is of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evaluation import summary
from evaluation.runs import Run
from experiments.house_plan import KINDS, ORIGINAL, PARTS, Cell, Job

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Study:
    """The folder of a study."""

    out: Path

    def has(self, kind: str, cell: Cell) -> bool:
        """Whether that run has figures."""
        return (Job(kind, cell).folder(self.out) / "tables" / "figures.parquet").is_file()

    def there(self, kind: str, cells: Sequence[Cell]) -> list[Cell]:
        """Those of the cells whose run has figures."""
        return [cell for cell in cells if self.has(kind, cell)]

    def table(self, name: str, kind: str, cells: Sequence[Cell]) -> pd.DataFrame:
        """A table of run_tables.TABLES, of all these cells; `system` is the cell's title. Empty if none is there."""
        import pandas as pd

        parts = []
        for cell in self.there(kind, cells):
            found = Run(Job(kind, cell).folder(self.out)).table(name)
            parts.append(found[found["system"] == cell.system].assign(system=cell.title))
        return pd.concat(parts, ignore_index=True) if parts else summary.conformed(name, [])

    def figures(self, kind: str, cells: Sequence[Cell]) -> pd.DataFrame:
        """`table` of figures."""
        return self.table("figures", kind, cells)

    def every(self) -> pd.DataFrame:
        """All figures of all runs, with the columns `kind_of_run` and `cell` (its folder)."""
        import pandas as pd

        parts = []
        for kind, cell in every_run():
            if self.has(kind, cell):
                found = self.figures(kind, [cell])
                parts.append(found.assign(system=cell.system, kind_of_run=kind, cell=cell.name))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def every_run() -> Iterator[tuple[str, Cell]]:
    """Each kind with each cell that may have been run for it, once."""
    known = set()
    for kind in KINDS:
        cells = [cell for part in PARTS.values() for one, make in part if one == kind for cell in make()]
        for cell in (ORIGINAL, *cells):
            if (kind, cell.name) not in known:
                known.add((kind, cell.name))
                yield kind, cell
