"""What the plan of a study says of it: how long it takes, how few speakers it has, what repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from listening_test.check_lengths import file_lengths_s, waiting
from listening_test.check_study import IDENTITY, SHORT_MIN, Found
from listening_test.plan import Planner, rung
from listening_test.study import Study, StudyClip
from listening_test.tasks.pairs import OA
from listening_test.trial import Sound, Trial

FEW_SPEAKERS = 8
EARLY_S = 45.0
"""Reading the study's first page and agreeing to it."""
ANSWER_S = {"about_you": 12.0, "headphones": 3.0, "level": 8.0, "familiarise": 2.0, "break": 15.0}
"""Time for a page beside its sounds; questionnaires 10 s a question, tasks QUESTION_S."""
QUESTION_S = {"line_up": 8.0, "same_different": 5.0, "similarity": 5.0}
TONES_S, NOISE_S, LOADING_S = 4.0, 6.0, 0.5
LONG_MIN = 45.0
SAMPLE = 12
"""Places of each rung from which the length is estimated."""


def findings(study: Study, clips: Sequence[StudyClip], planner: Planner) -> Iterator[Found]:
    """Feasible, and: length, speakers, what is repeated."""
    lengths_s = file_lengths_s(study, clips, planner.sounds())
    yield from _length(study, planner, lengths_s)
    yield from waiting(study, clips, lengths_s)
    yield from _speakers(study, planner)
    yield from _repeated(study, planner)
    apart = f"; {', '.join(planner.practice.speakers)} in practice only" if planner.practice.speakers else ""
    yield (
        "note",
        f"Feasible: planned for all {study.limits.listeners} places, {len(planner.voices.speakers)} speakers in rated "
        f"trials{apart}.",
        "",
    )


def minutes(trials: Sequence[Trial], lengths_s: Mapping[str, float]) -> float:
    """About how long a plan takes, in minutes: all sounds once, and time to answer. `lengths_s` of the files, by clip;
    the second attempt at the headphone check is left out."""
    return (EARLY_S + sum(_page_s(trial, lengths_s) for trial in trials if trial.attempt == 1)) / 60


def _page_s(trial: Trial, lengths_s: Mapping[str, float]) -> float:
    heard_s = sum(_sound_s(sound, lengths_s) for sound in trial.sounds)
    if trial.block in ("task", "practice"):
        return heard_s + sum(QUESTION_S.get(question, 4.0) for question in trial.questions)
    return heard_s + ANSWER_S.get(trial.block, 10.0 * len(trial.questions))


def _sound_s(sound: Sound, lengths_s: Mapping[str, float]) -> float:
    if not sound.clip:
        return (TONES_S if sound.kind == "headphones" else NOISE_S) + LOADING_S
    return lengths_s[sound.clip] + LOADING_S


def _length(study: Study, planner: Planner, lengths_s: Mapping[str, float]) -> Iterator[Found]:
    taken: dict[str, list[float]] = {}
    for place in range(SAMPLE * len(study.design.rungs)):
        taken.setdefault(rung(study, place), []).append(minutes(planner.plan(place), lengths_s))
    slowest = max(taken, key=lambda name: median(taken[name]))
    usual, longest, told = median(taken[slowest]), max(map(max, taken.values())), study.limits.minutes
    where = f" on the rung {slowest}" if len(taken) > 1 else ""
    estimate = f"about {usual:.0f} minutes{where} (the longest of the first {len(taken) * SAMPLE} plans {longest:.0f})"
    if usual > 1.2 * told:
        yield (
            "warning",
            f"Listeners are told {told:g} minutes, but it takes {estimate}: raise limits.minutes or lower "
            "trials_per_system.",
            "limits.minutes",
        )
    else:
        yield "note", f"It takes {estimate}; listeners are told {told:g}.", "limits.minutes"
    if usual > SHORT_MIN >= told and study.screening.attention_checks < 2:
        yield (
            "error",
            f"A study over {SHORT_MIN:g} minutes needs at least two attention checks, and this one takes {estimate}: "
            "raise screening.attention_checks.",
            "screening.attention_checks",
        )
    if longest > LONG_MIN:
        yield "warning", f"It takes {estimate}: tired listeners answer at random. Ask less of each.", "tasks"


def _speakers(study: Study, planner: Planner) -> Iterator[Found]:
    number = len(planner.voices.speakers)
    if number < FEW_SPEAKERS:
        yield (
            "warning",
            f"Only {number} speakers are in rated trials: intervals that hold for other speakers will be wide, and a "
            f"result for the worst speaker means little. Take at least {FEW_SPEAKERS}, better 20 to 40.",
            "clips",
        )
    sexes = Counter(planner.voices.sex(name) for name in planner.voices.speakers)
    if len(sexes) == 1:
        yield "warning", f"All rated speakers are {next(iter(sexes))}: results hold for one sex only.", "clips"
    for key, kind in planner.types.items():
        if kind not in IDENTITY:
            continue
        used = {draw.truth["speaker"] for blocks in planner.blocks[key] for draw in blocks[0].rated}
        if missing := {planner.voices.sex(n) for n in planner.voices.speakers} - {planner.voices.sex(n) for n in used}:
            yield (
                "warning",
                f"{key} has too few speakers of sex {' and '.join(sorted(missing))} and leaves them out: its results "
                "do not hold for them. Add speakers, or ask for less.",
                "tasks",
            )


def _repeated(study: Study, planner: Planner) -> Iterator[Found]:
    """Where originals may not follow their anonymized versions, a voice in a "same" pair is new on its page; one in a
    "different" pair should be, too, or having heard it before would give the answer away."""
    if study.design.original_after_anonymized:
        return
    for key, kind in planner.types.items():
        if kind not in ("same-different", "speaker-similarity"):
            continue
        most = max(
            max(Counter(_originals_of_different(blocks[0].rated)).values(), default=0) for blocks in planner.blocks[key]
        )
        if most > 1:
            yield (
                "warning",
                f"In {key} a listener hears the same original in up to {most} pairs of different speakers, while those "
                "in pairs of one speaker are always new: who notices can guess. Add speakers, or lower "
                "trials_per_system.",
                "tasks",
            )


def _originals_of_different(draws: Sequence) -> Iterator[str]:
    return (draw.truth["speaker"] for draw in draws if draw.truth["pair"] == OA and not draw.truth["same"])
