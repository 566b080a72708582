"""Counts of what listeners said, checked by hand; their own words stay with the owner."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from listening_test import export, screening, simulated_answers
from listening_test.analysis import questionnaire
from listening_test.analysis.answers import Answers
from listening_test.analysis.public import public
from listening_test.analysis.results import Results
from listening_test.analysis.table import Table
from listening_test.simulated_listener import ability
from tests.listening_test import analysed, planning

OWN = [
    {
        "key": "musician",
        "widget": "choice",
        "text": {"en": "Do you play?"},
        "options": {"y": {"en": "Yes"}, "n": {"en": "No"}},
    },
    {
        "key": "effort",
        "widget": "scale",
        "text": {"en": "How hard was it?"},
        "points": 3,
        "low": {"en": "easy"},
        "high": {"en": "hard"},
    },
    {"key": "strategy", "widget": "text", "text": {"en": "How did you decide?"}},
]


def raw(count: int = 6, **parts: Any) -> tuple[Any, list[dict[str, Any]]]:
    study = planning.study([planning.MOS], design=analysed.ROOM, questionnaire=OWN, **parts)
    rows = simulated_answers.rows(study, planning.clips(), ability(study), listeners=count, origin="participant")
    return study, rows


def of(study, rows) -> tuple[Table, Table]:
    counts, comments = questionnaire.tables(Answers(study, export.frame(rows, study)))
    return counts, comments


def says(rows: list[dict[str, Any]], listener: str, question: str, value: str) -> None:
    """Changes an answer, or adds it where the listener left the question open."""
    own = [row for row in rows if row["listener"] == listener]
    given = [row for row in own if row["question"] == question]
    for row in given:
        row["value"] = value
    if not given:
        rows.append(
            {**own[-1], "kind": "step", "task": "", "question": question, "value": value, "truth": {}, "sounds": []}
        )


def counted(table: Table, question: str) -> dict[Any, Any]:
    return {row["value"]: row["listeners"] for row in table.where(question=question)}


def test_answers_are_counted_also_those_that_nobody_gave():
    study, rows = raw()
    for listener, musician, effort in zip(("L1", "L2", "L3", "L4"), "yyny", "1133", strict=True):
        says(rows, listener, "musician", musician)
        says(rows, listener, "effort", effort)
    for listener in ("L5", "L6"):
        rows = [row for row in rows if row["listener"] != listener or row["question"] not in ("musician", "effort")]
    says(rows, "L2", "hearing", "impaired")
    counts, _ = of(study, rows)
    assert counted(counts, "musician") == {"y": 3, "n": 1, "no answer": 2}
    assert counted(counts, "effort") == {"1": 2, "2": 0, "3": 2, "no answer": 2}
    assert counted(counts, "hearing") == {"normal": 5, "impaired": 1, "unsaid": 0}
    assert counted(counts, "fluency") == {"first": 6, "fluent": 0, "some": 0, "none": 0}
    assert counted(counts, "device") == {"pointer": 6, "touch": 0}
    assert counted(counts, "language") == {"en": 6}


def test_every_question_counts_every_listener_once():
    counts, _ = of(*raw(5))
    sums = Counter()
    for row in counts.rows:
        sums[row["question"]] += int(row["listeners"])
    assert set(sums) == {"language", "device", "headphone_score", "hearing", "fluency", "musician", "effort"}
    assert set(sums.values()) == {5}


def test_answers_are_told_in_the_words_that_listeners_read():
    counts, _ = of(*raw(2))
    words = {(row["question"], row["value"]): row["label"] for row in counts.rows}
    assert words["musician", "y"] == "Yes"
    assert words["effort", "1"] == "easy"
    assert words["effort", "2"] == ""
    assert words["effort", "3"] == "hard"
    assert words["hearing", "unsaid"] == "I would rather not say"
    assert words["headphone_score", "5"] == "5 of 6 right"


def test_the_score_of_headphones_is_that_of_screening():
    study, rows = raw(30)
    check = [row for row in rows if row["question"] == "headphone_softest"]
    for number, row in enumerate(check):
        if number % 5 == 0:
            row["value"] = next(value for value in "123" if value != row["truth"]["correct"]["headphone_softest"])
    expected = Counter(
        str(screening.headphones_score([row for row in rows if row["listener"] == f"L{number}"]))
        for number in range(1, 31)
    )
    found = {value: number for value, number in counted(of(study, rows)[0], "headphone_score").items() if number}
    assert found == expected
    assert len(found) > 1


def test_the_better_of_two_attempts_counts():
    study, rows = raw(1)
    check = [dict(row) for row in rows if row["question"] == "headphone_softest"]
    for row in check:
        row["attempt"] = 2
    first = [row for row in rows if row["question"] == "headphone_softest"]
    for row in first:
        row["value"] = "none of them"
    for row in check:
        row["value"] = row["truth"]["correct"]["headphone_softest"]
    assert counted(of(study, rows + check)[0], "headphone_score")["6"] == 1


def test_only_those_who_finished_are_counted():
    study, rows = raw(4)
    for row in rows:
        row["listener_state"] = "taking" if row["listener"] == "L1" else "finished"
    assert counted(of(study, rows)[0], "language") == {"en": 3}
    for row in rows:
        row["listener_state"] = "taking"
    counts, _ = of(study, rows)
    assert not counts.rows
    assert counts.reason == questionnaire.NOBODY


def test_questions_that_are_not_asked_have_no_row():
    study, rows = raw(2, screening={"hearing": False, "fluency": "off", "headphones": "off"})
    assert {row["question"] for row in of(study, rows)[0].rows} == {"language", "device", "musician", "effort"}


def test_words_are_for_the_owner_alone():
    study, rows = raw(3)
    says(rows, "L1", "comment", "The second voice is my aunt's.")
    says(rows, "L2", "comment", "   ")
    says(rows, "L3", "comment", "All was fine.")
    says(rows, "L2", "strategy", "By the accent")
    counts, comments = of(study, rows)
    assert [(row["question"], row["comment"]) for row in comments.rows] == [
        ("strategy", "By the accent"),
        ("comment", "All was fine."),
        ("comment", "The second voice is my aunt's."),
    ]
    assert not comments.public
    assert counts.public
    assert "strategy" not in {row["question"] for row in counts.rows}
    shown = str(public(Results({}, {table.key: table for table in (counts, comments)})).to_json())
    assert "aunt" not in shown
    assert "accent" not in shown


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({}, "Nobody has written anything yet."),
        ({"comment": False, "questionnaire": OWN[:1]}, "This study asks for no comments."),
    ],
)
def test_without_comments_the_table_says_why(parts, reason):
    study = planning.study([planning.MOS], design=analysed.ROOM, **parts)
    assert questionnaire.tables(analysed.none(study))[1].reason == reason


def test_nobody_came():
    counts, comments = questionnaire.tables(analysed.none())
    assert (counts.rows, comments.rows) == ((), ())
    assert counts.reason == questionnaire.NOBODY
