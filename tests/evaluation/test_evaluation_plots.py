"""What the figures of a run show is what its tables say."""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers import registry
from evaluation import plots, published, summary
from evaluation.figures import acoustics, labels, say, trust
from evaluation.figures.conditions import Condition, conditions, label
from evaluation.figures.rows import chosen
from evaluation.runs import Run
from tests.evaluation import example_run

HOUSE = Condition("house", "semi-informed", "single", "LibriSpeech")
KEYS = [
    "tradeoff", "attacks", "speakers", "det", "attributes", "recall", "confusion-emotion", "confusion-gender",
    "centroid", "kurtosis", "loudness", "words", "sound",
]  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(example_run.write(tmp_path_factory.mktemp("runs") / "small-study"))


@pytest.fixture(scope="module")
def figures(run: Run) -> dict[str, plots.Figure]:
    return {one.drawing.key: one for one in plots.figures(run)}


def with_tables(folder: Path, **changed: pd.DataFrame) -> Run:
    """The example run with some tables changed, and no others."""
    tables = example_run.tables()
    blank = {name: tables[name].iloc[:0] for name in tables}
    summary.write(blank | changed, folder)
    return Run(folder)


def points(figure: plots.Figure, colour: str) -> list[tuple[float, float]]:
    """(x, y) of the filled or hollow marks of one colour."""
    return [
        (float(x), float(y))
        for trace in figure.figure.data
        if getattr(trace, "marker", None) is not None and trace.marker.color == colour
        for x, y in zip(trace.x, trace.y, strict=True)
        if x is not None
    ]


def row_of(run: Run, **wanted: Any) -> dict[str, Any]:
    (row,) = chosen(run.table("figures"), **wanted)
    return row


def test_every_table_has_its_figure(figures: dict[str, plots.Figure]) -> None:
    assert list(figures) == KEYS
    for one in figures.values():
        sketch = one.drawing.sketch
        assert sketch.title
        assert sketch.reading.endswith(".")
        assert one.drawing.about
        assert one.figure.layout.height <= 1200
        assert one.figure.layout.width is None


def test_attacked_figures_name_attacker_attack_protocol_and_data(figures: dict[str, plots.Figure]) -> None:
    for key in ("tradeoff", "speakers", "det"):
        about = figures[key].drawing.about
        assert all(word in about for word in ("house", "semi-informed", "enrol", "LibriSpeech"))
    assert [one.drawing.key for one in figures.values() if one.attacked] == KEYS[:4]


def test_the_trade_off_has_eer_and_uar_of_the_table(run: Run, figures: dict[str, plots.Figure]) -> None:
    for system in example_run.SYSTEMS:
        attack = "unprotected" if system == "original" else "semi-informed"
        eer = row_of(run, system=system, metric="EER", sex="all", attacker="house", attack=attack)
        uar = row_of(run, system=system, metric="UAR", kind="emotion")
        colour, name = registry.entry(system).colour, registry.info(system).title
        (trace,) = (one for one in figures["tradeoff"].figure.data if one.text and name in one.text)
        assert trace.marker.color == colour
        assert (trace.x[0], trace.y[0]) == pytest.approx((100 * eer["value"], 100 * uar["value"]))
        assert trace.x[0] + trace.error_x.array[0] == pytest.approx(100 * eer["high"])
        assert trace.x[0] - trace.error_x.arrayminus[0] == pytest.approx(100 * eer["low"])
        assert trace.y[0] + trace.error_y.array[0] == pytest.approx(100 * uar["high"])
        assert trace.y[0] - trace.error_y.arrayminus[0] == pytest.approx(100 * uar["low"])
        assert say.interval(eer) in trace.hovertemplate
        assert f"trials: {eer['trials']}" in trace.hovertemplate


def test_published_figures_are_one_layer_that_can_be_left_out(run: Run, figures: dict[str, plots.Figure]) -> None:
    papers = [one for one in figures["tradeoff"].figure.data if one.legendgroup == "published"]
    assert sum(len(one.x) for one in papers) == len(published.points("EER", "UAR"))
    assert all(one.marker.symbol.endswith("-open") for one in papers)
    assert figures["tradeoff"].figure.layout.legend.groupclick == "togglegroup"
    for one in papers:
        assert all("00" in text or "arXiv" in text or "doi" in text for text in one.customdata)
    own = plots.attacked(run, papers=False)[0]
    assert own.drawing.key == "tradeoff"
    assert not [one for one in own.figure.data if one.legendgroup == "published"]
    assert "Published" not in own.drawing.sketch.caution


