"""Which utterances are compared with which: enrolments and trials, made the same way every time.

Who is compared with whom is decided by keys and a seed, never by the order of files. See protocol_lists for the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from evaluation.corpus import Corpus, CorpusError, Sex, Utterance
from evaluation.corpus_words import key_of
from evaluation.protocol_draws import (
    alike,
    at_most,
    by_speaker,
    cross_session,
    drawn,
    in_order,
    pairs_of_two,
    with_several_sessions,
)
from evaluation.protocol_words import notes, title

MOST_TRIALS = 200_000
KINDS = ("single", "multi", "given")


class Trial(NamedTuple):
    """One comparison: `model` (an enrolment), `utterance` (its key), whether both are of one speaker.

    `sex` is that of both, "" where they differ or are not known. `cross_session`: True, False, or None where sessions
    are not known; of nontargets always True.
    """

    model: str
    utterance: str
    same: bool
    sex: Sex
    cross_session: bool | None


@dataclass(frozen=True)
class Protocol:
    """Enrolments and trials.

    Attributes:
        key: "single" (one utterance enrols), "multi" (all others of the speaker, of other sessions where there are
            any, enrol) or "given" (the data's own lists).
        title: in words, as figures show it: sizes, same-sex, cross-session.
        enrolments: model to its utterances' keys; speakers: model to its speaker.
        trials: in order.
        seed: what drew them; notes: sentences, e.g. how many target trials are within one session and who was left out.
    """

    key: str
    title: str
    enrolments: dict[str, tuple[str, ...]]
    speakers: dict[str, str]
    trials: tuple[Trial, ...]
    seed: int
    notes: tuple[str, ...] = ()


def make(
    corpus: Corpus, kinds: Collection[str] = (), *, seed: int = 0, most_trials: int = MOST_TRIALS
) -> list[Protocol]:
    """The protocols of these KINDS; without any, the data's own lists where it brings them, else "single" and "multi".

    Raises:
        CorpusError: if a kind is unknown, or "given" is asked of data without lists.
    """
    chosen = list(dict.fromkeys(kinds)) or (["single", "multi"] if corpus.trials is None else ["given"])
    if unknown := [kind for kind in chosen if kind not in KINDS]:
        raise CorpusError(f"A protocol is one of {', '.join(KINDS)}, but {', '.join(unknown)} came.")
    makers = {
        "single": lambda: single(corpus, seed, most_trials),
        "multi": lambda: multi(corpus, seed, most_trials),
        "given": lambda: given(corpus),
    }
    return [makers[kind]() for kind in chosen]


def single(corpus: Corpus, seed: int, most_trials: int = MOST_TRIALS) -> Protocol:
    """One utterance enrols: every pair of utterances of one sex and data set, once; which of both enrols is drawn.

    Pairs of one speaker are of two sessions wherever that speaker has more than one; of speakers with one session all
    pairs are taken. At most `most_trials`: at most half of them pairs of one speaker, the rest drawn evenly from all
    pairs of two speakers.
    """
    rng = np.random.default_rng([seed, 1])
    every = in_order(corpus)
    several = with_several_sessions(every)
    pairs = [
        (one, two)
        for own in by_speaker(every).values()
        for one, two in combinations(own, 2)
        if one.speaker not in several or cross_session(one.session, [two.session])
    ]
    pairs = at_most(pairs, most_trials // 2, rng)
    left, groups = most_trials - len(pairs), alike(every)
    there = sum(map(pairs_of_two, groups))
    for own in groups:
        share = left * pairs_of_two(own) // max(1, there)
        pairs += [(own[i], own[j]) for i, j in drawn(own, share, rng)]
    swaps = rng.random(len(pairs)) < 0.5
    asked = [(two, one) if swap else (one, two) for (one, two), swap in zip(pairs, swaps, strict=True)]
    enrolments = {one.key: (one.key,) for one, _ in asked}
    trials = [(one.key, two, one.speaker == two.speaker) for one, two in asked]
    return _protocol("single", corpus, enrolments, trials, seed)


def multi(corpus: Corpus, seed: int, most_trials: int = MOST_TRIALS) -> Protocol:
    """All other utterances of the speaker enrol, of other sessions where there are any.

    Each utterance is tried against its own speaker and against every other of that sex and data set; of the other's
    enrolments, which leave out another session or utterance each, one is drawn. So both kinds of trials are against
    enrolments of one size. At most `most_trials`, drawn evenly from all but those of one speaker.
    """
    rng = np.random.default_rng([seed, 2])
    every = in_order(corpus)
    models = _models(every)
    trials: list[tuple[str, Utterance, bool]] = []
    for one in every:
        if own := models.get(one.speaker, {}).get(one.key):
            trials.append((own[0], one, True))
    others = []
    for group in alike(every):
        speakers = sorted({one.speaker for one in group} & models.keys())
        others += [(other, one) for one in group for other in speakers if other != one.speaker]
    for other, one in at_most(others, max(0, most_trials - len(trials)), rng):
        there = sorted({model for model, _ in models[other].values()})
        trials.append((there[int(rng.integers(len(there)))], one, False))
    asked = {model for model, _, _ in trials}
    enrolments = {model: keys for own in models.values() for model, keys in own.values() if model in asked}
    return _protocol("multi", corpus, enrolments, trials, seed)


def given(corpus: Corpus) -> Protocol:
    """The data's own lists.

    Raises:
        CorpusError: if it brings none.
    """
    if corpus.trials is None or corpus.enrolments is None:
        raise CorpusError(
            f"{corpus.root}: lists of trials were expected for the protocol given, but there are none: "
            "use single or multi, which are made here."
        )
    known = {one.key: one for one in corpus.utterances}
    trials = [(model, known[key], same) for model, key, same in corpus.trials]
    return _protocol("given", corpus, corpus.enrolments, trials, 0)


def trial_of(model: Sequence[Utterance], utterance: Utterance, same: bool, name: str) -> Trial:
    """The trial of an utterance against the utterances that enrol `name`."""
    sexes = {one.sex for one in (*model, utterance)}
    cross = cross_session(utterance.session, [one.session for one in model]) if same else True
    return Trial(name, utterance.key, same, sexes.pop() if len(sexes) == 1 else "", cross)


def _protocol(
    key: str,
    corpus: Corpus,
    enrolments: Mapping[str, tuple[str, ...]],
    asked: Sequence[tuple[str, Utterance, bool]],
    seed: int,
) -> Protocol:
    known = {one.key: one for one in corpus.utterances}
    used = {model: [known[key] for key in keys] for model, keys in sorted(enrolments.items())}
    trials = tuple(sorted(trial_of(used[model], one, same, model) for model, one, same in asked))
    speakers = {model: Counter(one.speaker for one in own).most_common(1)[0][0] for model, own in used.items()}
    lists = {model: tuple(one.key for one in own) for model, own in used.items()}
    said = tuple(notes(corpus, trials, lists))
    return Protocol(key, title(key, trials, speakers), lists, speakers, trials, seed, said)


def _models(utterances: Sequence[Utterance]) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
    """By speaker and utterance: the enrolment that leaves it, or its session, out, by name and keys."""
    several = with_several_sessions(utterances)
    found: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {}
    for speaker, own in by_speaker(utterances).items():
        for one in own:
            if speaker in several:
                left = one.session
                rest = tuple(two.key for two in own if cross_session(one.session, [two.session]))
            else:
                left, rest = one.key, tuple(two.key for two in own if two is not one)
            if rest:
                found.setdefault(speaker, {})[one.key] = (key_of(f"{speaker}~{left}"), rest)
    return found
