"""Calibration, ZEBRA, detection costs, linkability: the references, closed forms, properties, other libraries."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.metrics import MetricError, eer
from evaluation.metrics.calibration import llrs
from evaluation.metrics.detection_cost import actual_dcf, cllr, min_cllr, min_cllr_of_counts, min_dcf
from evaluation.metrics.linkability import linkability, linkability_interval
from evaluation.metrics.speakers import interval_of_counts
from evaluation.metrics.zebra import category, expected_of_counts, zebra

TIED = {"ties_1decimal", "six_level", "two_level", "constant"}
SETS = ["easy", "medium", "hard", "chance", "inverted", "perfect", "cosine_like", "tiny", "tiny_10", *sorted(TIED)]
SCORE = st.one_of(st.sampled_from([-2.0, -1.0, 0.0, 1.0]), st.floats(-50, 50).map(lambda one: round(one, 2)))
BOTH = st.tuples(st.lists(SCORE, min_size=1, max_size=30), st.lists(SCORE, min_size=1, max_size=30))
MANY = st.tuples(st.lists(SCORE, min_size=20, max_size=60), st.lists(SCORE, min_size=1, max_size=60))


@pytest.mark.parametrize("name", SETS)
def test_zebra_of_the_references(name: str, golden: Any) -> None:
    """Theirs pools ties for the expected disclosure in one place and not in the other, and never for the worst case."""
    target, nontarget = golden.scores(name)
    numbers, ours = golden.numbers[name], zebra(target, nontarget)
    split = zebra(target, nontarget, ties="nontargets first")
    assert ours.expected_bits == pytest.approx(numbers["zebra_repo"]["expected_dece_bits"], abs=1e-6)
    assert split.expected_bits == pytest.approx(numbers["vpc24_functions"]["dece_bits_optimal_llr_nonfirst"], abs=1e-6)
    assert split.worst_case_log10 == pytest.approx(numbers["zebra_repo"]["worst_case_max_abs_llr_log10"], abs=1e-6)
    assert split.category == numbers["zebra_repo"]["category"]
    if name not in TIED:
        assert ours == split
    assert ours.worst_case_log10 <= split.worst_case_log10 + 1e-12
    assert min_cllr(target, nontarget, ties="nontargets first") == pytest.approx(numbers["cllr_min"], abs=1e-6)
    assert cllr(target, nontarget) == pytest.approx(numbers["cllr_act"], abs=1e-6)


@pytest.mark.parametrize("name", ["medium", "ties_1decimal", "six_level"])
def test_calibrated_scores_of_the_reference(name: str, golden: Any) -> None:
    """Which adds 1e-6 rank / n to them, so that they are never equal."""
    target, nontarget = golden.scores(name)
    ours = llrs(target, nontarget, laplace=True, ties="nontargets first")
    rank = np.argsort(np.argsort(np.concatenate([nontarget, target]), kind="stable"))
    extra = (rank + 2) * 1e-6 / len(rank)
    theirs = [golden.outputs[f"optllr_laplace_{kind}_{name}"] for kind in ("nonmated", "mated")]
    assert np.concatenate([ours[1], ours[0]]) + extra == pytest.approx(np.concatenate(theirs), abs=1e-6)


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("omega", "key"), [(1.0, "linkability_vpc24_omega1"), (0.1, "linkability_omega0p1")])
def test_linkability_of_the_references(name: str, omega: float, key: str, golden: Any) -> None:
    """Where theirs says 0 because there are not two bins, or nothing at all, ours says why there is no number."""
    target, nontarget = golden.scores(name)
    found = linkability(target, nontarget, omega=omega)
    if name in ("tiny", "tiny_10", "constant"):
        assert np.isnan(found.d_sys)
        assert ("All scores are equal" if name == "constant" else "At least 20 scores") in found.note
        return
    assert len(found.scores) == golden.numbers[name][key]["n_bins"]
    assert found.d_sys == pytest.approx(golden.numbers[name][key]["D_sys"], abs=1e-6)
    if omega == 1 and f"linkability_D_{name}" in golden.outputs:
        assert found.local == pytest.approx(golden.outputs[f"linkability_D_{name}"], abs=1e-6)
        assert found.scores == pytest.approx(golden.outputs[f"linkability_centers_{name}"], abs=1e-6)


def test_zebra_closed_forms() -> None:
    """A perfect system discloses 1 / (2 ln 2) bits; two levels of evidence, by numerical integration of their ECE."""
    assert zebra([1, 2], [-1, 0]).expected_bits == pytest.approx(1 / (2 * np.log(2)))
    target, nontarget = [1] * 8 + [0] * 2, [1] * 3 + [0] * 7
    prior = (np.arange(200_000) + 0.5) / 200_000
    cost = 0.0
    for level, ratio in ((1, 0.8 / 0.3), (0, 0.2 / 0.7)):
        odds = ratio * prior / (1 - prior)
        cost += prior * np.mean(np.equal(target, level)) * np.log2(1 + 1 / odds)
        cost += (1 - prior) * np.mean(np.equal(nontarget, level)) * np.log2(1 + odds)
    entropy = -prior * np.log2(prior) - (1 - prior) * np.log2(1 - prior)
    found = zebra(target, nontarget)
    assert found.expected_bits == pytest.approx(np.mean(entropy - cost), abs=1e-6)
    posterior = [3 / 11, 9 / 13]  # of the low and the high level, with Laplace's two more on each
    assert found.worst_case_log10 == pytest.approx(max(abs(np.log10(p / (1 - p))) for p in posterior))


def test_an_all_tied_system_discloses_nothing() -> None:
    found = zebra([3] * 50, [3] * 200)
    assert (found.expected_bits, found.worst_case_log10, found.category) == (0, 0, "0")
    assert "All scores are equal" in found.note
    assert min_cllr([3] * 50, [3] * 200) == pytest.approx(1)
    assert min_dcf([3] * 50, [3] * 200) == 1


@pytest.mark.parametrize(
    ("worst", "letter"),
    [(0, "0"), (1e-9, "A"), (0.999, "A"), (1, "B"), (2, "C"), (3.99, "C"), (4, "D"), (5, "E"), (6, "F"), (99, "F")],
)
def test_categories(worst: float, letter: str) -> None:
    assert category(worst) == letter


def test_no_category_without_a_number() -> None:
    assert category(float("nan")) == ""


@settings(max_examples=40)
@given(BOTH)
def test_calibration_is_isotonic_regression(scores: tuple[list[float], list[float]]) -> None:
    from sklearn.isotonic import IsotonicRegression

    kind, pooled = [1.0] * len(scores[0]) + [0.0] * len(scores[1]), scores[0] + scores[1]
    share = IsotonicRegression(y_min=0, y_max=1).fit_transform(pooled, kind)
    found = np.concatenate(llrs(*scores)) + np.log(len(scores[0]) / len(scores[1]))
    assert 1 / (1 + np.exp(-found)) == pytest.approx(share, abs=1e-7)


@given(BOTH)
def test_bounds_and_order(scores: tuple[list[float], list[float]]) -> None:
    """In range; only the order of the scores counts; a hull's EER is at most ours; pooling never discloses more."""
    found, split = zebra(*scores), zebra(*scores, ties="nontargets first")
    assert 0 <= found.expected_bits <= split.expected_bits + 1e-12 <= 1 / (2 * np.log(2)) + 1e-9
    assert found.worst_case_log10 >= 0
    target, nontarget = (np.arctan(np.asarray(one) / 20) * 3 - 1 for one in scores)
    again = zebra(target, nontarget)
    assert again.expected_bits == pytest.approx(found.expected_bits, abs=1e-9)
    assert again.worst_case_log10 == pytest.approx(found.worst_case_log10, abs=1e-9)
    assert 0 <= min_cllr(*scores) <= 1 + 1e-12
    assert min_cllr(*scores) == pytest.approx(cllr(*(np.clip(one, -80, 80) for one in llrs(*scores))), abs=1e-9)
    assert 0 <= min_dcf(*scores, p_target=0.5) <= min(1, 2 * eer(*scores)) + 1e-12


