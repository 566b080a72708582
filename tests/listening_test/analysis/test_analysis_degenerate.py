"""Hardly any answers, or all alike: every table of re-identification stays in one piece and says what is missing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from listening_test.analysis import panel, reidentification, similarity, speakers
from listening_test.analysis.answers import Answers
from listening_test.analysis.table import Table
from tests.listening_test import analysed, planning

MODULES = (reidentification, speakers, panel, similarity)
NO_SCATTER = "Nothing scatters"


@cache
def taken() -> Answers:
    return analysed.answers([planning.SAME, planning.SIMILAR], listeners=16)


def asked(question: str) -> pd.Series:
    return taken().frame["question"].eq(question).fillna(False).astype(bool)


def compared() -> pd.Series:
    return asked("same_different") | asked("similarity")


def found(frame: pd.DataFrame) -> dict[str, Table]:
    answers = Answers(taken().study, frame)
    return {table.key: table for module in MODULES for table in module.tables(answers)}


def with_cells(**cells: object) -> pd.DataFrame:
    frame = taken().frame.copy()
    for name, value in cells.items():
        frame.loc[compared(), name] = value
    return frame


def of_kind(same: bool) -> pd.DataFrame:
    return taken().frame[~compared() | taken().frame["same"].eq(same).fillna(False).astype(bool)]


@pytest.mark.parametrize("value", [-3, 3])
def test_everybody_always_says_the_same(value):
    tables = found(with_cells(value_number=value))
    for row in tables["reidentification"].rows:
        assert row["value"] is None or row["value"] == pytest.approx(0.5)
        assert row["note"]
    assert {row["verdict"] for row in tables["equivalence"].rows} == {"undecided"}
    assert all(row["eer"] == 0.5 for row in tables["reidentification_pooled"].rows)
    assert all(row["auc"] == 0.5 and NO_SCATTER in row["note"] for row in tables["panel"].rows)
    assert all(row["value"] == pytest.approx(0.5) for row in tables["worst_speakers"].rows)


@pytest.mark.parametrize("same", [True, False])
def test_only_pairs_of_one_kind(same):
    tables = found(of_kind(same))
    assert all(
        row["value"] is None and "No listener heard both" in row["note"] for row in tables["reidentification"].rows
    )
    assert all(row["c"] is None for row in tables["reidentification"].rows)
    assert all(row["auc"] is row["eer"] is None for row in tables["reidentification_pooled"].rows)
    assert all(row["note"] == "Only pairs of one kind were heard." for row in tables["panel"].rows)
    assert "both" not in tables["roc"].reason or not tables["roc"].rows
    assert tables["roc"].reason
    assert tables["worst_speakers"].reason
    other = list(tables["similarity"].where(same=not same))
    assert all(row["value"] is None and row["note"] for row in other)


def test_one_speaker_only():
    tables = found(with_cells(speaker="F00", other_speaker="F00"))
    assert all("two speakers" in row["note"] or "No listener" in row["note"] for row in tables["reidentification"].rows)
    assert all(row["low"] is None for row in tables["worst_speakers"].rows)
    assert all(row["note"] for row in tables["worst_speakers"].rows)
    assert {row["verdict"] for row in tables["equivalence"].rows} == {"undecided"}


def test_one_system_only():
    frame = taken().frame
    tables = found(frame[frame["system"].eq("mcadams").fillna(False).astype(bool)])
    for key in ("reidentification", "panel", "similarity", "worst_speakers"):
        assert {row["system"] for row in tables[key].rows} == {"mcadams"}


def test_nobody_is_to_be_used():
    tables = found(taken().frame.assign(use=False))
    assert all(table.reason for table in tables.values() if table.key != "similarity_auc" or not table.rows)
    assert {row["exclusions"] for row in tables["reidentification"].rows} == {"none"}
    assert not tables["panel"].rows


def test_one_pair_is_no_panel():
    frame = taken().frame
    tables = found(frame[asked("same_different")].head(1).assign(kind="rated", use=True))
    (row,) = tables["panel"].rows
    assert (row["trials"], row["auc"], row["note"]) == (1, None, "Only pairs of one kind were heard.")


def test_nobody_errs():
    right = np.where(taken().frame["same"].fillna(False).astype(bool), 3, -3)
    tables = found(with_cells(value_number=pd.Series(right, taken().frame.index)))
    main = next(tables["reidentification"].where(rung="all", sex="all", exclusions="none"))
    assert (main["value"], main["d_prime"]) == (1, None)
    assert NO_SCATTER in main["note"]
    assert {row["eer"] for row in tables["reidentification_pooled"].rows} == {0}
    assert {row["verdict"] for row in tables["equivalence"].where(exclusions="none")} == {"above chance"}
    assert all(NO_SCATTER in row["note"] for row in tables["worst_speakers"].rows)


@pytest.mark.parametrize("seed", range(6))
def test_whoever_stopped_early_leaves_tables_that_stand(seed):
    rng = np.random.default_rng(seed)
    tables = found(taken().frame[rng.random(len(taken().frame)) < 0.25 * rng.random()])
    assert all(table.rows or table.reason for table in tables.values())


def test_with_one_trial_of_each_kind_of_pair_the_panel_still_hears():
    """Nobody can be compared with themselves then; their answers are not worth nothing for that."""
    frame = taken().frame[asked("same_different")]
    once = frame.groupby(["listener", "pair", "system"]).head(1)
    right = once.assign(value_number=np.where(once["same"].astype(bool), 3, -3), kind="rated", use=True)
    tables = found(right)
    assert all("pooled" in row["note"] for row in tables["reidentification"].where(rung="all", sex="all"))
    assert all(row["auc"] == 1 for row in tables["panel"].rows)