def test_published_figures_need_no_run() -> None:
    figure = plots.published()
    found = {(x, y) for one in figure.figure.data for x, y in zip(one.x, one.y, strict=True)}
    assert found == {(one.x, one.y) for one in published.points("EER", "UAR")}


def test_conditions_begin_with_the_strongest_attacker(run: Run) -> None:
    found = conditions(run)
    assert found[0] == HOUSE
    assert [one.attack for one in found] == [one for one in reversed(example_run.KNOWS) for _ in range(2)]
    assert [one.attacker for one in found[:4]] == ["house", "mfcc"] * 2
    assert label(HOUSE, found) == "house, semi-informed"
    assert HOUSE.words == "house, semi-informed; one utterance enrols; LibriSpeech"


def test_another_condition_makes_other_figures(run: Run) -> None:
    ignorant = Condition("mfcc", "ignorant", "single", "LibriSpeech")
    figure = plots.attacked(run, ignorant)[0]
    eer = row_of(run, system="mcadams", metric="EER", sex="all", attacker="mfcc", attack="ignorant")
    xs = [x for x, _ in points(figure, registry.entry("mcadams").colour)]
    assert xs == pytest.approx([100 * eer["value"]])
    assert "mfcc" in figure.drawing.about


def test_every_attack_has_its_mark_and_the_worst_speaker(run: Run, figures: dict[str, plots.Figure]) -> None:
    table = run.table("figures")
    table = table[(table["kind"] == "privacy") & (table["sex"] == "all") & (table["system"] == "mcadams")]
    for metric, line in (("EER", False), ("worst speaker EER", True)):
        wanted = sorted(table[table["metric"] == metric]["value"])
        colour = registry.entry("mcadams").colour
        drawn = sorted(
            one.x[0] for one in figures["attacks"].figure.data
            if one.marker.color == colour and str(one.marker.symbol).startswith("line") == line
        )  # fmt: skip
        assert drawn == pytest.approx(wanted)
    worst = [one for one in figures["attacks"].figure.data if "worst speaker (spk-" in str(one.hovertemplate)]
    assert len(worst) == 20


def test_marks_say_whether_an_eer_is_trusted(figures: dict[str, plots.Figure]) -> None:
    symbols = {
        attacker: {
            str(one.marker.symbol) for one in figures["attacks"].figure.data
            if one.hovertemplate and f"{attacker} attacker, semi-informed" in one.hovertemplate
            and not str(one.marker.symbol).startswith("line")
        }
        for attacker in ("house", "mfcc")
    }  # fmt: skip
    assert symbols == {"house": {"diamond"}, "mfcc": {"diamond-open"}}
    assert any(one.marker.symbol == "circle-x-open" for one in figures["attacks"].figure.data if one.marker)
    caution = figures["attacks"].drawing.sketch.caution
    assert "9 of 20 EERs are doubtful or not to be trusted" in caution
    assert "No EER of mfcc, semi-informed, on Cascade (offline): At least 6 speakers were expected" in caution


def test_what_the_words_alone_tell_is_a_line(run: Run, figures: dict[str, plots.Figure]) -> None:
    told = row_of(run, metric="EER", sex="all", attacker="text")["value"]
    for key, factor in (("tradeoff", 100), ("attacks", 1)):
        dotted = [one.x0 for one in figures[key].figure.layout.shapes if one.line.dash == "dot"]
        assert dotted == pytest.approx([factor * told])


@pytest.mark.parametrize("attack", trust.SYMBOLS)
def test_symbols_are_plotlys(attack: str) -> None:
    import plotly.graph_objects as go

    made = {trust.symbol(attack, {"verdict": one}) for one in ("trusted", "doubtful", "not to be trusted")}
    made.add(trust.symbol(attack, None))
    assert len(made) >= 2
    for symbol in made:
        go.scatter.Marker(symbol=symbol)


def test_every_speaker_has_a_dot_and_the_worst_a_name(run: Run, figures: dict[str, plots.Figure]) -> None:
    rows = chosen(run.table("speakers"), system="mcadams", attacker="house", attack="semi-informed")
    figure = figures["speakers"].figure
    (dots,) = (one for one in figure.data if one.mode == "markers" and len(one.x) == len(rows)
               and one.marker.color == registry.entry("mcadams").colour)  # fmt: skip
    assert list(dots.x) == [row["eer"] for row in rows]
    assert [text.partition(" ")[0] for text in dots.customdata] == [row["speaker"] for row in rows]
    (worst,) = (row for row in rows if row["worst"])
    names = [one.text[0] for one in figure.data if one.mode == "text" and one.text]
    assert f"{worst['speaker']}, {say.percent(worst['eer'], 0)}" in names
    mean = row_of(run, system="mcadams", metric="mean speaker EER", attacker="house", attack="semi-informed")
    assert mean["value"] in [one.x[0] for one in figure.data if one.marker and one.marker.symbol == "line-ns-open"]


