"""Whether to believe the EERs of a run: the rules of evaluation.metrics.trust, for every attack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from evaluation.metrics.bootstrap import Interval
from evaluation.metrics.trust import Evidence, trust
from evaluation.privacy.attacks import Attack
from evaluation.privacy.semi_informed import ORIGINAL, eer_of
from evaluation.privacy.trial_scores import Floats

NAN = float("nan")
Judged = Sequence[tuple[Attack, Interval]]
"""Attacks with the EER of all their trials."""


def rows(judged: Judged) -> Iterator[dict[str, Any]]:
    """Rows of the table of trust: for every attack on a system that changes something."""
    for attack, found in judged:
        if attack.system != ORIGINAL:
            yield {**attack.named, **_verdict(attack, found, judged)}


def _verdict(attack: Attack, found: Interval, judged: Judged) -> dict[str, Any]:
    best = min(_others(attack, judged), default=(None, ""))
    originals, told = (_point(attack, scores) for scores in (attack.originals, attack.told))
    verdict = trust(
        Evidence(
            eer=found, originals=originals, told=told if attack.told is not None else None, best_other=best[0],
            best_other_name=best[1], repeats=attack.repeats, training=attack.training,
        )
    )  # fmt: skip
    return {
        "verdict": verdict.level, "why": " ".join(verdict.sentences), "eer_originals": originals.value,
        "eer_told": told.value, "eer": found.value, "best_other": NAN if best[0] is None else best[0],
    }  # fmt: skip


def _others(attack: Attack, judged: Judged) -> Iterator[tuple[float, str]]:
    """EERs of all other attacks on the same trials, words alone included, which no system of voices changes."""
    for other, found in judged:
        words = other.system == ORIGINAL and other.attacker == "text"
        same = other.trials.protocol.key == attack.trials.protocol.key and (other.system == attack.system or words)
        if same and other is not attack and np.isfinite(found.value):
            yield found.value, f"{other.attacker}, {'words alone' if words else other.attack}"


def _point(attack: Attack, scores: Floats | None) -> Interval:
    """The EER of scores of the attack's trials, without an interval."""
    if scores is None:
        return Interval(NAN, NAN, NAN)
    return Interval(eer_of(scores, attack.trials), NAN, NAN)
