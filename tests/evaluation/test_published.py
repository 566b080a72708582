"""The published figures: complete, consistent within each document, and never joined across protocols."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation import published

UNITS = {
    "EER": "%",
    "WER": "%",
    "UAR": "%",
    "recall": "%",
    "confusion": "%",
    "emotion recognition accuracy": "%",
    "speaker recognition accuracy": "%",
    "emotion recognition accuracy drop": "percentage points",
    "speaker recognition accuracy drop": "percentage points",
    "latency": "ms",
    "spectral centroid": "Hz",
    "spectral kurtosis": "1",
    "spectral kurtosis outlier": "1",
}
FIGURES = {
    "000, Key Results; Mechanism 2": 2,
    "000, Key Results; Mechanism 3": 2,
    "001, Table II": 11 * 9,
    "001, section IV.A": 1,
    "001, section IV.D": 4,
    "002, slide NS3 + AWGN to Speaker Embedding + Cross Gender": 2 + 3 * 6,
    "002, slide B3 + Emotion embedding": 2 * 6,
    "002, slide B3 + Prosody Modification": 5 * 6,
    "003, Table 1": 2 + 3 + 8 * 4,
    "003, Table 2": 8 * 8,
    "003, abstract": 1,
    "004, Evaluation": 4,
    "004, abstract": 2,
}
EMOTIONS = {"angry", "happy", "neutral", "sad"}
SCANNED = {"2.31": "231", "27.17": "2717"}


@pytest.fixture(scope="module")
def figures():
    return published.load()


@pytest.fixture(scope="module")
def errata():
    return published.errata()


def key(row) -> str:
    return "|".join((row["paper"], row["system"], row["variant"]))


def digits(value: float) -> int:
    return len(f"{value:g}".partition(".")[2])


def test_every_figure_of_every_table_is_there_once(figures):
    assert tuple(figures.columns) == published.COLUMNS
    assert Counter(figures["source"]) == FIGURES
    names = [name for name in published.COLUMNS if name not in ("value", "relation", "note")]
    assert not figures.duplicated(names).any()


def test_a_figure_says_what_it_is(figures):
    assert set(figures["metric"]) == set(UNITS)
    assert (figures["unit"] == figures["metric"].map(UNITS)).all()
    for name in ("paper", "system", "relation", "source"):
        assert (figures[name] != "").all(), name
    assert (figures["source"].str[:3] == figures["paper"]).all()
    assert set(figures["paper"]) == set(published.CITATIONS)
    known = {
        "relation": {"=", "about", "below"},
        "sex": {"", "F", "M"},
        "split": {"", "dev", "test"},
        "attacker": {"", "lazy-informed", "semi-informed"},
        "streaming": {"", "offline", "semi", "online"},
        "dataset": {"", "LibriSpeech", "IEMOCAP", "RAVDESS", "EmoDB"},
        "protocol": {"", published.VPC_2024},
    }
    for name, values in known.items():
        assert set(figures[name]) <= values, name
    classes = figures["class"]
    assert set(classes[figures["metric"] == "recall"]) == EMOTIONS
    assert set(classes[~figures["metric"].isin(["recall", "confusion"])]) == {""}


def test_values_are_in_range(figures):
    shares = figures[figures["unit"].isin(["%", "percentage points"])]
    assert shares["value"].between(0, 100).all()
    assert figures[figures["metric"] == "EER"]["value"].between(0, 50).all()
    assert (figures["value"] > 0).all()


def test_attackers_are_of_verification_only_and_never_of_originals(figures):
    attacked = figures["attacker"] != ""
    assert set(figures[attacked]["metric"]) == {"EER"}
    assert "Original" not in set(figures[attacked]["system"])
    unsaid = figures[~attacked & (figures["metric"] == "EER") & (figures["system"] != "Original")]
    assert set(unsaid["paper"]) == {"000", "002"}


def test_uar_is_the_mean_of_recalls_but_for_what_the_errata_name(figures, errata):
    odd = set()
    tables = figures[figures["metric"].isin(["recall", "UAR"])].groupby(["source", "paper", "system", "variant"])
    checked = 0
    for _, rows in tables:
        recalls, uar = (rows[rows["metric"] == metric] for metric in ("recall", "UAR"))
        if len(recalls) != 4:
            continue
        step = 10.0 ** -max(digits(one) for one in rows["value"])  # half a step each for UAR and for recalls
        checked += 1
        if abs(recalls["value"].mean() - uar["value"].item()) > step + 1e-9:
            odd.add(key(recalls.iloc[0]))
    assert checked == 11 + 8
    named = errata[(errata["kind"] == "arithmetic") & errata["says"].str.contains("recalls")]
    assert odd == set(named["rows"]) == {"001|VPC 2024 B4|"}


def test_a_setting_of_two_tables_has_the_same_figures_in_both(figures):
    twice = figures[figures["same_as"] != ""]
    assert len(twice) == 3 * 8 + 6
    compared = 0
    for _, row in twice.iterrows():
        source, _, name = row["same_as"].partition(": ")
        system, _, variant = name.partition(", ")
        alike = {"source": source, "system": system, "variant": variant}
        alike |= {name: row[name] for name in ("metric", "class", "split", "attacker", "sex")}
        match = figures[(figures[list(alike)] == list(alike.values())).all(axis=1)]
        assert len(match) == (row["metric"] != "recall"), alike
        for other in match["value"]:
            compared += 1
            assert round(other, digits(row["value"])) == pytest.approx(row["value"])
    assert compared == 3 * 4 + 6


def test_what_the_text_of_001_reckons_is_what_the_table_gives(figures):
    table = figures[(figures["paper"] == "001") & (figures["metric"] == "UAR")].set_index("variant")["value"]
    for one, other, points in (
        ("ECAPA-Anon-T6", "ECAPA-Anon-T12-soft", 11.07),
        ("ECAPA-Orig-T6", "ECAPA-Orig-T12-soft", 5.61),
        ("ECAPA-Anon-T6", "ECAPA-Orig-T6", -2.85),
        ("ECAPA-Anon-T12-soft", "ECAPA-Orig-T12-soft", -8.31),
        ("None-T6", "ECAPA-Orig-T6", -5.38),
        ("None-T6", "ECAPA-Anon-T6", -2.53),
    ):
        assert table[one] - table[other] == pytest.approx(points, abs=1e-9)


def test_the_drop_of_004_is_in_points(figures):
    rows = figures[(figures["paper"] == "004") & figures["metric"].str.startswith("emotion")]
    before, after, drop = (rows[rows["value"] == value]["value"].item() for value in (94.9, 14.2, 80.7))
    assert before - after == pytest.approx(drop)
    assert drop / before == pytest.approx(0.850, abs=5e-4)


def test_errata_are_whole_and_name_rows_that_exist(figures, errata):
    kinds = {
        "arithmetic",
        "contradiction",
        "corpus size",
        "formula",
        "missing",
        "name",
        "scan",
        "wrong fact",
        "wrong way round",
    }
    assert set(errata["kind"]) == kinds
    assert set(errata["paper"]) == set(published.CITATIONS)
    for name in ("place", "says", "correct", "checked"):
        assert (errata[name] != "").all(), name
    rows = {key(row) for _, row in figures.iterrows()}
    assert set(errata["rows"]) - {""} <= rows
    assert not errata.duplicated(["paper", "place", "says"]).any()


def test_a_figure_sent_to_the_errata_finds_its_paper_there(figures, errata):
    sent = figures[figures["note"].str.contains("errata")]
    assert len(sent)
    assert set(sent["paper"]) <= set(errata["paper"])


def test_every_figure_is_in_its_paper(shared_dir):
    papers = shared_dir / "papers"
    texts = {paper: next(papers.glob(f"{paper}_*")).read_text("utf-8") for paper in published.CITATIONS}
    for paper, value in published._printed()[["paper", "value"]].itertuples(index=False):
        seen = SCANNED.get(value, value) if paper == "001" else value
        assert re.search(rf"(?<![\d.]){re.escape(seen)}(?!\d)", texts[paper]), (paper, value)


@pytest.mark.parametrize(("x", "y", "count"), [("EER", "UAR", 69), ("EER", "WER", 68), ("WER", "UAR", 54)])
def test_points_join_only_what_one_table_gives_for_one_system(figures, x, y, count):
    found = published.points(x, y)
    assert len(found) == count
    for point in found:
        rows = figures[(figures["source"] == point.source) & (figures["system"] == point.system)]
        rows = rows[(rows["variant"] == point.variant) & (rows["protocol"] == point.protocol)]
        assert {(x, point.x), (y, point.y)} <= set(rows[["metric", "value"]].itertuples(index=False, name=None))
        assert point.citation == published.CITATIONS[point.paper]
        assert (published.SPLIT_DATA in point.notes) == (y == "UAR" and point.protocol == published.VPC_2024)


def test_a_point_says_attacker_protocol_data_split_and_source():
    found = {(point.label, point.sex): point for point in published.points("EER", "UAR")}
    point = found["SSL-SAS (ECAPA-Anon-T12-soft)", "M"]
    assert (point.x, point.y, point.attacker) == (27.17, 45.19, "lazy-informed")
    assert point.lines[:4] == (
        "SSL-SAS (ECAPA-Anon-T12-soft)",
        "EER 27.17 % (men; lazy-informed attacker; LibriSpeech test)",
        "UAR 45.19 % (IEMOCAP test)",
        "VoicePrivacy 2024; 001, Table II",
    )
    assert published.SPLIT_DATA in point.lines
    assert not point.original
    assert found["Original", "F"].original
    assert "unprotected" in found["Original", "F"].x_about


def test_bounds_and_repetitions_are_no_points():
    found = published.points("EER", "UAR")
    assert not [point for point in found if "kNN-VC" in point.system]
    settings = Counter((point.paper, point.label, point.x_about) for point in found)
    assert max(settings.values()) == 1
    assert not [point for point in found if point.variant in ("Baseline", "Exp4", "Exp7")]


def test_wer_is_joined_to_eer_of_the_same_recordings_only(figures):
    whole = figures[(figures["paper"] == "001") & (figures["metric"] == "WER")]
    elsewhere = set(whole[whole["dataset"] == "IEMOCAP"]["value"])
    assert len(elsewhere) == 11
    assert not {point.y for point in published.points("EER", "WER") if point.paper == "001"} & elsewhere


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)))
def test_any_two_metrics_give_points_or_none(x, y):
    for point in published.points(x, y):
        assert (point.x_metric, point.y_metric) == (x, y)
        assert all(point.lines)
