"""Protocols as arrays, and the scores of their trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from evaluation.attackers import units
from evaluation.corpus import Corpus
from evaluation.heard import Embedded
from evaluation.protocol import Protocol

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Names = npt.NDArray[np.str_]
AT_ONCE, ROWS_AT_ONCE = 16_384, 256
DENSE = 20
DIGITS = 12
NOWHERE = -1


@dataclass(frozen=True, eq=False)
class Trials:
    """The n trials of a protocol.

    Attributes:
        models, utterances: names of the enrolments, and of the utterances tried; lists: what enrols each model.
        model, utterance: of each trial, as places in them, (n,).
        same: whether both are of one speaker; sexes: of both, "" where they differ; enrolled, speakers: names, (n,).
    """

    protocol: Protocol
    models: tuple[str, ...]
    utterances: tuple[str, ...]
    lists: tuple[tuple[str, ...], ...]
    model: Ints
    utterance: Ints
    same: Bools
    sexes: Names
    enrolled: Names
    speakers: Names

    @classmethod
    def of(cls, protocol: Protocol, corpus: Corpus) -> Trials:
        """The trials of a protocol of a corpus."""
        every = protocol.trials
        who = {one.key: one.speaker for one in corpus.utterances}
        models, model = np.unique(np.array([one.model for one in every], str), return_inverse=True)
        utterances, utterance = np.unique(np.array([one.utterance for one in every], str), return_inverse=True)
        owners = np.array([protocol.speakers[name] for name in models.tolist()], str)
        tried = np.array([who[name] for name in utterances.tolist()], str)
        return cls(
            protocol, tuple(models.tolist()), tuple(utterances.tolist()),
            tuple(protocol.enrolments[name] for name in models.tolist()),
            model.astype(np.int64), utterance.astype(np.int64),
            np.array([one.same for one in every], bool), np.array([one.sex for one in every], str),
            owners[model], tried[utterance],
        )  # fmt: skip

    def scores(self, enrolling: Embedded, tried: Embedded) -> Floats:
        """Cosine of the mean enrolment embedding and the trial's, (n,); NaN where nothing was heard on one side."""
        return products(self.means(enrolling), units(aligned(tried, self.utterances)), self.model, self.utterance)

    def scores_where(self, chosen: Bools, enrolling: Embedded, tried: Embedded) -> Floats:
        """As `scores`, of the trials chosen, (n,) bools to (chosen,)."""
        means, heard = self.means(enrolling), units(aligned(tried, self.utterances))
        return products(means, heard, self.model[chosen], self.utterance[chosen])

    def means(self, enrolling: Embedded) -> Floats:
        """Mean embedding of what enrols each model, at unit length, (models, d); NaN where none of it was heard."""
        sizes = [len(own) for own in self.lists]
        heard = aligned(enrolling, [key for own in self.lists for key in own])
        owner = np.repeat(np.arange(len(sizes)), sizes)
        known = np.isfinite(heard).all(1)
        sums = np.zeros((len(sizes), heard.shape[1]))
        np.add.at(sums, owner[known], heard[known])
        count = np.bincount(owner[known], minlength=len(sizes))[:, None]
        return units(np.divide(sums, count, out=np.full(sums.shape, np.nan), where=count > 0))


def aligned(embedded: Embedded, keys: Sequence[str]) -> Floats:
    """Embeddings of these utterances in this order, (n, d); NaN where there is none."""
    places = {key: place for place, key in enumerate(embedded.keys)}
    rows = np.array([places.get(key, NOWHERE) for key in keys], np.int64)
    found = np.full((len(rows), embedded.vectors.shape[1]), np.nan)
    found[rows >= 0] = embedded.vectors[rows[rows >= 0]]
    return found


def products(first: Floats, second: Floats, one: Ints, other: Ints) -> Floats:
    """Inner products of rows `one` of the first and `other` of the second, (n,) each; in parts that bound the memory.

    Rounded to 12 digits: what differs by the order of additions alone is equal, or an all-tied system would not be.
    """
    dense = len(first) * len(second) <= DENSE * len(one)
    return np.round((_of_table if dense else _of_pairs)(first, second, one, other), DIGITS)


def _of_pairs(first: Floats, second: Floats, one: Ints, other: Ints) -> Floats:
    found = np.empty(len(one))
    for start in range(0, len(one), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        found[part] = np.einsum("ij,ij->i", first[one[part]], second[other[part]])
    return found


def _of_table(first: Floats, second: Floats, one: Ints, other: Ints) -> Floats:
    """All products of some rows of the first at a time, where most of them are asked for."""
    found, order = np.empty(len(one)), np.argsort(one, kind="stable")
    ends = np.searchsorted(one[order], np.arange(0, len(first) + ROWS_AT_ONCE, ROWS_AT_ONCE))
    for n, (start, end) in enumerate(pairwise(ends.tolist())):
        rows, chosen = n * ROWS_AT_ONCE, order[start:end]
        table = first[rows : rows + ROWS_AT_ONCE] @ second.T
        found[chosen] = table[one[chosen] - rows, other[chosen]]
    return found