@settings(max_examples=40)
@given(MANY)
def test_d_sys_is_a_share(scores: tuple[list[float], list[float]]) -> None:
    found = linkability(*scores)
    if not found.note:
        assert 0 <= found.d_sys <= 1
        assert np.all((found.local >= 0) & (found.local <= 1))
        moved = linkability(*(4 * np.asarray(one) + 8 for one in scores))
        assert moved.d_sys == pytest.approx(found.d_sys, abs=0.3)  # a score on an edge may change its bin


def test_linkability_by_hand() -> None:
    """Two bins; in the upper one 15 of 20 mated and 10 of 40 nonmated: LR 3, D = 1/2; half a bin is integrated."""
    found = linkability([0] * 5 + [1] * 15, [0] * 30 + [1] * 10)
    assert found.scores.tolist() == [0.25, 0.75]
    assert found.local == pytest.approx([0, 0.5])
    assert found.d_sys == pytest.approx(0.5 * 15 / 20 / 2)


def test_linkability_of_permuted_labels() -> None:
    scores = np.random.default_rng(0).normal(size=60_000)
    assert linkability(scores[:20_000], scores[20_000:]).d_sys < 0.06


@pytest.mark.parametrize("measure", [zebra, linkability, min_dcf, actual_dcf, cllr, min_cllr])
def test_one_sided_and_not_numbers(measure: Any) -> None:
    with pytest.raises(MetricError, match="Targets and nontargets were expected"):
        measure([], [1.0])
    with pytest.raises(MetricError, match="Finite scores were expected"):
        measure([1.0, np.nan], [1.0])


