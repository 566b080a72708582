"""ROC, DET, AUC, EER: worked by hand, by properties, beside other libraries and the reference implementations."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.metrics import MetricError, auc, auc_of_counts, counts, eer, eer_of_counts, roc
from evaluation.metrics.curves import Roc, det, thinned

SETS = ["easy", "medium", "hard", "chance", "inverted", "perfect", "ties_1decimal", "six_level", "two_level"]
SETS += ["constant", "cosine_like", "tiny", "tiny_10"]
SIX = st.sampled_from([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0])
REAL = st.floats(-100, 100).map(lambda score: round(score, 3))


def both(score: Any, most: int = 30) -> Any:
    return st.tuples(st.lists(score, min_size=1, max_size=most), st.lists(score, min_size=1, max_size=most))


ANY = st.one_of(both(SIX), both(REAL))


def eer_by_walking(target: list[float], nontarget: list[float]) -> float:
    """The definition, trial by trial: where the line between two neighbouring operating points meets FAR = FRR."""
    before = (0.0, 1.0)
    for threshold in sorted({*target, *nontarget}, reverse=True):
        far = sum(score >= threshold for score in nontarget) / len(nontarget)
        frr = sum(score < threshold for score in target) / len(target)
        if far >= frr:
            t = (before[1] - before[0]) / ((before[1] - before[0]) + (far - frr))
            return before[0] + t * (far - before[0])
        before = (far, frr)
    raise AssertionError("accepting everybody has FAR 1 and FRR 0")


def speechbrain_eer(target: np.ndarray, nontarget: np.ndarray) -> float:
    """The mean of both rates at the first threshold where they differ least, scores and midpoints being thresholds;
    rates in float32, which decides which of several nearly equal differences is the least."""
    scores = np.unique(np.concatenate([target, nontarget]).astype(np.float32))
    thresholds = np.unique(np.concatenate([scores, (scores[1:] + scores[:-1]) / np.float32(2)]))
    frr = np.array([(target <= t).sum() for t in thresholds], np.float32) / np.float32(len(target))
    far = np.array([(nontarget > t).sum() for t in thresholds], np.float32) / np.float32(len(nontarget))
    best = int(np.argmin(np.abs(far - frr)))
    return float((far[best] + frr[best]) / 2)


def rocch_eer(target: np.ndarray, nontarget: np.ndarray, *, ties_split: bool) -> float:
    """Where the convex hull of the ROC meets FAR = FRR. ties_split: within a tie non-targets are taken to be lower,
    as the reference does for parity (too good for the attacker); without it, ties share a threshold."""
    scores = np.concatenate([nontarget, target])
    kind = np.concatenate([np.zeros(len(nontarget)), np.ones(len(target))])
    order = np.argsort(scores, kind="stable")
    kind, scores = kind[order], scores[order]
    ends = np.arange(len(scores)) if ties_split else np.flatnonzero(np.append(np.diff(scores) > 0, True))
    frr = np.concatenate([[0], np.cumsum(kind)[ends] / len(target)])
    far = np.concatenate([[1], 1 - np.cumsum(1 - kind)[ends] / len(nontarget)])
    return _lowest_on_hull(far, frr)


def _lowest_on_hull(far: np.ndarray, frr: np.ndarray) -> float:
    """min over the chords between two points of the ROC, at FAR = FRR: the hull's, since it lies below each."""
    least = float(np.min(np.maximum(far, frr)[far == frr], initial=1.0))
    above, below = np.flatnonzero(far > frr), np.flatnonzero(far < frr)
    for i in above:
        gap, rest = far[i] - frr[i], frr[below] - far[below]
        least = min(least, float(np.min((far[i] * rest + far[below] * gap) / (gap + rest))))
    return least


@pytest.mark.parametrize("name", SETS)
def test_eers_of_the_reference_implementations(name: str, golden: Any) -> None:
    """Ours equals neither by definition; SpeechBrain's and the hull's, computed here, equal the references' to 1e-6,
    and ours lies where the definitions say."""
    numbers, (target, nontarget) = golden.numbers[name], golden.scores(name)
    speechbrain, split = numbers["eer_speechbrain"]["eer"], numbers["eer_rocch_vpc24_optimal_llr"]
    assert speechbrain_eer(target, nontarget) == pytest.approx(speechbrain, abs=1e-6)
    assert rocch_eer(target, nontarget, ties_split=True) == pytest.approx(split, abs=1e-6)
    ours, hull = eer(target, nontarget), rocch_eer(target, nontarget, ties_split=False)
    assert ours == pytest.approx(eer_by_walking(target.tolist(), nontarget.tolist()), abs=1e-12)
    assert split - 1e-12 <= hull <= ours + 1e-12
    if len(np.unique(np.concatenate([target, nontarget]))) == len(target) + len(nontarget):
        step = 1 / len(target) + 1 / len(nontarget)
        assert ours == pytest.approx(speechbrain, abs=step), "without ties they differ by less than a step"


