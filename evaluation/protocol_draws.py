"""Utterances in groups, and pairs of them drawn evenly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from evaluation.corpus import Corpus, Utterance
from evaluation.corpus_words import data_set

Ints = npt.NDArray[np.int64]


def _key(one: Utterance) -> str:
    return one.key


def in_order(corpus: Corpus) -> list[Utterance]:
    return sorted(corpus.utterances, key=_key)


def by_speaker(utterances: Sequence[Utterance]) -> dict[str, list[Utterance]]:
    """Utterances by speaker, in the order of names."""
    found: dict[str, list[Utterance]] = {}
    for one in utterances:
        found.setdefault(one.speaker, []).append(one)
    return dict(sorted(found.items()))


def alike(utterances: Sequence[Utterance]) -> list[list[Utterance]]:
    """Utterances that may be compared: of one sex and data set, since microphone and accent tell data sets."""
    found: dict[tuple[str, str], list[Utterance]] = {}
    for one in utterances:
        found.setdefault((one.sex, data_set(one.corpus)[0]), []).append(one)
    return [own for _, own in sorted(found.items())]


def with_several_sessions(utterances: Sequence[Utterance]) -> set[str]:
    sessions: dict[str, set[str]] = {}
    for one in utterances:
        sessions.setdefault(one.speaker, set()).update({one.session} - {""})
    return {speaker for speaker, own in sessions.items() if len(own) > 1}


def cross_session(session: str, others: Sequence[str]) -> bool | None:
    """Whether none of the others is of this session; None where that is not known."""
    if session and session in others:
        return False
    return True if session and all(others) else None


def pairs_of_two(own: Sequence[Utterance]) -> int:
    """How many pairs of two speakers there are."""
    count = Counter(one.speaker for one in own)
    return (len(own) ** 2 - sum(number**2 for number in count.values())) // 2


def at_most(every: list, most: int, rng: np.random.Generator) -> list:
    """At most so many of a list, in its order."""
    if len(every) <= most:
        return every
    return [every[n] for n in np.sort(rng.choice(len(every), most, replace=False))]


def drawn(own: Sequence[Utterance], most: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    """At most so many different pairs of two speakers, evenly from all of them, as places (i, j) in `own`, in order."""
    every = np.array(sorted(range(len(own)), key=lambda n: (own[n].speaker, n)), int)
    _, first, number = np.unique([own[n].speaker for n in every], return_index=True, return_counts=True)
    wanted = min(most, pairs_of_two(own))
    if wanted == 0:
        return []
    start, size = np.repeat(first, number), np.repeat(number, number)
    if pairs_of_two(own) <= 4 * wanted:
        codes = _all_codes(every, start + size)
    else:
        codes = np.zeros(0, np.int64)
        while len(codes) < wanted:
            codes = np.union1d(codes, _codes(every, start, size, 2 * wanted, rng))
    chosen = np.sort(rng.choice(codes, wanted, replace=False))
    return list(zip((chosen // len(own)).tolist(), (chosen % len(own)).tolist(), strict=True))


def _all_codes(every: Ints, ends: Ints) -> Ints:
    """Every pair, as smaller place * n + larger; `every` is in the order of speakers, each ending before its `ends`."""
    n = len(every)
    return np.sort(np.concatenate([_coded(np.full(n - end, one), every[end:], n)
                                   for one, end in zip(every, ends, strict=True)]))  # fmt: skip


def _codes(every: Ints, start: Ints, size: Ints, count: int, rng: np.random.Generator) -> Ints:
    """`count` pairs: one utterance by how many others it has, and one of those."""
    n = len(every)
    one = rng.choice(n, count, p=(n - size) / np.sum(n - size))
    other = np.floor(rng.random(count) * (n - size[one])).astype(int)
    other += np.where(other >= start[one], size[one], 0)
    return _coded(every[one], every[other], n)


def _coded(one: Ints, other: Ints, n: int) -> Ints:
    return np.minimum(one, other) * n + np.maximum(one, other)
