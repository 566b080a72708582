"""Figures: one look a system everywhere, numbers of the tables and no others, a reason where there is nothing."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import registry
from audio.marks import sides
from evaluation.published import points
from listening_test import export, plots
from listening_test.analysis.results import Results
from listening_test.figures.styles import DASHES, MASKED_COLOUR, SYMBOLS, styles
from listening_test.reporting import layout
from listening_test.study import Study
from tests.listening_test import known_tables, planning


@cache
def everything() -> dict[str, plots.Figure]:
    """The figures of one table of each kind."""
    return {one.key: one for one in plots.figures(known_tables.results())}


def drawn(*tables: Any, **about: Any) -> dict[str, plots.Figure]:
    if not tables and not about:
        return everything()
    return {one.key: one for one in plots.figures(known_tables.results(*tables, **about))}


def traces(figure: plots.Figure, **wanted: Any) -> list[Any]:
    return [one for one in figure.figure.data if all(getattr(one, name) == value for name, value in wanted.items())]


def texts(figure: plots.Figure) -> str:
    return json.dumps(figure.figure.to_plotly_json(), default=str)


def two_settings(**parts: Any) -> Study:
    mild = {"system": "mcadams", "label": "mcadams-mild", "params": {"alpha_min": 0.8}}
    return planning.study([planning.MOS], systems=[*planning.SYSTEMS, mild], **parts)


def test_every_table_with_a_figure_is_drawn():
    assert set(drawn()) == {
        "mos", "mos_contrasts", "reidentification", "roc", "tradeoff", "worst_speakers", "similarity", "line_up",
        "line_up_positions", "emotion_recall", "confusion", "acoustic_links", "acoustic_points_kurtosis",
        "acoustic_points_centroid", "acoustic_points_loudness", "kurtosis_emotion", "machine", "machine_roc",
    }  # fmt: skip


def test_a_study_without_a_task_has_no_figure_of_it():
    assert set(drawn(known_tables.mos())) == {"mos"}
    assert drawn(known_tables.comments()) == {}


def test_an_empty_table_says_why():
    empty = known_tables.table("mos", [], ["task", "question", "system", "value"], reason="Nobody has answered yet.")
    figure = drawn(empty)["mos"]
    assert not figure.figure.data
    assert "Nobody has answered yet." in figure.figure.layout.annotations[0].text


@pytest.mark.parametrize("key", list(drawn()))
def test_every_figure_says_how_to_read_it_and_stands_on_its_tables(key: str):
    figure = drawn()[key]
    assert figure.reading.endswith((".", "?"))
    assert figure.title
    assert set(figure.tables) <= set(known_tables.results().tables)
    assert figure.figure.data
    assert figure.figure.layout.width is None
    assert figure.figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_points_and_bars_are_the_numbers_of_the_table():
    table = known_tables.mos()
    found = {(one.x[0], one.error_x.array[0], one.error_x.arrayminus[0]) for one in drawn(table)["mos"].figure.data}
    wanted = {(row["value"], row["high"] - row["value"], row["value"] - row["low"]) for row in table.rows}
    assert found == wanted


def test_a_value_without_interval_is_a_point_without_bars():
    row = {"exclusions": "applied", "task": "mos", "question": "naturalness", "system": "original"}
    table = known_tables.table("mos", [row | known_tables.estimate(3.0) | {"low": None, "high": None}])
    (point,) = drawn(table)["mos"].figure.data
    assert point.error_x.array is None


def test_a_row_without_value_is_no_point():
    row = {"exclusions": "applied", "task": "mos", "question": "naturalness", "system": "original"}
    table = known_tables.table("mos", [row | known_tables.estimate(None), row | known_tables.estimate(2.0)])
    assert len(drawn(table)["mos"].figure.data) == 1


def test_a_panel_for_each_question():
    headings = [one.text for one in drawn()["mos"].figure.layout.annotations]
    assert [heading.split(",")[0] for heading in headings] == ["Naturalness", "Overall quality"]


def test_rows_are_the_systems_the_original_first_by_their_short_names():
    ticks = drawn()["mos"].figure.layout.yaxis.ticktext
    assert list(ticks) == ["Original", "Low anchor", "McAdams", "Devoiced"]


def test_a_system_has_its_colour_of_the_registry_in_every_figure():
    colour = registry.entry("devoiced").colour
    for key in ("mos", "reidentification", "roc", "tradeoff", "worst_speakers", "emotion_recall"):
        assert colour in texts(drawn()[key]), key


def test_two_labels_of_one_system_share_the_colour_and_differ_in_dash_and_symbol():
    study = two_settings()
    found = styles(study, study.labels)
    one, other = found["mcadams"], found["mcadams-mild"]
    assert one["colour"] == other["colour"] == registry.entry("mcadams").colour
    assert one["dash"] != other["dash"]
    assert one["symbol"] != other["symbol"]
    assert one["name"] == "McAdams"
    assert other["name"] == "McAdams (mild)"


def test_letters_look_alike_but_for_symbol_and_dash_and_say_nothing():
    study = two_settings()
    letters = tuple(sorted(export.masks(study).values()))
    found = styles(study, letters, masked=True)
    assert {one["colour"] for one in found.values()} == {MASKED_COLOUR}
    assert MASKED_COLOUR not in {entry.colour for entry in registry.ENTRIES.values()}
    assert [one["name"] for one in found.values()] == list(letters)
    assert [one["symbol"] for one in found.values()] == list(SYMBOLS[: len(letters)])
    assert len({(one["dash"], one["symbol"]) for one in found.values()}) == len(letters)
    assert [one["dash"] for one in found.values()] == list(DASHES[: len(letters)])


def test_a_system_that_is_no_more_is_drawn_all_the_same():
    study = planning.study([planning.MOS], systems=["original", "low-anchor", "gone", "mcadams"])
    assert styles(study, study.labels)["gone"]["name"] == "gone"


def test_chance_is_a_line_and_the_margin_a_band():
    shapes = drawn()["reidentification"].figure.layout.shapes
    assert {(one.x0, one.x1) for one in shapes if one.type == "line"} == {(0.5, 0.5)}
    assert [(one.x0, one.x1) for one in shapes if one.type == "rect"] == [(0.4, 0.6)]


def test_without_an_equivalence_test_there_is_no_band():
    figure = drawn(known_tables.reidentification())["reidentification"]
    assert not [one for one in figure.figure.layout.shapes if one.type == "rect"]
    assert "band" not in figure.reading


def test_rungs_are_rows_only_where_there_are_several():
    names = lambda rungs: list(  # noqa: E731
        drawn(known_tables.reidentification(rungs))["reidentification"].figure.layout.yaxis2.ticktext
    )
    assert names(("all", "unfamiliar")) == ["McAdams", "Devoiced"]
    assert names(("all", "unfamiliar", "familiar"))[:3] == ["McAdams", "unfamiliar", "familiar"]


def test_sexes_have_a_figure_of_their_own_where_they_were_told_apart():
    figure = drawn(known_tables.reidentification(sexes=("all", "F", "M")))["reidentification_by_sex"]
    assert list(figure.figure.layout.yaxis.ticktext) == ["Original, women", "men"]
    assert "reidentification_by_sex" not in drawn(known_tables.reidentification())


def test_the_trade_off_needs_both_sides_and_right_is_private():
    figure = drawn(known_tables.mos(), known_tables.reidentification(), known_tables.emotion())["tradeoff"]
    left, right = figure.figure.layout.xaxis.range
    assert left > right
    assert [one.text.split(",")[0] for one in figure.figure.layout.annotations] == [
        "Naturalness", "Emotions recognised (UAR)", "Published by others",
    ]  # fmt: skip
    point = next(one for one in figure.figure.data if one.text == ("McAdams",))
    assert (point.x[0], point.y[0]) == (0.55, 3.3)
    assert point.error_x.array
    assert point.error_y.array
    assert "tradeoff" not in drawn(known_tables.mos())


def test_published_figures_are_hollow_grey_and_have_axes_of_their_own():
    figure = drawn()["tradeoff"]
    published = [one for one in figure.figure.data if (one.legendgroup or "").startswith("published")]
    assert sum(len(one.x) for one in published) == len(points("EER", "UAR"))
    assert {one.marker.color for one in published} == {"#8A8F98"}
    assert all(one.marker.symbol.endswith("-open") for one in published)
    ours = {one.xaxis for one in figure.figure.data} - {one.xaxis for one in published}
    assert ours
    assert {one.xaxis for one in published} == {"x3"}
    hovers = " ".join(text for one in published for text in one.customdata)
    for words in ("semi-informed attacker", "LibriSpeech", "VoicePrivacy 2024", "Table II"):
        assert words in hovers
    assert "not an AUC of people" in figure.caution


def test_without_an_auc_the_trade_off_goes_by_the_pooled_eer():
    rows = [{**row, "value": None, "note": "Nobody heard both."} for row in known_tables.reidentification().rows]
    told = known_tables.table("reidentification", rows)
    figure = drawn(told, known_tables.pooled(), known_tables.mos())["tradeoff"].figure
    assert "pooled EER" in figure.layout.xaxis.title.text
    assert next(one for one in figure.data if one.text == ("McAdams",)).x[0] == 0.4
    assert figure.layout.xaxis.range[0] < figure.layout.xaxis.range[1]
    nothing = drawn(told, known_tables.mos())
    assert "Nobody heard both." in nothing["tradeoff"].figure.layout.annotations[0].text
    assert "Nobody heard both." in nothing["reidentification"].figure.layout.annotations[0].text


def test_names_of_near_points_stand_apart():
    assert len(set(sides([(0.5, 0.5)] * 4))) == 4
    assert sides([(0.1, 0.1), (0.5, 0.5)]) == ["top right"] * 2
    assert sides([(0.95, 0.5)]) == ["top left"]


def test_a_confusion_matrix_for_each_system_with_shares_printed():
    matrices = traces(drawn()["confusion"], type="heatmap")
    assert len(matrices) == len(known_tables.HIDDEN)
    assert matrices[0].text[0][0] == "60 %"
    assert all(abs(sum(line) - 1) < 1e-9 for line in matrices[0].z)


def test_recall_has_a_bar_for_each_system_and_emotion():
    bars = traces(drawn()["emotion_recall"], type="bar")
    assert [one.name for one in bars] == ["Original", "Low anchor", "McAdams", "Devoiced"]
    assert all(len(one.x) == 1 + len(known_tables.EMOTIONS) for one in bars)


def test_people_have_the_systems_colour_and_machines_one_of_no_system():
    taken = {entry.colour for entry in registry.ENTRIES.values()}
    curves = drawn()["machine_roc"].figure.data
    colours = {one.name: one.line.color for one in curves if one.xaxis == "x"}
    assert colours["people pooled"] == colours["people, as a panel"] == registry.entry("mcadams").colour
    assert colours["machine: mfcc"] not in taken
    assert len({one.line.dash for one in curves if one.xaxis == "x"}) == 3


def test_every_attacker_has_a_row_under_its_system():
    ticks = list(drawn()["machine"].figure.layout.yaxis.ticktext)
    assert ticks[:4] == ["McAdams: people", "pooled", "panel", "mfcc"]
    assert len(ticks) == 8


def test_recordings_are_points_at_their_change_and_mean():
    figure = drawn()["acoustic_points_kurtosis"]
    cloud = figure.figure.data[0]
    assert cloud.name == "McAdams"
    assert list(cloud.x) == pytest.approx([0.0, 0.2, 0.4, 0.6])
    assert list(cloud.y) == pytest.approx([1.0, 1.1, 1.2, 1.3])
    assert not drawn()["acoustic_points_loudness"].figure.data[0].x


def test_slopes_have_a_row_for_each_feature_with_its_unit():
    ticks = drawn()["acoustic_links"].figure.layout.yaxis.ticktext
    assert list(ticks) == ["Centroid, per octave", "Kurtosis, per doubling", "Loudness, per LU"]
    decided, undecided = drawn()["acoustic_links"].figure.data[:2]
    assert decided.marker.color != undecided.marker.color


def test_kurtosis_stands_by_emotion_in_the_order_of_paper_001():
    rows = list(reversed(known_tables.kurtosis_emotion().rows))
    figure = drawn(known_tables.table("kurtosis_emotion", rows))["kurtosis_emotion"].figure
    assert list(figure.layout.yaxis.ticktext) == ["Anger", "Neutral", "Sadness"]
    assert figure.layout.xaxis.type == "log"
    assert {one.mode for one in figure.data if one.xaxis == "x"} == {"lines+markers"}


def test_contrasts_are_coloured_by_what_is_decided():
    decided, undecided = drawn()["mos_contrasts"].figure.data
    assert decided.marker.color != undecided.marker.color
    assert "Original − McAdams" in drawn()["mos_contrasts"].figure.layout.yaxis.ticktext


def test_at_most_ten_speakers_are_drawn_the_best_recognised_first():
    row = dict(known_tables.worst_speakers().rows[0])
    rows = [{**row, "speaker": f"S{number}", "value": number / 100} for number in range(60)]
    figure = drawn(known_tables.table("worst_speakers", rows))["worst_speakers"]
    names = figure.figure.layout.yaxis.ticktext
    assert len(names) == 10
    assert names[0].startswith("S59")
    assert "At most 10" in figure.reading


@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.1, 0.4, 1.0]))
@settings(max_examples=12, deadline=None)
def test_cells_may_be_missing_anywhere(seed: int, share: float):
    """What names a row stays; every number, and every truth, may be None."""
    random = Random(seed)
    tables = []
    for table in known_tables.results().tables.values():
        rows = [
            {
                name: None if isinstance(cell, float | bool) and random.random() < share else cell
                for name, cell in row.items()
            }
            for row in table.rows
        ]
        tables.append(known_tables.table(table.key, rows))
    results = known_tables.results(*tables)
    assert plots.figures(results)
    for table in tables:
        layout.laid(table, {})


def test_names_are_text_and_never_markup():
    label = "<b>x</b>%{y}"
    table = known_tables.mos()
    rows = [{**row, "system": label} for row in table.rows]
    figure = drawn(known_tables.table("mos", rows), systems=[label], styles={})["mos"]
    assert "<b>" not in texts(figure)
    assert "%{y}" not in "".join(one.hovertemplate for one in figure.figure.data)


def test_figures_come_back_from_json_the_same():
    results = known_tables.results()
    again = Results.from_json(json.loads(json.dumps(results.to_json())))
    assert [one.figure.to_json() for one in plots.figures(again)] == [
        one.figure.to_json() for one in plots.figures(results)
    ]
