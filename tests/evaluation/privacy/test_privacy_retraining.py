"""Attackers that learn from anonymized speech: what they can, what they cannot, and of whom they never learn."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from evaluation.attackers import standardised
from evaluation.heard import Embedded
from evaluation.privacy import backend
from evaluation.privacy.backend import Speech
from evaluation.privacy.retraining import TooFew, learn, material
from evaluation.privacy.semi_informed import Ears, Taught, eer_of, taught
from evaluation.privacy.trial_scores import Trials
from tests.evaluation.privacy import simulated_voices as simulated

CORPUS = simulated.corpus(20, 6)
OTHERS = simulated.corpus(40, 6, name="t")


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def prepared(heard, system: str, side: str = "trial") -> Embedded:
    own = heard.embeddings["house", system, side]
    return Embedded(own.keys, standardised(own.vectors, own.vectors))


def trials_of() -> Trials:
    (protocol,) = simulated.protocols(CORPUS)
    return Trials.of(protocol, CORPUS)


def learned_from(heard, system: str, *, tried: tuple[str, ...] = (), **parts: Embedded) -> Taught:
    own = {"trial": prepared(heard, system), **parts}
    return taught([Ears("", material(heard.files, own, system, set(tried)), own)], rng=np.random.default_rng(0))


@pytest.mark.parametrize("train", [None, OTHERS])
def test_a_pseudo_speaker_in_a_subspace_is_learned_away(train):
    heard, trials = simulated.heard(CORPUS, train=train), trials_of()
    parts = {"train": prepared(heard, "moving", "train")} if train else {}
    learned = learned_from(heard, "moving", **parts)
    lazy = eer_of(trials.scores(*learned.ears.sides()), trials)
    assert lazy > 0.22
    assert eer_of(learned.scores(trials), trials) < 0.2
    repeats = learned.repeats(trials)
    assert repeats[0] == eer_of(learned.scores(trials), trials)
    assert max(repeats) - min(repeats) < 0.06
    assert ("40 other speakers" in learned.words) == (train is not None)
    assert learned.training.speakers == (40 if train else 12)


def test_a_voice_of_somebody_drawn_anew_tells_nothing_however_much_is_learned():
    heard, trials = simulated.heard(CORPUS, train=OTHERS), trials_of()
    learned = learned_from(heard, "swapping", train=prepared(heard, "swapping", "train"))
    assert eer_of(learned.scores(trials), trials) == pytest.approx(0.5, abs=0.06)


def test_nobody_is_tried_by_what_was_learned_of_him_or_her(monkeypatch):
    """What is learned remembers of whom it was learned: embeddings turn into a list of them."""
    monkeypatch.setattr(backend, "best", lambda speech, rng: "spy")
    spy = MappingProxyType({"spy": lambda vectors, names: lambda heard: frozenset(names.tolist())})
    monkeypatch.setattr(backend, "CANDIDATES", spy)
    heard, trials = simulated.heard(CORPUS), trials_of()
    lessons = learn(material(heard.files, {"trial": prepared(heard, "same")}, "same", set()), rng=generator())
    seen = np.zeros(len(trials.same), int)
    for left_out, chosen in lessons._parts(trials):
        tried = {*trials.enrolled[chosen].tolist(), *trials.speakers[chosen].tolist()}
        known = lessons.maps[left_out](None)
        assert len(known) >= 12
        assert not known & tried
        seen += chosen
    assert (seen == 1).all()


def test_speakers_who_are_tried_are_never_in_the_material_of_others():
    both = simulated.corpus(6, 4)
    heard = simulated.heard(CORPUS, train=both)
    found = material(heard.files, {"train": prepared(heard, "moving", "train")}, "moving", {"s00", "s01"})
    assert sorted(set(found.speech.speakers.tolist())) == ["s02", "s03", "s04", "s05"]
    assert found.minutes == pytest.approx(4 * 4 * 3 / 60)


@pytest.mark.parametrize("speakers", [0, 1, 3, 5])
@pytest.mark.parametrize("side", ["trial", "train"])
def test_with_too_few_to_learn_from_it_says_so(speakers, side):
    few = simulated.corpus(max(1, speakers), 4)
    heard = simulated.heard(few)
    parts = {"trial": prepared(heard, "moving")} if speakers else {}
    found = material(heard.files, parts, "moving", set())
    if side == "train":
        few = min(speakers, backend.LEAST_SPEAKERS - 1)
        kept = np.isin(found.speech.speakers, [f"s{number:02}" for number in range(few)])
        found = replace(found, speech=found.speech.of(kept), others=True)
    with pytest.raises(TooFew, match="speakers with two utterances"):
        learn(found, rng=generator())


def test_of_two_ways_of_hearing_the_one_that_tells_held_out_speakers_better_is_taken():
    """A network that was tuned on the system's output hears what is left of the voices; or one that hears nothing."""
    heard, trials = simulated.heard(CORPUS, train=OTHERS), trials_of()
    held_out = frozenset(f"t{number:02}" for number in range(8))

    def ears(tuned: str, system: str) -> Ears:
        parts = {side: prepared(heard, system, side) for side in ("trial", "train")}
        found = material(heard.files, parts, system, set())
        return Ears(tuned, found, parts, held_out if tuned else frozenset())

    better = taught([ears("", "moving"), ears("was tuned", "same")], rng=generator())
    worse = taught([ears("", "moving"), ears("was tuned", "swapping")], rng=generator())
    assert "its network was tuned, then retrained" in better.words
    assert any("tuned once" in note for note in better.notes)
    assert "network" not in worse.words
    assert eer_of(better.scores(trials), trials) < eer_of(worse.scores(trials), trials) < 0.2


