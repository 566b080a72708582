"""Intervals for other speakers and EERs of single ones."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.metrics import auc_of_counts, eer, eer_by_sex, eer_interval, speaker_eers, speaker_level
from evaluation.metrics.bootstrap import mean_interval, numbered, ratio_interval, speaker_interval
from evaluation.metrics.speakers import interval_of_counts

Trials = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def trials(rng: np.random.Generator, speakers: int, utterances: int, noise: float = 1.6) -> Trials:
    """Cosines of all pairs of noisy utterances: scores, whether one speaker, the two speakers."""
    noises = noise * rng.gamma(4, 0.25, (speakers, 1, 1))
    heard = rng.normal(size=(speakers, 1, 6)) + noises * rng.normal(size=(speakers, utterances, 6))
    heard = (heard / np.linalg.norm(heard, axis=2, keepdims=True)).reshape(-1, 6)
    names = np.array([f"s{n:02d}" for n in np.repeat(np.arange(speakers), utterances)])
    i, j = np.triu_indices(len(heard), 1)
    return np.sum(heard[i] * heard[j], 1), names[i] == names[j], names[i], names[j]


@pytest.fixture(scope="module")
def twelve() -> Trials:
    return trials(np.random.default_rng(1), 12, 5)


def test_the_estimate_is_the_eer(twelve: Trials) -> None:
    scores, same, *_ = twelve
    found = eer_interval(*twelve, rng=np.random.default_rng(0), replicates=200)
    assert found.value == eer(scores[same], scores[~same])
    assert 0 < found.low < found.value < found.high < 1
    assert not found.note
    again = eer_interval(*twelve, rng=np.random.default_rng(0), replicates=200)
    assert again == found
    closer = eer_interval(*twelve, rng=np.random.default_rng(0), replicates=200, confidence=0.5)
    assert found.low < closer.low < found.value < closer.high < found.high


def test_draws_are_those_of_a_loop(twelve: Trials) -> None:
    """Each draw's EER, trial by trial with the product of both speakers' weights, from the same random numbers."""
    scores, same, ours, theirs = twelve
    (first, second), count = numbered(ours, theirs)
    order = np.argsort(scores)
    weights = np.random.default_rng(3).standard_exponential((60, count))
    every = np.where(first == second, weights[:, first], weights[:, first] * weights[:, second])[:, order]
    from evaluation.metrics import eer_of_counts

    drawn = eer_of_counts(every * same[order], every * ~same[order])
    by_hand = speaker_interval(
        eer(scores[same], scores[~same]), lambda _: drawn, count,
        rng=np.random.default_rng(3), replicates=60, scale="logit",
    )  # fmt: skip
    found = eer_interval(*twelve, rng=np.random.default_rng(3), replicates=60)
    assert [found.low, found.high] == pytest.approx([by_hand.low, by_hand.high], abs=1e-12)


def test_many_levels_are_pooled_for_the_draws_alone() -> None:
    rng = np.random.default_rng(2)
    scores, same, ours, theirs = trials(rng, 25, 6)
    assert len(np.unique(scores)) > 4096
    found = eer_interval(scores, same, ours, theirs, rng=np.random.default_rng(0), replicates=100)
    ranks = eer_interval(scores.round(3), same, ours, theirs, rng=np.random.default_rng(0), replicates=100)
    assert found.value == eer(scores[same], scores[~same])
    assert [found.low, found.high] == pytest.approx([ranks.low, ranks.high], abs=2e-3)


def test_other_measures(twelve: Trials) -> None:
    found = interval_of_counts(auc_of_counts, *twelve, rng=np.random.default_rng(0), replicates=100)
    assert found.low < found.value < found.high


def test_trials_without_a_score_are_left_out(twelve: Trials) -> None:
    scores, same, ours, theirs = twelve
    holed = scores.copy()
    holed[[0, 5, 9]] = [np.nan, np.inf, -np.inf]
    found = eer_interval(holed, same, ours, theirs, rng=np.random.default_rng(0), replicates=50)
    kept = np.isfinite(holed)
    assert found.value == eer(scores[kept & same], scores[kept & ~same])
    assert found.note == f"3 of {len(scores)} trials have no score and are left out."


@pytest.mark.parametrize(("same", "said"), [([True, True], "2 and 0"), ([False, False], "0 and 2"), ([], "0 and 0")])
def test_one_sided(same: list[bool], said: str) -> None:
    names = ["a", "b"][: len(same)]
    found = eer_interval(np.arange(len(same)), same, names, names, rng=np.random.default_rng(0))
    assert np.isnan([found.value, found.low, found.high]).all()
    assert f"but {said} trials came" in found.note


def test_all_tied() -> None:
    names = np.array(["a", "a", "b", "b"])
    found = eer_interval([1, 1, 1, 1], [1, 0, 0, 1], names, names[[0, 2, 1, 3]], rng=np.random.default_rng(0))
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)
    assert "not certainty" in found.note


@settings(max_examples=20)
@given(st.floats(0.1, 10), st.floats(-3, 3))
def test_monotone_maps_change_nothing(scale: float, shift: float) -> None:
    drawn = trials(np.random.default_rng(0), 6, 3)
    mapped = (np.arctan(scale * drawn[0]) + shift, *drawn[1:])
    found, again = (eer_interval(*one, rng=np.random.default_rng(0), replicates=20) for one in (drawn, mapped))
    assert [again.value, again.low, again.high] == pytest.approx([found.value, found.low, found.high], abs=1e-9)


def test_permuted_labels_give_half() -> None:
    """Whose utterances these are is drawn anew: the interval covers 50 % nearly always."""
    rng, covered = np.random.default_rng(5), 0
    for _ in range(20):
        scores = trials(rng, 10, 4)[0]
        names = rng.permutation(np.repeat([f"s{n}" for n in range(10)], 4))
        i, j = np.triu_indices(40, 1)
        found = eer_interval(scores, names[i] == names[j], names[i], names[j], rng=rng, replicates=100)
        covered += found.low <= 0.5 <= found.high
        assert abs(found.value - 0.5) < 0.2
    assert covered >= 17


@pytest.mark.slow
def test_intervals_cover_the_truth() -> None:
    """95 % intervals for other speakers, 9 of them: at least 90 % of 200 cover the EER of very many."""
    rng = np.random.default_rng(0)
    many = [trials(rng, 200, 4)[:2] for _ in range(10)]
    truth = np.mean([eer(scores[same], scores[~same]) for scores, same in many])
    found = [eer_interval(*trials(rng, 9, 5), rng=rng, replicates=200) for _ in range(200)]
    assert np.mean([one.low <= truth <= one.high for one in found]) >= 0.9


def test_speakers_by_hand() -> None:
    """a: told apart; b: the other way round; c: one utterance; d: only tried; e: nobody else was compared."""
    rows: list[tuple[float, str, str]] = [
        (2, "a", "a"), (3, "a", "a"), (0, "a", "b"), (1, "a", "d"),
        (0, "b", "b"), (1, "b", "a"), (1, "b", "d"),
        (5, "c", "a"), (5, "e", "e"), (np.nan, "e", "a"),
    ]  # fmt: skip
    scores, ours, theirs = zip(*rows, strict=True)
    same = [one == other for one, other in zip(ours, theirs, strict=True)]
    found = {one.speaker: one for one in speaker_eers(scores, same, ours, theirs)}
    assert list(found) == ["a", "b", "c", "d", "e"]
    assert (found["a"].eer, found["a"].clipped, found["a"].targets, found["a"].nontargets) == (0, 0, 2, 2)
    assert (found["b"].eer, found["b"].clipped) == (1, 0.5)
    assert "at least two utterances" in found["c"].note
    assert "nobody is compared" in found["d"].note
    assert "no nontarget trials" in found["e"].note
    assert np.isnan([found[name].eer for name in "cde"]).all()
    level = speaker_level(scores, same, ours, theirs, rng=np.random.default_rng(0))
    assert level.mean.value == pytest.approx(0.25)
    assert level.worst == found["a"]
    assert level.note.startswith("3 of 5 speakers have no EER. The worst is of 2 and rests on 2 target and 2 nontarget")


def test_no_speaker_has_an_eer() -> None:
    level = speaker_level([1.0], [False], ["a"], ["b"], rng=np.random.default_rng(0))
    assert level.worst is None
    assert np.isnan(level.mean.value)
    assert level.mean.note == "2 of 2 speakers have no EER."
    assert np.isnan(speaker_level([], [], [], [], rng=np.random.default_rng(0)).mean.value)


def test_clipping_keeps_leaks_visible(twelve: Trials) -> None:
    level = speaker_level(*twelve, rng=np.random.default_rng(0))
    known = [one for one in level.speakers if np.isfinite(one.eer)]
    assert level.mean.value <= np.mean([one.eer for one in known]) + 1e-12
    assert level.mean.value <= 0.5
    assert level.worst is not None
    assert level.worst.clipped == min(one.clipped for one in known)


def test_by_sex(twelve: Trials) -> None:
    scores, same, ours, theirs = twelve
    sexes = {name: "F" if n % 2 else "M" for n, name in enumerate(sorted(set(ours) | set(theirs)))}
    found = eer_by_sex(*twelve, sexes, rng=np.random.default_rng(0), replicates=50)
    women = np.array([sexes[a] == sexes[b] == "F" for a, b in zip(ours, theirs, strict=True)])
    assert found["F"].value == eer(scores[women & same], scores[women & ~same])
    none = eer_by_sex(*twelve, dict.fromkeys(sexes, "F"), rng=np.random.default_rng(0), replicates=50)["M"]
    assert np.isnan(none.value)
    assert none.note == "There are no trials between two speakers of sex M."


def test_means_and_ratios() -> None:
    rng = np.random.default_rng(0)
    found = mean_interval([1, 2, np.nan, 6], ["a", "a", "b", "c"], rng=rng)
    assert found.value == 3
    assert found.note == "1 of 4 utterances have no value."
    assert ratio_interval([1, 2], [2, 8], ["a", "b"], rng=rng).value == pytest.approx(0.3)
    assert np.isnan(mean_interval([], [], rng=rng).value)
    assert np.isnan(ratio_interval([1], [0], ["a"], rng=rng).value)


def test_means_of_many_speakers_are_students() -> None:
    """One value a speaker: the interval is nearly that of a t test."""
    from scipy import stats

    values = np.random.default_rng(1).normal(3, 1, 40)
    found = mean_interval(values, np.arange(40), rng=np.random.default_rng(0), replicates=20_000)
    low, high = stats.t.interval(0.95, 39, values.mean(), values.std(ddof=1) / np.sqrt(40))
    assert [found.low, found.high] == pytest.approx([low, high], abs=0.02)


def test_undefined_draws() -> None:
    undefined: Any = speaker_interval(0.5, lambda w: np.full(len(w), np.nan), 3, rng=np.random.default_rng(0))
    assert np.isnan(undefined.low)
    assert "Most draws" in undefined.note
