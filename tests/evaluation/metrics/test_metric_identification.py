"""Ranks, match rates, rank disclosure; similarity matrices; pitch correlation: by hand, by properties, references."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.metrics import MetricError
from evaluation.metrics.betabinomial import Cells
from evaluation.metrics.disclosure import (
    Ranks,
    hits,
    match_rates,
    rank_disclosure,
    ranks_of_scores,
    ranks_of_trials,
)
from evaluation.metrics.pitch_correlation import (
    mean_pitch_correlation,
    pitch_correlation_of_tracks,
    voiced_correlation,
)
from evaluation.metrics.similarity_matrices import (
    SimilarityMatrix,
    diagonal_dominance,
    similarity_matrix,
    similarity_matrix_of_embeddings,
    voice_distinctiveness,
)

NAMES = [f"s{n:02d}" for n in range(40)]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def ranks(best: Any, ties: Any = None, pool: Any = 40, speakers: Any = None) -> Ranks:
    places = np.asarray(best)
    return Ranks(
        places,
        np.ones(len(places), int) if ties is None else np.asarray(ties),
        np.broadcast_to(pool, len(places)),
        np.array(NAMES * len(places))[: len(places)] if speakers is None else np.asarray(speakers),
    )


def test_ranks_by_hand() -> None:
    """Best; second; tied for places 2 to 4 of 4; a score that is no number."""
    scores = [[3, 1, 2, 0], [3, 1, 2, 0], [5, 5, 5, 9], [np.nan, 0, 1, 2]]
    found = ranks_of_scores(scores, [0, 2, 1, 3], ["a", "b", "c", "d"])
    assert (found.best.tolist(), found.ties.tolist(), found.pool.tolist()) == ([1, 2, 2], [1, 1, 3], [4, 4, 4])
    assert found.expected.tolist() == [1, 2, 3]
    assert found.speakers.tolist() == ["a", "c", "b"]
    assert found.note == "1 of 4 utterances have a score that is no number and are left out."
    assert hits(found, 1).tolist() == [1, 0, 0]
    assert hits(found, 3).tolist() == pytest.approx([1, 1, 2 / 3])
    with pytest.raises(MetricError, match=r"an array of shape \(4, 4\) came"):
        ranks_of_scores(scores, [0, 2, 1, 3], ["a", "b", "c"])


def test_ranks_of_a_list_of_trials() -> None:
    """u1 of a: two enrolments of a (mean 2) against b 1 and c 3. u2 of b: not against b. u3 of c: only against c. u4
    of a: a score is missing."""
    rows: list[tuple[float, str, str, str]] = [
        (1, "a", "u1", "a"), (3, "a", "u1", "a"), (1, "b", "u1", "a"), (3, "c", "u1", "a"),
        (1, "a", "u2", "b"), (0, "c", "u3", "c"), (1, "a", "u4", "a"), (np.nan, "b", "u4", "a"),
    ]  # fmt: skip
    found = ranks_of_trials(*zip(*rows, strict=True))
    assert (found.best.tolist(), found.pool.tolist(), found.speakers.tolist()) == ([2], [3], ["a"])
    assert "1 of 4 utterances have a score that is no number" in found.note
    assert "2 of 4 utterances were not compared with their own speaker and another" in found.note


def test_both_ways_to_ranks_agree() -> None:
    draws = rng()
    truth, scores = draws.integers(0, 8, 30), draws.normal(size=(30, 8)).round(1)
    one = ranks_of_scores(scores, truth, NAMES[:8])
    utterances = np.repeat([f"u{n:02d}" for n in range(30)], 8)
    other = ranks_of_trials(
        scores.ravel(), np.tile(NAMES[:8], 30), utterances, np.repeat(np.array(NAMES)[truth], 8)
    )  # fmt: skip
    for name in ("best", "ties", "pool", "speakers"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()


def test_match_rates_and_chance() -> None:
    found = match_rates(ranks([1, 1, 4, 9, 40]), rng=rng())
    assert [one.rank for one in found] == [1, 5, 10]
    assert [one.rate.value for one in found] == pytest.approx([0.4, 0.6, 0.8])
    assert [one.chance for one in found] == pytest.approx([1 / 40, 5 / 40, 10 / 40])
    assert all(one.rate.low < one.rate.value < one.rate.high for one in found)
    assert match_rates(ranks([1, 2], pool=[4, 20]), rng=rng())[1].chance == pytest.approx((1 + 0.25) / 2)


@given(st.lists(st.tuples(st.integers(1, 10), st.integers(1, 3)), min_size=1, max_size=20))
def test_match_rate_rises_with_the_rank(places: list[tuple[int, int]]) -> None:
    best, ties = zip(*places, strict=True)
    found = ranks(best, ties, pool=12)
    rates = [hits(found, k).mean() for k in range(1, 13)]
    assert np.all(np.diff([0, *rates]) >= 0)
    assert rates[-1] == pytest.approx(1)
    assert np.sum(1 - np.array([0, *rates[:-1]])) == pytest.approx(found.expected.mean()), "the area above is the rank"


def test_an_all_tied_attacker_guesses() -> None:
    found = ranks_of_scores(np.zeros((10, 20)), np.arange(10), NAMES[:20])
    for one in match_rates(found, rng=rng()):
        assert one.rate.value == pytest.approx(one.chance) == pytest.approx(one.rank / 20)
    told = rank_disclosure(found, rng=rng())
    assert told.mean_bits.value == pytest.approx(0, abs=1e-9)
    assert told.worst_bits == pytest.approx(0, abs=1e-9)
    assert told.rank_spread == 0


@pytest.mark.parametrize("fit", ["beta-binomial", "histogram"])
def test_disclosure_closed_forms(fit: Any) -> None:
    """Always first: log2 N. Every rank as often: nothing. First or second of 4, by histogram: 1 bit."""
    always = rank_disclosure(ranks([1] * 50), fit=fit, rng=rng())
    assert always.mean_bits.value == pytest.approx(np.log2(40), abs=1e-5)
    assert always.possible_bits == pytest.approx(np.log2(40))
    assert always.identification_rate == pytest.approx(1, abs=1e-5)
    assert always.rank_spread == pytest.approx(1 / 40)
    never = rank_disclosure(ranks(np.arange(1, 41)), fit=fit, rng=rng())
    assert never.mean_bits.value == pytest.approx(0, abs=1e-9)
    assert never.identification_rate == pytest.approx(1 / 40)
    half = rank_disclosure(ranks([1, 2, 1, 2], pool=4), fit="histogram", rng=rng())
    assert (half.mean_bits.value, half.worst_bits, half.rank_spread) == pytest.approx((1, 1, 0.5))


def test_the_fit_is_the_likeliest() -> None:
    """Against a general minimiser with scipy's distribution; pools of two sizes share the parameters."""
    from scipy.optimize import minimize
    from scipy.stats import betabinom

    pool = np.array([10, 25] * 150)
    best = 1 + betabinom.rvs(pool - 1, 0.4, 1.7, random_state=1)
    cells = Cells.of(best, np.ones(300, int), pool, np.zeros(300, int))
    found = cells.shares(np.ones((1, 1)), "beta-binomial")[0]
    free = minimize(lambda p: -betabinom.logpmf(best - 1, pool - 1, *np.exp(p)).sum(), [0, 0], method="Nelder-Mead")
    wanted = 0.5 * betabinom.pmf(cells.rank - 1, cells.pool - 1, *np.exp(free.x))
    assert found == pytest.approx(wanted, abs=1e-4)
    assert found.sum() == pytest.approx(1)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 12), min_size=1, max_size=40))
