"""analyse, report and preregister on the command line, with the database and without it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from listening_test import answers_file, export, power
from listening_test.__main__ import main
from listening_test.analysis import results
from listening_test.analysis.answers import Answers
from listening_test.analysis.table import Column, Table
from listening_test.reporting import plain
from listening_test.store import Store
from listening_test.study import StudyError
from tests.listening_test import analysed, known_tables
from tests.web import known_results


@pytest.fixture(autouse=True)
def two_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what takes no time: what the tables hold is tested elsewhere."""
    monkeypatch.setattr(results, "PARTS", ("listeners",))
    monkeypatch.setattr(power, "expected", lambda study, clips: known_tables.table("power", [{"goal": "all of it"}]))
    monkeypatch.setattr(results, "EXTRAS", ())
    monkeypatch.setattr(results, "_tables", lambda part, answers: [counted(answers), known_tables.comments()])


def counted(answers: Answers) -> Table:
    """How many rated answers each system has."""
    rated = answers.frame[answers.frame["kind"] == "rated"]
    rows = [{"system": system, "answers": len(found)} for system, found in rated.groupby("system")]
    columns = (Column("system", "Label"), Column("answers", "How many"))
    return Table("counted", "Counted", columns, reading="More is more.", caution="Counts only.").filled(rows)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the tiny study, closed, that two people took, and its YAML file's name."""
    url = f"sqlite:///{tmp_path_factory.mktemp('commands') / 'study.db'}"
    with Store.open(url) as store:
        known_results.taken(store, listeners=2)
    return url


def run(*args: Any) -> int:
    return main([str(arg) for arg in args])


def test_analyse_prints_tables_with_how_to_read_them(database: str, capsys: pytest.CaptureFixture):
    assert run("analyse", "tiny", "--database", database) == 0
    said = capsys.readouterr().out
    assert "Counted (counted)" in said
    assert "More is more." in said
    assert "Caution: Counts only." in said
    assert "2 of 2 listeners" in said or "of 2 listeners" in said


def test_analyse_gives_one_table_and_names_the_others(database: str, capsys: pytest.CaptureFixture):
    assert run("analyse", "tiny", "--database", database, "--table", "counted", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [table["key"] for table in found["tables"]] == ["counted"]
    assert run("analyse", "tiny", "--database", database, "--table", "nothing") == 1
    assert "--table is one of counted, comments, but nothing came." in capsys.readouterr().err


def test_analyse_writes_a_folder(database: str, tmp_path: Path, capsys: pytest.CaptureFixture):
    assert run("analyse", "tiny", "--database", database, "--out", tmp_path / "out") == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"counted.csv", "comments.csv", "results.json"}
    rows = list(csv.DictReader((tmp_path / "out" / "counted.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["system"] for row in rows} >= {"original", "mcadams"}
    whole = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    assert results.Results.from_json(whole).about["study"] == "tiny"


def test_analyse_says_that_nobody_answered(database: str, capsys: pytest.CaptureFixture):
    assert run("analyse", "tiny", "--database", database, "--origin", "simulation") == 0
    assert "0 of 0 listeners used" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
def test_a_file_and_the_study_are_enough(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture):
    answers = analysed.answers(listeners=3)
    path, study = tmp_path / f"answers.{kind}", tmp_path / "planned.yaml"
    path.write_bytes(export.encode(answers.frame, kind))  # type: ignore[arg-type]
    study.write_text(yaml_of(answers.study), encoding="utf-8")
    assert run("analyse", study, "--answers", path, "--json") == 0
    said = capsys.readouterr()
    found = results.Results.from_json(json.loads(said.out))
    assert found.tables["counted"].rows == counted(answers).rows
    assert found.about["used"] == 3
    assert not said.err


def yaml_of(study: Any) -> str:
    """JSON is YAML."""
    values = study.model_dump(mode="json")
    values["clips"] = {"folder": "nowhere"}
    return json.dumps(values)


def test_somebody_elses_answers_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture):
    answers = analysed.answers(listeners=1)
    path, study = tmp_path / "answers.csv", tmp_path / "other.yaml"
    path.write_bytes(export.encode(answers.frame, "csv"))
    study.write_text(yaml_of(answers.study.model_copy(update={"name": "other"})), encoding="utf-8")
    assert run("analyse", study, "--answers", path) == 1
    assert "Answers of other were expected, but the file has those of planned." in capsys.readouterr().err


def test_letters_are_known_as_letters():
    masked = analysed.answers(listeners=1, masked=True)
    clear = analysed.answers(listeners=1)
    assert answers_file.check(masked.frame, masked.study)
    assert not answers_file.check(clear.frame, clear.study)
    odd = clear.frame.assign(system="gone")
    with pytest.raises(StudyError, match="but gone came"):
        answers_file.check(odd, clear.study)


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
def test_a_table_that_was_written_is_read_as_it_was(kind: str, tmp_path: Path):
    answers = analysed.answers(analysed.EVERY_TASK, listeners=2)
    comment = "=1+1; -2\t@x"
    frame = answers.frame.copy()
    frame.loc[0, "value"] = comment
    frame["truth"] = frame["truth"].str.replace("speaker", "speaker; =a")
    path = tmp_path / f"a.{kind}"
    path.write_bytes(export.encode(frame, kind))  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(answers_file.read(path), frame, check_column_type=False)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"a,b\r\n1,2\r\n", "lacks watermark"),
        ("a.csv", b"", "is none"),
        ("a.parquet", b"nothing", "is none"),
        ("a.sqlite", b"nothing", "is none"),
        ("a.csv", b"\xff\xfe\x00", "is none"),
    ],
)
def test_what_is_no_export_is_refused(name: str, content: bytes, words: str, tmp_path: Path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=words):
        answers_file.read(tmp_path / name)


