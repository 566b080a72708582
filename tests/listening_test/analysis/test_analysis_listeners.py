"""Who took part and who is left out: counted again by hand, and every sentence of screening belongs to one rule."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listening_test import export, screening, simulated_answers
from listening_test.analysis import listeners
from listening_test.analysis.answers import Answers
from listening_test.simulated_listener import ability
from tests.listening_test import analysed, planning


def both(answers: Answers):
    return listeners.tables(answers)


def raw(count: int, **parts):
    study = planning.study([planning.MOS], design=analysed.ROOM, **parts)
    return study, simulated_answers.rows(study, planning.clips(), ability(study), listeners=count, origin="participant")


def of(study, rows) -> Answers:
    return Answers(study, export.frame(rows, study))


def test_listeners_are_counted_by_what_became_of_them():
    study, rows = raw(5)
    became = {"L1": "finished", "L2": "taking", "L3": "screened_out", "L4": "finished", "L5": "finished"}
    for row in rows:
        row["listener_state"] = became[row["listener"]]
        row["finished_s"] = row["enrolled_s"] + {"L1": 300, "L4": 600, "L5": 1500}.get(row["listener"], 0)
        row["finished_s"] = row["finished_s"] if became[row["listener"]] == "finished" else None
        row["replaced"] = row["listener"] == "L2"
        if row["listener"] == "L5" and row["kind"] == "rated":
            row["value"] = "3"
    (counts,) = both(of(study, rows))[0].rows
    assert counts == {
        "enrolled": 5,
        "finished": 3,
        "screened_out": 1,
        "replaced": 1,
        "used": 2,
        "excluded": 1,
        "median_minutes": 10.0,
    }


def test_every_rule_is_counted_also_when_nobody_broke_it():
    study, rows = raw(4)
    for row in rows:
        if row["listener"] == "L2" and row["kind"] == "rated":
            row["value"] = "3"
        if row["listener"] == "L3":
            row["listener_state"] = "taking"
    counted = {row["reason"]: row["listeners"] for row in both(of(study, rows))[1].rows}
    assert counted == {
        "did not finish": 1,
        "was sent back by the study": 0,
        "passed fewer than 1 of 2 attention checks": 0,
        "answered half or fewer of the items with a known answer as expected": 0,
        "gave almost the same rating throughout (variance below 0.1)": 1,
    }


def test_rules_that_the_study_does_not_have_are_not_listed():
    off = {"attention_checks": 0, "attention_pass": 0, "gold": 0, "min_rating_variance": 0}
    study, rows = raw(2, screening=off)
    assert [row["reason"] for row in both(of(study, rows))[1].rows] == ["did not finish", "was sent back by the study"]


@settings(max_examples=10, deadline=None)
@given(st.sets(st.integers(0, 5)), st.integers(0, 3), st.booleans(), st.booleans())
def test_each_reason_of_screening_is_counted_under_one_rule(careless, needed, flat, unfinished):
    study, rows = raw(6, screening={"attention_pass": needed, "gold": 3})
    for row in rows:
        place = row["place"]
        if place in careless:
            row["value"] = "3" if flat or row["kind"] != "rated" else row["value"]
            row["listener_state"] = "taking" if unfinished else "finished"
    by_listener: dict[str, list] = {}
    for row in rows:
        by_listener.setdefault(row["listener"], []).append(row)
    reasons = [reason for own in by_listener.values() for reason in screening.screen(study, own).reasons]
    table = both(of(study, rows))[1]
    rules = list(listeners._rules(study))
    assert sum(int(row["listeners"]) for row in table.rows) == len(reasons)
    assert len(table.rows) == len(rules)
    assert all(sum(rule.words in reason for rule in rules) == 1 for reason in reasons)


def test_a_reason_that_no_rule_knows_is_listed_in_its_own_words():
    answers = analysed.answers(listeners=3)
    answers.frame["reasons"] = "the dog ate the answers"
    table = both(answers)[1]
    assert table.rows[-1] == {"reason": "the dog ate the answers", "listeners": 3}


def test_nobody_came():
    counts, exclusions = both(analysed.none())
    assert counts.reason == exclusions.reason == listeners.NOBODY
    assert counts.rows[0]["enrolled"] == 0
    assert counts.rows[0]["median_minutes"] is None
    assert {row["listeners"] for row in exclusions.rows} == {0}


@pytest.mark.parametrize(
    ("hearing", "fluency", "expected"),
    [
        (
            True,
            "recorded",
            (
                "Sent back during the study is who does not pass these checks: headphones.",
                "Recorded, but excludes nobody: hearing, language.",
            ),
        ),
        (False, "off", ("Sent back during the study is who does not pass these checks: headphones.",)),
    ],
)
def test_what_is_checked_but_excludes_nobody_is_said(hearing, fluency, expected):
    study, rows = raw(1, screening={"hearing": hearing, "fluency": fluency})
    assert both(of(study, rows))[1].notes == expected
