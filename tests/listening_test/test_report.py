"""The report: one file with everything in it, the same each time, masked while it must be, safe to open."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import html
import io
import json
import re
from typing import Any

import pandas as pd
import pytest

from listening_test import export, report
from listening_test.analysis import results as analysis
from listening_test.reporting import glance, layout, plain, rendered
from listening_test.reporting.limitations import limitations
from listening_test.store import Store
from listening_test.study import digest
from tests.listening_test import analysed, known_tables, planning
from tests.web import known_results

STUDY = planning.study(analysed.EVERY_TASK, design=analysed.ROOM)
CLIPS = planning.clips()
AT_S = 1_700_000_000.0


@pytest.fixture(scope="module")
def source() -> report.Source:
    answers = analysed.of(STUDY, listeners=4).frame
    results = known_tables.results(digest=digest(STUDY, CLIPS))
    sounds = [
        (f"speech/F00-0/{label}/utterance/", {"fidelity": "exact", "level_lufs": -26.0, "short_by_db": 0.2})
        for label in STUDY.labels
    ]
    return report.Source(STUDY, CLIPS, "name: planned\n", results, answers, sounds)


@pytest.fixture(scope="module")
def page(source: report.Source) -> str:
    return text_of(report.build(source, at_s=AT_S))


def text_of(made: report.Report) -> str:
    return made.files["report.html"].decode("utf-8")


def body(page: str) -> str:
    """The page without plotly.js and its own script."""
    return page[: page.rindex("<script>", 0, page.rindex("<script>"))]


def changed(source: report.Source, **parts: Any) -> report.Source:
    return dataclasses.replace(source, **parts)


def test_one_file_with_everything_in_it(page: str):
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)[^"']""", body(page))
    assert not re.search(r"url\(|@import", body(page))
    assert "default-src 'none'" in page
    assert page.count("plotly.js v") == 1


def test_the_same_source_at_the_same_time_gives_the_same_bytes(source: report.Source):
    assert report.build(source, at_s=AT_S) == report.build(source, at_s=AT_S)


def test_it_has_every_section(page: str):
    for id_ in ("glance", "methods", "results", "limitations", "answers"):
        assert f'id="{id_}"' in page


def test_every_public_table_is_there_once_with_its_method_and_file(source: report.Source, page: str):
    for key, table in source.results.tables.items():
        assert page.count(f'id="table-{key}"') == table.public, key
        if table.public:
            assert html.escape(table.method) in page
            (data,) = re.findall(rf'download="{key}.csv" href="data:text/csv;base64,([^"]+)"', page)
            assert base64.b64decode(data) == plain.csv_of(table)


def test_every_figure_is_there_and_reads_as_json(source: report.Source, page: str):
    found = re.findall(r'<script type="application/json" class="plot-data" data-for="plot-(\w+)">(.*?)</script>', page)
    assert len(found) == 18
    assert all(json.loads(data)["data"] for _, data in found)


def test_what_people_wrote_stays_with_the_owner(source: report.Source, page: str):
    assert "my aunt" not in page
    assert "comment" not in set(long_table(page)["question"])


def test_answers_are_inside_and_come_back(source: report.Source, page: str):
    rated = source.answers[source.answers["kind"] == "rated"]
    found = long_table(page)
    assert (found["kind"] == "rated").sum() == len(rated)
    assert set(found.columns) == set(source.answers.columns)


def long_table(page: str) -> pd.DataFrame:
    (data,) = re.findall(r'download="report.answers.csv.gz" href="data:application/gzip;base64,([^"]+)"', page)
    return pd.read_csv(io.BytesIO(gzip.decompress(base64.b64decode(data))), keep_default_na=False, dtype=str)


def test_answers_that_are_too_large_lie_beside_it(source: report.Source):
    made = report.build(source, "my.html", at_s=AT_S, largest_bytes=1000)
    assert set(made.files) == {"my.html", "my.answers.csv.gz"}
    assert made.notes == (made.notes[0],)
    assert "too large" in made.notes[0]
    assert "lie beside it: my.answers.csv.gz" in made.files["my.html"].decode()
    assert gzip.decompress(made.files["my.answers.csv.gz"]).startswith(b"watermark,study")


