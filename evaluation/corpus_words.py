"""What the loaders of corpora share: keys that are safe in file names, and one vocabulary of sexes and emotions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from evaluation.corpus import CorpusError, Sex

SEXES: dict[str, Sex] = {"f": "F", "female": "F", "w": "F", "m": "M", "male": "M", "": "", "x": "", "u": ""}
EMOTIONS = {
    "ang": "angry", "anger": "angry", "hap": "happy", "happiness": "happy", "joy": "happy", "exc": "happy",
    "neu": "neutral", "sadness": "sad", "fearful": "fear", "fea": "fear", "dis": "disgust", "sur": "surprise",
    "surprised": "surprise", "bored": "boredom",
}  # fmt: skip
"""Other names for the emotions of Utterance.emotion. Excited counts as happy, as VoicePrivacy has it on IEMOCAP."""
SESSION_IN_NAME = re.compile(r"(\d+-\d+)-\d{4}|(\d+_\d+)_\d{6}_\d{6}")
"""Names of LibriSpeech (speaker-chapter-utterance) and of LibriTTS."""
LANGUAGES = {
    "english": "en", "german": "de", "french": "fr", "spanish": "es", "italian": "it", "dutch": "nl", "polish": "pl",
    "mandarin": "zh", "chinese": "zh", "japanese": "ja", "eng": "en", "deu": "de", "ger": "de",
}  # fmt: skip
LONGEST_KEY = 120
SHOWN = 3


def key_of(name: str) -> str:
    """`name` as part of a file name: itself if it is safe there, else with a few characters of its digest."""
    safe = re.sub(r"[^\w.+=@~-]", "_", name, flags=re.ASCII).lstrip(".")[:LONGEST_KEY]
    return safe if safe == name else f"{safe}~{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def sex_of(word: str) -> Sex | None:
    """F, M, "" where it is not known; None if the word says none of these."""
    return SEXES.get(word.strip().lower())


def emotion_of(word: str) -> str:
    """The emotion in the vocabulary of Utterance.emotion, or the word itself in lower case."""
    low = word.strip().lower()
    return EMOTIONS.get(low, low)


def language_of(word: str) -> str:
    """ "en" of "en", "en-GB", "EN" and "English"."""
    low = re.split(r"[-_]", word.strip().lower())[0]
    return LANGUAGES.get(low, low)


def session_of(name: str) -> str:
    """The chapter that a LibriSpeech name tells ("84-121123" of "84-121123-0001"), else ""."""
    found = SESSION_IN_NAME.fullmatch(name)
    return (found.group(1) or found.group(2)) if found else ""


def some(names: Iterable[str]) -> str:
    """A few of many names: "a, b, c and 5 more"."""
    every = list(names)
    more = len(every) - SHOWN
    return ", ".join(every[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def text_of(path: Path) -> str:
    """A text file in UTF-8.

    Raises:
        CorpusError: if it cannot be read, or holds other bytes.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise CorpusError(
            f"{path}: text in UTF-8 was expected, but line {line} holds other bytes: save it as UTF-8."
        ) from None
    except OSError as error:
        raise CorpusError(f"{path}: a text file was expected, but it cannot be read: {error.strerror}.") from None


def data_set(corpus: str) -> tuple[str, str]:
    """Data set and its part: ("LibriSpeech", "dev-clean") of "LibriSpeech dev-clean"; others are one part, "".

    LibriSpeech's parts differ in their speakers alone, so they are compared and counted together.
    """
    name, _, part = corpus.partition(" ")
    return (name, part) if name == "LibriSpeech" else (corpus, "")
