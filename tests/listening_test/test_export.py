"""The export: one tidy table, every column described, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening_test import export
from listening_test.study import Study

SOUND = {
    "slot": "first",
    "position": 0,
    "clip": "anna_1",
    "speaker": "anna",
    "sex": "F",
    "emotion": "",
    "system": "original",
    "level": "utterance",
    "plays": 2,
    "coverage": 0.99,
    "duration_s": 3.0,
}


def row(**more: Any) -> dict[str, Any]:
    """A row of the long table: a same-different answer."""
    return {
        "study": "demo",
        "study_version": 1,
        "digest": "ab12",
        "origin": "participant",
        "listener": "L1",
        "place": 0,
        "rung": "unfamiliar",
        "language": "en",
        "listener_state": "finished",
        "replaced": False,
        "device": "pointer",
        "enrolled_s": 1000.0,
        "finished_s": None,
        "position": 4,
        "block": "task",
        "kind": "rated",
        "task": "same-different",
        "question": "same_different",
        "value": "-3",
        "system": "mcadams",
        "truth": {"system": "mcadams", "same": False, "speaker": "anna", "other_speaker": "ida"},
        "sounds": [{**SOUND, "slot": "second", "position": 1, "system": "mcadams"}, SOUND],
        "response_time_s": 7.5,
        "issued_s": 1010.0,
        "received_s": 1018.0,
        "software_version": "0.1.0",
        "attempt": 1,
        **more,
    }


def study(**more: Any) -> Study:
    """A small study."""
    return Study.model_validate(
        {
            "name": "demo",
            "title": "Demo",
            "public_title": {"en": "Voices"},
            "languages": ["en"],
            "consent": {"version": "1", "text": {"en": "I agree."}},
            "clips": {"folder": "voices"},
            "systems": ["original", "low-anchor", "mcadams", "devoiced"],
            "tasks": [{"type": "mos"}],
            "ethics": {
                "voices": "made by this project",
                "controller": "The owner",
                "clip_language": "English",
                "debrief": {"en": "Thanks."},
            },
            "thank_you": {"en": "Thank you."},
            **more,
        }
    )


def cells(table: pd.DataFrame) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(export.encode(table, "csv").decode("utf-8"), newline="")))


def test_truth_and_sounds_become_columns_in_the_order_heard():
    (flat,) = export.frame([row()]).to_dict("records")
    assert (flat["value"], flat["value_number"], flat["same"]) == ("-3", -3.0, False)
    assert (flat["speaker"], flat["other_speaker"]) == ("anna", "ida")
    assert (flat["sounds"], flat["sound_1_slot"], flat["sound_2_slot"]) == (2, "first", "second")
    assert (flat["sound_1_system"], flat["sound_2_system"]) == ("original", "mcadams")
    assert pd.isna(flat["finished_s"])
    assert pd.isna(flat["present"])


def test_right_and_accepted_answers_are_marked():
    right = row(truth={"correct": {"headphone_softest": "2"}}, question="headphone_softest", value="2")
    wrong = {**right, "value": "3"}
    gold = row(truth={"expected": {"overall_quality": ["4", "5"]}}, question="overall_quality", value="3", kind="gold")
    table = export.frame([right, wrong, gold])
    assert list(table["correct"][:2]) == [True, False]
    assert list(table["as_expected"].isna()) == [True, True, False]
    assert (table["expected"][2], table["as_expected"][2]) == ("4|5", False)


@pytest.mark.parametrize(
    "rows", [[], [row()], [row(sounds=[]), row(sounds=[{**SOUND, "position": i} for i in range(10)])]]
)
def test_every_column_is_described_and_every_description_has_its_column(rows: list[dict[str, Any]]):
    table = export.frame(rows)
    described = set(re.findall(r"^\| `(\w+)` \|", export.codebook(), flags=re.MULTILINE))
    general = {re.sub(r"^sound_\d+_", "sound_N_", name) for name in table.columns}
    assert general <= described
    assert described - general <= {name for name in described if name.startswith("sound_N_")}
    assert all(len(column.meaning) > 10 for column in export.COLUMNS)


@pytest.mark.parametrize("kind", export.FORMATS)
def test_a_table_without_answers_is_a_file_with_columns(kind: export.Format):
    assert export.encode(export.frame([]), kind)


@pytest.mark.parametrize("evil", ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1"])
def test_text_that_would_run_is_disarmed_in_csv_alone(evil: str):
    table = export.frame([row(question="comment", value=evil)])
    assert cells(table)[0]["value"] == "'" + re.sub(r"(?<=[\t\r\n])=", "'=", evil)
    assert pd.read_parquet(io.BytesIO(export.encode(table, "parquet")))["value"][0] == evil


@pytest.mark.parametrize("number", ["-3", "+2", "5", "-0.5"])
def test_numbers_stay_numbers(number: str):
    assert cells(export.frame([row(value=number)]))[0]["value"] == number


@given(st.text(max_size=60).filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)))
def test_any_text_comes_back_from_csv_and_is_no_formula(text: str):
    (cell,) = [one["value"] for one in cells(export.frame([row(question="comment", value=text)]))]
    quotes = iter(text)
    assert all(char in quotes for char in cell.replace("'", ""))  # nothing is lost
    for part in re.split(r"[;\t\n]|\r\n?", cell):
        assert not part.lstrip(' "').startswith(("=", "@")) or part.startswith((" ", '"'))


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
@pytest.mark.parametrize("before", ["fine;", "fine; ", 'fine;"', "fine\t", "fine\n", "fine\r\n"])
def test_a_spreadsheet_that_parts_cells_elsewhere_finds_no_formula(before: str, sign: str):
    """In German, cells are parted at semicolons."""
    table = export.frame([row(question="comment", value=f"{before}{sign}1+1")])
    text = export.encode(table, "csv").decode()
    starts = [cell.lstrip(' "') for line in text.splitlines() for cell in re.split(r"[;\t]", line)]
    assert not [cell for cell in starts if cell.startswith(("=", "+", "-", "@", "＝"))]


def test_sqlite_holds_answers_and_codebook(tmp_path):
    path = tmp_path / "out.db"
    path.write_bytes(export.encode(export.frame([row(), row(value="2")]), "sqlite"))
    with closing(sqlite3.connect(path)) as connection:
        values = connection.execute("SELECT value, same, sound_2_system FROM answers").fetchall()
        meanings = dict(connection.execute('SELECT "column", meaning FROM codebook').fetchall())
    assert values == [("-3", 0, "mcadams"), ("2", 0, "mcadams")]
    assert meanings["value"] == "The answer as it was given"


def test_parquet_keeps_types():
    back = pd.read_parquet(io.BytesIO(export.encode(export.frame([row()]), "parquet")))
    assert back["same"].dtype == "boolean"
    assert back["place"].dtype == "Int64"
    assert back["response_time_s"][0] == 7.5


def test_what_no_participant_said_is_watermarked():
    rows = [row(), row(origin="simulation", listener="L2")]
    assert list(export.frame(rows)["watermark"]) == ["", "SIMULATED, NOT PEOPLE"]
    assert export.watermark(export.frame(rows[:1])) == ""
    warning = export.watermark(export.frame(rows))
    assert warning == "SIMULATED, NOT PEOPLE"
    assert warning in export.codebook(warning)
    assert "SIMULATED" not in export.codebook()


def test_masking_hides_every_label_everywhere():
    one = study()
    letters = export.masks(one)
    assert sorted(letters.values()) == ["A", "B", "C", "D"]
    table = export.frame(export.masked([row()], one))
    assert table["system"][0] == letters["mcadams"]
    assert table["sound_1_system"][0] == letters["original"]
    shown = "\n".join(table.astype("string").fillna("").iloc[0])
    assert not any(label in shown for label in ("mcadams", "original"))


def test_letters_go_on_after_z():
    one = study(systems=[{"system": "mcadams", "label": f"m{i}"} for i in range(30)])
    assert len(set(export.masks(one).values())) == 30
    assert {"Z", "AA", "AD"} <= set(export.masks(one).values())