def test_the_digest_is_compared_with_the_frozen_one(source: report.Source, page: str):
    assert "the same as when it opened" in page
    other = changed(source, results=known_tables.results(digest="0" * 64))
    assert "NOT the one frozen at opening" in text_of(report.build(other, at_s=AT_S))


def test_simulated_answers_are_marked(source: report.Source):
    marked = changed(source, results=known_tables.results(watermark="SIMULATED, NOT PEOPLE"))
    text = body(text_of(report.build(marked, at_s=AT_S)))
    assert '<p class="mark">SIMULATED, NOT PEOPLE</p>' in text
    assert "say nothing about people" in text


def test_nothing_of_a_study_becomes_markup(source: report.Source):
    evil = "</script><img src=x onerror=alert(1)>"
    rows = [{**row, "question": evil} for row in known_tables.mos().rows]
    tables = (known_tables.table("mos", rows), known_tables.reidentification())
    study = STUDY.model_copy(update={"title": evil})
    bad = changed(source, study=study, yaml=evil, results=known_tables.results(*tables, title=evil))
    text = text_of(report.build(bad, at_s=AT_S))
    assert "<img" not in body(text)
    assert text.count("</script>") == text_of(report.build(source, at_s=AT_S)).count("</script>") - 16


def test_a_study_that_nobody_took_has_a_report():
    nobody = analysed.none()
    results = known_tables.results(
        known_tables.table("mos", [], ["system", "value"], reason="Nobody has answered yet.")
    )
    empty = report.Source(nobody.study, CLIPS, "", results, nobody.frame)
    text = text_of(report.build(empty, at_s=AT_S))
    assert "Nobody has answered yet." in text
    assert "There are no estimates yet." in text


