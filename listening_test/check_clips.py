"""What can be wrong with the clips of a study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from listening_test.check_study import IDENTITY, LANGUAGE_NAMES, Found
from listening_test.study import EmotionTask, Study, StudyClip, StudyError
from listening_test.voices import Voices

NAMED = 3
"""How many clips or speakers a sentence names."""
CLOCK_SLACK_S = 1e-6


def findings(study: Study, clips: Sequence[StudyClip]) -> Iterator[Found]:
    """Durations, languages, speakers, texts and sessions, emotions."""
    try:
        voices = Voices.of(clips)
    except StudyError as error:
        yield "error", str(error), "clips"
        return
    if not clips:
        yield "error", "A study needs clips, but there are none: see clips in the study file.", "clips"
        return
    yield from _durations(study, clips)
    yield from _languages(study, clips)
    yield from _compared(study, voices)
    yield from _emotions(study, clips)


def some(names: Sequence[str]) -> str:
    """The first few of many names."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _durations(study: Study, clips: Sequence[StudyClip]) -> Iterator[Found]:
    limits = study.limits
    if limits.clip_min_s > limits.clip_max_s:
        yield "error", "limits.clip_min_s should not exceed limits.clip_max_s, but it does: change one.", "limits"
        return
    low, high = limits.clip_min_s - CLOCK_SLACK_S, limits.clip_max_s + CLOCK_SLACK_S
    out = [f"{clip.key} ({clip.duration_s:.1f} s)" for clip in clips if not low <= clip.duration_s <= high]
    if out:
        yield (
            "error",
            f"Clips should last {limits.clip_min_s:g} to {limits.clip_max_s:g} s, but these do not: {some(out)}; "
            "cut them, leave them out, or change limits.clip_min_s and clip_max_s.",
            "clips",
        )


def _languages(study: Study, clips: Sequence[StudyClip]) -> Iterator[Found]:
    def code(name: str) -> str:
        return LANGUAGE_NAMES.get(name.strip().casefold(), name.strip().casefold())

    spoken = study.ethics.clip_language
    others = sorted({clip.language for clip in clips if clip.language and code(clip.language) != code(spoken)})
    if others:
        yield (
            "error",
            f"The clips should be in {spoken}, as ethics.clip_language says, but some are in {some(others)}: choose "
            "clips with clips.include, or change clip_language.",
            "ethics.clip_language",
        )


def _compared(study: Study, voices: Voices) -> Iterator[Found]:
    tasks = [task.type for task in study.tasks if task.type in IDENTITY]
    if not tasks:
        return
    most = max((len(names) for names in voices.pairable.values()), default=0)
    if most < 2:
        yield (
            "error",
            f"{tasks[0]} needs at least two speakers of one sex with two recordings of different texts each, but there "
            f"{'is one' if most else 'are none'}: add speakers or recordings.",
            "clips",
        )
    unknown = [name for name in voices.speakers if voices.sex(name) == "X"]
    if unknown:
        yield (
            "warning",
            f"The sex of some speakers is not known ({some(unknown)}): they are compared with each other, and a "
            "difference in sex would give the answer away. Fill the manifest's column sex.",
            "clips",
        )
    silent = [name for name in voices.speakers if any(not clip.transcript for clip in voices.clips[name])]
    if silent:
        yield (
            "warning",
            f"Transcripts are missing ({some(silent)}), so two recordings may say the same words, and listeners may go "
            "by the words: fill the manifest's column transcript.",
            "clips",
        )
    once = [name for name in voices.speakers if len({clip.session for clip in voices.clips[name] if clip.session}) == 1]
    if once:
        yield (
            "warning",
            f"Some speakers have one session only ({some(once)}): the room or the microphone may tell that two "
            "recordings are of one person. Take speakers recorded in several sessions.",
            "clips",
        )
    alone = [name for name in voices.speakers if not voices.is_pairable(name)]
    if alone:
        yield (
            "note",
            f"Not compared with others, for want of a second recording with another text: {some(alone)}.",
            "clips",
        )


def _emotions(study: Study, clips: Sequence[StudyClip]) -> Iterator[Found]:
    acted = {clip.emotion for clip in clips if clip.emotion}
    for i, task in enumerate(study.tasks):
        if not isinstance(task, EmotionTask):
            continue
        missing = [emotion for emotion in task.emotions if emotion not in acted]
        if len(missing) == len(task.emotions):
            yield (
                "error",
                f"Clips with the emotions {some(task.emotions)} were expected, but none has one of them: fill the "
                "manifest's column emotion.",
                f"tasks[{i}].emotions",
            )
        elif missing:
            yield (
                "warning",
                f"No clip has the emotion {some(missing)}: it can be answered but is never right. Add clips, or leave "
                "it out of emotions.",
                f"tasks[{i}].emotions",
            )
        if extra := sorted(acted - set(task.emotions)):
            yield "note", f"Clips with other emotions ({some(extra)}) are not in this task.", f"tasks[{i}].emotions"
