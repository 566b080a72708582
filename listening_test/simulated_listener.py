"""A listener whose abilities are known: what the whole pipeline must find again in the exported table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np

from listening_test.study import Study

CONFIDENCE_CRITERIA = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Where evidence for "same" turns from one of the 6 points of confidence into the next, in standard deviations."""
SIMILARITY_CRITERIA = (-1.2, -0.4, 0.4, 1.2)
SIGNED = ("-3", "-2", "-1", "1", "2", "3")
_UNIT = NormalDist()


class SimulationError(ValueError):
    """Why a simulation cannot run, in one sentence."""


@dataclass(frozen=True)
class Ability:
    """What a simulated listener can do; the mappings go from a system's label to a number.

    Attributes:
        d_prime: sensitivity to the speaker, d' = z(hits) - z(false alarms).
        mos: expected rating of each system, in [1, 5].
        sd: standard deviation of the latent, unrounded rating.
        bias_sd: between listeners, standard deviation of a shift of all their latent ratings.
        emotion_accuracy: share of emotions recognised, in [0, 1].
        line_up_criterion: least evidence to point at a voice, in standard deviations of an unknown voice's.
        lapse_rate: share of answers given at random, in [0, 1].
    """

    d_prime: Mapping[str, float]
    mos: Mapping[str, float]
    sd: float = 0.8
    bias_sd: float = 0.0
    emotion_accuracy: Mapping[str, float] = field(default_factory=dict)
    line_up_criterion: float = 1.0
    lapse_rate: float = 0.02


def ability(
    study: Study,
    *,
    d_prime: Mapping[str, float] | None = None,
    mos: Mapping[str, float] | None = None,
    emotion_accuracy: Mapping[str, float] | None = None,
    sd: float = 0.8,
    bias_sd: float = 0.0,
    lapse_rate: float = 0.02,
) -> Ability:
    """An ability for every system of a study: what is given by label, what is plausible for the rest.

    Raises:
        SimulationError: for a label that the study does not have, or a number out of range.
    """
    for name, number, most in (("sd", sd, 10), ("bias_sd", bias_sd, 10), ("lapse_rate", lapse_rate, 1)):
        if not 0 <= number <= most:
            raise SimulationError(f"{name} is a number from 0 to {most}, but {number:g} came.")

    def filled(name: str, numbers: Mapping[str, float] | None) -> dict[str, float]:
        _check(study, name, numbers or {})
        plausible = {system.label: _PLAUSIBLE[system.anchor or ""][name] for system in study.systems}
        return {**plausible, **(numbers or {})}

    return Ability(
        d_prime=filled("d_prime", d_prime),
        mos=filled("mos", mos),
        emotion_accuracy=filled("emotion_accuracy", emotion_accuracy),
        sd=sd,
        bias_sd=bias_sd,
        lapse_rate=lapse_rate,
    )


_PLAUSIBLE = {
    "original": {"d_prime": 2.5, "mos": 4.5, "emotion_accuracy": 0.6},
    "low": {"d_prime": 1.5, "mos": 1.4, "emotion_accuracy": 0.4},
    "strong": {"d_prime": 0.3, "mos": 2.2, "emotion_accuracy": 0.3},
    "": {"d_prime": 1.0, "mos": 3.2, "emotion_accuracy": 0.4},
}
_RANGES = {"d_prime": (0.0, 6.0), "mos": (1.0, 5.0), "emotion_accuracy": (0.0, 1.0)}


def _check(study: Study, name: str, numbers: Mapping[str, float]) -> None:
    low, high = _RANGES[name]
    for label, number in numbers.items():
        if label not in study.labels:
            raise SimulationError(f"{name} names systems of the study ({', '.join(study.labels)}), but {label!r} came.")
        if not low <= number <= high:
            raise SimulationError(f"{name} is a number from {low:g} to {high:g}, but {number:g} came for {label}.")