@pytest.mark.slow
def test_a_study_of_the_store_masked_until_it_closes(tmp_path: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(analysis, "PARTS", ("listeners", "mos"))  # the others have tests of their own, and take long
    monkeypatch.setattr(analysis, "EXTRAS", ())
    with Store.open(f"sqlite:///{tmp_path / 'a.db'}") as store:
        info = known_results.taken(store, listeners=2, close=False)
        open_ = text_of(report.of(store, info, clock=lambda: AT_S))
        store.close_study(info.id)
        closed = text_of(report.of(store, store.study(info.id), clock=lambda: AT_S))
    assert "still open" in open_
    assert set(long_table(open_)["system"]) - {""} <= set(export.masks(info.study).values())
    assert "SECRET-COMMENT" not in open_ + closed
    shown = body(open_)[body(open_).index('id="results"') : body(open_).index('id="limitations"')]
    assert "McAdams" not in shown
    assert "McAdams" in body(closed)[body(closed).index('id="results"') :]
    assert set(long_table(closed)["system"]) - {""} <= set(info.study.labels)
    assert "the same as when it opened" in closed
    assert "2 of " in closed


def test_the_glance_has_a_row_for_each_system():
    found = glance.glance(known_tables.results())
    assert [row["system"] for row in found.rows] == list(known_tables.SYSTEMS)
    by_system = {row["system"]: row for row in found.rows}
    told = "Speaker told (AUC; 0.5 = guessing)"
    assert by_system["original"][told] == "0.93 (0.87 to 0.99)"
    assert by_system["mcadams"][told] == "0.55 (0.49 to 0.61)"
    assert by_system["mcadams"]["Naturalness (1 to 5)"] == "3.30 (3.00 to 3.60)"
    assert glance.glance(known_tables.results(known_tables.comments())).reason


def test_a_laid_table_joins_estimates_intervals_and_everybody():
    looks = known_tables.about()["styles"]
    found = layout.laid(known_tables.mos(), looks)
    assert [head.name for head in found.heads] == [
        "question", "system", "estimate", "nobody excluded", "answers / listeners / speakers",
    ]  # fmt: skip
    assert found.rows[0] == ("naturalness", "Original", "4.60 (4.30 to 4.90)", "4.55 (4.45 to 4.65)", "48 / 12 / 10")
    assert len(found.rows) == len(known_tables.mos().rows) / 2


def test_notes_of_rows_stand_below_once():
    found = layout.laid(known_tables.reidentification(sexes=("all", "F", "M")), {})
    assert found.footnotes == ("Only a note.",)
    assert "note" not in [head.name for head in found.heads]
    marked = [row for row in found.rows if any(cell.endswith(" [1]") for cell in row)]
    assert {row[1] for row in marked} == {"devoiced"}
    assert len(marked) == 3


def test_a_laid_table_leaves_long_tails_to_the_file():
    found = layout.laid(known_tables.confusion(), {}, most=5)
    assert (len(found.rows), found.more) == (5, 13)


@pytest.mark.parametrize("key", list(known_tables.results().tables))
def test_every_table_can_be_laid(key: str):
    table = known_tables.results().tables[key]
    found = layout.laid(table, {})
    assert found.rows
    assert all(len(row) == len(found.heads) for row in found.rows)
    assert all(isinstance(cell, str) for row in found.rows for cell in row)


def sentences(study: Any = STUDY, clips: Any = CLIPS, **about: Any) -> str:
    return " ".join(limitations(study, clips, known_tables.results(**about)))


@pytest.mark.parametrize(
    ("words", "given"),
    [
        ("Few listeners: 3 listeners used", {"used": 3}),
        ("12 of 24 places", {"finished": 12}),
        ("6 of 12 who finished were excluded", {"used": 6, "finished": 12}),
        ("still open", {"state": "open"}),
        ("letters until", {"masked": True}),
        ("say nothing about people", {"watermark": "SIMULATED, NOT PEOPLE"}),
        ("undecided is not private", {}),
        ("Machines that judged the same pairs: mfcc.", {}),
        ("No listener was trained", {}),
        ("not comparable", {}),
    ],
)
def test_limitations_follow_from_the_data(words: str, given: dict[str, Any]):
    assert words.lower() in sentences(**given).lower()


def test_a_study_that_no_machine_judged_says_so():
    found = limitations(STUDY, CLIPS, known_tables.results(known_tables.mos()))
    assert any("no machine's scores" in sentence for sentence in found)


def test_limitations_without_cause_are_not_listed():
    about = {"used": 24, "finished": 24, "enrolled": 24}
    text = sentences(clips=planning.clips(per_sex=15), **about)
    for words in ("Few listeners", "Few speakers", "were excluded", "still open", "Anchors are missing", "Headphones"):
        assert words not in text


def test_limitations_of_the_voices_and_of_the_screening():
    few = planning.clips(per_sex=3, sexes="F", sessions=0)
    study = planning.study([planning.SAME], screening={"headphones": "recorded", "attention_checks": 0})
    text = sentences(study, few)
    for words in ("Few speakers: 3", "mostly of one sex (3 female, 0 male)", "one session only", "Headphones were"):
        assert words in text
    assert "no attention checks" in text


def test_missing_anchors_are_named():
    study = planning.study([planning.MOS], systems=["original", "mcadams"])
    assert "Anchors are missing (low and strong)" in sentences(study)


def test_what_was_rendered_is_summed_up_by_system():
    facts = {
        "fidelity": "exact",
        "level_lufs": -26.2,
        "short_by_db": 0.4,
        "real_time_factor": 0.1,
        "warnings": ["Short clip."],
    }
    sounds = [("speech/a/b/mcadams/utterance/", facts), ("speech/c/mcadams/utterance/", {**facts, "short_by_db": 0})]
    sounds += [("attention/a/original/utterance/en|x|5", {}), ("level////", {})]
    (fact,) = rendered.facts(STUDY, sounds)
    assert fact.term == "mcadams"
    assert fact.text == (
        "2 sounds; what ran: exact; −26.2 to −26.2 LUFS; 1 held back by the peak guard (at most 0.40 dB); real-time "
        "factor 0.1 (median). Warnings: Short clip."
    )
