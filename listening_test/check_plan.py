"""What the plan of a study says of it: how long it takes, how few speakers it has, what repeats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from listening_test.check_lengths import file_lengths_s, waiting
from listening_test.check_study import IDENTITY, SHORT_MIN, Found
from listening_test.plan import Planner, rung
from listening_test.study import LOW_ANCHOR, ORIGINAL, Study, StudyClip
from listening_test.tasks.base import Draw
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
    """Where originals may not follow their anonymized versions, who is to be found again is heard undisguised on that
    page only; who is not there should be, too, or having heard the voice before would give the answer away."""
    if study.design.original_after_anonymized:
        return
    heard = [_undisguised(study, planner, number) for number in range(planner.lists)]
    for key, kind in planner.types.items():
        if kind not in IDENTITY:
            continue
        away = [(i, name) for i in range(planner.lists) for name in _not_there(planner.blocks[key][i][0].rated)]
        again = sum(heard[i][name] > 1 for i, name in away)
        if again:
            yield (
                "warning",
                f"In {key} the person of a recording is heard undisguised on that page alone where the other side is "
                f"the same person, but on other pages, too, in {again / len(away):.0%} of the trials where it is not: "
                "who notices can guess. Add speakers, or lower trials_per_system.",
                "tasks",
            )


def _undisguised(study: Study, planner: Planner, number: int) -> Counter[str]:
    """On how many pages of a list each speaker is heard as recorded."""
    speaker = {clip.key: clip.speaker for clips in planner.voices.clips.values() for clip in clips}
    blocks = [block for blocks in planner.blocks.values() for block in blocks[number]]
    pages = [draw.sounds for block in blocks for draw in (*block.rated, *block.gold, *block.attention)]
    plain = {system.label for system in study.systems if system.system in (ORIGINAL, LOW_ANCHOR)} | {""}
    return Counter(name for page in pages for name in {speaker[s.clip] for s in page if s.system in plain})


def _not_there(draws: Sequence[Draw]) -> Iterator[str]:
    """Who is heard undisguised beside anonymized voices of others alone."""
    for draw in draws:
        plain, *others = draw.sounds
        hidden = all(sound.system != plain.system for sound in others)
        if hidden and not draw.truth.get("same", draw.truth.get("present")):
            yield draw.truth["speaker"]