class SimulatedListener:
    """Answers pages. An inattentive one answers everything at random, hears no softest tone and no interruption."""

    def __init__(self, ability: Ability, *, inattentive: bool = False, rng: np.random.Generator) -> None:
        self._ability = ability
        self._inattentive = inattentive
        self._rng = rng
        bias = float(rng.normal(0, ability.bias_sd)) if ability.bias_sd else 0.0
        self._latent = {label: latent_mean(mos, ability.sd) + bias for label, mos in ability.mos.items()}

    def answers(self, questions: Sequence[Mapping[str, Any]], kind: str, truth: Mapping[str, Any]) -> dict[str, str]:
        """An answer to each question of a page (as the page's JSON has them), given what is true of the trial."""
        return {question["key"]: self._answer(question, kind, truth) for question in questions}

    def response_time_s(self, heard_s: float) -> float:
        """Hearing everything once, then a moment of thought: lognormal around 1.5 s."""
        return heard_s + float(self._rng.lognormal(math.log(1.5), 0.4))

    def _answer(self, question: Mapping[str, Any], kind: str, truth: Mapping[str, Any]) -> str:
        key = question["key"]
        fixed = {"hearing": "normal", "fluency": "first", "level_ok": "ok", "ready": "ok"}
        if key in fixed:
            return fixed[key]
        if question["widget"] == "text":
            return ""
        values = _values(question)
        if self._inattentive or self._rng.random() < self._ability.lapse_rate:
            return str(self._rng.choice(values))
        if kind == "attention":
            return str(truth["expected"][key][0])
        return self._attentive(key, values, truth)

    def _attentive(self, key: str, values: Sequence[str], truth: Mapping[str, Any]) -> str:
        if key == "headphone_softest":
            return str(truth["correct"][key])
        if key == "same_different":
            return SIGNED[_category(self._evidence(truth), CONFIDENCE_CRITERIA)]
        if key == "similarity":
            return str(1 + _category(self._evidence(truth), SIMILARITY_CRITERIA))
        if key == "line_up":
            return self._line_up(values, truth)
        if key == "emotion":
            return self._emotion(values, truth)
        if key in {"overall_quality", "naturalness", "intelligibility"}:
            return self._rating(self._latent[truth["system"]])
        if key == "intensity":
            return self._rating(3.0)
        return str(self._rng.choice(values))

    def _evidence(self, truth: Mapping[str, Any]) -> float:
        side = 0.5 if truth["same"] else -0.5
        return float(self._rng.normal(side * self._ability.d_prime[truth["system"]], 1))

    def _line_up(self, values: Sequence[str], truth: Mapping[str, Any]) -> str:
        right = truth["correct"]["line_up"]
        voices = [value for value in values if value != "none"]
        d_prime = self._ability.d_prime[truth["system"]]
        evidence = [self._rng.normal(d_prime if value == right else 0, 1) for value in voices]
        best = int(np.argmax(evidence))
        return voices[best] if evidence[best] > self._ability.line_up_criterion else "none"

    def _emotion(self, values: Sequence[str], truth: Mapping[str, Any]) -> str:
        right = truth["emotion"]
        others = [value for value in values if value != right]
        known = self._rng.random() < self._ability.emotion_accuracy[truth["system"]]
        return right if known and right in values else str(self._rng.choice(others))

    def _rating(self, mean: float) -> str:
        latent = float(self._rng.normal(mean, self._ability.sd))
        return str(round(min(5.0, max(1.0, latent))))


def expected_rating(mean: float, sd: float) -> float:
    """Mean of round(x) limited to [1, 5] for x ~ N(mean, sd): 1 + sum over k = 1..4 of P(x > k + 0.5)."""
    if sd == 0:
        return float(round(min(5.0, max(1.0, mean))))
    return 1 + sum(_UNIT.cdf((mean - k - 0.5) / sd) for k in range(1, 5))


def latent_mean(expected: float, sd: float) -> float:
    """The mean for which expected_rating is `expected`, by bisection."""
    low, high = -10.0, 16.0
    if sd == 0:
        return expected
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expected_rating(middle, sd) < expected else (low, middle)
    return (low + high) / 2


def _category(evidence: float, criteria: Sequence[float]) -> int:
    return sum(evidence > criterion for criterion in criteria)


def _values(question: Mapping[str, Any]) -> list[str]:
    """What may be answered to a question of a page."""
    if question["widget"] == "scale" and not question.get("options"):
        return [str(point) for point in range(1, question["points"] + 1)]
    return [option["value"] for option in question["options"]]
