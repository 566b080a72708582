"""Agreement against worked examples of the literature, nltk, brute force, and listeners whose agreement is known."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from listening_test.analysis import agreement, alpha, components, intraclass, reliability, resampling
from listening_test.analysis.answers import Answers
from listening_test.analysis.estimate import Estimate
from tests.listening_test import analysed, planning

SHROUT_FLEISS = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
"""Six persons rated by four judges: Shrout & Fleiss 1979, table 2."""
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
)
"""Four observers and twelve units, 0 where there is no value: Krippendorff 2011, section C."""
LEVELS = ("nominal", "ordinal", "interval")


def listed(table: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, raters and items of a table of raters by items; 0 is no value."""
    raters, items = np.nonzero(table)
    return table[raters, items].astype(float), raters, items


def test_intraclass_correlations_are_those_of_shrout_and_fleiss():
    one = intraclass.icc(*listed(SHROUT_FLEISS.T)).value
    assert one == pytest.approx(0.29, abs=0.005)
    assert intraclass.of_several(one, 4) == pytest.approx(0.62, abs=0.005)


@pytest.mark.parametrize(("level", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_krippendorffs(level, expected):
    values, _, items = listed(KRIPPENDORFF)
    assert alpha.alpha(values, items, level).value == pytest.approx(expected, abs=0.0005)


def test_names_are_compared_as_well_as_numbers():
    values, _, items = listed(KRIPPENDORFF)
    names = np.array(["", "anger", "fear", "joy", "none", "sadness"], object)[values.astype(int)]
    assert alpha.alpha(names, items, "nominal").value == pytest.approx(0.743, abs=0.0005)


def test_a_complete_table_gives_the_variances_of_the_analysis_of_variance():
    rng = np.random.default_rng(2)
    raters, items = np.divmod(np.arange(7 * 11), 11)
    values = rng.normal(size=77) + rng.normal(0, 1, 11)[items] + rng.normal(0, 0.5, 7)[raters]
    blocks = [components.indicators(items), components.indicators(raters)]
    found = components.estimate(values, np.ones((77, 1)), blocks).values
    assert intraclass.icc(values, raters, items).value == pytest.approx(found[0] / found.sum())


def test_a_mixed_model_agrees_where_the_table_is_incomplete():
    import pandas as pd
    import statsmodels.formula.api as smf

    values, raters, items, _ = rated(np.random.default_rng(4), listeners=30, speakers=40, takes=1, trials=15)
    data = pd.DataFrame({"y": values, "item": items, "rater": raters, "all": 1})
    parts = {"item": "0 + C(item)", "rater": "0 + C(rater)"}
    model = smf.mixedlm("y ~ 1", data, groups="all", vc_formula=parts).fit()
    likely = dict(zip(model.model.exog_vc.names, model.vcomp, strict=True))
    share = likely["item"] / (sum(likely.values()) + model.scale)
    assert intraclass.icc(values, raters, items).value == pytest.approx(share, abs=0.03)


def brute_force_alpha(values: np.ndarray, items: np.ndarray, level: str, weights: np.ndarray) -> float:
    """Weighted alpha by every pair of answers; no answer is compared with itself, whatever its weight."""
    kinds, paired = np.unique(values), np.array([np.sum(items == item) > 1 for item in items])
    values, items, weights = values[paired], items[paired], weights[paired]
    many = np.array([weights[values == kind].sum() for kind in kinds])
    middles = dict(zip(kinds, np.cumsum(many) - many / 2, strict=True))

    def distance(one: float, other: float) -> float:
        if level == "nominal":
            return float(one != other)
        return (one - other) ** 2 if level == "interval" else (middles[one] - middles[other]) ** 2

    apart = np.array([[distance(one, other) for other in values] for one in values])
    product = np.outer(weights, weights) * ~np.eye(len(values), dtype=bool)
    observed = 0.0
    for item in np.unique(items):
        own = np.ix_(items == item, items == item)
        observed += weights[items == item].sum() * np.sum((product * apart)[own]) / np.sum(product[own])
    return 1 - observed / weights.sum() / (np.sum(product * apart) / np.sum(product))


def brute_force_icc(values: np.ndarray, raters: np.ndarray, items: np.ndarray, weights: np.ndarray) -> float:
    half = (values[:, None] - values[None, :]) ** 2 / 2
    product = np.outer(weights, weights)
    same_item, same_rater = items[:, None] == items, raters[:, None] == raters
    within, total = 0.0, 0.0
    for item in np.unique(items):
        own = np.ix_(items == item, items == item)
        pairs = product[own] * ~same_rater[own]
        if pairs.sum():
            total += weights[items == item].sum()
            within += weights[items == item].sum() * np.sum(pairs * half[own]) / pairs.sum()
    apart = product * ~same_item * ~same_rater
    return 1 - within / total / (np.sum(apart * half) / apart.sum())


def slopes(function, n: int) -> np.ndarray:
    """Derivatives by the weight of each answer."""
    moved = 1e-4 * np.eye(n)
    return np.array([(function(1 + row) - function(1 - row)) / 2e-4 for row in moved])


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(LEVELS))
def test_value_and_influence_of_alpha_are_those_of_all_pairs(seed, level):
    values, _, items = listed(np.random.default_rng(seed).integers(0, 6, (4, 9)))
    found = alpha.alpha(values, items, level)

    def brute(weights: np.ndarray) -> float:
        return brute_force_alpha(values, items, level, weights)

    assert found.value == pytest.approx(brute(np.ones(len(values))))
    assert found.contributions == pytest.approx(slopes(brute, len(values)), abs=1e-6)
    assert found.contributions.sum() == pytest.approx(0, abs=1e-6)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_value_and_influence_of_the_intraclass_correlation_are_those_of_all_pairs(seed):
    values, raters, items = listed(np.random.default_rng(seed).integers(0, 6, (4, 9)))
    found = intraclass.icc(values, raters, items)

    def brute(weights: np.ndarray) -> float:
        return brute_force_icc(values, raters, items, weights)

    assert found.value == pytest.approx(brute(np.ones(len(values))))
    assert found.contributions == pytest.approx(slopes(brute, len(values)), abs=1e-6)


@pytest.mark.parametrize("level", LEVELS)
def test_order_and_names_of_items_do_not_matter(level):
    values, raters, items = listed(KRIPPENDORFF)
    order = np.random.default_rng(0).permutation(len(values))
    names = np.array([f"clip {item}" for item in items], object)
    for one, other in [
        (alpha.alpha(values, items, level), alpha.alpha(values[order], names[order], level)),
        (intraclass.icc(values, raters, items), intraclass.icc(values[order], raters[order], names[order])),
    ]:
        assert one.value == pytest.approx(other.value)
        assert one.contributions[order] == pytest.approx(other.contributions)


@pytest.mark.parametrize(
    "table",
    [np.zeros((0, 0)), np.array([[3.0]]), np.eye(4) * 2, np.full((3, 5), 4.0), np.full((1, 6), 3.0)],
    ids=["nothing", "one answer", "nobody twice", "all equal", "one listener"],
)
def test_what_cannot_be_told_is_not_a_number(table):
    values, raters, items = listed(table)
    assert all(math.isnan(alpha.alpha(values, items, level).value) for level in LEVELS)
    assert math.isnan(intraclass.icc(values, raters, items).value)


def test_perfect_agreement_is_one():
    table = np.tile(np.arange(1, 6), (4, 1))
    values, raters, items = listed(table)
    assert intraclass.icc(values, raters, items).value == pytest.approx(1)
    assert [alpha.alpha(values, items, level).value for level in LEVELS] == pytest.approx([1, 1, 1])


def rated(
    rng: np.random.Generator, *, listeners: int = 40, speakers: int = 24, takes: int = 2, trials: int = 12
) -> tuple[np.ndarray, ...]:
    """Ratings, listeners, items and speakers; a quarter of the variance is the items'."""
    order = rng.permutation(speakers * takes)
    places = (np.arange(listeners)[:, None] * trials + np.arange(trials)) % len(order)
    items, who = order[places].ravel(), np.repeat(np.arange(listeners), trials)
    voices = rng.normal(0, 0.4, speakers)[items // takes] + rng.normal(0, 0.3, speakers * takes)[items]
    values = 3 + voices + rng.normal(0, 0.5, listeners)[who] + rng.normal(0, math.sqrt(0.5), len(who))
    return values, who, items, items // takes


@pytest.fixture(scope="module")
def runs() -> list[Estimate]:
    """Intervals of ICC(2,1) in studies where a quarter of the variance is the items'."""
    rng = np.random.default_rng(7)
    studies = [rated(rng) for _ in range(150)]
    return [
        agreement.interval(intraclass.icc(values, who, items), 10.0, who, speakers)
        for values, who, items, speakers in studies
    ]


def test_the_truth_is_found(runs):
    assert np.mean([run.value for run in runs]) == pytest.approx(0.25, abs=0.02)


def test_standard_errors_are_the_scatter_of_studies(runs):
    told = np.sqrt(np.mean([run.se**2 for run in runs]))
    assert np.std([run.value for run in runs]) == pytest.approx(told, rel=0.25)


def test_intervals_cover_the_truth(runs):
    assert 0.88 <= np.mean([run.low <= 0.25 <= run.high for run in runs]) <= 0.99


def test_the_interval_of_a_bootstrap_over_listeners_and_speakers_is_as_wide():
    values, who, items, speakers = rated(np.random.default_rng(3))
    found = agreement.interval(alpha.alpha(np.round(values), items, "interval"), 10.0, who, speakers)
    drawn = resampling.interval(
        lambda weights: np.array([fast_alpha(np.round(values), items, row) for row in weights]),
        who, speakers, rng=np.random.default_rng(0), replicates=300,
    )  # fmt: skip
    assert found.value == pytest.approx(drawn.value)
    assert found.se == pytest.approx(drawn.se, rel=0.2)


def fast_alpha(values: np.ndarray, items: np.ndarray, weights: np.ndarray) -> float:
    """Weighted alpha of squared differences, from sums; every item has several answers."""
    sums = [np.bincount(items, weights * values**power) for power in (0, 1, 2)]
    squares = np.bincount(items, weights**2)
    own = (sums[0] * sums[2] - sums[1] ** 2) / (sums[0] ** 2 - squares)
    whole = [one.sum() for one in sums]
    every = (whole[0] * whole[2] - whole[1] ** 2) / (whole[0] ** 2 - squares.sum())
    return 1 - np.average(own, weights=sums[0]) / every


def test_an_interval_at_no_agreement_is_about_as_far_to_both_sides():
    rng = np.random.default_rng(5)
    _, who, items, speakers = rated(rng)
    found = agreement.interval(alpha.alpha(rng.integers(1, 6, len(who)), items, "interval"), 10.0, who, speakers)
    assert found.low < 0 < found.high
    assert found.high - found.value == pytest.approx(found.value - found.low, rel=0.5)


def table_of(answers: Answers):
    (table,) = reliability.tables(answers)
    return table


def test_every_question_of_every_task_has_its_measures():
    table = table_of(analysed.answers(analysed.EVERY_TASK))
    measures: dict[str, list[str]] = {}
    for row in table.where(exclusions="applied"):
        measures.setdefault(str(row["question"]), []).append(str(row["measure"]))
    numbers = ["ICC(2,1)", "ICC(2,k)", "Krippendorff's alpha (ordinal)", "Krippendorff's alpha (interval)"]
    assert measures == {
        "overall_quality": numbers,
        "same_different": numbers,
        "similarity": numbers,
        "emotion": ["Krippendorff's alpha (nominal)"],
        "intensity": numbers,
    }
    assert {row["exclusions"] for row in table.rows} == {"applied", "none"}


def dense() -> Answers:
    """Twelve listeners who all rated the same twelve recordings, systems far apart."""
    answers = analysed.answers(mos={"original": 4.6, "low-anchor": 1.3}, listeners=12)
    frame = answers.frame.copy()
    rated = frame["kind"].eq("rated").to_numpy(bool)
    speakers = np.array([f"F{number % 3:02}" for number in range(12)])
    number = frame[rated].groupby(["listener", "system"]).cumcount().to_numpy()
    frame.loc[rated, "speaker"] = speakers[number]
    frame.loc[rated, "sound_1_clip"] = [f"{speakers[one]}-0" for one in number]
    return replace(answers, frame=frame)


def test_listeners_who_hear_the_same_agree_and_a_mean_of_them_is_more_reliable():
    rows = {row["measure"]: row for row in table_of(dense()).where(exclusions="none")}
    one, several = rows["ICC(2,1)"], rows["ICC(2,k)"]
    assert (one["raters"], one["items"], one["per_item"]) == (12, 12, 12)
    assert 0.5 < one["low"] < one["value"] < several["value"] < 1
    assert several["value"] == pytest.approx(intraclass.of_several(one["value"], 12))
    assert several["low"] == pytest.approx(intraclass.of_several(one["low"], 12))
    assert rows["Krippendorff's alpha (ordinal)"]["value"] == pytest.approx(one["value"], abs=0.1)
    assert {row["note"] for row in rows.values()} == {""}


def test_recordings_that_few_heard_are_doubted():
    rows = list(table_of(analysed.answers([planning.EMOTION], listeners=24)).where(exclusions="none"))
    assert all(row["items"] >= 10 and row["low"] is not None for row in rows)
    assert all("fewer than 3 listeners" in row["note"] for row in rows)


def test_an_interval_needs_some_recordings():
    answers = dense()
    frame = answers.frame[answers.frame["system"].isin(["original", "mcadams"]) | answers.frame["kind"].ne("rated")]
    rows = list(table_of(replace(answers, frame=frame.reset_index(drop=True))).rows)
    assert all(row["value"] is not None and row["low"] is None for row in rows)
    assert all("10 recordings" in row["note"] for row in rows)


def test_two_recordings_are_one_pair_in_either_order():
    answers = analysed.answers([planning.SAME], listeners=6)
    frame = answers.frame.copy()
    swapped = frame["listener"].eq("L2").to_numpy(bool) & frame["kind"].eq("rated").to_numpy(bool)
    first = frame["listener"].eq("L1").to_numpy(bool) & frame["kind"].eq("rated").to_numpy(bool)
    for one, other in ((1, 2), (2, 1)):
        for name in ("clip", "system", "speaker"):
            frame.loc[swapped, f"sound_{one}_{name}"] = frame.loc[first, f"sound_{other}_{name}"].to_numpy()
    before, after = (next(table_of(one).where(exclusions="none")) for one in (answers, replace(answers, frame=frame)))
    assert after["items"] >= before["items"] + int(first.sum()) - 2


def test_an_answer_given_twice_counts_once():
    import pandas as pd

    answers = dense()
    twice = replace(answers, frame=pd.concat([answers.frame, answers.frame], ignore_index=True))
    assert table_of(twice).rows == table_of(answers).rows


def test_a_line_up_alone_has_no_agreement():
    table = table_of(analysed.answers([planning.LINE_UP], listeners=4))
    assert table.reason == reliability.NO_TASK
    assert not table.rows


@pytest.mark.parametrize("tasks", [[planning.MOS], analysed.EVERY_TASK])
def test_nobody_one_listener_and_equal_ratings_give_reasons(tasks):
    study = planning.study(tasks, design=analysed.ROOM)
    assert table_of(analysed.none(study)).reason == reliability.NOBODY
    alone = analysed.of(study, listeners=1)
    assert all(row["value"] is None and row["low"] is None and row["note"] for row in table_of(alone).rows)
    equal = dense()
    equal.frame["value_number"] = equal.frame["value_number"].where(equal.frame["value_number"].isna(), 3.0)
    assert all(row["value"] is None and "equal" in row["note"] for row in table_of(equal).rows)


def test_with_nobody_to_be_used_the_others_still_stand():
    answers = dense()
    answers.frame["use"] = False
    applied, everybody = (list(table_of(answers).where(exclusions=one)) for one in ("applied", "none"))
    assert all(row["value"] is None and row["note"] == "No answers yet." for row in applied)
    assert all(row["value"] is not None for row in everybody)


def test_letters_in_place_of_systems_change_no_number():
    numbers = [
        [(row["measure"], row["value"], row["items"]) for row in table_of(analysed.answers(masked=masked)).rows]
        for masked in (False, True)
    ]
    assert numbers[0] == numbers[1]
