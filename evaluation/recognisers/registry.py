"""The list of recognisers: one line each. Listing them imports no torch and opens no audio or model file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any, NamedTuple

from anonymizers.base import Status
from anonymizers.weights import WeightRef
from evaluation.recognisers.base import Kind, RecogniserError, RecogniserInfo


class Entry(NamedTuple):
    """Where a recogniser lives, what it hears, and what its class is made with. Making it loads nothing."""

    path: str
    kind: Kind
    options: Mapping[str, str] = MappingProxyType({})


def _whisper(size: str, language: str = "en") -> Entry:
    options = MappingProxyType({"size": size, "language": language})
    return Entry("evaluation.recognisers.whisper_words:Whisper", "words", options)


ENTRIES: Mapping[str, Entry] = MappingProxyType(
    {
        "house-speaker": Entry("evaluation.recognisers.house_speaker:HouseSpeaker", "speaker"),
        "ecapa": Entry("evaluation.recognisers.ecapa:Ecapa", "speaker"),
        "pocketsphinx": Entry("evaluation.recognisers.pocketsphinx_words:PocketSphinx", "words"),
        "wav2vec2-960h": Entry("evaluation.recognisers.wav2vec2_words:Wav2Vec2Words", "words"),
        "whisper-tiny": _whisper("tiny"),
        "whisper-base": _whisper("base"),
        "whisper-small": _whisper("small"),
        "whisper-medium": _whisper("medium"),
        "whisper-large-v3": _whisper("large-v3"),
        "whisper-large-v3-turbo": _whisper("large-v3-turbo"),
        "whisper-base-de": _whisper("base", "de"),
        "whisper-large-v3-de": _whisper("large-v3", "de"),
        "house-emotion": Entry("evaluation.recognisers.house_emotion:HouseEmotion", "emotion"),
        "wav2vec2-iemocap": Entry("evaluation.recognisers.wav2vec2_emotion:Wav2Vec2Emotion", "emotion"),
    }
)


def keys(kind: Kind | None = None) -> tuple[str, ...]:
    """All recognisers, or those of one kind; those that need no download first."""
    return tuple(key for key, one in ENTRIES.items() if kind in (None, one.kind))


def entry(key: str) -> Entry:
    """The registry line of a recogniser.

    Raises:
        RecogniserError: if there is none of that name.
    """
    try:
        return ENTRIES[key]
    except KeyError:
        raise RecogniserError(f"There is no recogniser {key!r}; the recognisers are {', '.join(ENTRIES)}.") from None


@cache
def load(key: str) -> Any:
    """The recogniser, one per process. Its network is loaded when it first hears something, and kept.

    Raises:
        RecogniserError: if there is none of that name.
    """
    one = entry(key)
    module, name = one.path.split(":")
    return getattr(import_module(module), name)(**one.options)


def info(key: str) -> RecogniserInfo:
    """What a recogniser says of itself, without loading its network."""
    return load(key).info


def status(key: str) -> Status:
    """Whether a recogniser can run now, without downloading or loading anything."""
    return load(key).status()


def version(key: str) -> str:
    """What tells its weights from all others, for provenance: another version, another answer. "" if not known."""
    one = load(key)
    if hasattr(one, "source"):
        return one.source.version
    return one.version() if hasattr(one, "version") else ""


def every_weight() -> tuple[WeightRef, ...]:
    """All weights that recognisers download, each once."""
    found = [load(key).source for key in keys() if hasattr(load(key), "source")]
    return tuple({ref.id: ref for ref in found}.values())


def fetch(key: str) -> None:
    """Get what a recogniser needs, if anything, so that many workers need not.

    Raises:
        RecogniserError: if it cannot run here, in a sentence.
    """
    from evaluation.recognisers import downloads

    one = load(key)
    if hasattr(one, "source"):
        downloads.folder(one.source)
    if (state := one.status()).state != "ready":
        raise RecogniserError(f"{key} cannot run: {state.detail or state.state}.")
