"""A study whose clips are synthetic voices in a folder, to be rendered for real."""

from __future__ import annotations

import hashlib
import io
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from audio.clip import Clip, encode_wav
from listening_test.study import Study, StudyClip
from listening_test.trial import Sound
from tests.conftest import synthetic_voice

TEXT = {"en": "Text.", "de": "Text."}


def study(
    systems: Sequence[Any] = ("original", "low-anchor", "mcadams"),
    tasks: Sequence[dict[str, Any]] = ({"type": "mos"},),
    **limits: Any,
) -> Study:
    """A study with these systems, tasks and limits; all else as short as it may be."""
    return Study.model_validate(
        {
            "name": "test",
            "title": "Test",
            "public_title": TEXT,
            "languages": ["en", "de"],
            "consent": {"version": "1", "text": TEXT},
            "clips": {"folder": "."},
            "systems": list(systems),
            "tasks": list(tasks),
            "limits": limits,
            "ethics": {
                "voices": "Made for a test.",
                "controller": "Test",
                "clip_language": "English",
                "debrief": TEXT,
            },
            "thank_you": TEXT,
        }
    )


def write_clip(folder: Path, key: str, clip: Clip, speaker: str = "") -> StudyClip:
    """The clip as a file in `folder`, and what a study knows of it."""
    data = encode_wav(clip)
    (folder / f"{key}.wav").write_bytes(data)
    return StudyClip(
        key=key,
        path=Path(f"{key}.wav"),
        speaker=speaker or key,
        sex="F",
        duration_s=clip.duration_s,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def voices(folder: Path, durations_s: Sequence[float] = (1.5, 2.2), sample_rate: int = 16_000) -> list[StudyClip]:
    """Synthetic voices of these lengths, "a", "b"…, each louder than the one before."""
    clips = []
    for i, duration_s in enumerate(durations_s):
        voice = synthetic_voice(duration_s, sample_rate, 110 + 25 * i, seed=i)
        quieter = Clip(voice.samples * np.float32(0.05 * (i + 1)), sample_rate)
        clips.append(write_clip(folder, chr(97 + i), quieter))
    return clips


def versions(study: Study, clips: Sequence[StudyClip], systems: Sequence[str] = ()) -> list[Sound]:
    """Every clip through every system of the study, or through these."""
    return [Sound("speech", clip.key, label) for clip in clips for label in systems or study.labels]


def opened(wav: bytes) -> tuple[np.ndarray, int]:
    """The samples of a WAV file as int16, shape (n, channels), and its rate, read with Python's own reader."""
    with wave.open(io.BytesIO(wav), "rb") as file:
        assert file.getsampwidth() == 2
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return pcm, file.getframerate()


def heard(wav: bytes) -> Clip:
    """The left or only channel of a WAV file."""
    pcm, rate_hz = opened(wav)
    return Clip(pcm[:, 0].astype(np.float32) / 32_767, rate_hz)
