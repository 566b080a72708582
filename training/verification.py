"""How well embeddings tell speakers apart: trials of single utterances, equal error rates with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.metrics import eer_interval
from training.common import TrainingError, Utterance

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Trials:
    """Pairs of utterances of one sex, all but those of one session where that speaker has several.

    Attributes:
        utterances: whose places the pairs name.
        pairs: (n, 2); same: whether both are one speaker's, (n,); across: whether they are of two known sessions, (n,).
    """

    utterances: tuple[Utterance, ...]
    pairs: npt.NDArray[np.int64]
    same: Bools
    across: Bools

    def of(self, name: str) -> npt.NDArray[np.str_]:
        """A field of the two utterances of each pair, (n, 2)."""
        return np.array([getattr(utterance, name) for utterance in self.utterances])[self.pairs]


def trials(utterances: Sequence[Utterance]) -> Trials:
    """All pairs that Trials speaks of."""
    one, other = np.triu_indices(len(utterances), 1)
    speakers, sexes, sessions = (
        np.array([getattr(u, name) for u in utterances]) for name in ("speaker", "sex", "session")
    )
    several = [who for who in np.unique(speakers) if len(np.unique(sessions[speakers == who])) > 1]
    same = speakers[one] == speakers[other]
    across = (sessions[one] != "") & (sessions[other] != "") & (~same | (sessions[one] != sessions[other]))
    kept = (sexes[one] == sexes[other]) & (sexes[one] != "") & (~same | across | ~np.isin(speakers[one], several))
    return Trials(tuple(utterances), np.stack([one, other], 1)[kept], same[kept], across[kept])


def scores(embeddings: npt.NDArray[np.float32], trials: Trials) -> Floats:
    """The cosine of each pair, (n,); `embeddings`, (utterances, d), have unit length."""
    one, other = trials.pairs.T
    return np.einsum("nd,nd->n", embeddings[one], embeddings[other]).astype(np.float64)


def figures(embeddings: npt.NDArray[np.float32], utterances: Sequence[Utterance], seed: int = 0) -> dict[str, Any]:
    """EERs, shares in [0, 1], with 95 % intervals for other speakers and their trials; JSON-ready.

    "all"; each sex; each corpus (both of a pair are of it); and each corpus' trials across sessions alone.

    Raises:
        TrainingError: if there are no trials.
    """
    made = trials(utterances)
    found = scores(embeddings, made)
    if made.same.all() or not made.same.any():
        raise TrainingError("Two speakers of one sex, one of them heard twice, were expected: there are no trials.")
    return {name: _figure(found, made, kept, np.random.default_rng(seed)) for name, kept in _parts(made).items()}


def _parts(made: Trials) -> dict[str, Bools]:
    sexes, corpora = made.of("sex")[:, 0], made.of("corpus")
    families = np.array([[name.split()[0] for name in pair] for pair in corpora])
    parts = {"all": np.ones(len(made.same), bool)}
    parts |= {f"sex {sex}": sexes == sex for sex in np.unique(sexes)}
    for family in np.unique(families):
        parts[str(family)] = within = (families == family).all(axis=1)
        if (made.same & made.across & within).any():
            parts[f"{family}, across sessions"] = within & made.across
    return parts


def _figure(found: Floats, made: Trials, kept: Bools, rng: np.random.Generator) -> dict[str, Any]:
    speakers, same = made.of("speaker")[kept], made.same[kept]
    known = eer_interval(found[kept], same, speakers[:, 0], speakers[:, 1], rng=rng)
    return {
        "eer": _rounded(known.value),
        "interval_95": [_rounded(known.low), _rounded(known.high)],
        "speakers": len(np.unique(speakers)),
        "target_trials": int(same.sum()),
        "of_them_across_sessions": int((same & made.across[kept]).sum()),
        "nontarget_trials": int((~same).sum()),
        "note": known.note,
    }


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
