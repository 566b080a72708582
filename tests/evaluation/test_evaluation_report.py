"""The report of a run: one file, everything in it, nothing that is nobody's business."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest

from evaluation import report, summary
from evaluation.figures import say
from evaluation.figures.conditions import Condition, conditions
from evaluation.figures.glance import glance, headline, measures
from evaluation.figures.glance import words as glance_words
from evaluation.figures.rows import chosen
from evaluation.reporting.about import without_folders
from evaluation.reporting.cautions import ALWAYS, cautions
from evaluation.reporting.numbers import codebook, laid
from evaluation.run_tables import TABLES
from evaluation.runs import Run
from tests.evaluation import example_run

HOUSE = Condition("house", "semi-informed", "single", "LibriSpeech")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(example_run.write(tmp_path_factory.mktemp("runs") / "small-study"))


@pytest.fixture(scope="module")
def page(run: Run) -> str:
    return report.html(run, condition=HOUSE).decode("utf-8")


def without_library(page: str) -> str:
    """The page without plotly's own code."""
    start = page.rindex("<script>", 0, page.rindex("<script>"))
    return page[:start] + page[page.index("</script>", start) :]


def test_it_says_what_was_tried_and_asks_no_network(page: str) -> None:
    own = without_library(page)
    assert "<h1>small-study</h1>" in own
    assert "3 systems beside the original on LibriSpeech (dev-clean) and EmoDB" in own
    assert "default-src 'none'" in own
    assert not re.findall(r"(?:src|href)=\"https?:", own)


def test_where_the_data_lay_is_nobodys_business(page: str) -> None:
    assert "/somebody/secret" not in page
    assert "…/EmoDB" in page
    assert "&#34;fidelity&#34;: &#34;house-weights&#34;" in page


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/home/me/data/EmoDB", "…/EmoDB"),
        ("run --data=/home/me/EmoDB --out /runs/first", "run --data=…/EmoDB --out …/first"),
        ("C:\\Users\\me\\EmoDB", "…/EmoDB"),
        ("VoicePrivacy 2024 / LibriSpeech", "VoicePrivacy 2024 / LibriSpeech"),
        ("https://docs.ray.io/en/latest", "https://docs.ray.io/en/latest"),
        ("runs/first", "runs/first"),
    ],
)
def test_folders_are_cut_off_paths(text: str, kept: str) -> None:
    assert without_folders({"a": [text]}) == {"a": [kept]}


def test_every_table_is_in_it_whole(run: Run, page: str) -> None:
    found = re.findall(r'download="small-study-(\w+)\.csv" href="data:text/csv;base64,([^"]+)"', page)
    assert {name for name, _ in found} == set(TABLES)
    for name, data in found:
        table = pd.read_csv(io.BytesIO(base64.b64decode(data)), keep_default_na=False)
        assert list(table.columns) == [column.name for column in TABLES[name]]
        assert len(table) == len(run.table(name))


def test_a_table_that_is_too_large_stays_in_its_folder(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "LARGEST_BYTES", 100_000)
    one = report._table(run, "curves")
    assert one["csv"] == ""
    assert "tables/curves.parquet in the folder of the run" in one["why"]


def test_every_condition_can_be_chosen(run: Run, page: str) -> None:
    keys = [one.key for one in conditions(run)]
    assert re.findall(r'<option value="([^"]+)">', page) == keys
    for figure in ("tradeoff", "attacks", "speakers", "det"):
        part = page[page.index(f'id="result-{figure}"') :].partition("</section>")[0]
        assert re.findall(r'data-condition="([^"]+)"', part) == keys
        assert part.count(" hidden>") == len(keys) - 1


def test_figures_in_it_are_json_that_cannot_end_the_script(page: str) -> None:
    figures = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.S)
    assert len(figures) == 4 * 6 + 9
    for text in figures:
        assert set(json.loads(text)) == {"data", "layout"}
        assert "<" not in text


def test_the_same_run_gives_the_same_bytes(tmp_path: Path, run: Run, page: str) -> None:
    path = tmp_path / "report.html"
    report.write(run, path, condition=HOUSE)
    assert path.read_text(encoding="utf-8") == page
    assert list(tmp_path.iterdir()) == [path]


