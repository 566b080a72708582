"""The small study: what it asks for, and its tables, from a run of simulated numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from evaluation.options import parser as evaluation_parser
from experiments import paper_001
from experiments import paper_001_tables as printed
from tests.evaluation import example_run


@pytest.fixture
def out(tmp_path):
    for name in ("read", "emotional"):
        example_run.write(tmp_path / name)
    return tmp_path


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()]


def test_both_runs_are_asked_for_in_words_that_the_command_knows(tmp_path):
    args = paper_001.parser().parse_args(["--data", "dev", "--train", "train", "--out", str(tmp_path)])
    for asked in (paper_001.read_speech(args), paper_001.acted_speech(args)):
        known = evaluation_parser().parse_args(asked)
        assert known.systems == paper_001.SYSTEMS
    assert evaluation_parser().parse_args(paper_001.read_speech(args)).train_corpus == [paper_001.LEARNED]


def test_the_report_prints_what_the_tables_hold(out):
    figures = pd.read_parquet(out / "emotional" / "tables" / "figures.parquet")
    confusion = pd.read_parquet(out / "emotional" / "tables" / "confusion.parquet")
    head, _, first, *rest = cells(printed.emotions(figures, confusion))
    assert head == ["System", "angry", "happy", "neutral", "sad", "UAR", "sad heard as angry"]
    assert [first[0], *(row[0] for row in rest)] == ["original", *sorted(example_run.SYSTEMS[1:])]
    uar = printed.one(figures, system="original", kind="emotion", metric="UAR", sex="all")
    assert first[5] == printed.percent(uar)
    text = paper_001.report(out)
    assert "EER semi-informed" in text
    assert "Spectral kurtosis" in text


def test_the_order_of_medians_is_told():
    made = [
        {"system": system, "kind": "acoustics", "metric": "centroid", "group": emotion, "value": value}
        for system, values in {"original": (4.0, 3.0, 2.0, 1.0), "flat": (1.0, 3.0, 2.0, 1.0)}.items()
        for emotion, value in zip(printed.BY_AROUSAL, values, strict=True)
    ]
    *_, original, flat = cells(printed.medians(pd.DataFrame(made), "centroid"))
    assert original[-1] == "kept"
    assert flat[-1] == "not kept"


def test_a_question_that_several_figures_answer_is_refused(out):
    figures = pd.read_parquet(out / "read" / "tables" / "figures.parquet")
    with pytest.raises(ValueError, match="One figure was expected"):
        printed.one(figures, metric="EER")


def test_what_is_shipped_holds_neither_voices_nor_words(out, tmp_path):
    paper_001.ship(out, tmp_path / "shipped")
    found = {path.name for path in (tmp_path / "shipped" / "paper-001-read").rglob("*") if path.is_file()}
    assert found == {"provenance.json", "transcripts.parquet", *(f"{name}.parquet" for name in paper_001.SHIPPED)}
    assert pd.read_parquet(tmp_path / "shipped" / "paper-001-read" / "tables" / "transcripts.parquet").empty
