"""Speech to learn from: a folder with a manifest, or a corpus as it was unpacked (LibriTTS: a subfolder a speaker)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anonymizers.base import AnonymizerError
from anonymizers.target_speech import speakers
from audio.clip import ClipError, decode
from training import common
from training.common import SAMPLE_RATE_HZ, Speech, TrainingError, Utterance

UNKNOWN_LICENCE = "not stated"


def speech(data: Path, work: Path) -> Speech:
    """What is in `data`: as its manifest.csv says, else every recording in it by speaker.

    A corpus without a manifest is brought to 16 kHz and 16 bits once, into `work` (115 MB an hour), and read from there
    as it is needed.

    Raises:
        TrainingError: if there is nothing to learn from.
    """
    if (data / "manifest.csv").is_file():
        return common.load_speech(common.read_manifest(data))
    try:
        files = [(name, path) for name, paths in speakers(data).items() for path in paths]
    except AnonymizerError as problem:
        raise TrainingError(str(problem)) from None
    told = "".join(f"{path.relative_to(data)} {path.stat().st_size}\n" for _, path in files)
    kept = work / f"speech-{hashlib.sha256(told.encode()).hexdigest()[:16]}"
    if not kept.with_suffix(".json").is_file():
        _convert(data, files, kept)
    return _read(data, kept)


def _convert(data: Path, files: list[tuple[str, Path]], kept: Path) -> None:
    """The sound of all files, one after the other, and the list of them; the list is written last."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    listed: list[dict[str, str | int]] = []
    with kept.with_suffix(".pcm").open("wb") as file:
        for name, path in files:
            for sound in _decoded(path):
                file.write(sound.tobytes())
                listed.append({"speaker": name, "path": str(path.relative_to(data)), "samples": len(sound)})
    if not listed:
        raise TrainingError(f"Speech to learn from was expected, but nothing in {data} can be read.")
    common.write_json(kept.with_suffix(".json"), {"utterances": listed})


def _decoded(path: Path) -> Iterator[npt.NDArray[np.int16]]:
    """The sound of a file; nothing of one that cannot be read or is silent."""
    try:
        clip = decode(path).clip.resampled(SAMPLE_RATE_HZ)
    except (ClipError, OSError):
        return
    if not clip.is_silent:
        yield np.clip(np.rint(clip.samples * 32767), -32768, 32767).astype(np.int16)


def _read(data: Path, kept: Path) -> Speech:
    listed = json.loads(kept.with_suffix(".json").read_text(encoding="utf-8"))["utterances"]
    utterances = tuple(
        Utterance(
            data / one["path"], data.name, one["speaker"], "", "", UNKNOWN_LICENCE, one["samples"] / SAMPLE_RATE_HZ
        )
        for one in listed
    )
    starts = np.cumsum([0, *(one["samples"] for one in listed)])
    pcm = np.memmap(kept.with_suffix(".pcm"), np.int16, "r", shape=(int(starts[-1]),))
    return Speech(utterances, pcm, starts)
