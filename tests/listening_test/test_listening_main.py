"""The command line of studies: from a YAML file to a table, mistakes as sentences on stderr."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from audio.clip import encode_wav
from listening_test.__main__ import COMMANDS, default_database, main
from listening_test.arguments import EXAMPLES
from tests.conftest import synthetic_voice

YAML = """
name: small
title: A small study
public_title: {en: Voices}
languages: [en]
consent: {version: "1", text: {en: You will hear voices.}}
clips: {folder: voices}
systems: [original, low-anchor, {system: mcadams, anchor: strong}]
tasks: [{type: mos, trials_per_system: 1}]
screening: {headphones: "off", attention_checks: 0, gold: 0}
design: {practice_trials: 0, original_after_anonymized: true}
limits: {listeners: 3, minutes: 2}
ethics:
  voices: Made by a formula, nobody's voice
  controller: The test bench
  clip_language: English
  listener_languages: [en]
  debrief: {en: It was a formula.}
thank_you: {en: Thank you.}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study's file and its voices."""
    home = tmp_path_factory.mktemp("study")
    (home / "voices").mkdir()
    (home / "small.yaml").write_text(YAML, encoding="utf-8")
    for i, name in enumerate(("anna_f_1", "ida_f_1", "ben_m_1", "tom_m_1")):
        clip = synthetic_voice(1.2, f0_hz=(210, 190, 110, 95)[i], seed=i)
        (home / "voices" / f"{name}.wav").write_bytes(encode_wav(clip))
    return home


@pytest.fixture(scope="module")
def rendered(folder: Path) -> Path:
    """A database with the study, rendered once by the command line."""
    path = folder / "rendered.db"
    assert main(["render", str(folder / "small.yaml"), "--database", f"sqlite:///{path}"]) == 0
    return path


@pytest.fixture
def database(rendered: Path, tmp_path: Path) -> list[str]:
    """--database with a copy of that database."""
    shutil.copy(rendered, tmp_path / "copy.db")
    return ["--database", f"sqlite:///{tmp_path / 'copy.db'}"]


def said(capsys: pytest.CaptureFixture) -> str:
    return capsys.readouterr().out.strip()


def test_check_finds_a_feasible_study_so_without_a_database(folder: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["check", str(folder / "small.yaml")]) == 0
    assert "small: feasible, 4 clips, 3 systems, 3 places" in said(capsys)
    assert not list(folder.glob("data"))


def test_check_says_what_is_wrong(folder: Path, capsys: pytest.CaptureFixture) -> None:
    path = folder / "unanchored.yaml"
    path.write_text(YAML.replace("[original, low-anchor, ", "[").replace(", anchor: strong", ""), encoding="utf-8")
    assert main(["check", str(path)]) == 1
    error = capsys.readouterr().err
    assert "error" in error
    assert "original" in error


def test_render_is_done_once(rendered: Path, folder: Path, capsys: pytest.CaptureFixture) -> None:
    capsys.readouterr()
    again = ["render", str(folder / "small.yaml"), "--database", f"sqlite:///{rendered}"]
    assert main(again) == 0
    assert said(capsys).startswith("small, version 1: ready, ")
    assert main(["render", "small", *again[2:]]) == 0
    assert said(capsys).startswith("small, version 1: ready, ")


def test_a_changed_file_is_an_update_before_opening_and_a_new_version_after(
    database: list[str], folder: Path, capsys: pytest.CaptureFixture
) -> None:
    changed = folder / "changed.yaml"
    changed.write_text(YAML.replace("minutes: 2", "minutes: 3"), encoding="utf-8")
    assert main(["render", str(changed), *database]) == 0
    assert "small, version 1: ready" in said(capsys)
    assert main(["open", "small", *database]) == 0
    assert main(["render", str(changed), *database]) == 0
    assert "small, version 1: open" in said(capsys)
    assert main(["render", str(folder / "small.yaml"), *database]) == 0
    assert "small, version 2: ready" in said(capsys)