def test_disclosure_is_in_range(places: list[int]) -> None:
    for fit in ("beta-binomial", "histogram"):
        found = rank_disclosure(ranks(places, pool=12), fit=fit, rng=rng(), replicates=20)  # type: ignore[arg-type]
        assert -1e-9 <= found.mean_bits.value <= found.worst_bits + 1e-9
        assert found.worst_bits <= np.log2(12) + 1e-9
        assert 0 <= found.identification_rate <= 1 + 1e-9


def test_random_ranks_disclose_what_the_docstring_says() -> None:
    draws = np.random.default_rng(1)
    found = [ranks(draws.integers(1, 41, 400)) for _ in range(40)]
    for fit, bits in (("histogram", 39 / (800 * np.log(2))), ("beta-binomial", 1 / (400 * np.log(2)))):
        means = [rank_disclosure(one, fit=fit, rng=rng(), replicates=2).mean_bits.value for one in found]  # type: ignore[arg-type]
        assert np.mean(means) == pytest.approx(bits, rel=0.35)


def test_disclosure_grows_with_the_voice_that_is_left() -> None:
    draws, last = rng(), -1.0
    truth, noise = draws.integers(0, 40, 300), draws.normal(size=(300, 40))
    for left in (0.0, 0.7, 1.5, 3.0):
        scores = noise + left * (truth[:, None] == np.arange(40))
        found = rank_disclosure(ranks_of_scores(scores, truth, NAMES), rng=rng(), replicates=50)
        assert found.mean_bits.value > last
        assert found.mean_bits.low <= found.mean_bits.value <= found.mean_bits.high
        last = found.mean_bits.value


