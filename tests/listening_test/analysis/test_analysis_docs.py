"""docs/analysis.md describes every table, and its numbers are those of the benchmark."""

from __future__ import annotations

import json
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.results import RESULTS
from listening_test import analysis
from listening_test.analysis import results
from listening_test.analysis.table import Table

DOCS = Path(__file__).resolve().parents[3] / "docs" / "analysis.md"


def tables() -> list[Table]:
    """Every table the analysis can give, as its module defines it."""
    modules = [import_module(f"{analysis.__name__}.{one.name}") for one in pkgutil.iter_modules(analysis.__path__)]
    found = {value.key: value for module in modules for value in vars(module).values() if isinstance(value, Table)}
    return list(found.values())


@pytest.mark.parametrize("table", tables(), ids=lambda table: table.key)
def test_every_table_explains_itself(table):
    assert f"`{table.key}`" in DOCS.read_text(encoding="utf-8")
    assert table.title
    assert table.reading
    assert table.method
    assert all(column.meaning for column in table.columns)
    names = [column.name for column in table.columns]
    assert len(set(names)) == len(names)


def test_every_part_has_its_module():
    for part in (*results.PARTS, *results.EXTRAS):
        module = import_module(f"{analysis.__name__}.{part}")
        assert hasattr(module, "of" if part in results.EXTRAS else "tables")
    assert set(results.ASKED) <= set(results.PARTS)


def test_the_table_of_coverage_is_the_benchmarks():
    kept = json.loads((RESULTS / "analysis_coverage.json").read_text(encoding="utf-8"))
    text = DOCS.read_text(encoding="utf-8")
    for key, cell in kept["cells"].items():
        speakers, mix = key.split(" speakers, ")
        names = ("mos", "mos_bootstrap", "mos_pooled", "auc", "auc_pooled", "false_declarations")
        assert f"| {speakers} | {mix} | {' | '.join(f'{100 * cell[name]:.1f}' for name in names)} |" in text
