"""The trust check: is an EER high because the system protects, or because the attacker is weak?

A high EER only says that this attacker failed. Panariello et al. 2025 (arXiv 2507.22534) show that a badly trained
attacker overestimates privacy, by up to 74 % relative, and that it can be noticed. What is checked here, and its
limits, are our own reading, by what an attacker worth believing must be able to do. Each rule gives a level, the worst
one holds, and every rule that does not pass says so in a sentence:

1. There is an EER, and its interval does not lie above 50 % (or the scores are the wrong way round: whoever turns them
   round succeeds). Else not to be trusted. An interval wider than 20 points, or none: doubtful.
2. It recognises people: EER on originals at most 10 %, doubtful up to 20 %, not to be trusted above (VoicePrivacy
   2024's attacker has 9 and 0.4 %). For an attacker trained on anonymized speech, which need not know originals, at
   worst doubtful.
3. It hears voices in what the system puts out: told the pseudo-speakers, that is on a control in which all utterances
   of a speaker share one pseudo-speaker and no two speakers do, EER at most 20 %, doubtful up to 35 %, not to be
   trusted above: it is deaf to this kind of speech, or the system leaves all voices alike; the EER does not tell which.
   And what it gains by being told is at least 5 points, else doubtful. Without a control: doubtful.
4. No other attacker does better on the same trials, the same one before it was retrained included: by at most 2 points,
   doubtful up to 10, not to be trusted above. An attacker that reads the words alone counts: its EER is a ceiling.
5. If it was trained on anonymized speech: on at least 100 speakers and 1,000 utterances (VoicePrivacy trains on 921
   speakers), and repeated trainings differ by at most 5 points, else doubtful. Trained once: a sentence.

Rules 2, 3 and 5 ask whether an attacker that failed was able to succeed: where the interval's upper end is at most 20 %
it did not fail, and only rules 1 and 4 are asked. A trusted EER is still an upper bound: a better attacker may come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from evaluation.metrics.bootstrap import Interval

Level = Literal["trusted", "doubtful", "not to be trusted"]
LEVELS: tuple[Level, ...] = ("trusted", "doubtful", "not to be trusted")
SUCCESS = 0.20
WIDEST = 0.20
ORIGINALS = (0.10, 0.20)
TOLD = (0.20, 0.35)
LEAST_GAIN = 0.05
OTHER = (0.02, 0.10)
REPEATS = 0.05
TRAINING_SPEAKERS, TRAINING_UTTERANCES = 100, 1000
ROUNDING = 1e-9


@dataclass(frozen=True)
class Training:
    """What an attacker was trained on, of the system's output."""

    speakers: int
    utterances: int


@dataclass(frozen=True)
class Evidence:
    """What is known of an attacker on a system; EERs are shares.

    Attributes:
        eer: on anonymized speech, with its interval: the figure in question.
        originals: of the same attacker and protocol on originals.
        told: on the control (rule 3); None if it was not run.
        best_other: lowest EER of another attacker on the same trials, and best_other_name; None if there is none.
        repeats: EERs of all trainings, with other seeds, that one included.
        training: None for an attacker that never learned from the system's output.
    """

    eer: Interval
    originals: Interval
    told: Interval | None = None
    best_other: float | None = None
    best_other_name: str = ""
    repeats: tuple[float, ...] = ()
    training: Training | None = None


@dataclass(frozen=True)
class Verdict:
    """A level, and why, in sentences; at least one."""

    level: Level
    sentences: tuple[str, ...]


class Finding(NamedTuple):
    """What a rule says, and the level that it allows at most."""

    level: Level
    sentence: str


def trust(evidence: Evidence) -> Verdict:
    """Whether a high EER may be taken for privacy, by the rules above."""
    found = list(_figure(evidence)) + list(_others(evidence))
    if not evidence.eer.high <= SUCCESS:
        found += [*_originals(evidence), *_told(evidence), *_training(evidence)]
    level = LEVELS[max((LEVELS.index(one.level) for one in found), default=0)]
    said = tuple(one.sentence for one in found)
    if level == "trusted":
        said = (_passed(evidence), *said)
    return Verdict(level, said)


