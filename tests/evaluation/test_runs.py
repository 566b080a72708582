"""Runs are read whole where they are whole, and in part, with sentences, where they are damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from evaluation.run_tables import TABLES
from evaluation.runs import Run, listed
from tests.evaluation import example_run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example_run.write(tmp_path_factory.mktemp("runs") / "small-study")


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def test_a_run_is_what_was_written(whole: Path) -> None:
    run = Run(whole)
    assert run.name == "small-study"
    assert run.problems == []
    assert run.shows
    assert run.provenance == example_run.provenance()
    for name, written in example_run.tables().items():
        assert_frame_equal(run.table(name), written)
        assert list(run.table(name).columns) == [column.name for column in TABLES[name]]


def test_only_tables_of_runs_are_read(whole: Path) -> None:
    with pytest.raises(KeyError, match=r"was expected, but '../embeddings/house' came"):
        Run(whole).table("../embeddings/house")


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"no parquet at all"])
def test_a_broken_table_is_a_sentence_and_the_others_are_shown(copy: Path, damage: bytes) -> None:
    (copy / "tables" / "speakers.parquet").write_bytes(damage)
    run = Run(copy)
    (sentence,) = run.problems
    assert sentence.startswith("copy: the table speakers could not be read (")
    assert len(run.table("speakers")) == 0
    assert list(run.table("speakers").columns) == [column.name for column in TABLES["speakers"]]
    assert len(run.table("figures")) > 0
    assert len(run.problems) == 1


def test_a_half_written_table_is_a_sentence(copy: Path) -> None:
    path = copy / "tables" / "figures.parquet"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    run = Run(copy)
    assert not run.shows
    assert "the table figures could not be read" in run.problems[0]


def test_damage_between_the_ends_is_a_sentence_once_it_is_read(copy: Path) -> None:
    path = copy / "tables" / "files.parquet"
    data = bytearray(path.read_bytes())
    data[4 : len(data) // 2] = b"\0" * (len(data) // 2 - 4)
    path.write_bytes(data)
    run = Run(copy)
    assert run.problems == []
    assert len(run.table("files")) == 0
    assert "the table files could not be read" in run.problems[0]


def test_missing_columns_are_named_and_left_empty(copy: Path) -> None:
    path = copy / "tables" / "figures.parquet"
    pd.read_parquet(path).drop(columns=["note", "low", "speakers"]).to_parquet(path)
    run = Run(copy)
    table = run.table("figures")
    assert run.problems == ["copy: the table figures lacks low, speakers, note; shown without."]
    assert set(table["note"]) == {""}
    assert table["low"].isna().all()
    assert set(table["speakers"]) == {0}


def test_text_where_numbers_belong_is_a_sentence(copy: Path) -> None:
    path = copy / "tables" / "figures.parquet"
    table = pd.read_parquet(path)
    table.assign(value="much").to_parquet(path)
    run = Run(copy)
    assert len(run.table("figures")) == 0
    assert "the table figures could not be read (ValueError" in run.problems[0]


@pytest.mark.parametrize("text", ["", "[1, 2]", "{", '{"a": 1', "[" * 100_000])
def test_provenance_that_is_none_is_a_sentence(copy: Path, text: str) -> None:
    (copy / "provenance.json").write_text(text)
    run = Run(copy)
    assert run.provenance == {}
    assert len(run.problems) == 1
    assert run.problems[0].startswith("copy: provenance.json could not be read (")


def test_a_folder_without_tables_says_that_the_run_may_still_be_going(tmp_path: Path) -> None:
    (tmp_path / "going" / "facts").mkdir(parents=True)
    (run,) = listed([tmp_path])
    assert not run.shows
    assert run.problems[-1].startswith("going: the tables of a run were expected in going/tables")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    run = Run(tmp_path / "gone")
    assert not run.shows
    assert run.problems == [f"{tmp_path / 'gone'}: the folder of a run was expected, but there is none."]


def test_runs_are_listed_by_name_and_no_two_share_one(tmp_path: Path) -> None:
    for place in ("shipped/b", "shipped/a", "own/b", "own/.hidden"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "own" / "readme.txt").write_text("no run")
    runs = listed([tmp_path / "shipped", tmp_path / "own", tmp_path / "nowhere"])
    assert [(run.name, run.folder.relative_to(tmp_path).as_posix()) for run in runs] == [
        ("a", "shipped/a"), ("b", "shipped/b"), ("b-2", "own/b"),
    ]  # fmt: skip


def test_the_token_changes_with_the_run(copy: Path) -> None:
    before = Run(copy).token
    assert Run(copy).token == before
    (copy / "provenance.json").write_text("{}")
    assert Run(copy).token != before
