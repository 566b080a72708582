"""Scores of trials: right, fast to compute in parts, and nothing where nothing was heard."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.heard import Embedded
from evaluation.privacy import trial_scores
from evaluation.privacy.trial_scores import Trials
from tests.evaluation.privacy import simulated_voices as simulated

CORPUS = simulated.corpus(6, 4)
KEYS = tuple(one.key for one in CORPUS.utterances)


def embedded(seed: int = 0) -> Embedded:
    return Embedded(KEYS, np.random.default_rng(seed).normal(size=(len(KEYS), 8)))


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_a_score_is_the_cosine_with_the_mean_of_the_enrolment(kind):
    (protocol,) = simulated.protocols(CORPUS, kind)
    trials, one, other = Trials.of(protocol, CORPUS), embedded(0), embedded(1)
    rows = dict(zip(KEYS, range(len(KEYS)), strict=True))
    for trial, score in zip(protocol.trials, trials.scores(one, other), strict=True):
        mean = np.mean([one.vectors[rows[key]] for key in protocol.enrolments[trial.model]], axis=0)
        tried = other.vectors[rows[trial.utterance]]
        assert score == pytest.approx(mean @ tried / np.linalg.norm(mean) / np.linalg.norm(tried), abs=1e-9)
    assert trials.same.tolist() == [trial.same for trial in protocol.trials]
    assert all(
        (one == other) == same for one, other, same in zip(trials.enrolled, trials.speakers, trials.same, strict=True)
    )


def test_what_was_not_heard_has_no_score_and_the_rest_of_an_enrolment_counts():
    (protocol,) = simulated.protocols(CORPUS, "multi")
    trials, whole = Trials.of(protocol, CORPUS), embedded()
    part = Embedded(KEYS[1:], whole.vectors[1:])
    scores = trials.scores(part, part)
    lost = np.array([trial.utterance == KEYS[0] for trial in protocol.trials])
    assert lost.any()
    assert np.isnan(scores[lost]).all()
    assert np.isfinite(scores[~lost]).all()
    nobody = trials.scores(Embedded((), np.zeros((0, 8))), whole)
    assert np.isnan(nobody).all()


def test_products_are_the_same_in_parts_pair_by_pair_and_by_table(monkeypatch):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(70, 5)), rng.normal(size=(90, 5))
    one, other = rng.integers(70, size=400), rng.integers(90, size=400)
    expected = np.sum(first[one] * second[other], 1)
    monkeypatch.setattr(trial_scores, "AT_ONCE", 64)
    monkeypatch.setattr(trial_scores, "ROWS_AT_ONCE", 16)
    for dense in (0, 10**9):
        monkeypatch.setattr(trial_scores, "DENSE", dense)
        assert trial_scores.products(first, second, one, other) == pytest.approx(expected, abs=1e-11)


def test_equal_embeddings_have_equal_scores():
    """Whatever the order of additions: else chance would decide an all-tied system."""
    (protocol,) = simulated.protocols(CORPUS, "single")
    vectors = np.tile(np.random.default_rng(0).normal(size=192), (len(KEYS), 1))
    assert len(set(Trials.of(protocol, CORPUS).scores(*[Embedded(KEYS, vectors)] * 2).tolist())) == 1