def _figure(evidence: Evidence) -> Iterator[Finding]:
    eer = evidence.eer
    if not np.isfinite(eer.value):
        yield Finding(LEVELS[2], f"There is no EER{': ' + eer.note if eer.note else '.'}")
    elif eer.low > 0.5:
        yield Finding(
            LEVELS[2],
            f"An EER of {_percent(eer.value)} is above chance: the scores are the wrong way round; whoever turns "
            "them round recognises people.",
        )
    elif not np.isfinite(eer.low + eer.high):
        yield Finding(LEVELS[1], f"The EER has no interval{': ' + eer.note if eer.note else '.'}")
    elif eer.high - eer.low > WIDEST + ROUNDING:
        yield Finding(
            LEVELS[1],
            f"With other speakers the EER may be anything from {_percent(eer.low)} to {_percent(eer.high)}: "
            "there are too few speakers to tell.",
        )


def _originals(evidence: Evidence) -> Iterator[Finding]:
    found = evidence.originals.value
    if not np.isfinite(found):
        yield Finding(LEVELS[1], "Nobody tried this attacker on originals.")
    elif (level := _level(found, ORIGINALS)) != "trusted":
        trained = evidence.training is not None
        yield Finding(
            LEVELS[1] if trained else level,
            f"On originals the attacker has an EER of {_percent(found)}, where one worth believing has at most "
            f"{_percent(ORIGINALS[0])}" + (" (it learned on anonymized speech)." if trained else "."),
        )


def _told(evidence: Evidence) -> Iterator[Finding]:
    told = evidence.told.value if evidence.told else float("nan")
    if not np.isfinite(told):
        yield Finding(
            LEVELS[1], "There is no control: whether the attacker hears any voice in this system's output is not known."
        )
        return
    if (level := _level(told, TOLD)) != "trusted":
        yield Finding(
            level,
            f"Told the pseudo-speakers it still has an EER of {_percent(told)}: either it is deaf to what the "
            "system puts out, or all voices that come out are alike.",
        )
    elif told > evidence.eer.value - LEAST_GAIN + ROUNDING:
        yield Finding(
            LEVELS[1],
            f"Being told the pseudo-speakers hardly helps it ({_percent(told)} against "
            f"{_percent(evidence.eer.value)}): the control says little.",
        )


def _others(evidence: Evidence) -> Iterator[Finding]:
    if evidence.best_other is None or not np.isfinite(evidence.best_other):
        yield Finding(LEVELS[0], "No other attacker tried these trials.")
        return
    level = _level(evidence.eer.value - evidence.best_other, OTHER)
    if level != "trusted":
        yield Finding(
            level,
            f"Another attacker{_named(evidence)} has an EER of {_percent(evidence.best_other)} on the same trials: "
            f"{_percent(evidence.eer.value)} overestimates privacy.",
        )


def _training(evidence: Evidence) -> Iterator[Finding]:
    training = evidence.training
    if training is None:
        return
    if training.speakers < TRAINING_SPEAKERS or training.utterances < TRAINING_UTTERANCES:
        yield Finding(
            LEVELS[1],
            f"It learned from {training.utterances} utterances of {training.speakers} speakers only; "
            f"{TRAINING_UTTERANCES} of {TRAINING_SPEAKERS} are the least.",
        )
    known = [one for one in evidence.repeats if np.isfinite(one)]
    if len(known) < 2:
        yield Finding(LEVELS[0], "It was trained once: how much the EER depends on the training is not known.")
    elif max(known) - min(known) > REPEATS + ROUNDING:
        yield Finding(
            LEVELS[1],
            f"{len(known)} trainings give EERs from {_percent(min(known))} to {_percent(max(known))}: take the lowest.",
        )


def _passed(evidence: Evidence) -> str:
    if evidence.eer.high <= SUCCESS:
        return (
            f"The attacker recognises people ({_percent(evidence.eer.value)}): a better one could only lower the EER."
        )
    told = evidence.told.value if evidence.told else float("nan")
    return (
        f"The attacker is able: its EER is {_percent(evidence.originals.value)} on originals and {_percent(told)} when "
        "told the pseudo-speakers. A better one may still come."
    )


def _level(value: float, limits: tuple[float, float]) -> Level:
    return LEVELS[sum(value > limit + ROUNDING for limit in limits)]


def _named(evidence: Evidence) -> str:
    return f" ({evidence.best_other_name})" if evidence.best_other_name else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