def test_curves_are_those_of_the_table_on_normal_deviates(run: Run, figures: dict[str, plots.Figure]) -> None:
    rows = chosen(run.table("curves"), system="mcadams", attacker="house", attack="semi-informed")
    (curve,) = (one for one in figures["det"].figure.data if one.name == "McAdams")
    there = {(round(row["false_alarm_rate"], 9), round(row["miss_rate"], 9)) for row in rows}
    normal = NormalDist()
    for x, y in zip(curve.x, curve.y, strict=True):
        alarm, miss = normal.cdf(x), normal.cdf(y)
        assert any(abs(alarm - a) < 0.04 and abs(miss - b) < 0.04 for a, b in there)
    assert (np.diff(curve.x) >= 0).all()
    assert (np.diff(curve.y) <= 1e-9).all()
    ends = figures["det"].figure.layout.xaxis.range
    assert min(curve.x) >= ends[0]
    assert max(curve.x) <= ends[1]


def test_bars_are_as_long_as_the_numbers_say(run: Run, figures: dict[str, plots.Figure]) -> None:
    for key, wanted in (("recall", {"kind": "emotion"}), ("words", {"metric": "WER"})):
        for system in example_run.SYSTEMS:
            rows = [row for row in chosen(run.table("figures"), system=system, **wanted)
                    if row["metric"] in ("UAR", "recall", "WER")]  # fmt: skip
            (bars,) = (one for one in figures[key].figure.data if one.name == registry.info(system).title)
            assert list(bars.x) == pytest.approx([row["value"] for row in rows])
            assert np.add(bars.x, bars.error_x.array) == pytest.approx([row["high"] for row in rows])
            assert np.subtract(bars.x, bars.error_x.arrayminus) == pytest.approx([row["low"] for row in rows])


def test_confusions_stand_beside_those_of_the_original(run: Run, figures: dict[str, plots.Figure]) -> None:
    figure = figures["confusion-emotion"].figure
    systems = [system for system in example_run.SYSTEMS if system != "original"]
    maps = [one for one in figure.data if one.type == "heatmap"]
    assert len(maps) == 4 * len(systems)
    for n, system in enumerate(systems):
        for number, name in enumerate(("original", system)):
            matrix, sums = maps[4 * n + 2 * number : 4 * n + 2 * number + 2]
            rows = {(row["truth"], row["said"]): row for row in chosen(run.table("confusion"), system=name,
                                                                       what="emotion")}  # fmt: skip
            for i, truth in enumerate(example_run.EMOTIONS):
                for j, said in enumerate(example_run.EMOTIONS):
                    row = rows[truth, said]
                    assert matrix.z[i][j] == pytest.approx(row["share"])
                    assert matrix.text[i][j] == f"<b>{100 * row['share']:.0f}</b><br>{row['count']}"
            given = [sum(rows[truth, said]["count"] for truth in example_run.EMOTIONS) for said in example_run.EMOTIONS]
            assert list(sums.z[0]) == pytest.approx([one / sum(given) for one in given])


@pytest.mark.parametrize("metric", ["centroid", "kurtosis", "loudness"])
def test_medians_are_those_of_the_table_and_their_order_is_marked(
    run: Run, figures: dict[str, plots.Figure], metric: str
) -> None:
    figure = figures[metric].figure
    headings = [text for one in figure.data if one.mode == "text" for text in one.text]
    for system in example_run.SYSTEMS:
        rows = {row["group"]: row for row in chosen(run.table("figures"), system=system, metric=metric, data="EmoDB")}
        name = registry.info(system).title
        drawn = {one.hovertemplate.split(":")[0].split(", ")[1]: one.x[0] for one in figure.data
                 if one.yaxis == "y2" and one.hovertemplate and one.hovertemplate.startswith(f"{name}, ")}  # fmt: skip
        assert drawn == pytest.approx({emotion: rows[emotion]["value"] for emotion in acoustics.ORDER})
        falls = all(rows[one]["value"] > rows[other]["value"] for one, other in
                    zip(acoustics.ORDER, acoustics.ORDER[1:], strict=False))  # fmt: skip
        (heading,) = (text for text in headings if name in text and ("✓" in text or "✗" in text))
        assert ("✓" in heading) == falls
    curves = [one for one in figure.data if one.fill == "toself"]
    assert len(curves) == len(example_run.SYSTEMS) * 5  # all read speech, and four emotions
    kind = figure.layout.xaxis.type
    assert kind == ("log" if metric != "loudness" else None)


