"""Recalls, confusions, word errors: worked by hand, by properties, beside other libraries and the challenge."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.metrics import MetricError, recalls, uar
from evaluation.metrics.recognition import (
    cer,
    confusion,
    normalised,
    recall_intervals,
    uar_interval,
    wer,
    word_errors,
)

WORDS = st.lists(st.sampled_from(["the", "don't", "Über", "a", "b"]), max_size=8).map(" ".join)
EMOTIONS = ("angry", "happy", "neutral", "sad")


def test_uar_of_the_challenge(golden: Any) -> None:
    """Per fold with its quirk (a class that is only predicted counts as 0), pooled without; its rounding is 1e-3 %."""
    numbers, inputs = golden.numbers["uar"], golden.inputs
    true, predicted, folds = (inputs[f"ser_{name}"] for name in ("ref", "hyp", "fold"))
    for number, (wanted, by_class) in enumerate(zip(numbers["per_fold"], numbers["per_class_by_fold"], strict=True)):
        fold = folds == np.unique(folds)[number]
        one, two = list(map(str, true[fold])), list(map(str, predicted[fold]))
        found = {name: 100 * value for name, value in recalls(one, two).items()}
        assert found == pytest.approx(by_class, abs=1e-3)
        assert sum(found.values()) / len({*one, *two}) == pytest.approx(wanted, abs=1e-3)
    assert 100 * uar(list(map(str, true)), list(map(str, predicted))) == pytest.approx(numbers["pooled"], abs=1e-9)


def test_recalls_and_their_mean() -> None:
    true = ["sad"] * 3 + ["angry"] * 2
    predicted = ["sad", "angry", "happy", "angry", "angry"]
    assert recalls(true, predicted) == pytest.approx({"angry": 1.0, "sad": 1 / 3})
    assert uar(true, predicted) == pytest.approx(2 / 3)
    for odd in (["sad"], []), ([], []):
        with pytest.raises(MetricError, match="As many predictions as truths"):
            uar(*odd)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_uar_of_scikit_learn(answers: list[tuple[str, str]]) -> None:
    from sklearn.metrics import recall_score

    true, predicted = (list(one) for one in zip(*answers, strict=True))
    assert uar(true, predicted) == pytest.approx(
        recall_score(true, predicted, labels=sorted(set(true)), average="macro", zero_division=0)
    )


def test_confusion_by_hand() -> None:
    found = confusion(["sad", "sad", "sad", "angry"], ["angry", "angry", "sad", "bored"], classes=EMOTIONS)
    assert found.classes == (*EMOTIONS, "bored")
    assert found.counts.tolist() == [[0, 0, 0, 0, 1], [0] * 5, [0] * 5, [2, 0, 0, 1, 0], [0] * 5]
    assert found.shares[3] == pytest.approx([2 / 3, 0, 0, 1 / 3, 0])
    assert np.isnan(found.shares[1]).all()
    assert found.predicted_shares == pytest.approx([0.5, 0, 0, 0.25, 0.25])


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30))
def test_confusion_of_scikit_learn(answers: list[tuple[str, str]]) -> None:
    from sklearn.metrics import confusion_matrix

    true, predicted = (list(one) for one in zip(*answers, strict=True))
    found = confusion(true, predicted, classes="abc")
    assert found.counts.tolist() == confusion_matrix(true, predicted, labels=list("abc")).tolist()
    named = dict(zip("abc", np.diag(found.shares), strict=True))
    assert {name: named[name] for name in recalls(true, predicted)} == pytest.approx(recalls(true, predicted))


def test_intervals_are_for_other_speakers() -> None:
    """A recogniser that fails with one speaker of four is less sure than one that fails with a quarter of each."""
    people = [f"s{n // 40}" for n in range(160)]
    true = [EMOTIONS[n % 4] for n in range(160)]
    others = {name: EMOTIONS[n - 1] for n, name in enumerate(EMOTIONS)}
    one = [others[t] if p == "s0" else t for t, p in zip(true, people, strict=True)]
    each = [others[t] if n % 40 < 10 else t for n, t in enumerate(true)]
    wide, narrow = (uar_interval(true, said, people, rng=np.random.default_rng(0)) for said in (one, each))
    assert wide.value == pytest.approx(0.75)
    assert narrow.value == pytest.approx(uar(true, each))
    assert 0 < wide.low < 0.75 < wide.high < 1
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)
    by_class = recall_intervals(true, one, people, rng=np.random.default_rng(0))
    assert {name: found.value for name, found in by_class.items()} == pytest.approx(recalls(true, one))
    assert all(found.low < found.value < found.high for found in by_class.values())


def test_one_speaker_has_no_interval() -> None:
    found = uar_interval(["a", "b"], ["a", "a"], ["s", "s"], rng=np.random.default_rng(0))
    assert found.value == 0.5
    assert np.isnan([found.low, found.high]).all()
    assert "One speaker" in found.note


def test_wer_of_the_challenge(golden: Any) -> None:
    """SpeechBrain and jiwer count the same edits; which are substitutions is not defined (alignments tie)."""
    numbers = golden.numbers["wer"]
    found = wer(numbers["ref"], numbers["hyp"])
    theirs = numbers["speechbrain_ErrorRateStats"]
    assert 100 * found.value == numbers["jiwer_wer_percent"] == theirs["WER"]
    assert found.substitutions + found.deletions + found.insertions == theirs["num_edits"]
    assert found.total == theirs["num_scored_tokens"]
    assert 100 * found.errors / found.totals == pytest.approx(numbers["per_utt_wer"])
    assert wer(["Hello WORLD"], ["hello world"]).value == 0, "case does not count here"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don’t — it's ‘quoted’!", "don't it's quoted"),
        ("Über-Maß, schön: GRÖSSE", "über maß schön grösse"),
        ("U\u0308ber", "über"),
        ("rock 'n' roll; O’Neill's dogs'", "rock n roll o'neill's dogs"),
        ("snake_case\tand\n2 lines", "snake case and 2 lines"),
        ("… ' -- !", ""),
    ],
)
def test_normalisation(text: str, words: str) -> None:
    assert normalised(text) == words
    assert normalised(normalised(text)) == words


@given(st.text(max_size=40))
def test_normalisation_of_anything(text: str) -> None:
    found = normalised(text)
    assert normalised(found) == found
    assert found == " ".join(found.split())


def test_words_beside_each_other() -> None:
    assert word_errors("Don't say THAT, now", "say that knew, please now") == [
        ("deletion", "don't", ""),
        ("equal", "say", "say"),
        ("equal", "that", "that"),
        ("insertion", "", "knew"),
        ("insertion", "", "please"),
        ("equal", "now", "now"),
    ]
    assert word_errors("a b c", "a x c")[1] == ("substitution", "b", "x")
    assert word_errors("", "a b") == [("insertion", "", "a"), ("insertion", "", "b")]
    assert word_errors("a b", "...") == [("deletion", "a", ""), ("deletion", "b", "")]
    assert word_errors("", "") == []


@given(WORDS, WORDS)
def test_marked_words_are_the_counted_errors(said: str, heard: str) -> None:
    marked = word_errors(said, heard)
    assert " ".join(one.reference for one in marked if one.reference) == normalised(said)
    assert " ".join(one.hypothesis for one in marked if one.hypothesis) == normalised(heard)
    assert all((one.reference == one.hypothesis) == (one.kind == "equal") for one in marked)
    found = wer([said], [heard])
    if found.total:
        assert found.errors[0] == sum(one.kind != "equal" for one in marked)


def test_pooled_and_missing() -> None:
    """3 errors in 6 words, not the mean of 100 % and 40 %."""
    found = wer(["a", "b c d e f", None, "x", "..."], ["z", "b c", "y", None, "y"])
    assert found.value == pytest.approx(4 / 6)
    assert found.total == 6
    assert found.note == "2 of 5 utterances have no reference. 1 of 5 were not transcribed."
    assert np.isnan(found.errors).tolist() == [False, False, True, True, True]
    interval = found.interval(["s", "t", "u", "v", "w"], rng=np.random.default_rng(0))
    assert interval.value == found.value
    assert 0 <= interval.low <= found.value <= interval.high
    assert interval.note.startswith("2 of 5 utterances")


def test_nothing_to_count() -> None:
    found = wer([None, ""], ["a", "b"])
    assert np.isnan(found.value)
    assert np.isnan(found.interval(["s", "t"], rng=np.random.default_rng(0)).value)
    assert np.isnan(wer([], []).value)
    with pytest.raises(MetricError, match="As many hypotheses as references"):
        wer(["a"], [])


def test_characters() -> None:
    """größe / groesse: ö to oe is a substitution and an insertion, ß to ss too."""
    found = cer(["Größe ja"], ["groesse ja"])
    assert found.total == 8
    assert found.value == pytest.approx(4 / 8)
    assert cer(["ab"], [""]).deletions == 2


@settings(max_examples=40)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_wer_of_jiwer(pairs: list[tuple[str, str]]) -> None:
    import jiwer

    kept = [(normalised(said), normalised(heard)) for said, heard in pairs if said]
    found = wer(*zip(*pairs, strict=True))
    if kept:
        assert found.value == pytest.approx(jiwer.wer(*map(list, zip(*kept, strict=True))))