def test_no_ranks() -> None:
    none = ranks_of_trials([], [], [], [])
    assert np.isnan(match_rates(none, rng=rng())[0].rate.value)
    assert "No trial compares" in rank_disclosure(none, rng=rng()).mean_bits.note


def test_similarity_matrices_of_the_challenge(golden: Any) -> None:
    """From its scores and from the embeddings; its calibrated scores have up to 1e-6 added."""
    numbers, inputs, outputs = golden.numbers["gvd_deid"], golden.inputs, golden.outputs
    speakers = inputs["gvd_spk_index"].astype(str)
    heard = {"osp": inputs["gvd_emb_orig"], "psp": inputs["gvd_emb_pseudo"]}
    matrices = []
    for first, second in (("osp", "osp"), ("osp", "psp"), ("psp", "psp")):
        one, other = inputs[f"gvd_trials_{first}_{second}"].T
        scores = inputs[f"gvd_scores_{first}_{second}"]
        found = similarity_matrix(scores, speakers[one], speakers[other])
        again = similarity_matrix_of_embeddings(heard[first], heard[second], speakers.tolist())
        assert found.values == pytest.approx(outputs[f"simmat_vpc22_{first}_{second}"], abs=1e-6)
        assert again.values == pytest.approx(found.values, abs=1e-6)
        assert diagonal_dominance(found) == pytest.approx(numbers["ddiag"][f"{first}_{second}"], abs=1e-6)
        matrices.append(found)
    told = voice_distinctiveness(*matrices)
    assert told.deid == pytest.approx(numbers["vpc22_deid"], abs=1e-6)
    assert told.gain_db == pytest.approx(numbers["vpc22_gvd_db"], abs=1e-6)


def test_fixed_matrices_of_the_challenge(golden: Any) -> None:
    stored = [golden.inputs[f"simmat_fixed_{kind}"].astype(float) for kind in ("oo", "op", "pp")]
    found = voice_distinctiveness(*(SimilarityMatrix(tuple("abcdefg"), values) for values in stored))
    assert found.deid == pytest.approx(golden.numbers["gvd_deid_fixed_matrices"]["deid"], abs=1e-6)
    assert found.gain_db == pytest.approx(golden.numbers["gvd_deid_fixed_matrices"]["gvd_db"], abs=1e-6)


def test_distinctiveness_by_hand() -> None:
    """Perfect originals, half as distinct afterwards: 10 log10(1/2) dB; nothing in common: DEID 1; unchanged: 0."""
    perfect, flat = np.eye(3), np.full((3, 3), 0.5)
    oo, none, half = (SimilarityMatrix(("a", "b", "c"), one) for one in (perfect, flat, (perfect + flat) / 2))
    found = voice_distinctiveness(oo, none, half)
    assert (found.deid, found.gain_db) == pytest.approx((1, 10 * np.log10(0.5)))
    same = voice_distinctiveness(oo, oo, oo)
    assert (same.deid, same.gain_db) == (0, 0)
    assert voice_distinctiveness(oo, oo, none).gain_db == -np.inf
    nothing = voice_distinctiveness(none, oo, oo)
    assert np.isnan([nothing.deid, nothing.gain_db]).all()
    assert "originals' voices are not told apart" in nothing.note


