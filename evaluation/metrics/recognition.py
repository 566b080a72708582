"""What recognisers say: recalls of classes and their mean, confusions; word and character errors.

Shares are in [0, 1]. Intervals are for other speakers (see bootstrap.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.metrics.bootstrap import Interval, mean_interval, numbered, speaker_interval
from evaluation.metrics.curves import MetricError
from evaluation.metrics.words import (
    ErrorRate,
    WordError,
    cer,
    normalised,
    wer,
    word_errors,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

__all__ = [
    "Confusion",
    "ErrorRate",
    "WordError",
    "cer",
    "confusion",
    "normalised",
    "recall_intervals",
    "recalls",
    "uar",
    "uar_interval",
    "wer",
    "word_errors",
]


def recalls(truth: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Of each class that occurs in the truth, the share predicted as it; by class in alphabetical order.

    Raises:
        MetricError: if nothing came, or not as many predictions as truths.
    """
    right, said = _paired(truth, predicted)
    return {str(name): float(np.mean(said[right == name] == name)) for name in np.unique(right)}


def uar(truth: Sequence[str], predicted: Sequence[str]) -> float:
    """Unweighted average recall: the mean of the recalls of the classes that occur in the truth, in [0, 1].

    Always to be shown with the recalls: the mean hides a class that is taken for another.
    """
    return float(np.mean(list(recalls(truth, predicted).values())))


@dataclass(frozen=True, eq=False)
class Confusion:
    """Which class was taken for which.

    Attributes:
        classes: names of the k classes.
        counts: utterances by truth (rows) and prediction (columns), (k, k).
    """

    classes: tuple[str, ...]
    counts: Ints

    @property
    def shares(self) -> Floats:
        """Of each truth's utterances, (k, k): rows sum to 1, or are NaN; the diagonal are the recalls."""
        whole = self.counts.sum(1, keepdims=True)
        return np.divide(self.counts, whole, out=np.full(self.counts.shape, np.nan), where=whole > 0)

    @property
    def predicted_shares(self) -> Floats:
        """Each class's share of all predictions, (k,): above its share of the truth where it swallows others."""
        return np.asarray(self.counts.sum(0) / self.counts.sum())


def confusion(truth: Sequence[str], predicted: Sequence[str], classes: Sequence[str] = ()) -> Confusion:
    """Counts of truth and prediction, of `classes` in their order, then any others that occur, alphabetically.

    Raises:
        MetricError: if nothing came, or not as many predictions as truths.
    """
    right, said = _paired(truth, predicted)
    names = [*classes, *sorted({*right.tolist(), *said.tolist()} - set(classes))]
    places = {name: place for place, name in enumerate(names)}
    found = np.zeros((len(names), len(names)), np.int64)
    np.add.at(found, ([places[one] for one in right.tolist()], [places[one] for one in said.tolist()]), 1)
    return Confusion(tuple(names), found)


def uar_interval(
    truth: Sequence[str],
    predicted: Sequence[str],
    speakers: Sequence[str],
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> Interval:
    """UAR with its interval for other speakers; higher is better for emotion that should stay, lower for an attacker.

    Raises:
        MetricError: as `uar`.
    """
    hits, whole, of = _by_class(truth, predicted, speakers)
    return speaker_interval(
        uar(truth, predicted),
        lambda weights: np.mean((weights @ hits) / (weights @ whole), 1),
        of, rng=rng, replicates=replicates, confidence=confidence, scale="logit",
    )  # fmt: skip


def recall_intervals(
    truth: Sequence[str],
    predicted: Sequence[str],
    speakers: Sequence[str],
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    confidence: float = 0.95,
) -> dict[str, Interval]:
    """`recalls`, each with its interval for other speakers of that class.

    Raises:
        MetricError: as `recalls`.
    """
    right, said = _paired(truth, predicted)
    people = np.asarray(speakers).astype(str)
    return {
        str(name): mean_interval(
            said[right == name] == name, people[right == name],
            rng=rng, replicates=replicates, confidence=confidence, scale="logit",
        )
        for name in np.unique(right)
    }  # fmt: skip


def _by_class(truth: Sequence[str], predicted: Sequence[str], speakers: Sequence[str]) -> tuple[Floats, Floats, int]:
    """Right predictions and utterances by speaker and class, (g, k) each, and g."""
    right, said = _paired(truth, predicted)
    (people,), count = numbered(speakers)
    _, kinds = np.unique(right, return_inverse=True)
    hits, whole = np.zeros((2, count, int(kinds.max()) + 1))
    np.add.at(whole, (people, kinds), 1)
    np.add.at(hits, (people, kinds), right == said)
    return hits, whole, count


def _paired(truth: Sequence[str], predicted: Sequence[str]) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    if len(truth) != len(predicted) or not len(truth):
        raise MetricError(f"As many predictions as truths were expected, but {len(predicted)} and {len(truth)} came.")
    return np.asarray(truth).astype(str), np.asarray(predicted).astype(str)
