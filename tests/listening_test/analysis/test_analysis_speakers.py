"""The worst speaker, found without mistaking bad luck for bad privacy; the panel; similarity."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from listening_test.analysis import panel, similarity, speakers, within
from listening_test.analysis.worlds import Pairs, PairWorld
from tests.listening_test import analysed, planning


def about(drawn: Pairs):
    """Means, errors and the area of a drawn study."""
    area = within.auc(drawn.scores, drawn.same, drawn.listeners, drawn.speakers, drawn.others)
    return about_all(drawn), area


def about_all(drawn: Pairs):
    placed, kept = within.placements(drawn.scores, drawn.same, drawn.listeners)
    assert kept.all()
    names, numbers = speakers._parted(drawn.speakers, drawn.others)
    return speakers._About.of(placed, drawn.listeners, numbers, names)


def worst(runs: int, world: PairWorld) -> tuple[float, float]:
    """Over simulated studies: mean raw area of the worst speaker, and share of the worst's intervals that cover 0.5."""
    rng, raw, covered = np.random.default_rng(1), [], []
    for _ in range(runs):
        found, area = about(world.draw(rng))
        one = speakers.shrunken(found.means, found.errors, area, 0.95, rng)
        place = int(np.argmax(one.values))
        raw.append(found.means.max())
        covered.append(one.low[place] <= 0.5 <= one.high[place])
    return float(np.mean(raw)), float(np.mean(covered))


def test_the_worst_of_ten_at_chance_has_an_area_of_seventy():
    """Of ten speakers with 20 trials each, guessed: what the table's caution says."""
    rng, raw = np.random.default_rng(2), []
    for _ in range(400):
        same, different = rng.integers(0, 6, (2, 10, 10))
        above = same[:, :, None] - different[:, None, :]
        raw.append((np.mean(above > 0, (1, 2)) + np.mean(above == 0, (1, 2)) / 2).max())
    assert np.mean(raw) == pytest.approx(0.70, abs=0.01)


def test_intervals_allow_for_answers_of_one_listener():
    """Twice the same answers tell no more."""
    drawn = PairWorld(40, 6, 8).draw(np.random.default_rng(4))
    once, twice = about(drawn)[0], about(Pairs(*(np.tile(part, 2) for part in drawn)))[0]
    assert twice.means == pytest.approx(once.means)
    assert twice.errors == pytest.approx(once.errors, rel=0.25)
    assert np.array_equal(twice.answers, 2 * once.answers)


def test_a_foil_counts_as_heard():
    placed, listeners = np.array([1.0, 0.0, 1.0]), np.array(["a", "b", "c"])
    names, numbers = speakers._parted(np.array(["x", "x", "y"]), np.array(["x", "foil", "foil"]))
    found = speakers._About.of(placed, listeners, numbers, names)
    assert dict(zip(names, found.answers, strict=True)) == {"foil": 2, "x": 2, "y": 1}
    assert dict(zip(names, found.means, strict=True)) == {"foil": 0.5, "x": 0.5, "y": 1.0}


def test_three_speakers_are_not_shrunk():
    """Of three, the spread between them is not known well enough (Morris 1983)."""
    area = about(PairWorld(10, 6).draw(np.random.default_rng(0)))[1]
    means, errors = np.array([0.9, 0.5, 0.4]), np.full(3, 0.02)
    found = speakers.shrunken(means, errors, area, 0.95, np.random.default_rng(0))
    assert found.values == pytest.approx(means)
    assert np.all(found.high - found.low > 0)


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.6, 1.0])
def test_intervals_hold_for_all_speakers_at_once(spread):
    """Speakers who differ by this much in d': all are covered in about 95 % of studies, the worst in nearly all."""
    rng, every, worst_one = np.random.default_rng(2), [], []
    for _ in range(60):
        parts = rng.normal(0, spread, 10)
        large = _heard(parts, 5000, rng)
        truth = about_all(large).means
        for _ in range(4):
            found, area = about(_heard(parts, 40, rng))
            one = speakers.shrunken(found.means, found.errors, area, 0.95, rng)
            covered = (one.low <= truth) & (truth <= one.high)
            every.append(covered.all())
            worst_one.append(covered[np.argmax(one.values)])
    assert np.mean(every) > 0.91
    assert np.mean(worst_one) > 0.97