def test_by_hand() -> None:
    """Targets 1 2 3 4, others 0 1 2: at threshold 2 FAR = 1/3 and FRR = 1/4, at 3 FAR = 0 and FRR = 1/2."""
    found = roc([1, 2, 3, 4], [0, 1, 2])
    assert found.thresholds.tolist() == [np.inf, 4, 3, 2, 1, 0]
    assert found.hit_rates.tolist() == [0, 0.25, 0.5, 0.75, 1, 1]
    assert found.false_alarm_rates == pytest.approx([0, 0, 0, 1 / 3, 2 / 3, 1])
    assert eer([1, 2, 3, 4], [0, 1, 2]) == pytest.approx(2 / 7)  # (0, 1/2) to (1/3, 1/4) meets y = x at 2/7
    assert auc([1, 2, 3, 4], [0, 1, 2]) == pytest.approx((9 + 2 / 2) / 12)


@pytest.mark.parametrize(
    ("target", "nontarget", "rate", "area"),
    [([2, 3], [0, 1], 0, 1), ([0, 1], [2, 3], 1, 0), ([7] * 50, [7] * 200, 0.5, 0.5), ([5], [5], 0.5, 0.5)],
)
def test_extremes(target: list[float], nontarget: list[float], rate: float, area: float) -> None:
    assert eer(target, nontarget) == rate
    assert auc(target, nontarget) == area


@pytest.mark.parametrize("measure", [roc, auc, eer])
@pytest.mark.parametrize(("target", "nontarget"), [([], []), ([1.0], []), ([], [1.0, 2.0])])
def test_without_one_kind_nothing_is_defined(measure: Any, target: list[float], nontarget: list[float]) -> None:
    with pytest.raises(MetricError, match=f"but {len(target)} and {len(nontarget)} came"):
        measure(target, nontarget)


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_scores_must_be_numbers(odd: float) -> None:
    with pytest.raises(MetricError, match="Finite scores were expected"):
        eer([1, odd], [0])


@given(ANY)
def test_eer_is_the_crossing_of_the_steps(scores: tuple[list[float], list[float]]) -> None:
    assert eer(*scores) == pytest.approx(eer_by_walking(*scores), abs=1e-12)


@given(ANY)
def test_only_the_order_counts(scores: tuple[list[float], list[float]]) -> None:
    target, nontarget = (np.arctan(np.asarray(one) / 50) ** 3 * 5 + 1 for one in scores)
    assert eer(target, nontarget) == pytest.approx(eer(*scores), abs=1e-12)
    assert auc(target, nontarget) == pytest.approx(auc(*scores), abs=1e-12)


@given(ANY)
def test_changing_roles(scores: tuple[list[float], list[float]]) -> None:
    target, nontarget = map(np.asarray, scores)
    assert eer(nontarget, target) == pytest.approx(1 - eer(target, nontarget), abs=1e-12)
    assert eer(-nontarget, -target) == pytest.approx(eer(target, nontarget), abs=1e-12)
    assert auc(nontarget, target) == pytest.approx(1 - auc(target, nontarget), abs=1e-12)


@given(ANY)
def test_the_hull_is_never_above(scores: tuple[list[float], list[float]]) -> None:
    target, nontarget = map(np.asarray, scores)
    hull = rocch_eer(target, nontarget, ties_split=False)
    assert rocch_eer(target, nontarget, ties_split=True) - 1e-12 <= hull <= eer(target, nontarget) + 1e-12


@settings(max_examples=40)
@given(ANY)
def test_auc_and_roc_of_scikit_learn(scores: tuple[list[float], list[float]]) -> None:
    from sklearn.metrics import roc_auc_score, roc_curve

    kind, pooled = [1] * len(scores[0]) + [0] * len(scores[1]), scores[0] + scores[1]
    assert auc(*scores) == pytest.approx(roc_auc_score(kind, pooled), abs=1e-9)
    false_alarms, hits, thresholds = roc_curve(kind, pooled, drop_intermediate=False)
    ours = roc(*scores)
    assert ours.thresholds == pytest.approx(thresholds)
    assert ours.false_alarm_rates == pytest.approx(false_alarms)
    assert ours.hit_rates == pytest.approx(hits)


