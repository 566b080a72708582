"""Who speaks, by the words alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evaluation.corpus import Corpus
from evaluation.metrics import eer
from evaluation.privacy import words_alone
from evaluation.privacy.named_draws import NamedDraws
from evaluation.privacy.trial_scores import Trials
from tests.evaluation.privacy import simulated_voices as simulated

CORPUS = simulated.corpus(12, 4)
DRAWS = NamedDraws(0, 20)


def speaking(*, habit: bool) -> Corpus:
    """Everybody says what they like; out of habit, each also says a word that one other speaker says as well."""
    rng = np.random.default_rng(0)
    said = []
    for one in CORPUS.utterances:
        words = [f"word{number}" for number in rng.integers(30, size=6)]
        said.append(" ".join([*words, *([f"habit{int(one.speaker[1:]) // 2}"] * 2 if habit else [])]))
    return replace(CORPUS, utterances=tuple(
        replace(one, transcript=text) for one, text in zip(CORPUS.utterances, said, strict=True)
    ))  # fmt: skip


def attacked(corpus: Corpus, kind: str = "single", transcripts: pd.DataFrame | None = None):
    (protocol,) = simulated.protocols(corpus, kind)
    heard = simulated.heard(CORPUS)
    heard = heard if transcripts is None else replace(heard, transcripts=transcripts)
    about = simulated.about(attackers=("house", "text"))
    return list(words_alone.attacks(heard, corpus, [Trials.of(protocol, corpus)], about, DRAWS))


def error(attack) -> float:
    known, same = np.isfinite(attack.scores), attack.trials.same
    return eer(attack.scores[known & same], attack.scores[known & ~same])


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_who_says_what_others_hardly_say_is_known_by_it(kind):
    (attack,) = attacked(speaking(habit=True), kind)
    assert (attack.system, attack.attacker, attack.attack) == ("original", "text", "unprotected")
    assert error(attack) < 0.2
    assert "the transcripts" in attack.how
    assert "never hears a voice" in attack.how


def test_words_without_habits_tell_nothing():
    (attack,) = attacked(speaking(habit=False))
    assert error(attack) == pytest.approx(0.5, abs=0.1)


def test_a_word_that_only_the_two_speakers_of_a_trial_say_is_not_in_the_vocabulary():
    """The vocabulary is of others: with a word of their own each, and nothing else, all scores are 0."""
    own = replace(CORPUS, utterances=tuple(replace(one, transcript=one.speaker * 3) for one in CORPUS.utterances))
    (attack,) = attacked(own)
    assert error(attack) > 0.3


def test_utterances_without_words_have_no_score():
    corpus = speaking(habit=True)
    silent = tuple(replace(one, transcript="" if one.key == "s03-1" else one.transcript) for one in corpus.utterances)
    (attack,) = attacked(replace(corpus, utterances=silent))
    asked = [one.utterance == "s03-1" or one.model == "s03-1" for one in attack.trials.protocol.trials]
    assert np.isnan(attack.scores[asked]).all()
    assert np.isfinite(attack.scores[~np.array(asked)]).all()
    assert "1 of" in attack.notes[0]


def test_without_transcripts_it_reads_what_a_recogniser_heard():
    corpus = speaking(habit=True)
    silent = replace(corpus, utterances=tuple(replace(one, transcript="") for one in corpus.utterances))
    assert attacked(silent) == []
    rows = [
        {"system": system, "utterance": one.key, "speaker": one.speaker, "recogniser": "pocketsphinx",
         "reference": "", "against": "own original", "heard": one.transcript if system == "original" else "noise",
         "errors": 0, "words": 1}
        for one in corpus.utterances for system in ("original", "moving")
    ]  # fmt: skip
    (attack,) = attacked(silent, transcripts=pd.DataFrame(rows))
    assert error(attack) < 0.2
    assert "what pocketsphinx heard" in attack.how


def test_the_cosine_is_that_of_tf_idf_written_out():
    counts = words_alone._counts(["b b a", "a", "a c"])
    weighed = words_alone._weighed(counts[:1], np.array([0, 1])).toarray()
    # learned from the first two: "a" in both, "b", "b b" and "b a" in one, "a c" and "c" in none
    rare, common = np.log(3 / 2) + 1, np.log(3 / 3) + 1
    first = np.array([common, rare, rare * (1 + np.log(2)), rare])
    assert np.sort(weighed[0]) == pytest.approx(np.sort(first / np.linalg.norm(first)))
    assert np.sort(weighed[2]) == pytest.approx([0, 0, 0, 1])