def _heard(parts: np.ndarray, listeners: int, rng: np.random.Generator) -> Pairs:
    """Ten trials of each listener, of speakers with these parts in d'."""
    count, trials = len(parts), 10
    first = rng.integers(0, count, listeners * trials)
    who, same = np.repeat(np.arange(listeners), trials), np.arange(listeners * trials) % 2 == 0
    second = np.where(same, first, (first + rng.integers(1, count, len(first))) % count)
    able, lean = rng.normal(0, 0.4, listeners)[who], rng.normal(0, 0.5, listeners)[who]
    d_prime = 1 + able + (parts[first] + parts[second]) / 2
    evidence = np.where(same, d_prime, -d_prime) / 2 + lean + rng.normal(size=len(who))
    return Pairs(np.round(evidence * 1.5), same, who, first, second)


def test_the_worst_of_many_at_chance_looks_recognised_and_is_not():
    raw, covered = worst(60, PairWorld(14, 10, 8, d_prime=0, sd_listener=0, sd_speaker=0))
    assert raw > 0.58
    assert covered >= 0.95


@pytest.mark.slow
@pytest.mark.parametrize("count", [8, 20])
def test_intervals_of_the_worst_cover_in_a_long_run(count):
    assert worst(600, PairWorld(25, count, 8, d_prime=0, sd_speaker=0, sd_criterion=0.5))[1] >= 0.95


def test_speakers_who_do_differ_are_not_shrunk_away():
    drawn = PairWorld(300, 8, 8, sd_speaker=1.2, sd_listener=0).draw(np.random.default_rng(3))
    found, area = about(drawn)
    one = speakers.shrunken(found.means, found.errors, area, 0.95, np.random.default_rng(0))
    assert np.ptp(one.values) > 0.8 * np.ptp(found.means)


def test_few_answers_are_shrunk_more():
    means, errors = np.array([0.9, 0.9, 0.5, 0.5, 0.4]), np.array([0.01, 0.1, 0.02, 0.02, 0.02])
    area = about(PairWorld(10, 6).draw(np.random.default_rng(0)))[1]
    found = speakers.shrunken(means, errors, area, 0.95, np.random.default_rng(0))
    assert abs(found.values[1] - area.value) < abs(found.values[0] - area.value)


def test_the_table_marks_one_worst_of_each_system():
    (table,) = speakers.tables(analysed.answers([planning.SAME], listeners=24))
    for pair, system in {(row["pair"], row["system"]) for row in table.rows}:
        rows = list(table.where(pair=pair, system=system))
        assert sum(bool(row["worst"]) for row in rows) == 1
        top = max(rows, key=lambda row: row["value"])
        assert next(row for row in rows if row["worst"])["value"] == top["value"]


@pytest.mark.parametrize("module", [speakers, panel, similarity])
@pytest.mark.parametrize("tasks", [[planning.SAME, planning.SIMILAR], [planning.MOS]])
def test_without_answers_tables_say_why(module, tasks):
    for table in module.tables(analysed.none(planning.study(tasks))):
        assert table.reason
        assert not table.rows


@pytest.mark.parametrize("module", [speakers, similarity])
def test_one_listener_is_no_error(module):
    for table in module.tables(analysed.answers([planning.SAME, planning.SIMILAR], listeners=1)):
        assert all(row["low"] is None for row in table.rows)


def test_one_listener_is_hardly_a_panel():
    (table,) = panel.tables(analysed.answers([planning.SAME], listeners=1))
    assert all(row["note"] for row in table.rows)


def test_a_panel_does_better_than_its_members():
    """Everybody hears the same pairs: eight of d' 1 together reach sqrt(8)."""
    rng = np.random.default_rng(5)
    same = np.tile(np.arange(60) % 2 == 0, 8)
    evidence = np.where(same, 0.5, -0.5) + rng.normal(size=len(same))
    own = _frame(evidence, same)
    own = own.assign(score=panel.on_one_scale(evidence, own["listener"].to_numpy(str)))
    alone = within.contributions(evidence, same, own["listener"])[0]
    fused = panel.fused(own)
    together = within.contributions(fused["score"], fused["same"], np.zeros(len(fused)))[0]
    assert len(fused) == 60
    assert set(fused["listeners"]) == {8}
    assert together > alone + 0.1


