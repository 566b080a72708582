"""Precision reached and listeners needed: forecasts that come true, and what is said when nothing is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from listening_test.analysis import crossed, precision, within
from listening_test.analysis.table import Table
from listening_test.analysis.worlds import PairWorld, RatingWorld
from tests.listening_test import analysed, planning

TASKS = [planning.MOS, planning.SAME]


def table(answers) -> Table:
    (found,) = precision.tables(answers)
    assert Table.from_json(found.to_json()) == found
    return found


@pytest.fixture(scope="module")
def forty():
    return analysed.answers(TASKS, listeners=40, bias_sd=0.5)


@pytest.fixture(scope="module")
def found(forty):
    return table(forty)


def test_a_row_for_every_question_pair_and_system(found):
    rows = [(row["question"], row["pair"], row["system"]) for row in found.rows]
    assert rows == [
        *(("overall_quality", "", system) for system in ("original", "low-anchor", "mcadams", "devoiced")),
        ("same_different", "original-anonymized", "mcadams"),
        ("same_different", "original-anonymized", "devoiced"),
        ("same_different", "original-original", "original"),
    ]
    assert found.reason == ""


def test_widths_are_those_of_the_estimates_and_are_compared_with_what_was_asked_for(forty, found):
    decided = forty.study.analysis
    for row in found.where(measure=precision.AREA):
        own = forty.rated("same_different", task="same-different")
        own = own[(own["pair"] == row["pair"]) & (own["system"] == row["system"])]
        names = [own[name].to_numpy(str) for name in ("listener", "speaker", "other_speaker")]
        known = within.auc(own["value_number"].to_numpy(float), own["same"].to_numpy(bool), *names)
        assert row["half_width"] == pytest.approx((known.high - known.low) / 2)
        assert row["wanted"] == decided.auc_margin
    for row in found.rows:
        assert row["reached"] == (row["half_width"] <= row["wanted"])
        assert row["listeners_needed"] <= row["listeners_now"] if row["reached"] else row["listeners_needed"] > 2
    assert {row["wanted"] for row in found.where(measure=precision.MEAN)} == {decided.mos_difference / 2}


def test_a_forecast_comes_true():
    """From 20 listeners it is told how many it takes; with as many the precision is about what was wanted."""
    world = RatingWorld(20, 40, trials=8)
    needed, reached = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        values, listeners, speakers = world.draw(rng)
        now = crossed.mean(values, listeners, speakers, rng=rng)
        cell = precision._Cell(
            {}, now, precision.mean_spread(values, crossed.Clusters.of(listeners, speakers)), wanted=0.25
        )
        needed.append(precision._needed(cell, (now.high - now.low) / 2, 0.95)[0])
    assert None not in needed
    typical = int(np.median(needed))
    assert 20 < typical < 80
    for seed in range(40):
        rng = np.random.default_rng([seed, 1])
        later = crossed.mean(*replace(world, listeners=typical).draw(rng), rng=rng)
        reached.append((later.high - later.low) / 2)
    assert np.mean(reached) == pytest.approx(0.25, rel=0.1)


def test_listeners_are_of_no_use_where_speakers_are_too_few(forty):
    """Every rating follows the speaker: only other speakers would tell more."""
    frame = forty.frame.copy()
    rated = frame["question"].eq("overall_quality").fillna(False).astype(bool)
    names = sorted(frame["speaker"].dropna().unique())
    number = frame["speaker"].map({name: n % 3 for n, name in enumerate(names)}).astype(float)
    noise = np.random.default_rng(0).normal(0, 0.05, len(frame))
    frame.loc[rated, "value_number"] = (1 + number * 2 + noise)[rated]
    rows = list(table(replace(forty, frame=frame)).where(question="overall_quality"))
    assert rows
    for row in rows:
        assert row["listeners_needed"] is None
        assert not row["reached"]
        assert "Add speakers" in row["note"]


@pytest.mark.parametrize("listeners", [0, 1, 2, 3])
def test_little_is_known_of_few(listeners):
    answers = analysed.answers(TASKS, listeners=listeners) if listeners else analysed.none()
    found = table(answers)
    assert bool(found.reason) == (not found.rows)
    for row in found.rows:
        assert row["half_width"] is not None or row["note"]
        assert row["reached"] in (None, True, False)


def test_equal_ratings_and_one_system_and_other_tasks():
    alone = analysed.answers([{**planning.SAME, "systems": ["original"], "pairs": ["original-original"]}], listeners=6)
    assert len(table(alone).rows) <= 1
    none = analysed.answers([planning.LINE_UP, planning.EMOTION], listeners=3)
    assert table(none).reason.startswith("No precision is asked for")
    same = analysed.answers([planning.MOS], listeners=6, sd=0.0, lapse_rate=0.0)
    for row in table(same).rows:
        assert row["half_width"] is None
        assert row["note"]


def test_masked_studies_have_letters_only():
    found = table(analysed.answers(TASKS, listeners=6, masked=True))
    assert {len(row["system"]) for row in found.rows} == {1}


def test_parts_of_the_area_add_up_to_its_variance():
    pairs = PairWorld(30, 12, trials=8).draw(np.random.default_rng(4))
    people, voices = within.parts(*pairs)
    whole = within.auc(*pairs)
    assert people.value + voices.value == pytest.approx(whole.se**2)
    assert people.df == pytest.approx(29)


def test_parts_of_a_mean_add_up_to_its_variance():
    rng = np.random.default_rng(4)
    values, listeners, speakers = RatingWorld(30, 12).draw(rng)
    spread = precision.mean_spread(values, crossed.Clusters.of(listeners, speakers))
    known = crossed.mean(values, listeners, speakers, rng=rng)
    assert spread is not None
    assert spread.value == pytest.approx(known.se**2)
    assert (spread.of_listeners, spread.of_speakers, spread.of_answers) == (30, 12, 120)