def test_detection_costs_by_hand() -> None:
    """p 0.01: a false alarm costs 99 times a miss. LLRs 5 and -5: at the threshold ln 99 = 4.6, one of 4 missed."""
    target, nontarget = [5, 5, 5, -5], [-5] * 9 + [5]
    assert actual_dcf(target, nontarget) == pytest.approx(0.25 + 99 * 0.1)
    assert min_dcf(target, nontarget) == 1
    assert min_dcf(target, nontarget, p_target=0.5) == pytest.approx(0.25 + 0.1)
    assert min_dcf(target, nontarget, p_target=0.5, c_miss=3) == pytest.approx(3 * 0.25 + 0.1)
    assert cllr([0, 0], [0]) == 1
    with pytest.raises(MetricError, match="A prior between 0 and 1"):
        min_dcf(target, nontarget, p_target=1)


SPEECHBRAIN = """
import sys, numpy as np, torch
from speechbrain.utils.metric_stats import EER, minDCF
with np.load(sys.argv[1]) as scores:
    both = [torch.tensor(scores[name]) for name in ("target", "nontarget")]
print(float(minDCF(*both, p_target=0.05)[0]), float(EER(*both)[0]))
"""


@pytest.mark.slow
def test_costs_of_speechbrain(tmp_path: Path) -> None:
    """In a process of its own: its lazy modules do not stand being looked at by hypothesis."""
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    target, nontarget = rng.normal(1.5, 1, 400), rng.normal(0, 1, 900)
    np.savez(tmp_path / "scores.npz", target=target, nontarget=nontarget)
    command = [sys.executable, "-c", SPEECHBRAIN, str(tmp_path / "scores.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    cost, rate = map(float, done.stdout.split())
    assert min_dcf(target, nontarget, p_target=0.05) * 0.05 == pytest.approx(cost, abs=1e-6)
    assert eer(target, nontarget) == pytest.approx(rate, abs=1 / 400 + 1 / 900)


def test_intervals_for_other_speakers() -> None:
    rng = np.random.default_rng(0)
    names = np.repeat([f"s{n}" for n in range(8)], 6)
    heard = rng.normal(size=(8, 4))[np.repeat(np.arange(8), 6)] + rng.normal(size=(48, 4))
    i, j = np.triu_indices(48, 1)
    drawn = (np.sum(heard[i] * heard[j], 1), names[i] == names[j], names[i], names[j])
    split = drawn[0][drawn[1]], drawn[0][~drawn[1]]
    wanted = {
        expected_of_counts: zebra(*split).expected_bits,
        min_cllr_of_counts: min_cllr(*split),
    }
    for measure, value in wanted.items():
        found = interval_of_counts(measure, *drawn, rng=np.random.default_rng(0), replicates=40)
        assert found.value == pytest.approx(value)
        assert found.low < found.value < found.high
    linked = linkability_interval(*drawn, rng=np.random.default_rng(0), replicates=40)
    assert linked.value == pytest.approx(linkability(*split).d_sys)
    assert 0 < linked.low < linked.value < linked.high < 1
    few = linkability_interval(*(one[:30] for one in drawn), rng=rng)
    assert np.isnan(few.value)
    assert "At least 20 scores" in few.note


def test_measures_of_nothing() -> None:
    one, none = np.array([[1.0, 2.0]]), np.zeros((1, 2))
    for measure in (expected_of_counts, min_cllr_of_counts):
        assert np.isnan([measure(one, none)[0], measure(none, one)[0]]).all()
