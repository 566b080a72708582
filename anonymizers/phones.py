"""Phones and words heard in a clip, offline: PocketSphinx with the English model in its wheel.

Three recognisers, each loaded when first asked for and kept: phones without a dictionary, phones of a given text, and
words. All hear 16 kHz, 16-bit sound in frames of 10 ms, and need the acoustics of English.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from anonymizers.base import AnonymizerError, Progress, silent
from audio.clip import Clip

SAMPLE_RATE_HZ = 16_000
FRAME_S = 0.01
PEAK = 0.5
"""Clips are brought to this peak before they are heard, so that what is heard does not depend on their level."""
MISSING_PACKAGE = (
    "Hearing phones and words needs the package pocketsphinx, but it is not installed: "
    "run pip install -r requirements.txt again."
)
LONGEST_PIECE_S = 15.0
QUIET_S = 0.2


class Phone(NamedTuple):
    """One segment: an ARPAbet phone without stress ("AH"), SIL for silence, or a noise such as +NSN+."""

    label: str
    start_s: float
    end_s: float


class Word(NamedTuple):
    """One word as heard; `confidence` in [0, 1] is its posterior probability in the word lattice."""

    text: str
    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True)
class Transcript:
    """What was heard: `text` in lower case without punctuation, "" if no word was; and its words, in order."""

    text: str
    words: tuple[Word, ...]


@dataclass(frozen=True, eq=False)
class _Recogniser:
    """A decoder and its lock: it holds the state of one utterance, so one clip at a time."""

    decoder: Any
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, sound: bytes) -> None:
        """Decode one utterance from a clean start, whatever became of the one before.

        Raises:
            RuntimeError: if no path through the model fits the sound.
        """
        self.decoder.reinit_feat()
        self.decoder.start_utt()
        try:
            self.decoder.process_raw(sound, full_utt=True)
        finally:
            self.decoder.end_utt()


def available() -> bool:
    """Whether PocketSphinx is installed."""
    return find_spec("pocketsphinx") is not None


def allphone(clip: Clip) -> list[Phone]:
    """Phones by a phone bigram alone, with no words: about half of them wrong, their boundaries mostly right.

    The segments follow one another from 0 s without gaps; silence is labelled SIL. Empty when the clip is shorter
    than a frame.

    Raises:
        AnonymizerError: if PocketSphinx is missing.
    """
    recogniser = _recogniser("phones")
    with recogniser.lock:
        recogniser.hear(_pcm(clip))
        segments = [(s.word, s.start_frame, s.end_frame + 1) for s in recogniser.decoder.seg() or ()]
    return [Phone(label, round(FRAME_S * start, 2), round(FRAME_S * end, 2)) for label, start, end in segments]


def align(clip: Clip, transcript: str) -> list[Phone]:
    """The phones of `transcript`, by the CMU dictionary, placed in time where they were said.

    The segments follow one another from 0 s without gaps.

    Raises:
        AnonymizerError: if the text is empty, holds words that are not in the dictionary, or does not fit the sound;
            or if PocketSphinx is missing.
    """
    words = _words(transcript)
    recogniser = _recogniser("alignment")
    with recogniser.lock:
        _check_words(words, recogniser.decoder)
        try:
            found = _align(recogniser, _pcm(clip), " ".join(words))
        except (RuntimeError, TypeError):  # TypeError: no segments at all
            raise AnonymizerError(
                f"The transcript was expected to be what the clip says, but its {len(words)} words could not be placed "
                f"in {clip.duration_s:.1f} s of sound: correct it, or leave it empty."
            ) from None
    return [Phone(label, round(FRAME_S * start, 2), round(FRAME_S * (start + n), 2)) for label, start, n in found]


def transcribe(clip: Clip, *, progress: Progress = silent) -> Transcript:
    """The English words heard in a clip; long clips are heard piece by piece, cut where they are quietest.

    Raises:
        AnonymizerError: if PocketSphinx is missing.
    """
    recogniser = _recogniser("words")
    heard = clip.resampled(SAMPLE_RATE_HZ)
    words: list[Word] = []
    for piece in pieces(heard):
        progress(piece.start / max(1, len(heard.samples)), "hearing words")
        words += _hear_words(recogniser, Clip(heard.samples[piece], SAMPLE_RATE_HZ), piece.start / SAMPLE_RATE_HZ)
    return Transcript(" ".join(word.text for word in words), tuple(words))


def pieces(clip: Clip, *, longest_s: float = LONGEST_PIECE_S) -> list[slice]:
    """Where to cut a clip into pieces of at most `longest_s`, in the quietest 0.2 s of the last half of each."""
    rate, cuts = clip.sample_rate, [0]
    window = int(QUIET_S * rate)
    while len(clip.samples) - cuts[-1] > longest_s * rate:
        first = cuts[-1] + int(longest_s / 2 * rate)
        power = clip.samples[first : cuts[-1] + int(longest_s * rate)].astype(np.float64) ** 2
        energy = np.diff(np.concatenate(([0.0], np.cumsum(power)))[:: window // 2])
        cuts.append(first + (int(np.argmin(energy[:-1] + energy[1:])) + 1) * (window // 2))
    return [slice(start, end) for start, end in zip(cuts, [*cuts[1:], len(clip.samples)], strict=True)]


def _hear_words(recogniser: _Recogniser, clip: Clip, offset_s: float) -> list[Word]:
    with recogniser.lock:
        recogniser.hear(_pcm(clip))
        segments = [(s.word, s.start_frame, s.end_frame + 1, s.prob) for s in recogniser.decoder.seg() or ()]
    return [
        Word(
            re.sub(r"\(\d+\)$", "", text),  # which of its pronunciations was heard
            round(offset_s + FRAME_S * start, 3),
            round(offset_s + FRAME_S * end, 3),
            round(min(1.0, float(confidence)), 2),
        )
        for text, start, end, confidence in segments
        if text[0] not in "<[+"  # fillers: silence, breath, noise
    ]


def _align(recogniser: _Recogniser, sound: bytes, text: str) -> list[tuple[str, int, int]]:
    """Words first, then phones within them: PocketSphinx aligns in two passes."""
    decoder = recogniser.decoder
    decoder.set_align_text(text)
    recogniser.hear(sound)
    decoder.set_alignment()
    recogniser.hear(sound)
    return [(entry.name, entry.start, entry.duration) for entry in decoder.get_alignment().phones()]


def _words(transcript: str) -> list[str]:
    words = re.findall(r"[^\W_]+(?:['.-][^\W_]+)*", transcript.lower().replace("’", "'"))
    if not words:
        raise AnonymizerError("The transcript holds no words: write what the clip says, or leave it empty.")
    return words


def _check_words(words: list[str], decoder: Any) -> None:
    unknown = sorted({word for word in words if decoder.lookup_word(word) is None})
    if unknown:
        named = ", ".join(unknown[:8]) + (f" and {len(unknown) - 8} more" if len(unknown) > 8 else "")
        raise AnonymizerError(
            f"The transcript holds words that the English dictionary does not have ({named}): "
            "spell them as ordinary English words, or leave the transcript empty."
        )


def _pcm(clip: Clip) -> bytes:
    """16 kHz, 16-bit, at the same peak whatever the clip's level; at least one sample, as the decoder demands."""
    samples = clip.resampled(SAMPLE_RATE_HZ).samples
    peak = float(np.abs(samples).max(initial=0.0))
    scaled = samples * (PEAK / peak) if peak > 0 else np.zeros(max(1, len(samples)))
    return np.rint(32767.0 * scaled).astype(np.int16).tobytes()


@cache
def _recogniser(kind: Literal["phones", "alignment", "words"]) -> _Recogniser:
    """A loaded recogniser, one per kind and process."""
    try:
        import pocketsphinx
    except ImportError:
        raise AnonymizerError(MISSING_PACKAGE) from None
    return _Recogniser(_decoder(pocketsphinx.Decoder, Path(pocketsphinx.get_model_path(), "en-us"), kind))


def _decoder(make: Callable[..., Any], model: Path, kind: str) -> Any:
    common = {"samprate": float(SAMPLE_RATE_HZ), "loglevel": "FATAL"}
    if kind == "phones":
        # The default language weight of 6.5 is meant for words: it swallows a quarter of the phones.
        return make(lm=None, allphone=str(model / "en-us-phone.lm.bin"), lw=2.0, **common)
    if kind == "alignment":
        # bestpath gives words durations that their phones cannot fill, and the second pass then fails.
        return make(lm=None, bestpath=False, **common)
    # The second, flat pass took a third of the time and made no fewer errors on read speech.
    return make(fwdflat=False, **common)