def test_the_glance_has_the_numbers_of_the_table(run: Run) -> None:
    found = glance(run, HOUSE)
    assert [head.name for head in found.heads] == [
        "system", "EER", "worst speaker", "WER, pocketsphinx, LibriSpeech", "UAR, house-emotion, EmoDB",
    ]  # fmt: skip
    assert [row[0] for row in found.rows] == [say.name(system) for system in example_run.SYSTEMS]
    (eer,) = chosen(run.table("figures"), system="mcadams", metric="EER", sex="all", attacker="house",
                    attack="semi-informed")  # fmt: skip
    assert found.rows[1][1] == say.interval(eer)
    words = glance_words(run, HOUSE)
    assert "house, semi-informed; one utterance enrols; LibriSpeech; 8 speakers" in words
    assert headline(eer, HOUSE).startswith(f"EER {100 * eer['value']:.0f} % [")
    assert headline(eer, HOUSE).endswith("; 8 speakers")


def test_doubt_stands_beside_the_number(run: Run) -> None:
    found = glance(run, Condition("mfcc", "ignorant", "single", "LibriSpeech"))
    assert [row[1].partition("], ")[2] for row in found.rows] == ["doubtful", *["not to be trusted"] * 3]


def test_an_eer_that_could_not_be_had_is_a_dash(run: Run) -> None:
    found = glance(run, Condition("mfcc", "semi-informed", "single", "LibriSpeech"))
    assert found.rows[0][1] != "–"
    assert {row[0]: row[1] for row in found.rows}["Cascade (offline)"] == "–"


def test_further_measures_are_those_of_the_same_attack(run: Run) -> None:
    found = measures(run, HOUSE)
    assert [head.name for head in found.heads] == ["system", "mean speaker EER", "D_sys", "CMR@1"]
    (row,) = chosen(run.table("figures"), system="mcadams", metric="D_sys", attacker="house", attack="semi-informed")
    assert found.rows[1][2] == say.interval(row)
    assert len(measures(run, None).heads) == 1


def test_cautions_are_those_of_the_run(run: Run, tmp_path: Path) -> None:
    found = cautions(run)
    assert "Privacy rests on 8 speakers" in found[0]
    assert any(text.startswith("9 of 20 EERs are doubtful") for text in found)
    assert any("EER and UAR are of different data" in text for text in found)
    assert found[-len(ALWAYS) :] == list(ALWAYS)
    tables = example_run.tables()
    few = tables["figures"]
    few = few[(few["attack"] != "semi-informed") & (few["attacker"] != "text") & (few["kind"] == "privacy")]
    files = tables["files"].assign(state="done")
    files.loc[:4, ["state", "error"]] = ["failed", "It is no sound."]
    blank = {name: table.iloc[:0] for name, table in tables.items()}
    summary.write(blank | {"figures": few, "files": files}, tmp_path)
    found = cautions(Run(tmp_path))
    for part in ("No attacker learnt from anonymized speech", "Nobody attacked by the words alone",
                 "No emotion was recognised", "No words were recognised", "of 192 recordings failed"):  # fmt: skip
        assert any(part in text for text in found), part


def test_numbers_are_laid_out_with_notes_below(run: Run) -> None:
    rows = chosen(run.table("trust"))
    shown = laid(rows, "trust", most=5)
    assert len(shown.rows) == 5
    assert shown.more == len(rows) - 5
    assert shown.footnotes == ("The attacker is weak on originals.",)
    names = [head.name for head in shown.heads]
    assert "why" not in names
    assert [row[names.index("verdict")] for row in shown.rows[:2]] == ["trusted", "doubtful [1]"]
    assert [row[0] for row in codebook("trust").rows] == [column.name for column in TABLES["trust"]]


def test_a_broken_run_has_a_report_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "going").mkdir()
    page = report.html(Run(tmp_path / "going")).decode("utf-8")
    assert "There are no figures in this run." in page
    assert "the run may still be going" in page
    assert str(tmp_path) not in page


def test_what_people_wrote_stays_text(tmp_path: Path) -> None:
    tables = example_run.tables()
    hostile = "<img src=x onerror=alert(1)>"
    for name in ("figures", "speakers", "trust", "confusion", "files"):
        tables[name] = tables[name].assign(system=tables[name]["system"].replace("mcadams", hostile))
    tables["figures"]["note"] = "</script><script>alert(2)</script>"
    summary.write(tables, tmp_path)
    page = without_library(report.html(Run(tmp_path)).decode("utf-8"))
    assert hostile not in page
    assert "alert(2)</script>" not in page
