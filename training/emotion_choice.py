"""Which emotion recogniser: every setting is chosen inside the training speakers.

Shrinkage, components, penalty and temperature are those that do best when one speaker after the other *of those
trained on* is left out. A speaker who is judged has no say in the model that judges them (nested cross-validation).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from evaluation.recognisers.base import CORE_EMOTIONS
from evaluation.recognisers.house_emotion import FURTHEST, Fold
from training import common
from training.emotion_copies import Heard
from training.emotion_models import (
    SMALLEST_SPREAD,
    Floats,
    Ints,
    Linear,
    Machine,
    calibrated,
    linear,
    machine,
    no_linear,
    no_machine,
    principal,
)

SHRINKAGES = (0.03, 0.1, 0.3, 0.6)
COMPONENTS = (50, 150)
PENALTIES = (1.0, 4.0)
LEAST_SPEAKERS = 3


class Choice(NamedTuple):
    """Settings of a model. No shrinkage: the machine alone; no components: the discriminant alone."""

    shrinkage: float | None
    components: int | None = None
    penalty: float | None = None

    @property
    def duels(self) -> tuple[int, float] | None:
        """Components and penalty, if there is a machine."""
        return None if self.components is None or self.penalty is None else (self.components, self.penalty)


LINEAR = tuple(Choice(shrinkage) for shrinkage in SHRINKAGES)
CHOICES = (*LINEAR, *(Choice(*one) for one in product((None, *SHRINKAGES), COMPONENTS, PENALTIES)))


class Chosen(NamedTuple):
    """A choice, the temperature its logits are divided by, and the log loss, classes weighing the same."""

    choice: Choice
    temperature: float
    log_loss: float


class Standard(NamedTuple):
    """Mean and deviation of functionals, (d,)."""

    centre: Floats
    spread: Floats

    def z(self, functionals: Floats) -> Floats:
        return np.clip((functionals - self.centre) / self.spread, -FURTHEST, FURTHEST)


@dataclass(frozen=True, eq=False)
class Task:
    """Telling some emotions apart. What models of a set of speakers say is computed once.

    Attributes:
        heard: clips of these and other emotions: all of them say how functionals are standardised.
        classes: the emotions, in order; choices: among which one is chosen.
    """

    heard: Heard
    classes: tuple[str, ...]
    choices: tuple[Choice, ...]
    _logits: dict[frozenset[str], Mapping[Choice, Floats]] = field(default_factory=dict)

    @cached_property
    def truth(self) -> Ints:
        """The class of each clip, (n,); -1 for other emotions."""
        places = {name: place for place, name in enumerate(self.classes)}
        return np.array([places.get(one, -1) for one in self.heard.emotions.tolist()], np.int64)

    def clips(self, speakers: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Where these speakers act these emotions, (n,)."""
        return np.isin(self.heard.speakers, list(speakers)) & (self.truth >= 0)

    def training_set(self, speakers: Iterable[str]) -> tuple[Standard, Floats, Ints]:
        """How functionals are standardised; z of clips and copies of these speakers, (m, d); their classes, (m,)."""
        own = np.isin(self.heard.speakers, list(speakers))
        rows = self.heard.functionals[own].reshape(-1, len(self.heard.names))
        classes = np.repeat(self.truth[own], self.heard.functionals.shape[1])
        good = np.isfinite(rows).all(1)
        standard = Standard(rows[good].mean(0), np.maximum(rows[good].std(0), SMALLEST_SPREAD))
        used = good & (classes >= 0)
        return standard, standard.z(rows[used]), classes[used]

    def fitted(self, speakers: Iterable[str], choice: Choice) -> tuple[Standard, Linear, Machine]:
        """A model of these speakers, before its temperature."""
        standard, z, classes = self.training_set(speakers)
        size = len(self.classes), z.shape[1]
        one = no_linear(*size) if choice.shrinkage is None else linear(z, classes, choice.shrinkage)
        duels = choice.duels
        other = no_machine(*size) if duels is None else machine(z, classes, principal(z, duels[0]), *duels)
        return standard, one, other

    def logits(self, speakers: Iterable[str]) -> Mapping[Choice, Floats]:
        """Logits of every clip, (n, k), by models of these speakers with each of the choices."""
        key = frozenset(speakers)
        if key not in self._logits:
            self._logits[key] = self._all_logits(*self.training_set(key))
        return self._logits[key]

    def _all_logits(self, standard: Standard, z: Floats, classes: Ints) -> dict[Choice, Floats]:
        clips = standard.z(self.heard.functionals[:, 0])
        nothing = np.zeros((len(clips), len(self.classes)))
        straight: dict[float | None, Floats] = {None: nothing}
        curved: dict[tuple[int, float] | None, Floats] = {None: nothing}
        most = max((choice.components or 0 for choice in self.choices), default=0)
        axes = principal(z, most) if most else None
        for choice in self.choices:
            if choice.shrinkage is not None and choice.shrinkage not in straight:
                straight[choice.shrinkage] = linear(z, classes, choice.shrinkage).logits(clips)
            if axes is not None and choice.duels is not None and choice.duels not in curved:
                curved[choice.duels] = machine(z, classes, axes, *choice.duels).logits(clips)
        return {choice: straight[choice.shrinkage] + curved[choice.duels] for choice in self.choices}

    def chosen(self, speakers: Iterable[str]) -> Chosen:
        """The choice that judges these speakers best, each by a model of the others; and at which temperature."""
        speakers = sorted(speakers)
        held_out = {choice: np.zeros((len(self.truth), len(self.classes))) for choice in self.choices}
        for speaker in speakers:
            own = self.clips([speaker])
            for choice, logits in self.logits(set(speakers) - {speaker}).items():
                held_out[choice][own] = logits[own]
        used = self.clips(speakers)
        scored = [Chosen(one, *calibrated(logits[used], self.truth[used])) for one, logits in held_out.items()]
        return min(scored, key=lambda one: one.log_loss)


def emotions_of(heard: Heard) -> tuple[str, ...]:
    """Emotions that at least three speakers act: if fewer do, a model of the others may never have heard them.

    Raises:
        TrainingError: if one of the four is not among them.
    """
    acted = [emotion for emotion, _ in set(zip(heard.emotions.tolist(), heard.speakers.tolist(), strict=True))]
    often = tuple(sorted(emotion for emotion in set(acted) if acted.count(emotion) >= LEAST_SPEAKERS))
    if missing := sorted(set(CORE_EMOTIONS) - set(often)):
        raise common.TrainingError(
            f"At least {LEAST_SPEAKERS} speakers who act {', '.join(CORE_EMOTIONS)} were expected, but fewer act "
            f"{', '.join(missing)}: add speech to the folder."
        )
    return often


def made(four: Task, every: Task, speakers: Sequence[str]) -> tuple[Fold, Chosen, Chosen]:
    """The model of these speakers, ready to be written, and what was chosen for its two heads."""
    best, second = four.chosen(speakers), every.chosen(speakers)
    standard, one, other = four.fitted(speakers, best.choice)
    _, head, _ = every.fitted(speakers, second.choice)
    fold = Fold(
        centre=standard.centre,
        spread=standard.spread,
        weights=one.weights / best.temperature,
        bias=one.bias / best.temperature,
        axes=other.axes,
        vectors=other.vectors,
        coefficients=other.coefficients,
        duel_bias=other.bias,
        gamma=np.array(other.gamma),
        votes=other.votes / best.temperature,
        all_weights=head.weights / second.temperature,
        all_bias=head.bias / second.temperature,
    )
    return fold, best, second
