"""What a study is for, in numbers: how precise its estimates shall be, which differences it shall find."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np

from listening_test.analysis import equivalence
from listening_test.forecast import chances, moments
from listening_test.forecast.assumptions import Assumptions
from listening_test.forecast.design import Condition
from listening_test.forecast.spread import COUNTS, Spread, effective, listeners_needed
from listening_test.study import Analysis, MosTask, Study

POWER = 0.8
"""What is usually asked for (Cohen 1988)."""
Aim = Literal["width", "difference", "chance"]


@dataclass(frozen=True, eq=False)
class Goal:
    """One thing that the study shall be able to do, for one condition.

    Attributes:
        conditions: the answers; two for a difference.
        aim: a narrow interval; a difference that is found; chance that is shown.
        measure, words: for people.
        spread: parts of the variance with the planned listeners; None where nothing can be had, then `note` says why.
        wanted: half width, difference or margin; NaN where the study asks for none.
        alpha: of the test.
        value: where on a scale from 0 to 1 the estimate is expected, whose interval is symmetric in logits; else NaN.
        independent: variance of the estimate if all answers were independent; NaN if there is no such thing.
        used: listeners whose answers count.
    """

    conditions: tuple[Condition, ...]
    aim: Aim
    measure: str
    words: str
    spread: Spread | None
    wanted: float
    confidence: float
    used: int
    alpha: float = math.nan
    value: float = math.nan
    independent: float = math.nan
    note: str = ""

    def with_listeners(self, count: float) -> Spread | None:
        """The spread with another number of listeners whose answers count."""
        return self.spread and self.spread.with_listeners(self.spread.of_listeners * count / self.used)

    def half_width(self, spread: Spread | None) -> float:
        """Expected half width of the interval."""
        reach = spread.half_width(self.confidence) if spread else math.nan
        if math.isnan(self.value):
            return reach
        logit, far = math.log(self.value / (1 - self.value)), reach / (self.value * (1 - self.value))
        return (math.tanh((logit + far) / 2) - math.tanh((logit - far) / 2)) / 4

    def best_half_width(self) -> float:
        """The least half width with any number of listeners, by the speakers there are."""
        if self.spread is None:
            return math.nan
        widths = [self.half_width(self.with_listeners(count)) for count in COUNTS]
        return min((width for width in widths if not math.isnan(width)), default=math.nan)

    def power(self, spread: Spread | None) -> float:
        """Probability that the aim is reached; NaN for widths."""
        if spread is None or self.aim == "width":
            return math.nan
        if self.aim == "chance":
            return chances.chance_shown(self.wanted, spread, self.alpha)
        return chances.difference_found(self.wanted, spread, self.alpha)

    def needed(self) -> int | None:
        """Listeners whose answers count, for the width that is wanted or for a power of 80 %; None if none will do."""
        if self.spread is None or math.isnan(self.wanted):
            return None
        return listeners_needed(lambda count: self._enough(self.with_listeners(count)))

    def _enough(self, spread: Spread | None) -> bool:
        return self.half_width(spread) <= self.wanted if self.aim == "width" else self.power(spread) >= POWER


def goals(study: Study, conditions: Sequence[Condition], assumed: Assumptions, used: int) -> Iterator[Goal]:
    """What a study of these conditions shall do, in the order of its tasks."""
    for _, group in itertools.groupby(conditions, key=lambda one: (one.task, one.question, one.pair, one.rung)):
        own = tuple(group)
        make = partial(Goal, confidence=study.analysis.confidence, used=used)
        if own[0].kind == "pair":
            yield from _areas(make, own[0], study.analysis, assumed)
        elif own[0].kind == "share":
            yield _share(make, own[0], assumed)
        else:
            yield from _ratings(make, own, study, assumed)


def _ratings(
    make: Callable[..., Goal], own: tuple[Condition, ...], study: Study, assumed: Assumptions
) -> Iterator[Goal]:
    parts, matters = moments.rating(assumed), study.analysis.mos_difference
    asked = math.nan if own[0].pair else matters / 2
    words = "" if own[0].pair else f"interval of ± {asked:g} or narrower"
    yield make(
        own[:1], "width", "mean rating", words, of_mean(own[0], parts), asked,
        independent=parts.whole / len(own[0].listeners), note=_voices(own[0]),
    )  # fmt: skip
    if len(own) < 2:
        return
    alpha, spread = 1 - study.analysis.confidence, _of_difference(own, parts, assumed)
    found = f"a difference of {matters:g} is found"
    yield make(own, "difference", "difference", found, spread, matters, alpha=alpha)
    if (pairs := _pairs(study, own[0].task)) > 1:
        yield make(
            own, "difference", f"difference, one of {pairs}", f"{found}, however others differ", spread,
            matters, alpha=alpha / pairs, note="By the strictest step of Holm's correction.",
        )  # fmt: skip


def _pairs(study: Study, key: str) -> int:
    task = dict(zip(study.task_keys(), study.tasks, strict=True))[key]
    return math.comb(len(study.task_systems(task)), 2) if isinstance(task, MosTask) else 0


def _share(make: Callable[..., Goal], one: Condition, assumed: Assumptions) -> Goal:
    parts = moments.share(assumed)
    return make(
        (one,), "width", "share", "", of_mean(one, parts), math.nan,
        value=parts.mean, independent=parts.whole / len(one.listeners), note=_voices(one),
    )  # fmt: skip


def _areas(make: Callable[..., Goal], one: Condition, decided: Analysis, assumed: Assumptions) -> Iterator[Goal]:
    margin = decided.auc_margin
    for aim, d_prime, measure, words in (
        ("width", assumed.d_prime, "AUC", f"interval of ± {margin:g} or narrower"),
        ("chance", 0.0, "AUC at chance", f"chance within ± {margin:g} is shown, when nobody can tell"),
    ):
        spread, value = of_area(one, assumed, d_prime)
        note = (
            _voices(one)
            if spread
            else "No listener hears both one speaker twice and two speakers: raise trials_per_system."
        )
        yield make((one,), aim, measure, words, spread, margin, alpha=equivalence.ALPHA, value=value, note=note)


def _voices(one: Condition) -> str:
    return (
        ""
        if len(np.unique(np.concatenate([one.speakers, one.others]))) > 1
        else "With one speaker nothing is known of other voices."
    )


def of_mean(one: Condition, parts: moments.Parts) -> Spread:
    """Spread of the mean of a condition's answers."""
    sizes = effective(one.listeners), effective(one.speakers), float(len(one.listeners))
    return Spread(parts.listener / sizes[0], parts.speaker / sizes[1], parts.answer / sizes[2], *sizes)


