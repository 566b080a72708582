"""Enrolments and trials: the same whatever the order of files, of one sex, across sessions wherever that can be."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation import protocol, protocol_lists
from evaluation.corpus import Corpus, CorpusError
from evaluation.protocol import Protocol
from tests.evaluation.example_corpus import corpus

SESSIONS = st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=1, max_size=5)
SPEAKER = st.tuples(SESSIONS, st.sampled_from(["F", "M", ""]), st.sampled_from(["", "Read", "Acted"]))
CORPORA = st.lists(SPEAKER, min_size=1, max_size=6)


def of(people: list[tuple[list[str], str, str]]) -> Corpus:
    names = [f"s{number}" for number in range(len(people))]
    made = corpus(
        {name: sessions for name, (sessions, _, _) in zip(names, people, strict=True)},
        sexes={name: sex for name, (_, sex, _) in zip(names, people, strict=True)},
    )
    sets = {name: data for name, (_, _, data) in zip(names, people, strict=True)}
    return replace(made, utterances=tuple(replace(one, corpus=sets[one.speaker]) for one in made.utterances))


def check(made: Protocol, whole: Corpus) -> None:
    """What must hold of every protocol that is made here."""
    known = {one.key: one for one in whole.utterances}
    assert len(set(made.trials)) == len(made.trials)
    assert {one.model for one in made.trials} == set(made.enrolments) == set(made.speakers)
    for trial in made.trials:
        own, heard = [known[key] for key in made.enrolments[trial.model]], known[trial.utterance]
        assert own
        assert heard not in own, "nobody is recognised by the recording that enrolled them"
        assert {one.speaker for one in own} == {made.speakers[trial.model]}
        assert trial.same == (heard.speaker == own[0].speaker)
        assert {one.sex for one in own} == {heard.sex} == {trial.sex}
        assert {one.corpus for one in own} == {heard.corpus}
        sessions = {one.session for one in whole.utterances if one.speaker == heard.speaker} - {""}
        if trial.same and len(sessions) > 1:
            assert trial.cross_session is True
            assert heard.session not in {one.session for one in own}
        elif trial.same:
            assert trial.cross_session in ({False, None} if sessions else {None})


@given(CORPORA, st.sampled_from(["single", "multi"]), st.integers(0, 3), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_what_holds_of_every_protocol(people: list, kind: str, seed: int, shuffler: random.Random) -> None:
    whole = of(people)
    (made,) = protocol.make(whole, [kind], seed=seed)
    check(made, whole)
    shuffled = list(whole.utterances)
    shuffler.shuffle(shuffled)
    assert protocol.make(replace(whole, utterances=tuple(shuffled)), [kind], seed=seed) == [made]


@given(CORPORA, st.integers(0, 30))
@settings(max_examples=40)
def test_single_takes_every_pair_or_as_many_as_asked(people: list, most: int) -> None:
    whole = of(people)
    every, some = protocol.single(whole, 0), protocol.single(whole, 0, most)
    known = {one.key: one for one in whole.utterances}
    pairs = {frozenset((one.key, two.key)) for one in whole.utterances for two in whole.utterances
             if one.speaker != two.speaker and (one.sex, one.corpus) == (two.sex, two.corpus)}  # fmt: skip
    assert {frozenset((one.model, one.utterance)) for one in every.trials if not one.same} == pairs
    assert len(some.trials) <= max(most, 0)
    assert sum(one.same for one in some.trials) == min(most // 2, sum(one.same for one in every.trials))
    check(some, whole)
    assert known


def test_by_hand() -> None:
    """ann has two sessions, bob one, cid one utterance: four cross-session pairs of ann's, one pair of bob's."""
    whole = corpus({"ann": ["1", "1", "2", "2"], "bob": ["1", "1"], "cid": ["1"]})
    made = protocol.single(whole, 7)
    assert sum(one.same for one in made.trials) == 4 + 1
    assert sum(not one.same for one in made.trials) == 4 * 2 + 4 * 1 + 2 * 1
    assert made.title == (
        "one utterance enrols; same sex and data set, 3 enrolled speakers, 5 target and 14 nontarget trials, "
        "4 of the targets across sessions"
    )
    assert made.notes == (
        "Of 5 target trials 1 are within one session and 0 of sessions that are not known: there an attacker may know "
        "the room or the microphone again.",
        "1 speakers have one utterance and take part in nontarget trials only: cid.",
    )
    other = protocol.multi(whole, 7)
    assert other.enrolments["ann~2"] == ("ann-0", "ann-1")
    assert other.enrolments["bob~bob-0"] == ("bob-1",)
    assert sum(one.same for one in other.trials) == 4 + 2
    assert sum(not one.same for one in other.trials) == 4 * 1 + 2 * 1 + 1 * 2
    assert {one.utterance for one in other.trials} >= {"cid-0"}


def test_a_sex_without_trials_is_told() -> None:
    whole = corpus({"ann": ["", ""], "eve": ["", ""], "bob": [""]}, sexes={"ann": "F", "eve": "F", "bob": "M"})
    for made in protocol.make(whole):
        assert "There are no target and no nontarget trials of men." in made.notes
        assert "Of " in made.notes[0]


def test_another_seed_draws_others_of_the_same_kind() -> None:
    whole = corpus({f"s{n}": ["1", "2", "2"] for n in range(8)})
    one, two = protocol.single(whole, 0, 60), protocol.single(whole, 1, 60)
    assert one.trials != two.trials
    assert len(one.trials) == len(two.trials)


def test_many_are_drawn_evenly() -> None:
    """A corpus too large to list: pairs come up as often as they should (binomial, 5 standard deviations)."""
    whole = corpus({"big": ["1"] * 600, **{f"s{n}": ["1"] * 20 for n in range(40)}})
    made = protocol.single(whole, 0, 20_000)
    others = [one for one in made.trials if not one.same]
    assert len(others) == 10_000
    with_big = sum(one.model.startswith("big") or one.utterance.startswith("big") for one in others)
    share = 600 * 800 / (600 * 800 + 800 * 780 / 2)
    assert abs(with_big - 10_000 * share) < 5 * (10_000 * share * (1 - share)) ** 0.5
    first = sum(one.model < one.utterance for one in others)
    assert abs(first - 5_000) < 5 * 50
    assert max(Counter(one.model for one in others).values()) < 60


def test_lists_of_the_data_are_used_as_they_are(tmp_path: Path) -> None:
    whole = replace(
        corpus({"ann": ["1", "2"], "bob": ["1", "1"]}, sexes={"ann": "F", "bob": "M"}),
        enrolments={"ann": ("ann-0",), "bob": ("bob-0",)},
        trials=(("ann", "ann-1", True), ("bob", "ann-1", False), ("bob", "bob-1", True)),
    )
    (made,) = protocol.make(whole)
    assert made.key == "given"
    assert made.speakers == {"ann": "ann", "bob": "bob"}
    facts = [(one.model, one.utterance, one.same, one.sex, one.cross_session) for one in made.trials]
    assert facts == [
        ("ann", "ann-1", True, "F", True), ("bob", "ann-1", False, "", True), ("bob", "bob-1", True, "M", False),
    ]  # fmt: skip
    assert [one.key for one in protocol.make(whole, ["single", "given"])] == ["single", "given"]


@pytest.mark.parametrize(("kinds", "said"), [(["given"], "there are none: use single or multi"), (["all"], "one of")])
def test_what_cannot_be_made(kinds: list[str], said: str) -> None:
    with pytest.raises(CorpusError, match=said):
        protocol.make(corpus({"ann": ["1"]}), kinds)


@given(CORPORA)
@settings(max_examples=20)
def test_files_give_it_back(tmp_path_factory: pytest.TempPathFactory, people: list) -> None:
    whole, folder = of(people), tmp_path_factory.mktemp("lists")
    for made in protocol.make(whole, seed=4):
        protocol_lists.write(made, whole, folder)
        assert protocol_lists.read(folder / made.key) == made
        lines = (folder / made.key / "trials").read_text().splitlines()
        assert len(lines) == len(made.trials)
        assert all(line.split()[2] in {"target", "nontarget"} for line in lines)


def test_a_broken_file_is_a_sentence(tmp_path: Path) -> None:
    whole = corpus({"ann": ["1", "2"], "bob": ["1"]})
    protocol_lists.write(protocol.single(whole, 0), whole, tmp_path)
    (tmp_path / "single" / "trials").write_text("ann-0 nobody target\n")
    with pytest.raises(CorpusError, match="a protocol was expected"):
        protocol_lists.read(tmp_path / "single")
    with pytest.raises(CorpusError, match="a protocol was expected"):
        protocol_lists.read(tmp_path)
