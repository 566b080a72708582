"""Which phone is said in every frame of the training speech: PocketSphinx's forced alignment, kept on disk.

Clips without a transcript are transcribed first (a third of those words is wrong, most of their phones are not).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anonymizers import phones
from anonymizers.base import AnonymizerError
from audio.clip import Clip
from training import common, pieces

FRAME_S = 0.01
SILENCE = "SIL"
PHONES = (
    SILENCE, "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY",
    "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
"""ARPAbet without stress, silence first; a frame's label is a place in here."""
UNKNOWN = 255
"""Frames of clips that could not be aligned: nothing is learned from them here."""
Labels = npt.NDArray[np.uint8]


def of_speech(speech: common.Speech, folder: Path, *, workers: int = 1) -> list[Labels]:
    """Labels of every utterance, uint8, one per 10 ms; UNKNOWN throughout where there is no alignment.

    Alignments found in `folder` are not made again, so that a recipe that was killed goes on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(speech.sound(place), one, folder) for place, one in enumerate(speech.utterances)]
    if workers == 1:
        return [_kept(*job) for job in jobs]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_kept, *zip(*jobs, strict=True), chunksize=8))


def aligned_share(labels: Sequence[Labels]) -> float:
    """The share of clips whose phones are known."""
    return float(np.mean([len(one) > 0 and one[0] != UNKNOWN for one in labels]))


def _kept(sound: npt.NDArray[np.int16], utterance: common.Utterance, folder: Path) -> Labels:
    name = hashlib.sha256(sound.tobytes() + utterance.transcript.encode()).hexdigest()[:24]
    path = folder / f"{name}.npy"
    if path.is_file():
        return np.load(path)
    found = of_sound(sound, utterance.transcript, utterance.language)
    draft = folder / f".{name}.{os.getpid()}.npy"
    np.save(draft, found)
    draft.replace(path)
    return found


def of_sound(sound: npt.NDArray[np.int16], transcript: str, language: str = "en") -> Labels:
    """The labels of one sound at 16 kHz, one per 10 ms, by its transcript or, where that is "", by what is heard.

    UNKNOWN throughout in other languages than English, and where sound and words do not fit.
    """
    unknown = np.full(int(len(sound) / common.SAMPLE_RATE_HZ / FRAME_S), UNKNOWN, np.uint8)
    if language != "en":
        return unknown
    clip = Clip(pieces.floats(sound), common.SAMPLE_RATE_HZ)
    try:
        segments = phones.align(clip, transcript or phones.transcribe(clip).text)
    except AnonymizerError:
        return unknown
    return _framed(segments, len(unknown))


def _framed(segments: Sequence[phones.Phone], frames: int) -> Labels:
    labels = np.zeros(frames, np.uint8)
    for label, start_s, end_s in segments:
        place = PHONES.index(label) if label in PHONES else 0  # breath and noise count as silence
        labels[round(start_s / FRAME_S) : round(end_s / FRAME_S)] = place
    return labels
