"""Voice similarity matrices and what they say: de-identification and the gain of voice distinctiveness
(Noé et al. 2020, doi 10.21437/Interspeech.2020-2720), as VoicePrivacy 2022 computes them.

    M(i, j) = 1 / (1 + e^-m),  m = mean calibrated LLR of the trials between speakers i and j
    D_diag(M) = |mean of the diagonal - mean beside it|
    DEID = 1 - D_diag(M_op) / D_diag(M_oo),   G_VD = 10 log10(D_diag(M_pp) / D_diag(M_oo)) dB

o: original, p: processed. DEID: 1 fully de-identified, 0 not at all, higher is better for privacy. G_VD: 0 dB as
distinct as the originals, below 0 less, higher is better for utility. LLRs are natural, by PAV with Laplace's rule, for
each matrix on its own trials; equal scores are pooled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evaluation.metrics.calibration import Ties, llrs
from evaluation.metrics.curves import MetricError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NAN = float("nan")


@dataclass(frozen=True, eq=False)
class SimilarityMatrix:
    """How alike s speakers' voices are, (s, s), symmetrical, in [0, 1]; NaN where two were never compared.

    note: whose diagonal is missing (one utterance gives no trial within a speaker), and other gaps.
    """

    speakers: tuple[str, ...]
    values: Floats
    note: str = ""


@dataclass(frozen=True)
class VoiceDistinctiveness:
    """DEID and G_VD in dB, NaN where not defined, and D_diag of the three matrices; what is missing in `note`."""

    deid: float
    gain_db: float
    diagonal_oo: float
    diagonal_op: float
    diagonal_pp: float
    note: str = ""


def similarity_matrix(
    scores: npt.ArrayLike,
    first_speakers: npt.ArrayLike,
    second_speakers: npt.ArrayLike,
    *,
    speakers: Sequence[str] = (),
    ties: Ties = "pooled",
) -> SimilarityMatrix:
    """The matrix of scores of trials, (n,), between two speakers each.

    Trials i, j and j, i go into one entry. No trial may compare an utterance with itself (original or processed).
    Trials without a finite score are left out, and said. speakers: the order of rows; others follow alphabetically.

    Raises:
        MetricError: if no trial is within a speaker, or none between two.
    """
    values = np.asarray(scores, float).ravel()
    ours, theirs = (np.asarray(names).astype(str).ravel() for names in (first_speakers, second_speakers))
    finite = np.isfinite(values)
    same = (ours == theirs)[finite]
    within, between = llrs(values[finite][same], values[finite][~same], laplace=True, ties=ties)
    known = np.full(len(values), np.nan)
    known[finite] = _merged(same, within, between)
    names = [*speakers, *sorted({*ours.tolist(), *theirs.tolist()} - set(speakers))]
    means = _means(known[finite], _places(names, ours[finite]), _places(names, theirs[finite]), len(names))
    lost = "" if finite.all() else f"{int((~finite).sum())} of {len(finite)} trials have no score."
    return SimilarityMatrix(tuple(names), _sigmoid(means), " ".join(filter(None, [lost, _gaps(names, means)])))


def similarity_matrix_of_embeddings(
    first: npt.ArrayLike, second: npt.ArrayLike, speakers: Sequence[str], *, ties: Ties = "pooled"
) -> SimilarityMatrix:
    """The matrix of cosines of embeddings, (n, d) each, of the same n utterances in the same order.

    Utterance u of `first` is compared with each v > u of `second`, as VoicePrivacy 2022 makes its trials: never an
    utterance with itself. Utterances whose embedding is not finite have no scores.

    Raises:
        MetricError: as `similarity_matrix`; if the two differ in shape, or there are not as many speakers as rows.
    """
    one, other, names = np.asarray(first, float), np.asarray(second, float), np.asarray(speakers).astype(str)
    if one.shape != other.shape or len(one) != len(names):
        raise MetricError(
            f"Embeddings of the same utterances and a speaker for each were expected, but {one.shape}, {other.shape} "
            f"and {len(names)} speakers came."
        )
    units = [_units(embeddings) for embeddings in (one, other)]
    u, v = np.triu_indices(len(one), 1)
    return similarity_matrix((units[0] @ units[1].T)[u, v], names[u], names[v], ties=ties)


def diagonal_dominance(matrix: SimilarityMatrix) -> float:
    """D_diag in [0, 1], over the entries that there are; NaN if the diagonal, or all beside it, is empty."""
    diagonal = np.eye(len(matrix.values), dtype=bool)
    parts = [matrix.values[chosen & np.isfinite(matrix.values)] for chosen in (diagonal, ~diagonal)]
    if not all(map(len, parts)):
        return NAN
    return float(abs(parts[0].mean() - parts[1].mean()))


def voice_distinctiveness(oo: SimilarityMatrix, op: SimilarityMatrix, pp: SimilarityMatrix) -> VoiceDistinctiveness:
    """DEID and G_VD of three matrices of the same speakers: original, original against processed, processed."""
    base, crossed, processed = (diagonal_dominance(matrix) for matrix in (oo, op, pp))
    note = " ".join(dict.fromkeys(matrix.note for matrix in (oo, op, pp) if matrix.note))
    if not base > 0:
        nothing = "Already the originals' voices are not told apart: there is nothing to compare with."
        return VoiceDistinctiveness(NAN, NAN, base, crossed, processed, " ".join(filter(None, [nothing, note])))
    gain_db = 10 * np.log10(processed / base) if processed > 0 else (-np.inf if processed == 0 else NAN)
    return VoiceDistinctiveness(1 - crossed / base, float(gain_db), base, crossed, processed, note)


def _merged(same: npt.NDArray[np.bool_], within: Floats, between: Floats) -> Floats:
    found = np.empty(len(same))
    found[same], found[~same] = within, between
    return found


def _places(names: Sequence[str], wanted: npt.NDArray[np.str_]) -> Ints:
    order = {name: place for place, name in enumerate(names)}
    return np.array([order[name] for name in wanted.tolist()], np.int64)


def _means(llr: Floats, ours: Ints, theirs: Ints, size: int) -> Floats:
    """Mean over the trials of two speakers in either order, (size, size); NaN without any."""
    cells = np.minimum(ours, theirs) * size + np.maximum(ours, theirs)
    sums, many = (np.bincount(cells, weights, size**2) for weights in (llr, None))
    upper = np.divide(sums, many, out=np.full(size**2, np.nan), where=many > 0).reshape(size, size)
    return np.where(np.tri(size, k=-1, dtype=bool), upper.T, upper)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


def _units(embeddings: Floats) -> Floats:
    sizes = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return np.divide(embeddings, sizes, out=np.full(embeddings.shape, np.nan), where=sizes > 0)


def _gaps(names: Sequence[str], means: Floats) -> str:
    alone = [name for name, mean in zip(names, np.diag(means), strict=True) if np.isnan(mean)]
    apart = int(np.isnan(means[np.triu_indices(len(names), 1)]).sum())
    said = []
    if alone:
        some = ", ".join(alone[:5]) + (f" and {len(alone) - 5} more" if len(alone) > 5 else "")
        said.append(f"{len(alone)} of {len(names)} speakers have no two utterances, so no diagonal: {some}.")
    if apart:
        said.append(f"{apart} of {len(names) * (len(names) - 1) // 2} pairs of speakers were never compared.")
    return " ".join(said)
