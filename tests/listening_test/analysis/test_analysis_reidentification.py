"""Re-identification: what simulated listeners of known sensitivity show, in every table."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from listening_test.analysis import reidentification
from listening_test.analysis.answers import Answers
from listening_test.analysis.table import Table
from tests.listening_test import analysed, planning

TRUTH = {"original": 3.0, "mcadams": 1.5, "devoiced": 0.0}
KEYS = ("reidentification", "equivalence", "reidentification_pooled", "roc")


@cache
def taken() -> Answers:
    """Many short visits of listeners who are sure of originals, fair at one system, and deaf to the other."""
    return analysed.answers([planning.SAME], listeners=96, seed=1, d_prime=TRUTH, lapse_rate=0.0)


@cache
def found() -> dict[str, Table]:
    return {table.key: table for table in reidentification.tables(taken())}


def whole(key: str = "reidentification", exclusions: str = "applied") -> dict[str, dict]:
    """By system, the row of all rungs and both sexes."""
    rows = found()[key].where(exclusions=exclusions)
    return {row["system"]: dict(row) for row in rows if row.get("rung", "all") == row.get("sex", "all") == "all"}


def test_there_are_the_four_tables():
    assert tuple(found()) == KEYS
    assert all(table.rows and not table.reason for table in found().values())


def test_sensitivity_is_found_again():
    rows = whole()
    assert rows["original"]["value"] > rows["mcadams"]["value"] > rows["devoiced"]["value"]
    for system, d_prime in TRUTH.items():
        row = rows[system]
        assert row["d_prime_low"] is None or row["d_prime_low"] - 0.3 < d_prime < row["d_prime_high"] + 0.3


def test_d_prime_is_the_area_in_standard_deviations():
    assert reidentification.d_prime(0.760250) == pytest.approx(1.0, abs=1e-4)
    assert reidentification.d_prime(0.5) == 0
    assert np.isnan(reidentification.d_prime(1.0))
    assert np.isnan(reidentification.d_prime(1 - 1e-12))


def test_rates_and_criterion_are_those_of_the_answers():
    own = taken().rated("same_different").query("system == 'mcadams'")
    row, yes, same = whole()["mcadams"], own["value_number"] > 0, own["same"].astype(bool)
    assert row["hit_rate"] == pytest.approx(yes[same].mean())
    assert row["false_alarm_rate"] == pytest.approx(yes[~same].mean())
    assert abs(row["c"]) < 0.3  # simulated listeners have no leaning


def test_the_criterion_is_that_of_the_worked_example():
    """20 hits and 10 false alarms of 25 each (Macmillan & Creelman 2005): c = -0.29, -0.28 with Hautus' correction."""
    yes = [1] * 20 + [-1] * 5 + [1] * 10 + [-1] * 15
    own = pd.DataFrame({"value_number": yes, "same": [True] * 25 + [False] * 25})
    own[["listener", "speaker", "other_speaker"]] = "one"
    found = reidentification.rates(own)
    assert (found["hit_rate"], found["false_alarm_rate"]) == (0.8, 0.4)
    assert found["c"] == pytest.approx(-(norm.ppf(20.5 / 26) + norm.ppf(10.5 / 26)) / 2)
    assert found["c"] == pytest.approx(-0.28, abs=0.005)


def test_pooling_flatters_privacy_in_the_tables_too():
    """The same ability, but half of the listeners lean to "same" and half to "different"."""
    frame = taken().frame.copy()
    numbers = {name: n for n, name in enumerate(frame["listener"].unique())}
    lean = frame["listener"].map(lambda name: 2 if numbers[name] % 2 else -2)
    asked = frame["question"].eq("same_different").fillna(False).astype(bool)
    frame.loc[asked, "value_number"] += lean[asked]
    tables = {one.key: one for one in reidentification.tables(Answers(taken().study, frame))}
    alone, pooled = (
        {row["system"]: row for row in tables[key].where(exclusions="applied")}
        for key in ("equivalence", "reidentification_pooled")
    )
    for system in ("original", "mcadams"):
        assert alone[system]["auc"] == pytest.approx(whole()[system]["value"])
        assert pooled[system]["auc"] < whole("reidentification_pooled")[system]["auc"] - 0.02


def test_chance_is_declared_for_whom_nobody_recognises_only():
    rows = whole("equivalence")
    assert rows["original"]["verdict"] == rows["mcadams"]["verdict"] == "above chance"
    assert rows["devoiced"]["verdict"] in ("chance within the margin", "undecided")
    assert rows["devoiced"]["p"] < rows["mcadams"]["p"]
    assert all(row["margin"] == taken().study.analysis.auc_margin for row in rows.values())


def test_the_pooled_area_is_scikit_learns():
    own = taken().rated("same_different").query("system == 'mcadams'")
    expected = roc_auc_score(own["same"].astype(bool), own["value_number"].astype(float))
    row = whole("reidentification_pooled")["mcadams"]
    assert row["auc"] == pytest.approx(expected)
    assert row["auc_low"] < row["auc"] < row["auc_high"]
    assert row["eer_low"] < row["eer"] < row["eer_high"]


def test_the_curve_runs_from_never_to_always():
    points = list(found()["roc"].where(system="mcadams"))
    assert points[0]["threshold"] is None
    assert (points[0]["hit_rate"], points[-1]["hit_rate"]) == (0, 1)
    rates = [(point["false_alarm_rate"], point["hit_rate"]) for point in points]
    assert rates == sorted(rates)
    assert len(points) == 7


def test_each_sex_has_rows_of_its_own():
    sexes = {row["sex"] for row in found()["reidentification"].rows}
    assert sexes == {"all", "F", "M"}
    both = sum(row["answers"] for row in found()["reidentification"].where(exclusions="none", sex="all"))
    raw = taken().rated("same_different", "none")
    assert both <= len(raw)


def test_each_rung_has_rows_of_its_own():
    design = {"rungs": ["unfamiliar", "familiar"], **analysed.ROOM}
    study = planning.study([planning.SAME], design=design)
    rows = reidentification.tables(analysed.of(study, listeners=12))[0].rows
    assert {row["rung"] for row in rows} == {"all", "unfamiliar", "familiar"}


def test_exclusions_stand_beside_all_answers():
    study = planning.study([planning.SAME], design=analysed.ROOM)
    taken = analysed.of(study, listeners=24, inattentive=frozenset(range(8)), d_prime=TRUTH)
    table = reidentification.tables(taken)[0]
    with_rules, without = (
        {row["system"]: row for row in table.where(exclusions=one, sex="all", rung="all")}
        for one in ("applied", "none")
    )
    assert with_rules["original"]["value"] > without["original"]["value"]
    assert with_rules["original"]["listeners"] < without["original"]["listeners"]


def test_masked_systems_stay_letters():
    table = reidentification.tables(analysed.answers([planning.SAME], masked=True))[0]
    assert {row["system"] for row in table.rows} <= {"A", "B", "C", "D"}


@pytest.mark.parametrize("study", [planning.study([planning.SAME]), planning.study([planning.MOS])])
def test_without_answers_every_table_says_why(study):
    tables = reidentification.tables(analysed.none(study))
    assert [table.key for table in tables] == list(KEYS)
    assert all(table.reason and not table.rows for table in tables)


def test_one_listener_gives_areas_without_intervals():
    table = reidentification.tables(analysed.answers([planning.SAME], listeners=1))[0]
    assert all("two listeners" in row["note"] or "No listener" in row["note"] for row in table.rows if row["answers"])
    assert all(row["low"] is None for row in table.rows)