def test_auc_of_mann_and_whitney() -> None:
    from scipy.stats import mannwhitneyu

    rng = np.random.default_rng(0)
    target, nontarget = rng.normal(1, 1, 57).round(1), rng.normal(0, 1, 83).round(1)
    assert auc(target, nontarget) == pytest.approx(mannwhitneyu(target, nontarget).statistic / (57 * 83))


@given(both(SIX, most=8), st.data())
def test_a_weight_counts_a_trial_as_often(scores: tuple[list[float], list[float]], data: st.DataObject) -> None:
    """Several weightings at once, as a bootstrap asks for them."""
    often = [data.draw(st.lists(st.integers(1, 4), min_size=len(one), max_size=len(one))) for one in scores]
    repeated = [np.repeat(one, count) for one, count in zip(scores, often, strict=True)]
    levels, yes, no = counts(*scores)
    again, more, fewer = counts(*repeated)
    assert levels.tolist() == again.tolist()
    weights = np.array([yes, more]), np.array([no, fewer])
    assert eer_of_counts(*weights) == pytest.approx([eer(*scores), eer(*repeated)], abs=1e-12)
    assert auc_of_counts(*weights) == pytest.approx([auc(*scores), auc(*repeated)], abs=1e-12)


def test_nothing_is_defined_where_one_side_weighs_nothing() -> None:
    one, none = np.array([[1.0, 2.0]]), np.zeros((1, 2))
    for measure in (eer_of_counts, auc_of_counts):
        assert np.isnan([measure(one, none)[0], measure(none, one)[0], measure(none, none)[0]]).all()


def eer_of_curve(curve: Roc) -> float:
    """Where the line between two neighbouring points meets FAR = FRR."""
    gap = curve.false_alarm_rates - (1 - curve.hit_rates)
    after = int(np.argmax(gap >= 0))
    before = after - 1
    part = gap[before] / (gap[before] - gap[after])
    return float(curve.false_alarm_rates[before] + part * np.diff(curve.false_alarm_rates)[before])


@pytest.mark.parametrize("decimals", [1, 9])
def test_thinning_keeps_the_ends_and_the_eer(decimals: int) -> None:
    rng = np.random.default_rng(0)
    target, nontarget = rng.normal(1.2, 1, 2000).round(decimals), rng.normal(0, 1, 9000).round(decimals)
    whole = roc(target, nontarget)
    thin = thinned(whole, most=80)
    assert len(thin.thresholds) <= 80
    assert [thin.thresholds[0], thin.thresholds[-1]] == [whole.thresholds[0], whole.thresholds[-1]]
    assert eer_of_curve(thin) == pytest.approx(eer(target, nontarget), abs=1e-12)
    assert set(zip(*vars(thin).values(), strict=True)) <= set(zip(*vars(whole).values(), strict=True))
    back = np.interp(whole.false_alarm_rates, thin.false_alarm_rates, thin.hit_rates)
    assert np.abs(back - whole.hit_rates).max() < 0.05


@settings(max_examples=40)
@given(ANY, st.integers(4, 40))
def test_thinning_of_any_curve(scores: tuple[list[float], list[float]], most: int) -> None:
    thin = thinned(roc(*scores), most)
    assert eer_of_curve(thin) == pytest.approx(eer(*scores), abs=1e-9)
    assert np.all(np.diff(thin.false_alarm_rates) >= 0)
    assert np.all(np.diff(thin.hit_rates) >= 0)


def test_normal_scores_give_a_straight_det_line() -> None:
    """Equal variances, means 2 apart: probit(miss) = -2 - probit(false alarm)."""
    from scipy.special import ndtri

    places = ndtri((np.arange(4000) + 0.5) / 4000)
    found = det(roc(places + 2, places))
    inside = (found.false_alarm_rates > 0.01) & (found.miss_rates > 0.01)
    total = found.false_alarm_probits + found.miss_probits
    assert inside.sum() > 1000
    assert total[inside] == pytest.approx(-2, abs=0.02)
    assert np.isfinite(total).all()
    assert found.miss_probits[0] == pytest.approx(ndtri(1 - 5e-4))
