"""What anybody may see of results: no comments, and numbers in place of the names of people and recordings."""

from __future__ import annotations

import json

from listening_test.analysis.public import public
from listening_test.analysis.results import Results
from listening_test.analysis.table import Column, Table


def table(key: str, names: str, *rows: tuple, **texts: object) -> Table:
    columns = tuple(Column(name, "") for name in names.split())
    filled = [dict(zip(names.split(), row, strict=True)) for row in rows]
    return Table(key, key, columns, rows=tuple(filled), **texts)


WORST = table(
    "worst_speakers",
    "system speaker value note",
    ("mcadams", "Ada", 0.7, "Ada-2 is not Ada: only 3 answers of Ada."),
    ("mcadams", "Zoe", 0.5, ""),
    notes=("Ada is recognised best, Adam by nobody.",),
    reason="No answers for Zoe.",
)
PAIRS = table("machine", "speaker other_speaker clip score", ("Zoe", "Ada", "a/1", 0.3), ("Zoe", None, "z/2", 0.1))
OTHER = table("mos", "system value", ("mcadams", 3.0), notes=("Ada is a word like any other here.",))
COMMENTS = table("comments", "comment", ("I know this voice: it is Ada.",), public=False)


def shown() -> Results:
    return public(Results({"title": "T"}, {one.key: one for one in (WORST, PAIRS, OTHER, COMMENTS)}))


def test_comments_are_not_there():
    assert list(shown().tables) == ["worst_speakers", "machine", "mos"]
    assert "I know this voice" not in json.dumps(shown().to_json())


def test_a_name_is_the_same_number_in_every_table():
    tables = shown().tables
    assert [row["speaker"] for row in tables["worst_speakers"].rows] == ["Speaker 1", "Speaker 2"]
    pairs = tables["machine"].rows
    assert [row["speaker"] for row in pairs] == ["Speaker 2", "Speaker 2"]
    assert [row["other_speaker"] for row in pairs] == ["Speaker 1", None]
    assert [row["clip"] for row in pairs] == ["Recording 1", "Recording 2"]
    assert [row["score"] for row in pairs] == [0.3, 0.1]


def test_sentences_name_nobody_either():
    worst = shown().tables["worst_speakers"]
    assert worst.notes == ("Speaker 1 is recognised best, Adam by nobody.",)
    assert worst.reason == "No answers for Speaker 2."
    assert worst.rows[0]["note"] == "Ada-2 is not Speaker 1: only 3 answers of Speaker 1."


def test_all_else_stays():
    assert shown().tables["mos"] == OTHER
    assert shown().about == {"title": "T"}
    assert public(Results({}, {})).tables == {}