@given(st.lists(st.floats(-50, 8000), min_size=4, max_size=4))
def test_an_order_is_kept_only_when_every_step_falls(values: list[float]) -> None:
    medians = dict(zip(acoustics.ORDER, values, strict=True))
    falls = values[0] > values[1] > values[2] > values[3]
    assert acoustics.kept(medians) == falls
    assert acoustics.verdict(medians).startswith(" ✓" if falls else " ✗")


def test_an_order_of_three_emotions_is_not_known() -> None:
    assert acoustics.kept({"angry": 3, "happy": 2, "neutral": 1}) is None
    assert acoustics.verdict({"": 2.0}) == ""


def test_without_tables_there_are_no_figures(tmp_path: Path) -> None:
    assert plots.figures(with_tables(tmp_path / "empty")) == []
    assert plots.figures(Run(tmp_path / "gone")) == []


def test_unknown_numbers_are_left_out(tmp_path: Path) -> None:
    figures = example_run.tables()["figures"]
    figures.loc[figures["system"] == "mcadams", ["value", "low", "high"]] = np.nan
    figures.loc[figures["system"] == "pitch-formant", ["low", "high"]] = np.nan
    tables = example_run.tables()
    run = with_tables(tmp_path / "run", **(tables | {"figures": figures}))
    found = {one.drawing.key: one for one in plots.figures(run)}
    assert list(found) == KEYS
    assert points(found["tradeoff"], registry.entry("mcadams").colour) == []
    assert len(points(found["tradeoff"], registry.entry("pitch-formant").colour)) == 1
    everything = figures.assign(value=np.nan, low=np.nan, high=np.nan)
    blank = with_tables(tmp_path / "blank", figures=everything)
    assert plots.figures(blank) == []


def test_one_speaker_one_system_and_nobody_attacked(tmp_path: Path) -> None:
    tables = {name: table[table["system"] == "original"] for name, table in example_run.tables().items()}
    run = with_tables(tmp_path / "run", **tables)
    assert [one.attacker for one in conditions(run)] == ["house", "mfcc", "text"]
    assert [one.drawing.key for one in plots.figures(run)] == KEYS


def test_systems_that_are_not_registered_keep_their_name(tmp_path: Path) -> None:
    tables = {
        name: table.assign(system=table["system"].replace("mcadams", "<b>new</b> %{x}"))
        for name, table in example_run.tables().items()
    }
    run = with_tables(tmp_path / "run", **tables)
    for one in plots.figures(run):
        text = one.figure.to_json()
        assert "<b>new</b>" not in text.replace("\\u003c", "<").replace("\\u003e", ">")


def test_nothing_known_of_trust_is_said(tmp_path: Path) -> None:
    tables = example_run.tables()
    run = with_tables(tmp_path / "run", figures=tables["figures"])
    (attacks,) = (one for one in plots.figures(run) if one.drawing.key == "attacks")
    assert attacks.drawing.sketch.caution.startswith("No trust check was made")


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=8))
def test_every_name_has_a_side(places: list[tuple[float, float]]) -> None:
    found = labels.sides(places, ["Cascade (offline)"] * len(places))
    assert len(found) == len(places)
    assert set(found) <= set(labels.SIDES)


def test_names_of_near_points_do_not_meet() -> None:
    assert len(set(labels.sides([(0.5, 0.5)] * 4, ["one"] * 4))) == 4
    assert labels.sides([(0.97, 0.5)], ["Cascade (offline)"])[0].endswith("left")
    first, second = labels.sides([(0.15, 0.9), (0.5, 0.9)], ["Original", "Pitch + formant"])
    assert first == "top right"
    assert second in ("top right", "bottom left", "bottom right")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"unit": "share", "value": 0.342, "low": 0.281, "high": 0.403}, "34.2 % [28.1, 40.3]"),
        ({"unit": "share", "value": 0.0, "low": None, "high": None}, "0.0 %"),
        ({"unit": "Hz", "value": 1234.4, "low": 1200.0, "high": 1300.0}, "1,234 Hz [1,200, 1,300]"),
        ({"unit": "LUFS", "value": -24.04, "low": -25.0, "high": -23.0}, "−24.0 LUFS [−25.0, −23.0]"),
        ({"unit": "bits", "value": -1e-5, "low": 0.0, "high": 0.1}, "0.000 bits [0.000, 0.100]"),
        ({"unit": "1", "value": 6.0, "low": 5.5, "high": 7.25}, "6.00 [5.50, 7.25]"),
        ({"unit": "share", "value": None, "low": None, "high": None}, "–"),
    ],
)  # fmt: skip
def test_numbers_are_said_with_unit_and_interval(row: dict[str, Any], text: str) -> None:
    assert say.interval(row) == text
