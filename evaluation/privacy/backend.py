"""What an attacker learns from anonymized speech of other speakers: which differences between embeddings tell people.

Within-class covariance normalisation (Hatch, Kajarekar & Stolcke 2006, doi 10.21437/Interspeech.2006-183) and linear
discriminants (Fisher 1936, doi 10.1111/j.1469-1809.1936.tb02137.x), on covariances shrunk as Ledoit & Wolf 2004
(doi 10.1016/S0047-259X(03)00096-4); then the cosine. Both are maps x -> xA that make the scatter within speakers round:

    A A' = W⁻¹,   or   B v = λ W v,  A = the v of the largest λ

with W the scatter of utterances about their speaker's mean, B that of the speakers' means.

Chosen by experiment, on 29 speakers of read speech that was put through McAdams' and the pitch and formant system, by
house embeddings and by MFCC, learned from 92 other speakers or by folds from the 29 themselves: EERs fell by 2 to 13
points; discriminants were best with many speakers to learn from, within-class normalisation with few (which has no
more discriminants than speakers). Weighing discriminants as a two-covariance PLDA does was better than both by 2 points
in one of eight cases (MFCC, few speakers), elsewhere as good or worse. So a few are tried, and what tells held-out
speakers of the training best is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from evaluation.attackers import units
from evaluation.metrics.curves import eer

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]
Map = Callable[[Floats], Floats]
Learn = Callable[[Floats, Names], Map]
LEAST_SPEAKERS = 6
INNER_FOLDS = 4
FAINT = 1e-10


@dataclass(frozen=True, eq=False)
class Speech:
    """Embeddings to learn from: `vectors`, (n, d); who speaks and of which sex, (n,) each."""

    vectors: Floats
    speakers: Names
    sexes: Names

    def of(self, chosen: npt.NDArray[np.bool_]) -> Speech:
        """A part of it, by bools (n,)."""
        return Speech(self.vectors[chosen], self.speakers[chosen], self.sexes[chosen])

    @property
    def teaching(self) -> int:
        """How many speakers have at least two utterances: what varies within a voice is learned from them alone."""
        return int(np.sum(np.unique(self.speakers, return_counts=True)[1] > 1))


def nothing(vectors: Floats, speakers: Names) -> Map:
    """Learn nothing: embeddings stay as they are."""
    return lambda heard: heard


def within_class(vectors: Floats, speakers: Names) -> Map:
    """Within-class covariance normalisation."""
    from scipy.linalg import cholesky

    scatter, _ = _scatter(vectors, speakers)
    normalising = cholesky(np.linalg.inv(scatter), lower=True)
    return lambda heard: heard @ normalising


def discriminants(vectors: Floats, speakers: Names, *, most: int) -> Map:
    """At most so many linear discriminants, one fewer than there are speakers."""
    from scipy.linalg import eigh

    scatter, means = _scatter(vectors, speakers)
    apart = means - means.mean(0)
    _, found = eigh(apart.T @ apart / len(apart), scatter)
    kept = found[:, ::-1][:, : min(most, len(means) - 1)]
    return lambda heard: heard @ kept


CANDIDATES: Mapping[str, Learn] = MappingProxyType(
    {
        "nothing": nothing,
        "within-class covariance normalisation": within_class,
        "20 linear discriminants": partial(discriminants, most=20),
        "40 linear discriminants": partial(discriminants, most=40),
    }
)


def best(speech: Speech, *, rng: np.random.Generator) -> str:
    """The candidate with the lowest EER on speakers that it did not learn from: INNER_FOLDS folds of speakers."""
    folds = folds_of(speech, INNER_FOLDS, rng)
    return min(CANDIDATES, key=lambda name: held_out(CANDIDATES[name], speech, folds))


def held_out(learn: Learn, speech: Speech, folds: npt.NDArray[np.int64], judged: Sequence[int] | None = None) -> float:
    """EER of pairs of utterances of one sex and one fold, by what was learned from the other folds, (n,) ints; 1 if no
    fold can be judged. `judged`: which folds, all if None."""
    scores: list[Floats] = []
    same: list[npt.NDArray[np.bool_]] = []
    for fold in np.unique(folds).tolist() if judged is None else judged:
        rest, own = speech.of(folds != fold), speech.of(folds == fold)
        if rest.teaching >= 2:
            found, kind = pairs(learn(rest.vectors, rest.speakers)(own.vectors), own)
            scores.append(found)
            same.append(kind)
    return eer_of_pairs(scores, same)


def pairs(vectors: Floats, speech: Speech) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Cosines of all pairs of utterances of one sex, and which are of one speaker; (p,) each."""
    unit = units(vectors)
    first, second = np.triu_indices(len(unit), 1)
    alike = speech.sexes[first] == speech.sexes[second]
    table = unit @ unit.T
    return table[first, second][alike], (speech.speakers[first] == speech.speakers[second])[alike]


def eer_of_pairs(scores: list[Floats], same: list[npt.NDArray[np.bool_]]) -> float:
    """EER of several sets of pairs together; 1 where there are not both kinds, or a score is no number."""
    every, kind = np.concatenate([np.zeros(0), *scores]), np.concatenate([np.zeros(0, bool), *same])
    if not kind.any() or kind.all() or not np.isfinite(every).all():
        return 1.0
    return eer(every[kind], every[~kind])


def folds_of(speech: Speech, count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Which fold each utterance is in, (n,): a speaker in one alone, women and men dealt out evenly."""
    people, first = np.unique(speech.speakers, return_index=True)
    order = rng.permutation(len(people))
    dealt = order[np.argsort(speech.sexes[first][order], kind="stable")]
    fold = np.empty(len(people), np.int64)
    fold[dealt] = np.arange(len(people)) % count
    return fold[np.searchsorted(people, speech.speakers)]


def _scatter(vectors: Floats, speakers: Names) -> tuple[Floats, Floats]:
    """Covariance within speakers, shrunk, (d, d); means of the speakers that have two utterances, (s, d)."""
    from sklearn.covariance import ledoit_wolf

    people, place, count = np.unique(speakers, return_inverse=True, return_counts=True)
    sums = np.zeros((len(people), vectors.shape[1]))
    np.add.at(sums, place, vectors)
    means, many = sums / count[:, None], count > 1
    # by n/(n - 1), since the mean lies nearer to few utterances than the voice does
    apart = (vectors - means[place]) * np.sqrt(count / np.maximum(count - 1, 1))[place, None]
    shrunk = ledoit_wolf(apart[many[place]], assume_centered=True)[0]
    size = max(float(np.trace(shrunk)) / len(shrunk), FAINT)
    return shrunk + FAINT * size * np.eye(len(shrunk)), means[many]