def test_who_answered_once_is_not_taken_for_a_guess():
    """One answer less its own mean would be nothing: perfect privacy, whatever was said."""
    rng = np.random.default_rng(6)
    same = np.tile(np.arange(60) % 2 == 0, 8)
    evidence = np.where(same, 1.0, -1.0) + rng.normal(size=len(same))
    own = _frame(evidence, same).assign(listener=[f"L{n}" for n in range(len(same))])
    own = own.assign(score=panel.on_one_scale(evidence, own["listener"].to_numpy(str)))
    fused = panel.fused(own)
    together = within.contributions(fused["score"], fused["same"], np.zeros(len(fused)))[0]
    assert together > 0.95


def test_one_scale_is_what_a_listener_means_by_sure():
    """Leanings are taken out, a wide and a narrow use of the scale count the same."""
    rng = np.random.default_rng(7)
    listeners, truth = np.repeat(np.arange(20), 200), np.tile(rng.normal(size=200), 20)
    lean, wide = rng.normal(0, 2, 20), rng.uniform(0.5, 3, 20)
    scaled = panel.on_one_scale(lean[listeners] + wide[listeners] * truth, listeners).reshape(20, 200)
    assert np.abs(scaled.mean(1)).max() < 0.05
    assert np.abs(scaled.std(1) - 1).max() < 0.15


def test_few_answers_hardly_move_the_scale():
    """With three answers of each listener, less their own mean would throw away a third of what was said."""
    rng = np.random.default_rng(8)
    listeners, same = np.repeat(np.arange(400), 3), rng.random(1200) < 0.5
    values = np.where(same, 1.0, -1.0) + rng.normal(size=1200)
    kept = roc_auc_score(same, panel.on_one_scale(values, listeners))
    own = values - (np.bincount(listeners, values) / 3)[listeners]
    assert kept > roc_auc_score(same, own) + 0.03
    assert kept > roc_auc_score(same, values) - 0.01


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0, 2.0], [3.0, -3.0]])
def test_one_scale_of_hardly_anything(values):
    found = panel.on_one_scale(np.array(values), np.array(["L1"] * len(values)))
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(0)


def _frame(evidence, same):
    import pandas as pd

    pair = np.tile(np.arange(60), 8)
    heard = {
        f"sound_{n}_{part}": [f"{part}{n}-{p}" for p in pair] for n in (1, 2) for part in ("clip", "system", "level")
    }
    names = {"speaker": [f"S{p % 10}" for p in pair], "other_speaker": [f"S{(p + p % 2) % 10}" for p in pair]}
    return pd.DataFrame(
        {
            "value_number": evidence,
            "same": same,
            "listener": np.repeat([f"L{n}" for n in range(8)], 60),
            **heard,
            **names,
        }
    )


def test_the_panel_table_says_how_many_heard_each_pair():
    (table,) = panel.tables(analysed.answers([planning.SAME], listeners=48))
    for row in table.rows:
        assert row["median_listeners"] >= 1
        assert row["trials"] > 4
        assert "hardly a panel" in row["note"]
    assert all(0 <= row["eer"] <= 1 for row in table.rows)


def test_similar_voices_tell_one_speaker_from_two():
    answers = analysed.answers([planning.SIMILAR], listeners=48, d_prime={"original": 3.0, "mcadams": 0.0})
    means, areas = similarity.tables(answers)
    rated = {(row["system"], row["same"]): row["value"] for row in means.where(exclusions="applied")}
    assert rated["original", True] > rated["original", False] + 1
    assert abs(rated["mcadams", True] - rated["mcadams", False]) < 0.6
    verdicts = {row["system"]: row["verdict"] for row in areas.where(exclusions="applied")}
    assert verdicts["original"] == "above chance"
    assert verdicts["mcadams"] != "above chance"