@pytest.mark.parametrize("name", ["gone.csv", "gone.parquet", "gone.sqlite"])
def test_a_file_that_is_not_there_is_named(name: str, tmp_path: Path):
    with pytest.raises(StudyError, match="but there is no"):
        answers_file.read(tmp_path / name)


def test_report_writes_one_file_and_notes_it(database: str, tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "deep" / "report.html"
    assert run("report", "tiny", "--database", database, "--out", out) == 0
    assert "opens without a network" in capsys.readouterr().out
    assert [path.name for path in out.parent.iterdir()] == ["report.html"]
    assert "A tiny study of every task" in out.read_text(encoding="utf-8")
    with Store.open(database) as store:
        info = store.find("tiny")
        assert info is not None
        assert "reported" in {event.kind for event in store.events(info.id)}


def test_preregister_of_the_database_says_that_it_is_late(database: str, tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "prereg.md"
    assert run("preregister", "tiny", "--database", database, "--out", out) == 0
    said = capsys.readouterr()
    assert "Made after opening: the study is closed" in said.err
    assert "Made after opening" in out.read_text(encoding="utf-8")


def test_preregister_of_a_file_needs_no_database(tmp_path: Path, capsys: pytest.CaptureFixture):
    out = tmp_path / "prereg.json"
    nowhere = f"sqlite:///{tmp_path / 'none.db'}"
    assert run("preregister", "assets/studies/demo.yaml", "--database", nowhere, "--out", out) == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["study"] == "demo"
    assert found["warning"] == ""
    assert "title:" in found["yaml"]
    assert found["expected"]["rows"] == [["all of it"]]
    assert found["digest"] in capsys.readouterr().out
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("command", [("analyse",), ("report", "--out", "x.html"), ("preregister", "--out", "x.md")])
def test_a_study_that_is_not_there_is_a_sentence(command: Any, database: str, capsys: pytest.CaptureFixture):
    assert run(command[0], "nothing", *command[1:], "--database", database) == 1
    assert "A study of the database was expected (tiny), but nothing came" in capsys.readouterr().err


def test_text_and_csv_of_every_kind_of_table():
    found = known_tables.results()
    said = plain.text(found)
    for table in found.tables.values():
        assert table.title in said
        rows = list(csv.reader(io.StringIO(plain.csv_of(table).decode("utf-8"))))
        assert rows[0] == [column.name for column in table.columns]
        assert len(rows) == 1 + len(table.rows)


def test_csv_holds_nothing_that_a_spreadsheet_would_run():
    table = known_tables.table("comments", [{"comment": "=cmd()"}, {"comment": "-1"}])
    assert plain.csv_of(table).decode("utf-8").splitlines() == ["comment", "'=cmd()", "-1"]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [(None, "–"), ("", "–"), (True, "yes"), (3, "3"), (3.14159, "3.142"), (0.00001, "1.0e-05"), (120.0, "120")],
)
def test_cells_for_a_terminal(cell: Any, shown: str):
    assert plain.shown(cell) == shown
