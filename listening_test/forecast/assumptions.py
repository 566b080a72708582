"""What is assumed of listeners and voices before anybody has answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from listening_test.study import StudyError


@dataclass(frozen=True)
class Assumptions:
    """Plausible sizes; a pilot study gives better ones. All standard deviations are of normal distributions.

    Ratings: together about 1 point, the scatter that planning by hand usually takes, and the means of nineteen
    listeners out of twenty within two points of each other (raters' means range over more than two in Rosenberg &
    Ramabhadran 2017, doi 10.21437/Interspeech.2017-479). Recognition and shares: scatter of d' between listeners and
    between speakers of 0.4, about what would make a d' of 1 range from 0 to 2. None of them is measured here.

    Attributes:
        rating: expected rating of a system, 1 to 5.
        rating_sd_listener, rating_sd_speaker, rating_sd_answer: of the unrounded rating, in points.
        shared_listener, shared_speaker: share of these variances that is the same for all systems, so that it cancels
            in differences: a strict listener is strict with all.
        d_prime: sensitivity to the speaker where recognition is not at chance.
        d_prime_sd_listener, d_prime_sd_speaker: of d'; also where its mean is 0.
        sd_criterion: of the readiness to say "same", between listeners.
        share: expected share of right answers in line-ups and of emotions.
        share_sd_listener, share_sd_speaker: of the evidence behind it, whose own standard deviation is 1.
        used: share of those who finish whose answers count.
    """

    rating: float = 3.2
    rating_sd_listener: float = 0.5
    rating_sd_speaker: float = 0.4
    rating_sd_answer: float = 0.8
    shared_listener: float = 0.5
    shared_speaker: float = 0.5
    d_prime: float = 1.0
    d_prime_sd_listener: float = 0.4
    d_prime_sd_speaker: float = 0.4
    sd_criterion: float = 0.5
    share: float = 0.5
    share_sd_listener: float = 0.4
    share_sd_speaker: float = 0.4
    used: float = 0.9

    def changed(self, pairs: Sequence[tuple[str, float]]) -> Assumptions:
        """With other numbers, by name.

        Raises:
            StudyError: for a name that is none of these, or a number out of range.
        """
        names = [field.name for field in fields(self)]
        for name, number in pairs:
            if name not in names:
                raise StudyError(f"An assumption is one of {', '.join(names)}, but {name} came.")
            low, high = _range(name)
            if not low <= number <= high:
                raise StudyError(f"{name} is a number from {low:g} to {high:g}, but {number:g} came.")
        return replace(self, **dict(pairs))


def _range(name: str) -> tuple[float, float]:
    if name == "rating":
        return 1.2, 4.8
    if name == "rating_sd_answer":
        return 0.05, 4.0
    if name == "d_prime":
        return 0.0, 4.0
    if name == "share":
        return 0.02, 0.98
    if name == "used":
        return 0.05, 1.0
    return (0.0, 1.0) if name.startswith("shared") else (0.0, 3.0)
