"""Emotions heard, and line-ups."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, recall_score

from listening_test.analysis import emotion, line_up
from listening_test.analysis.answers import Answers
from tests.listening_test import analysed, planning

TRUTH = {"original": 0.9, "low-anchor": 0.5, "mcadams": 0.5, "devoiced": 1 / 3}


@cache
def felt() -> Answers:
    return analysed.answers([planning.EMOTION], listeners=40, emotion_accuracy=TRUTH, lapse_rate=0.0)


@cache
def picked() -> Answers:
    return analysed.answers([planning.LINE_UP], listeners=60, d_prime={"original": 4.0, "mcadams": 0.0}, lapse_rate=0.0)


def heard(system: str) -> tuple[np.ndarray, np.ndarray]:
    own = felt().rated("emotion").query("system == @system")
    return own["emotion"].to_numpy(str), own["value"].to_numpy(str)


@pytest.mark.parametrize("system", ["original", "mcadams", "devoiced"])
def test_recalls_and_their_mean_are_scikit_learns(system):
    acted, answered = heard(system)
    table = emotion.tables(felt())[0]
    rows = {(row["measure"], row["emotion"]): row["value"] for row in table.where(exclusions="applied", system=system)}
    assert rows["UAR", "all"] == pytest.approx(balanced_accuracy_score(acted, answered))
    each = recall_score(acted, answered, labels=list(planning.EMOTIONS), average=None)
    assert [rows["recall", one] for one in planning.EMOTIONS] == pytest.approx(each)
    shares = [rows["share of answers", one] for one in planning.EMOTIONS]
    assert sum(shares) == pytest.approx(1)
    assert rows["recall", "anger"] is not None


def test_the_original_is_the_ceiling_and_the_truth_is_covered():
    table = emotion.tables(felt())[0]
    rows = {row["system"]: row for row in table.where(exclusions="applied", measure="UAR")}
    assert next(iter(rows)) == "original"
    for system in ("original", "mcadams", "devoiced"):
        assert rows[system]["low"] - 0.05 < TRUTH[system] < rows[system]["high"] + 0.05


def test_every_cell_of_the_confusion_is_there():
    acted, answered = heard("mcadams")
    labels = list(planning.EMOTIONS)
    expected = confusion_matrix(acted, answered, labels=labels)
    rows = list(emotion.tables(felt())[1].where(system="mcadams"))
    assert [(row["acted"], row["answered"]) for row in rows] == [(a, b) for a in labels for b in labels]
    assert [row["answers"] for row in rows] == expected.ravel().tolist()
    sums = Counter()
    for row in rows:
        sums[row["acted"]] += row["share"]
    assert all(value == pytest.approx(1) for value in sums.values())


def test_intensity_is_the_mean_of_its_ratings():
    table = emotion.tables(felt())[0]
    own = felt().rated("intensity").query("system == 'mcadams'")
    (row,) = table.where(exclusions="applied", system="mcadams", measure="intensity", emotion="all")
    assert row["value"] == pytest.approx(own["value_number"].astype(float).mean())


def rates(system: str) -> dict[str, dict]:
    table = line_up.tables(picked())[0]
    return {row["measure"]: dict(row) for row in table.where(exclusions="applied", system=system, rung="all")}


def test_what_happens_in_a_line_up_adds_up():
    for system in ("original", "mcadams"):
        rows = rates(system)
        there = ("hit", "foil when present", "miss")
        assert sum(rows[name]["value"] for name in there) == pytest.approx(1)
        assert rows["false identification"]["value"] + rows["correct rejection"]["value"] == pytest.approx(1)


def test_who_hears_it_finds_the_person_and_who_does_not_guesses():
    assert rates("original")["hit"]["value"] > 0.9
    rows = rates("mcadams")
    assert rows["hit"]["chance"] == pytest.approx(1 / 3)
    assert rows["hit"]["value"] < 0.5
    designated = rows["false identification"]["value"] / 3
    assert rows["hit"]["value"] == pytest.approx(designated, abs=0.15)


def test_places_are_counted():
    table = line_up.tables(picked())[1]
    own = picked().rated("line_up")
    rows = list(table.where(system="all"))
    assert [row["position"] for row in rows] == [1, 2, 3]
    assert sum(row["shown"] for row in rows) == int(own["present"].sum())
    absent = own[~own["present"].astype(bool)]
    assert sum(row["chosen"] for row in rows) == int((absent["value"] != "none").sum())
    assert all(row["p"] > 0.001 for row in rows)


def test_people_who_pick_by_place_are_found_out():
    rng = np.random.default_rng(0)
    listeners = np.repeat(np.arange(30), 4)
    fair = line_up.permuted_p(rng.integers(1, 6, 120), listeners, 5, rng)
    first = line_up.permuted_p(np.where(rng.random(120) < 0.5, 1, rng.integers(1, 6, 120)), listeners, 5, rng)
    habits = line_up.permuted_p(np.repeat(rng.integers(1, 6, 30), 4), listeners, 5, rng)
    assert fair > 0.01
    assert first < 0.01
    assert habits > 0.01  # everybody has a place of their own: nothing about places in general


def test_picks_of_one_listener_tell_nothing():
    assert line_up.permuted_p(np.array([1, 1, 1]), np.array(["L1"] * 3), 3, np.random.default_rng(0)) is None


@pytest.mark.parametrize("module", [emotion, line_up])
@pytest.mark.parametrize("tasks", [[planning.EMOTION, planning.LINE_UP], [planning.MOS]])
def test_without_answers_tables_say_why(module, tasks):
    for table in module.tables(analysed.none(planning.study(tasks))):
        assert table.reason
        assert not table.rows


@pytest.mark.parametrize("module", [emotion, line_up])
def test_one_listener_is_no_error(module):
    table = module.tables(analysed.answers([planning.EMOTION, planning.LINE_UP], listeners=1))[0]
    assert table.rows
    assert all(row["low"] is None for row in table.rows)