def test_open_prints_the_link_and_list_tells_the_state(
    database: list[str], capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PUBLIC_URL", raising=False)
    assert main(["open", "small", "--public-url", "https://listen.example.org/", *database]) == 0
    first = capsys.readouterr()
    link = first.out.strip()
    assert link.startswith("https://listen.example.org/study/")
    assert first.err.startswith("Payment key: ")
    assert main(["open", "small", *database]) == 0
    second = capsys.readouterr()
    assert second.err == ""
    assert second.out.strip() == link.replace("https://listen.example.org", "http://127.0.0.1:7860")
    assert main(["list", "--json", *database]) == 0
    (listed,) = json.loads(said(capsys))
    assert (listed["name"], listed["state"], listed["places"]) == ("small", "open", 3)
    assert link.endswith(listed["path"])
    assert main(["close", "small", *database]) == 0
    assert said(capsys) == "small, version 1: closed"
    assert main(["list", *database]) == 0
    assert "closed" in said(capsys)


def test_simulated_listeners_take_it_and_their_answers_are_exported_apart(
    database: list[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert main(["simulate", "small", "--listeners", "3", "--mos", "mcadams=2.5", "--json", *database]) == 0
    told = json.loads(said(capsys))
    assert (told["finished"], told["errors"], told["origin"]) == (3, [], "simulation")
    out = tmp_path / "out" / "answers.csv"
    assert main(["export", "small", str(out), "--origin", "all", *database]) == 0
    captured = capsys.readouterr()
    assert "SIMULATED, NOT PEOPLE" in captured.err
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == int(captured.out.split()[0]) > 0
    assert {row["watermark"] for row in rows} == {"SIMULATED, NOT PEOPLE"}
    assert {row["system"] for row in rows} == {"", "A", "B", "C"}
    assert "SIMULATED" in (out.parent / "answers.codebook.md").read_text(encoding="utf-8")
    assert main(["export", "small", str(tmp_path / "people.csv"), *database]) == 0
    assert said(capsys) == "0 answers of 0 listeners"


@pytest.mark.parametrize(("name", "kind"), [("a.parquet", "parquet"), ("a.db", "sqlite"), ("a.dat", "csv")])
def test_the_format_follows_the_name(name: str, kind: str, database: list[str], tmp_path: Path) -> None:
    assert main(["export", "small", str(tmp_path / name), *database]) == 0
    start = {"parquet": b"PAR1", "sqlite": b"SQLite format 3", "csv": b"watermark,study"}[kind]
    assert (tmp_path / name).read_bytes().startswith(start)
    if kind == "sqlite":
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            assert connection.execute("SELECT count(*) FROM answers").fetchone() == (0,)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["check", "MISSING.yaml"], "A study's YAML file was expected"),
        (["check", "BROKEN.yaml"], "YAML was expected"),
        (["render", "MISSING.yaml", "DB"], "A study's YAML file was expected"),
        (["render", "nobody", "DB"], "A study of the database was expected (small), but nobody came"),
        (["open", "nobody", "DB"], "A study of the database was expected"),
        (["close", "nobody", "DB"], "A study of the database was expected"),
        (["export", "small", "OUT", "--version", "7", "DB"], "A study of the database was expected"),
        (["export", "small", "DIR", "DB"], "could not be used"),
        (["simulate", "small", "--mos", "mcadams", "DB"], "--mos takes SYSTEM=NUMBER, but 'mcadams' came"),
        (["simulate", "small", "--mos", "nobody=3", "DB"], "'nobody' came"),
        (["simulate", "small", "--d-prime", "mcadams=-1", "DB"], "d_prime is a number from 0 to 6, but -1 came"),
        (["simulate", "small", "--language", "de", "DB"], "--language is one of the study's (en), but de came"),
        (["list", "--database", "nonsense"], "database"),
    ],
)
def test_mistakes_are_sentences(
    args: list[str], words: str, database: list[str], folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "BROKEN.yaml").write_text("name: [", encoding="utf-8")
    places = {"DB": database, "OUT": [str(tmp_path / "out.csv")], "DIR": [str(tmp_path)]}
    places |= {f"{name}.yaml": [str(tmp_path / f"{name}.yaml")] for name in ("MISSING", "BROKEN")}
    assert main([part for arg in args for part in places.get(arg, [arg])]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert "Traceback" not in error
    assert error.rstrip().endswith((".", "?"))


@pytest.mark.parametrize("args", [[], ["check"], ["simulate", "x", "--inattentive", "2"], ["serve", "--workers", "0"]])
def test_wrong_usage_is_status_2(args: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(args)
    assert caught.value.code == 2


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_help_has_an_example(command: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as caught:
        main([*command.split(), "--help"])
    assert caught.value.code == 0
    shown = " ".join(said(capsys).split())
    assert EXAMPLES[command] in shown
    assert f"listening_test {command}".strip() in shown


def test_the_database_is_the_app_s_unless_named() -> None:
    assert default_database({"DATABASE_URL": "postgresql://db/x"}) == "postgresql://db/x"
    found = default_database({"VOICEVEIL_DATA": "elsewhere"})
    assert found == f"sqlite:///{Path('elsewhere/voiceveil.db').resolve().as_posix()}"


def test_simulating_a_closed_study_is_refused(database: list[str], capsys: pytest.CaptureFixture) -> None:
    assert main(["open", "small", *database]) == 0
    assert main(["close", "small", *database]) == 0
    assert main(["simulate", "small", *database]) == 1
    assert "small is closed" in capsys.readouterr().err
