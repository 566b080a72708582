"""The page about evaluation runs without a browser: what it shows, what goes out as files, and what never does."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from evaluation import published
from evaluation.figures.conditions import conditions, label
from evaluation.run_tables import TABLES
from evaluation.runs import Run
from tests.evaluation import example_run
from web import evaluation_runs, routes_machines
from web.components.result_figures import ResultFigures
from web.evaluation_runs import EvaluationRuns, condition_of
from web.pages import machines_words as words
from web.pages.machines import ATTACKED, OTHERS, MachinesPage
from web.settings import Settings

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    example_run.write(folder / "small-study")
    (folder / "going" / "facts").mkdir(parents=True)
    (folder / "small-study" / "embeddings").mkdir()
    (folder / "small-study" / "embeddings" / "house.parquet").write_bytes(b"voiceprints")
    return folder


@pytest.fixture(scope="module")
def runs(folder: Path) -> EvaluationRuns:
    return EvaluationRuns([folder])


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return Run(folder / "small-study")


@pytest.fixture(scope="module")
def page(runs: EvaluationRuns) -> MachinesPage:
    return made(runs)


@pytest.fixture(scope="module")
def client(runs: EvaluationRuns) -> TestClient:
    app = FastAPI()
    app.include_router(routes_machines.router(runs))
    return TestClient(app)


def made(runs: EvaluationRuns) -> MachinesPage:
    with gr.Blocks(analytics_enabled=False):
        return MachinesPage(runs)


def whole(page: MachinesPage, name: str = "", attack: str = "", papers: bool = True) -> dict[Any, Any]:
    """Everything that comes when a run is chosen: what is quick, and then the rest."""
    first = page._shown(name)
    return first | page._rest(first[page.list]["value"], attack or first[page.attack]["value"], papers)


def figures(page: MachinesPage, update: dict[Any, Any]) -> int:
    """How many figures an update shows."""
    outputs = [*page.attacked.outputs, *page.others.outputs]
    columns = outputs[:: ResultFigures.WIDTH]
    return sum(bool(update[column]["visible"]) for column in columns if column in update)


def test_a_run_is_shown_whole(page: MachinesPage, run: Run) -> None:
    update = whole(page, "small-study")
    assert figures(page, update) == 13
    assert update[page.problem] == ""
    heading = update[page.heading]
    assert "3 systems beside the original" in heading
    assert "against house, semi-informed; one utterance enrols; LibriSpeech; 8 speakers" in heading
    assert heading.count('href="#figure-') == 13
    every = conditions(run)
    assert update[page.attack]["choices"] == [(label(one, every), one.key) for one in every]
    assert update[page.attack]["value"] == every[0].key
    further = update[page.further]
    for name in TABLES:
        assert f'href="machines/small-study/{name}.csv"' in further
    assert "embeddings" not in further
    text = str(list(update.values()))
    assert "/somebody/secret" not in text


def test_the_first_run_with_figures_comes_without_an_address(page: MachinesPage) -> None:
    update = page._shown("")
    assert update[page.list]["value"] == "small-study"
    assert update[page.list]["choices"] == ["going", "small-study"]
    assert update[page.list]["visible"]
    assert update[page.problem] == ""


def test_an_address_that_is_none_says_so_and_shows_another(page: MachinesPage) -> None:
    update = page._shown("../secret")
    assert words.UNKNOWN in update[page.problem]
    assert update[page.list]["value"] == "small-study"


def test_figures_come_after_the_heading(page: MachinesPage) -> None:
    first = page._shown("small-study")
    assert figures(page, first) == 2
    assert first[page.further] == ""


def test_another_attack_changes_its_figures_and_the_heading(page: MachinesPage) -> None:
    update = page._attacked("small-study", "mfcc/ignorant/single/LibriSpeech", True)
    assert not set(update) & set(page.others.outputs)
    assert figures(page, update) == 4
    assert "mfcc, ignorant; one utterance enrols" in update[page.heading]
    assert "not known: no EER under this attack is trusted" in update[page.heading]
    assert "Further measures of privacy" in update[page.heading]


@pytest.mark.parametrize("papers", [True, False])
def test_published_figures_can_be_taken_away(page: MachinesPage, papers: bool) -> None:
    update = page._attacked("small-study", "", papers)
    plot = update[page.attacked.outputs[2]]["value"]
    layer = [one for one in plot.data if one.legendgroup == "published"]
    assert bool(layer) == papers


def test_a_run_that_is_still_going_says_so(page: MachinesPage) -> None:
    update = whole(page, "going")
    assert "the run may still be going" in update[page.heading]
    assert words.NO_FIGURES in update[page.heading]
    assert figures(page, update) == 0
    assert not update[page.choice]["visible"]


def test_without_runs_the_page_says_how_to_make_one_and_shows_papers(tmp_path: Path) -> None:
    page = made(EvaluationRuns([tmp_path / "nowhere"]))
    update = page._shown("")
    assert "python -m evaluation run" in update[page.empty]["value"]
    assert figures(page, update) == 1
    plot = update[page.attacked.outputs[2]]["value"]
    assert sum(len(one.x) for one in plot.data) == len(published.points("EER", "UAR"))
    assert not update[page.list]["visible"]
    assert words.UNKNOWN in page._shown("gone")[page.problem]


def test_a_run_that_went_away_is_no_traceback(page: MachinesPage) -> None:
    assert words.UNKNOWN in page._attacked("gone", "", True)[page.heading]
    assert set(page._rest("gone", "", True)) == {page.problem}
    assert set(page._rest(None, None, None)) == {page.problem}


def test_there_is_a_place_for_every_figure(runs: EvaluationRuns, run: Run) -> None:
    assert len(runs.attacked(run, None)) <= ATTACKED
    assert len(runs.others(run)) <= OTHERS


def test_names_of_folders_are_text(tmp_path: Path, folder: Path) -> None:
    shutil.copytree(folder / "small-study", tmp_path / HOSTILE)
    page = made(EvaluationRuns([tmp_path]))
    update = whole(page)
    assert update[page.list]["value"] == HOSTILE
    assert HOSTILE not in update[page.heading]
    assert HOSTILE not in update[page.further]
    feet = page.others.outputs[3 :: ResultFigures.WIDTH]
    assert all(HOSTILE not in str(update[foot]) for foot in feet)


def test_tables_are_files_for_everybody(client: TestClient, run: Run) -> None:
    for name in TABLES:
        answer = client.get(f"/machines/small-study/{name}.csv")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == f'attachment; filename="small-study-{name}.csv"'
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(rows) == len(run.table(name))
        assert list(rows[0]) == [column.name for column in TABLES[name]]


def test_the_report_is_a_file_for_everybody(client: TestClient) -> None:
    answer = client.get("/machines/small-study/report.html")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="small-study.html"'
    assert "<h1>small-study</h1>" in answer.text


@pytest.mark.parametrize(
    "path",
    ["small-study/house.csv", "small-study/embeddings.csv", "gone/figures.csv", "gone/report.html", "../figures.csv",
     "small-study/..%2Fembeddings%2Fhouse.csv", "small-study/provenance.csv", "small-study/embeddings/house.parquet"],
)  # fmt: skip
def test_nothing_else_goes_out(client: TestClient, path: str) -> None:
    answer = client.get(f"/machines/{path}")
    assert answer.status_code == 404
    assert "voiceprints" not in answer.text


def test_a_run_made_anew_is_read_again(tmp_path: Path, folder: Path) -> None:
    shutil.copytree(folder / "small-study", tmp_path / "run")
    runs = EvaluationRuns([tmp_path])
    before = runs.find("run")
    assert before is not None
    assert runs.find("run") is before
    assert runs.others(before) is runs.others(before)
    example_run.write(tmp_path / "run", seed=1)
    after = runs.find("run")
    assert after is not None
    assert after is not before
    assert not after.table("figures").equals(before.table("figures"))


def test_only_the_last_few_are_kept(tmp_path: Path) -> None:
    for number in range(evaluation_runs.KEPT_RUNS + 3):
        (tmp_path / f"run-{number}").mkdir()
    runs = EvaluationRuns([tmp_path])
    assert len(runs.listed()) == evaluation_runs.KEPT_RUNS + 3
    assert len(runs._runs) == evaluation_runs.KEPT_RUNS


def test_figures_that_fail_leave_the_tables(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, folder: Path
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("no plotly today")

    monkeypatch.setattr("evaluation.plots.attacked", broken)
    page = made(EvaluationRuns([folder]))
    update = whole(page, "small-study")
    assert figures(page, update) == 9
    assert "At a glance" in update[page.heading]
    assert "could not be drawn" in caplog.text


def test_an_unknown_attack_is_the_most_telling_one(run: Run) -> None:
    assert condition_of(run, "nonsense") == conditions(run)[0]


def test_where_runs_lie_is_a_setting(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).evaluations_dir == tmp_path / "evaluations"
    named = Settings.from_environment({"VOICEVEIL_EVALUATIONS": str(tmp_path / "runs")})
    assert named.evaluations_dir == tmp_path / "runs"