def _of_difference(own: tuple[Condition, ...], parts: moments.Parts, assumed: Assumptions) -> Spread:
    """Of the difference of two means: what is the same for both systems cancels."""
    both = [of_mean(one, parts) for one in own]
    return Spread(
        sum(each.listeners for each in both) * (1 - assumed.shared_listener),
        sum(each.speakers for each in both) * (1 - assumed.shared_speaker),
        sum(each.answers for each in both),
        min(each.of_listeners for each in both),
        min(each.of_speakers for each in both),
        sum(each.of_answers for each in both),
    )


def of_area(one: Condition, assumed: Assumptions, d_prime: float) -> tuple[Spread | None, float]:
    """Spread of a within-listener AUC and the AUC itself; None where no listener has both kinds of trials."""
    width = int(one.listeners.max()) + 1
    yes, no = (np.bincount(one.listeners, kind, width) for kind in (one.same, ~one.same))
    both = np.minimum(yes, no) > 0
    if not both.any():
        return None, math.nan
    found = moments.area(assumed, float(yes[both].mean()), float(no[both].mean()), d_prime=d_prime)
    weights = (yes * no)[both] / (yes + no)[both]
    people = float(weights.sum() ** 2 / np.sum(weights**2))
    voices = _of_voices(one, both[one.listeners])
    speakers = found.slope**2 * assumed.d_prime_sd_speaker**2 / voices
    answers = float((yes + no)[both].sum())
    return Spread(found.between / people, speakers, found.trials / people, people, voices, answers), found.value


def _of_voices(one: Condition, kept: np.ndarray) -> float:
    """Effective number of speakers: those of same-trials count half, the two of different ones a quarter each."""
    width = int(max(one.speakers.max(), one.others.max())) + 1
    shares = np.zeros(width)
    for kind in (one.same & kept, ~one.same & kept):
        for voices in (one.speakers[kind], one.others[kind]):
            shares += np.bincount(voices, minlength=width) / (4 * max(1, int(kind.sum())))
    return float(shares.sum() ** 2 / np.sum(shares**2))
