"""The packaged synthesiser, espeak-ng: robotic, small, offline; a program of its own, for its licence is GPL-3.0."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from anonymizers.base import AnonymizerError
from audio.clip import Clip

PROGRAM = Path(__file__).with_name("espeak_program.py")
LONGEST_TEXT = 20_000
"""Characters: about 25 minutes of speech."""
TIMEOUT_S = 60.0
MISSING_PACKAGE = (
    "Speaking needs the package espeakng-loader, but it is not installed: run pip install -r requirements.txt again."
)

LANGUAGES = {
    "en-us": "American English",
    "en-us-nyc": "New York English",
    "en": "British English",
    "en-gb-x-rp": "Received Pronunciation",
    "en-gb-scotland": "Scottish English",
    "en-gb-x-gbclan": "Lancashire English",
    "en-gb-x-gbcwmd": "West Midlands English",
    "de": "German",
}
"""Languages and accents by espeak-ng's name; "en" is its British English, which it does not know as en-gb."""
ENGLISH = ("en-us", "en-us-nyc", "en", "en-gb-x-rp", "en-gb-scotland")
"""Accents that a voice is drawn from."""

WOMEN = ("f1", "f2", "f3", "f4", "f5", "Alicia", "Annie", "grandma", "linda")
MEN = (
    *("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "Alex", "Denis", "Diogo", "Mario", "Michael", "Mike"),
    *("boris", "max", "michel", "quincy", "robert", "travis", "victor"),
)
"""Variants of espeak-ng that pass for a person: voiced for at least 80 % of a sentence that is all but voiced, with a
median F0 of 80 to 260 Hz, not clipped, neither muffled nor shrill. Many more are robots, whispers and jokes."""

PITCH = PITCH_RANGE = (0, 100)
RATE_WPM = (80, 450)
DRAWN_PITCH, DRAWN_PITCH_RANGE, DRAWN_RATE_WPM = (35, 65), (35, 75), (140, 180)
"""Ranges a drawn voice lies in, ends included; outside them speech sounds like a cartoon or cannot be followed."""


@dataclass(frozen=True)
class Voice:
    """Who speaks. `pitch` and `pitch_range` are espeak-ng's, 0 to 100 and 50 in the middle; `rate_wpm` words a minute.

    Raises:
        AnonymizerError: if there is no such language or variant, or a number is out of range.
    """

    language: str = "en-us"
    variant: str = "f2"
    pitch: int = 50
    pitch_range: int = 50
    rate_wpm: int = 160

    def __post_init__(self) -> None:
        _check_name("language", self.language, tuple(LANGUAGES))
        _check_name("variant", self.variant, WOMEN + MEN)  # espeak-ng takes an unknown one for the plain voice
        _check_number("pitch", self.pitch, PITCH)
        _check_number("pitch range", self.pitch_range, PITCH_RANGE)
        _check_number("rate", self.rate_wpm, RATE_WPM)

    @property
    def sex(self) -> str:
        """What the variant is meant to sound like, "F" or "M"."""
        return "F" if self.variant in WOMEN else "M"

    @property
    def name(self) -> str:
        """espeak-ng's name of it, such as en-us+f2."""
        return f"{self.language}+{self.variant}"


def available() -> bool:
    """Whether the package with the synthesiser is installed."""
    return find_spec("espeakng_loader") is not None


def draw_voice(rng: np.random.Generator) -> Voice:
    """An English-speaking voice: accent, variant, pitch, pitch range and rate, each drawn evenly."""
    language = str(rng.choice(ENGLISH))
    variant = str(rng.choice(WOMEN if rng.random() < 0.5 else MEN))
    pitch, pitch_range, rate_wpm = (
        int(rng.integers(low, high, endpoint=True)) for low, high in (DRAWN_PITCH, DRAWN_PITCH_RANGE, DRAWN_RATE_WPM)
    )
    return Voice(language, variant, pitch, pitch_range, rate_wpm)


def synthesise(text: str, voice: Voice) -> Clip:
    """`text` spoken by `voice`, at 22.05 kHz; the same text and voice give the same samples.

    The text is only read aloud: markup and phoneme notation in it mean nothing.

    Raises:
        AnonymizerError: if the text is empty or too long, or the synthesiser is missing or fails.
    """
    spoken = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    if not spoken:
        raise AnonymizerError("A text to speak was expected, but it is empty: write at least one word.")
    if len(spoken) > LONGEST_TEXT:
        raise AnonymizerError(
            f"A text of at most {LONGEST_TEXT} characters can be spoken, but {len(spoken)} came: shorten it."
        )
    if not available():
        raise AnonymizerError(MISSING_PACKAGE)
    clip = _clip(_answer(spoken, voice))
    if clip.is_silent:
        raise AnonymizerError("The text holds nothing that can be spoken aloud: write at least one word.")
    return clip


def _answer(text: str, voice: Voice) -> bytes:
    """The program's WAV. The text goes through a pipe: never over a command line, where others could read it."""
    import subprocess

    request = {
        "text": text,
        "voice": voice.name,
        "pitch": voice.pitch,
        "pitch_range": voice.pitch_range,
        "rate_wpm": voice.rate_wpm,
    }
    command = [sys.executable, "-P", str(PROGRAM)]
    try:
        done = subprocess.run(
            command, input=json.dumps(request).encode(), capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise AnonymizerError(
            f"The synthesiser was expected to be done within {TIMEOUT_S:.0f} s, but it was not: try a shorter text."
        ) from None
    except OSError as error:
        raise AnonymizerError(f"The synthesiser could not be started ({error.strerror}): try again.") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        why = said[-1] if said else f"exit status {done.returncode}"
        raise AnonymizerError(
            f"The synthesiser was expected to speak, but it failed ({why}): install espeakng-loader again."
        )
    return done.stdout


def _clip(wav: bytes) -> Clip:
    import wave

    with wave.open(io.BytesIO(wav), "rb") as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), dtype="<i2")
        return Clip(samples.astype(np.float32) / 32768.0, sound.getframerate())


def _check_name(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise AnonymizerError(f"The voice's {what} is one of {', '.join(known)}, but {name!r} came.")


def _check_number(what: str, number: int, limits: tuple[int, int]) -> None:
    low, high = limits
    if not low <= number <= high:
        raise AnonymizerError(f"The voice's {what} lies between {low} and {high}, but {number} came.")
