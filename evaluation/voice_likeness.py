"""How alike two voices are to a machine, and what that number means: placed among pairs of known speakers.

A cosine alone says nothing: what two recordings of one person get, and what two people get, differs from one attacker
to the next. Both are measured on original speech (training/similarity_anchors.py) and kept in
assets/similarity_anchors.json, for one version of the attacker each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation import attackers
from evaluation.recognisers import registry

Floats = npt.NDArray[np.float64]
ANCHORS = Path(__file__).resolve().parents[1] / "assets" / "similarity_anchors.json"
HOUSE, UNTRAINED = "house", "mfcc"
PERCENT = 101
"""Quantiles that are kept of each kind of pairs: every percent from the least to the greatest."""


class AnchorError(attackers.AttackerError):
    """Why a score cannot be placed among known pairs, in one sentence."""


@dataclass(frozen=True, eq=False)
class Anchors:
    """What pairs of known speakers get from one attacker.

    Attributes:
        attacker: its key; version: of its weights, "" if it has none.
        same: percentiles 0 to 100 of the scores of pairs of one speaker, (101,); different: of two speakers, (101,).
        centre, spread: mean and standard deviation of the embeddings of all their recordings, (d,).
        about: on what they were measured; JSON-ready.
    """

    attacker: str
    version: str
    same: Floats
    different: Floats
    centre: Floats
    spread: Floats
    about: Mapping[str, Any]

    def place(self, score: float) -> tuple[float, float]:
        """Shares, in [0, 1], of the pairs of two speakers, and of the pairs of one speaker, that are less alike."""
        shares = np.linspace(0, 1, PERCENT)
        below = (float(np.interp(score, quantiles, shares)) for quantiles in (self.different, self.same))
        return next(below), next(below)


def attacker() -> str:
    """The key of the one that judges: the house encoder, or, where its file is missing, cepstra without training."""
    return next(key for key in (HOUSE, UNTRAINED) if attackers.ATTACKERS[key]().status().state == "ready")


def version(key: str) -> str:
    """What tells an attacker's weights from all others; "" where it has none."""
    return registry.version("house-speaker") if key == HOUSE else ""


def score(first: Floats, second: Floats, known: Anchors) -> float:
    """Cosine of two embeddings (d,), each normalised as the recordings of known speakers were; in [-1, 1], higher is
    more alike."""
    # Two rows with the mean and the standard deviation that all of those recordings had.
    cohort = np.stack([known.centre - known.spread, known.centre + known.spread])
    return float(attackers.ATTACKERS[known.attacker]().scores(first[None], second[None], (cohort, cohort))[0])


@cache
def anchors(key: str, path: Path = ANCHORS) -> Anchors:
    """What is known of an attacker's scores.

    Raises:
        AnchorError: if there are none for the weights that are here.
    """
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"attackers": {}}
    one = found["attackers"].get(key)
    wanted = version(key)
    if one is None or one["version"] != wanted:
        came = f"those of version {one['version']!r}" if one else "none"
        raise AnchorError(
            f"Scores of known speakers by {key} {wanted!r} were expected in assets/{path.name}, but it has {came}: "
            "run `python -m training similarity-anchors`."
        )
    arrays = {name: np.asarray(one[name], np.float64) for name in ("same", "different", "centre", "spread")}
    counted = ("eer", "same_trials", "different_trials")
    about = {name: found[name] for name in ("protocol", "data", "speakers")} | {name: one[name] for name in counted}
    return Anchors(key, wanted, about=about, **arrays)
