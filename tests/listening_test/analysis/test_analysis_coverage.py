"""Short version of benchmarks/analysis_coverage.py: intervals cover what they should, pooled ones do not."""

from __future__ import annotations

import json

import pytest

from benchmarks import analysis_coverage as coverage
from benchmarks.results import RESULTS

RUNS = 150
LEAST = 0.90
"""Of 150 intervals of 95 %, fewer than 135 cover once in 250 times."""


@pytest.mark.parametrize("speakers", coverage.SPEAKERS)
def test_intervals_of_ratings_cover_and_pooled_ones_do_not(speakers):
    found = coverage.coverage_of_means(speakers, "both differ", RUNS)
    assert found["mos"] >= LEAST
    assert found["mos_bootstrap"] >= LEAST
    assert found["mos_pooled"] < 0.88


@pytest.mark.parametrize("speakers", coverage.SPEAKERS)
def test_intervals_of_areas_cover_and_pooled_ones_do_not(speakers):
    found = coverage.coverage_of_areas(speakers, "both differ", RUNS)
    assert found["auc"] >= LEAST
    assert found["auc_pooled"] < found["auc"]


def test_at_the_margin_chance_is_seldom_declared():
    found = coverage.false_declarations(20, "both differ", RUNS)
    assert found["false_declarations"] <= 0.11


def test_the_long_run_kept_its_promises():
    kept = json.loads((RESULTS / f"{coverage.NAME}.json").read_text(encoding="utf-8"))
    assert kept["runs"] >= 2000
    assert len(kept["cells"]) == len(coverage.SPEAKERS) * len(coverage.MIXES)
    for cell in kept["cells"].values():
        assert all(0.93 <= cell[name] <= 0.97 for name in ("mos", "mos_bootstrap", "auc"))
        assert max(cell["mos_pooled"], cell["auc_pooled"]) < 0.9
        assert cell["false_declarations"] <= 0.05
