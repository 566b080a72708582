"""Semi-informed attackers: of all that they could learn from anonymized speech of others, what serves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.heard import Embedded
from evaluation.metrics.curves import eer
from evaluation.metrics.trust import Training
from evaluation.privacy import backend
from evaluation.privacy.retraining import Lessons, Material, Sides, learn
from evaluation.privacy.trial_scores import Floats, Trials

TRAININGS = 3
KEPT_OF_SPEAKERS = 0.8
"""Share of the speakers that a repeated training learns from, where they are a corpus of their own."""
ORIGINAL, ENROLMENT, TRIAL, TOLD = "original", "enrolment", "trial", "told"


@dataclass(frozen=True, eq=False)
class Ears:
    """One way of hearing.

    Attributes:
        tuned: how its network was trained on the system's output, in words; "" if it was not.
        found: what can be learned from. parts: prepared embeddings by side; "original" holds originals.
        held_out: speakers of `found` whom a tuned network never heard.
    """

    tuned: str
    found: Material
    parts: Mapping[str, Embedded]
    held_out: frozenset[str] = frozenset()

    def sides(self, control: str = "") -> Sides:
        """Both sides of a trial; of a control ("told", "original"): the same on both."""
        if control:
            return Sides(self.parts[control], self.parts[control])
        return Sides(self.parts.get(ENROLMENT, self.parts[TRIAL]), self.parts[TRIAL])


@dataclass(frozen=True, eq=False)
class Taught:
    """An attacker that has learned. words: what, and from how many; notes: what is doubtful."""

    ears: Ears
    lessons: tuple[Lessons, ...]
    words: str
    notes: tuple[str, ...]

    @property
    def training(self) -> Training:
        """Of whom and how much it learned."""
        return self.lessons[0].training

    def scores(self, trials: Trials, control: str = "") -> Floats:
        """Of trials, (n,)."""
        return self.lessons[0].scores(trials, self.ears.sides(control))

    def repeats(self, trials: Trials) -> tuple[float, ...]:
        """EERs by all trainings, on other folds or part of the speakers; NaN where there is none."""
        return tuple(eer_of(lessons.scores(trials, self.ears.sides()), trials) for lessons in self.lessons)


def taught(every: Sequence[Ears], *, rng: np.random.Generator) -> Taught:
    """The attacker that has learned best, of one way of hearing or two.

    With two, all of backend.CANDIDATES are tried on each, on the speakers whom the tuned network never heard.

    Raises:
        retraining.TooFew: if there is not enough to learn from.
    """
    judges = frozenset().union(*(ears.held_out for ears in every))
    ears, how = _best(every, judges) if judges else (every[0], "")
    first = learn(ears.found, rng=rng, how=how)
    usual = first.chosen.most_common(1)[0][0]
    more = [learn(ears.found, rng=rng, how=usual, part=KEPT_OF_SPEAKERS) for _ in range(TRAININGS - 1)]
    return Taught(ears, (first, *more), _words(first, ears), tuple(_notes(first, ears)))


def eer_of(scores: Floats, trials: Trials) -> float:
    """EER of the trials that have a score; NaN without both kinds."""
    known = np.isfinite(scores)
    yes, no = scores[known & trials.same], scores[known & ~trials.same]
    return eer(yes, no) if len(yes) and len(no) else float("nan")


def _best(every: Sequence[Ears], judges: frozenset[str]) -> tuple[Ears, str]:
    tries = [
        (_held_out(ears, name, judges), ears, name) for ears in every for name in backend.CANDIDATES
    ]  # fmt: skip
    _, ears, name = min(tries, key=lambda one: one[0])
    return ears, name


def _held_out(ears: Ears, name: str, judges: frozenset[str]) -> float:
    """EER on the judges' speech by what was learned from the others'."""
    speech = ears.found.speech
    folds = np.isin(speech.speakers, sorted(judges)).astype(np.int64)
    return backend.held_out(backend.CANDIDATES[name], speech, folds, judged=(1,))


def _words(first: Lessons, ears: Ears) -> str:
    what = " or ".join(name for name, _ in first.chosen.most_common())
    tuned = f"its network {ears.tuned}, then " if ears.tuned else ""
    if ears.found.others:
        return (
            f"{tuned}retrained ({what}, then cosine) on {first.training.utterances:,} utterances "
            f"({ears.found.minutes:.0f} minutes) of {first.training.speakers} other speakers that the same system "
            "anonymized"
        )
    return (
        f"retrained ({what}, then cosine) on the system's output for the corpus's other speakers, at least "
        f"{first.training.utterances:,} utterances of {first.training.speakers}; never on a speaker of the trial"
    )


def _notes(first: Lessons, ears: Ears) -> Iterator[str]:
    useless = first.chosen["nothing"]
    if useless and not ears.tuned:
        many = f"In {useless} of {first.chosen.total()} trainings n" if first.chosen.total() > 1 else "N"
        yield f"{many}othing that was learned told held-out speakers better: there it is the lazy-informed attacker."
    if ears.tuned:
        yield "The network was tuned once; repeated trainings differ in what was learned after it alone."