def speech(seed: int = 0, *, noise: float = 1.0, size: int = 12) -> Speech:
    rng = np.random.default_rng(seed)
    names = np.repeat([f"p{number:02}" for number in range(24)], 6)
    vectors = np.repeat(rng.normal(size=(24, size)), 6, axis=0) + noise * rng.normal(size=(144, size))
    return Speech(vectors, names, np.repeat(["F", "M"] * 12, 6))


def test_within_class_normalisation_makes_what_varies_within_voices_round():
    rng = np.random.default_rng(0)
    wide = np.array([9.0, 3.0, 1.0, 0.5])
    names = np.repeat([f"p{number:03}" for number in range(200)], 10)
    vectors = np.repeat(rng.normal(size=(200, 4)), 10, axis=0) + wide * rng.normal(size=(2000, 4))
    learned = backend.within_class(vectors, names)(vectors)
    means = np.array([learned[names == name].mean(0) for name in np.unique(names)])
    inner = learned - np.repeat(means, 10, axis=0)
    assert np.cov(inner.T) * 10 / 9 == pytest.approx(np.eye(4), abs=0.15)


def test_discriminants_are_those_of_scikit_learn():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    own = speech(noise=0.3, size=3)
    ours = backend.discriminants(own.vectors, own.speakers, most=1)(own.vectors)[:, 0]
    theirs = LinearDiscriminantAnalysis(n_components=1).fit(own.vectors, own.speakers).transform(own.vectors)[:, 0]
    assert abs(np.corrcoef(ours, theirs)[0, 1]) > 0.99


def test_folds_keep_speakers_whole_and_deal_out_women_and_men():
    own = speech()
    folds = backend.folds_of(own, 6, np.random.default_rng(0))
    for name in np.unique(own.speakers):
        assert len(set(folds[own.speakers == name].tolist())) == 1
    for fold in range(6):
        there = own.of(folds == fold)
        assert len(set(there.speakers[there.sexes == "F"].tolist())) == 2


@pytest.mark.parametrize("vectors", [np.ones((144, 12)), np.zeros((144, 12))])
def test_embeddings_that_tell_nothing_are_no_fault(vectors):
    own = speech()
    same = Speech(vectors, own.speakers, own.sexes)
    assert backend.best(same, rng=np.random.default_rng(0)) in backend.CANDIDATES
    for candidate in backend.CANDIDATES.values():
        assert np.isfinite(candidate(same.vectors, same.speakers)(vectors)).all()
