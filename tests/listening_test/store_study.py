"""A study as small as the store's tests need: two speakers, two systems, and a plan that is easy to predict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from listening_test.store import Enrolled, Heard, Origin, Store, StudyInfo
from listening_test.study import Study, StudyClip, digest
from listening_test.trial import Sound, Trial

LABELS = ("original", "mcadams")
CLIPS = tuple(
    StudyClip(key=key, path=Path(f"{key}.wav"), speaker=key[0].upper(), sex="F", duration_s=2.5, sha256=64 * "0")
    for key in ("a/1", "a/2", "b/1", "b/2")
)
SOUNDS = tuple(Sound("speech", clip.key, label) for clip in CLIPS for label in LABELS)
STEREO = Sound("headphones", detail="target-foil-reference")
HEARD = [Heard(1, 1.0), Heard(2, 0.99)]


def study(name: str = "small", **parts: Any) -> Study:
    """The definition; `parts` replace whole keys."""
    both = {"en": "Some text.", "de": "Etwas Text."}
    ethics = {"voices": "Nobody's voices.", "controller": "The test bench", "clip_language": "English", "debrief": both}
    return Study.model_validate(
        {
            "name": name,
            "title": "A small study",
            "public_title": both,
            "languages": ["en", "de"],
            "consent": {"version": "1", "text": both},
            "clips": {"folder": "."},
            "systems": list(LABELS),
            "tasks": [{"type": "mos"}],
            "limits": {"listeners": 4},
            "ethics": ethics,
            "thank_you": both,
            **parts,
        }
    )


def wav(sound: Sound) -> bytes:
    """Stands for the bytes of a sound; the store does not look inside."""
    return b"RIFF" + sound.key.encode() * 40


def ready(store: Store, **parts: Any) -> StudyInfo:
    """The study with all its sounds, not open yet."""
    info = store.add_study(study(**parts), "name: small\n", Path("studies"))
    store.set_clips(info.id, CLIPS)
    for sound in (*SOUNDS, STEREO):
        store.put_stimulus(info.id, sound.key, wav(sound), {"duration_s": 2.5})
    store.set_state(info.id, "ready")
    return store.study(info.id)


def opened(store: Store, **parts: Any) -> StudyInfo:
    """The study, open."""
    info = ready(store, **parts)
    return store.open_study(info.id, digest(info.study, info.clips))


def plan(pages: int = 4) -> Callable[[int], tuple[str, Sequence[Trial]]]:
    """A headphone page, then rated pages with two sounds and two questions, of both systems in turn from the place."""

    def of(place: int) -> tuple[str, list[Trial]]:
        headphones = Trial("headphones", sounds=(STEREO,), slots=("sample",), questions=("headphone_softest",))
        return "unfamiliar", [headphones, *(rated(place + index) for index in range(pages - 1))]

    return of


def rated(number: int) -> Trial:
    sound, other = SOUNDS[number % len(SOUNDS)], SOUNDS[(number + 2) % len(SOUNDS)]
    return Trial(
        "task",
        "rated",
        "mos",
        (sound, other),
        ("sample", "reference"),
        ("overall_quality", "comment"),
        {"system": sound.system, "speaker": sound.clip[0].upper()},
    )


def enrol(store: Store, study_id: int, origin: Origin = "participant", pages: int = 4, **more: Any) -> Enrolled:
    """One more listener."""
    return store.enrol(study_id, origin=origin, language="en", consent_version="1", plan=plan(pages), **more)


def answer_all(store: Store, listener_id: int, value: str = "4") -> None:
    """Take the study to its end."""
    trials = store.trials(listener_id)
    for trial in trials:
        store.issue(trial.id)
        last = trial.position == len(trials) - 1
        answers = dict.fromkeys(trial.questions, value)
        store.save(trial.id, answers, HEARD[: len(trial.sounds)], 3.5, state="finished" if last else None)
