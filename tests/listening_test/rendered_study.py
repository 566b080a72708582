"""A tiny study of every task: its sounds are short tones put straight into the database, so nothing is rendered.

`opened(store)` gives an open study, ready to take at /study/{info.link}; `ready(store)` one that is not open yet.
"""

from __future__ import annotations

import hashlib
import io
import wave
import zlib
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from listening_test import plan
from listening_test.study import Study, StudyClip, digest
from listening_test.trial import Sound

RATE_HZ = 16_000
SOUND_S = 0.5
EMOTIONS = ("anger", "neutral", "sadness")

DEFINITION: dict[str, Any] = {
    "name": "tiny",
    "title": "A tiny study of every task",
    "public_title": {"en": "Listening to voices", "de": "Stimmen hören"},
    "languages": ["en", "de"],
    "consent": {
        "version": "1",
        "text": {
            "en": "You will hear short sounds and answer questions.\n\nTaking part is voluntary.",
            "de": "Sie hören kurze Klänge und beantworten Fragen.\n\nDie Teilnahme ist freiwillig.",
        },
    },
    "clips": {"folder": "."},
    "systems": [
        "original",
        {"system": "mcadams", "level": "speaker"},
        {"system": "pitch-formant", "label": "lifted", "anchor": "strong"},
        "low-anchor",
    ],
    "tasks": [
        {"type": "mos", "trials_per_system": 1, "questions": ["overall_quality", "naturalness"]},
        {"type": "same-different", "trials_per_system": 2, "systems": ["original", "mcadams"]},
        {"type": "line-up", "trials_per_system": 1, "voices": 3, "systems": ["original", "mcadams"]},
        {"type": "speaker-similarity", "trials_per_system": 1, "systems": ["original", "mcadams"]},
        {"type": "emotion", "trials_per_system": 1, "emotions": list(EMOTIONS), "systems": ["original", "mcadams"]},
    ],
    "screening": {"fluency": "required", "attention_checks": 1, "gold": 1, "headphones_pass": 5},
    "design": {"practice_trials": 1, "max_trials_per_speaker": 40, "break_every": 8},
    "limits": {"listeners": 6, "minutes": 4, "clip_min_s": 0.3, "comment_max_chars": 200},
    "ethics": {
        "voices": "Tones made by a formula: nobody's voice.",
        "controller": "The test bench, bench@example.org",
        "clip_language": "English",
        "listener_languages": ["en", "de"],
        "language_mismatch_reason": "Tones are understood everywhere.",
        "pay": {"en": "A word of thanks.", "de": "Ein Wort des Dankes."},
        "debrief": {"en": "The sounds were tones.", "de": "Die Klänge waren Töne."},
    },
    "questionnaire": [
        {
            "key": "place_of_listening",
            "widget": "choice",
            "text": {"en": "Where did you listen?", "de": "Wo haben Sie gehört?"},
            "options": {
                "home": {"en": "At home", "de": "Zu Hause"},
                "away": {"en": "Elsewhere", "de": "Anderswo"},
            },
            "required": True,
        },
        {
            "key": "effort",
            "widget": "scale",
            "text": {"en": "How hard was it?", "de": "Wie anstrengend war es?"},
            "low": {"en": "easy", "de": "leicht"},
            "high": {"en": "hard", "de": "schwer"},
        },
    ],
    "thank_you": {"en": "Thank you for listening.", "de": "Danke fürs Hören."},
    "completion_code": "DONE-1234",
    "screen_out_code": "OUT-5678",
    "completion_url": "https://crowd.example.org/back?cc={code}",
}


def study(**changes: Any) -> Study:
    """The tiny study; a mapping given for a part (screening, limits…) changes only what it names."""
    merged = dict(DEFINITION)
    for key, value in changes.items():
        old = merged.get(key)
        merged[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
    return Study.model_validate(merged)


def clips(per_sex: int = 12, each: int = 6) -> list[StudyClip]:
    """Recordings of twice `per_sex` speakers, `each` with texts, sessions and emotions in turn."""
    return [_clip(sex, number, take) for sex, number, take in product("FM", range(per_sex), range(each))]


def _clip(sex: Any, number: int, take: int) -> StudyClip:
    key = f"{sex.lower()}{number}-{take}"
    return StudyClip(
        key=key,
        path=Path(f"{key}.wav"),
        speaker=f"{sex}{number}",
        sex=sex,
        duration_s=SOUND_S,
        sha256=hashlib.sha256(key.encode()).hexdigest(),
        emotion=EMOTIONS[take % len(EMOTIONS)],
        transcript=f"Sentence number {take}.",
        session=str(take % 2),
        language="English",
        licence="CC0",
    )


def tone(sound: Sound) -> bytes:
    """A WAV that differs from sound to sound and is as long for each: a tone, in stereo for the headphone check."""
    channels = 2 if sound.kind == "headphones" else 1
    frequency_hz = 200 + zlib.crc32(sound.key.encode()) % 1500
    times_s = np.arange(int(SOUND_S * RATE_HZ)) / RATE_HZ
    samples = (3000 * np.sin(2 * np.pi * frequency_hz * times_s)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(channels)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes(np.repeat(samples, channels).tobytes())
    return file.getvalue()


def ready(store: Any, **changes: Any) -> Any:
    """The tiny study in `store`, with every sound any listener can need; its StudyInfo. Not open yet."""
    definition, voices = study(**changes), clips()
    info = store.add_study(definition, "name: tiny\n", Path("."))
    store.set_clips(info.id, voices)
    for sound in plan.sounds(definition, voices):
        store.put_stimulus(info.id, sound.key, tone(sound), {"duration_s": SOUND_S, "level_lufs": -26.0})
    store.set_state(info.id, "ready")
    return store.study(info.id)


def opened(store: Any, **changes: Any) -> Any:
    """The tiny study, open to listeners; its StudyInfo."""
    info = ready(store, **changes)
    store.open_study(info.id, digest(info.study, info.clips))
    return store.study(info.id)