def test_a_speaker_with_one_utterance_has_no_diagonal() -> None:
    heard = rng().normal(size=(5, 4))
    heard[3] = np.nan
    found = similarity_matrix_of_embeddings(heard, heard, ["a", "a", "b", "b", "c"])
    assert np.isnan(np.diag(found.values)).tolist() == [False, True, True]
    assert np.isfinite(diagonal_dominance(found))
    assert found.note == "4 of 10 trials have no score. 2 of 3 speakers have no two utterances, so no diagonal: b, c."
    assert np.array_equal(found.values, found.values.T, equal_nan=True)
    with pytest.raises(MetricError, match="Targets and nontargets"):
        similarity_matrix([1.0], ["a"], ["b"])
    with pytest.raises(MetricError, match="a speaker for each"):
        similarity_matrix_of_embeddings(heard, heard, ["a"])


def test_pairs_that_were_never_compared() -> None:
    found = similarity_matrix([3, 1, 3, 0], ["a", "a", "b", "c"], ["a", "b", "b", "b"], speakers=["c"])
    assert found.speakers == ("c", "a", "b")
    assert np.isnan(found.values[0, 1])
    assert "1 of 3 pairs of speakers were never compared." in found.note
    tied = similarity_matrix([1, 1, 1], ["a", "a", "b"], ["a", "b", "b"])
    assert tied.values == pytest.approx(0.5, abs=0.1), "equal scores say nothing"


def test_voiced_correlation() -> None:
    """The melody alone: other voicing lowers ρF0 more than this (both are aligned by all frames)."""
    melody = 150 + 40 * np.sin(np.arange(400) / 30)
    voiced = np.where(np.arange(400) % 100 < 60, melody, 0)
    shorter = np.where(np.arange(400) % 100 < 45, 1.2 * melody, 0)
    assert voiced_correlation(voiced, 1.3 * voiced) == pytest.approx(1)
    assert voiced_correlation(voiced, shorter) > 0.95
    assert pitch_correlation_of_tracks(voiced, shorter) < 0.9
    assert np.isnan(voiced_correlation(voiced, np.zeros(400)))
    assert np.isnan(voiced_correlation(np.full(50, 100.0), np.full(50, 120.0)))
    assert np.isnan(voiced_correlation([], []))


def test_pitch_correlations_of_the_challenge(golden: Any) -> None:
    """Its script says 0 where one track is all unvoiced; there is no correlation then."""
    tracks = {key.removeprefix("pitch_track_"): golden.outputs[key] for key in golden.outputs if "pitch_track" in key}
    for pair, value in golden.numbers["pitch_corr"].items():
        one, other = pair.split("|")
        if other == "silence":
            assert np.isnan(pitch_correlation_of_tracks(tracks[one], np.zeros(100)))
        else:
            assert pitch_correlation_of_tracks(tracks[one], tracks[other]) == pytest.approx(value, abs=1e-4)


def test_mean_pitch_correlation() -> None:
    found = mean_pitch_correlation([0.9, 1.0, np.nan, 0.2], ["a", "a", "b", "c"], rng=rng())
    assert found.value == pytest.approx(0.7)
    assert -1 <= found.low < found.value < found.high <= 1
    assert found.note == "1 of 4 utterances have no value."


def test_the_fit_is_never_below_a_grid() -> None:
    """Few and many ranks, pools of 2 and of 200, nearly all one rank: no parameters on a grid are likelier."""
    from scipy.stats import betabinom

    draws, places = rng(), np.linspace(-6, 6, 13)
    for pool, many in ((2, 30), (3, 2), (40, 300), (200, 8)) * 5:
        a, b = np.exp(draws.uniform(-3, 4, 2))
        best = 1 + draws.binomial(pool - 1, draws.beta(a, b, many))
        cells = Cells.of(best, np.ones(many, int), np.full(many, pool), np.zeros(many, int))
        found = np.log(np.maximum(cells.shares(np.ones((1, 1)), "beta-binomial")[0], 1e-300))[best - 1].sum()
        grid = [betabinom.logpmf(best - 1, pool - 1, *np.exp([x, y])).sum() for x in places for y in places]
        assert found >= max(grid) - 1e-3
