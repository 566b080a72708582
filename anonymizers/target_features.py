"""What an encoder makes of a target speaker's speech, made once and kept on disk in the weight store.

Kept by what went in (the bytes of the recordings, how much of them is heard) and by what made the features (weights,
layer, trimming), so nothing stale is ever read. float32, as the reference searches them; those not used for longest go
when all take more than 2 GB.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from anonymizers import weights
from anonymizers.base import AnonymizerError, Progress, silent
from anonymizers.nn.ssl_models import FRAME
from anonymizers.pool import Floats
from anonymizers.target_speech import SAMPLE_RATE_HZ, Target, speech
from audio.clip import Clip

Arrays = Mapping[str, npt.NDArray[Any]]
Encode = Callable[[Clip], Arrays]
"""From one recording at 16 kHz, at least one frame long, to arrays with a row a frame; without rows where there is
nothing to hear."""

FOLDER = "target-features"
LARGEST_BYTES = 2_000_000_000
TRIGGER_LEVEL = 7.0
"""Of the voice activity detector that trims target speech at both ends, as in kNN-VC."""


def listened_s(minutes: float) -> float:
    """How much of a target is listened to when so much is asked for, in s: half minutes, or 6 s at least. Every length
    is kept in a file of its own, so there are few."""
    return 60.0 * max(0.1, round(2.0 * minutes) / 2.0)


def file_of(
    target: Target,
    longest_s: float,
    made_by: str,
    encode: Encode,
    *,
    folder: Path | None = None,
    progress: Progress = silent,
) -> Path:
    """The .npz with the features of the first `longest_s` of the target's speech, all recordings one after the other.

    `made_by` names everything else that the features depend on. `folder`: where they are kept, else in the store.

    Raises:
        AnonymizerError: if nothing of the target can be heard, or the features cannot be written.
    """
    place = folder or weights.store() / FOLDER
    path = place / f"{_digest(target, longest_s, made_by)}.npz"
    if not _whole(path):
        arrays = _encoded(target, longest_s, encode, progress)
        try:
            _write(path, arrays)
            _prune(place, path)
        except OSError as error:
            raise AnonymizerError(
                f"The features of the target speaker {target.name} were to be kept in {place}, but that failed "
                f"({error.strerror or type(error).__name__}): make room, or name another folder in VOICEVEIL_MODELS."
            ) from None
    return path


def read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a file that `file_of` gave.

    Raises:
        AnonymizerError: if it is damaged; it is removed, so that it is made again.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        path.unlink(missing_ok=True)
        raise AnonymizerError(
            f"Features of a target speaker were expected in {path.name}, but the file was damaged: it is removed; try "
            "again, and they are made anew."
        ) from None


def trimmed(samples: Floats) -> Floats:
    """Speech at 16 kHz, float32, (n,), without what comes before and after it: torchaudio's detector from the front,
    and from the back on the reversed sound. Empty where it finds no voice, as in very short recordings."""
    import torch
    from torchaudio.functional import vad

    sound = torch.from_numpy(np.array(samples, np.float32))[None]
    for _ in range(2):
        if sound.shape[1]:
            sound = vad(sound, SAMPLE_RATE_HZ, trigger_level=TRIGGER_LEVEL)
        sound = sound.flip(1)
    return sound[0].numpy()


def _encoded(target: Target, longest_s: float, encode: Encode, progress: Progress) -> dict[str, npt.NDArray[Any]]:
    clips = [clip for clip in speech(target, longest_s) if len(clip.samples) >= FRAME]
    found = []
    for number, clip in enumerate(clips):
        progress(number / len(clips), f"listening to {target.name}")
        found.append(encode(clip))
    arrays = {name: np.concatenate([one[name] for one in found]) for name in (found[0] if found else ())}
    if not arrays or not all(map(len, arrays.values())):
        raise AnonymizerError(
            f"Speech of the target speaker {target.name} was expected, but none was found in {len(target.files)} "
            "recordings: take another target, or longer recordings, with a moment of silence before the voice."
        )
    return arrays


def _digest(target: Target, longest_s: float, made_by: str) -> str:
    told = hashlib.sha256(f"{made_by}|{longest_s}".encode())
    for path in target.files:
        try:
            with path.open("rb") as file:
                told.update(hashlib.file_digest(file, "sha256").digest())
        except OSError:
            told.update(b"unread")
    return told.hexdigest()[:32]


def _whole(path: Path) -> bool:
    """Whether the file is there and opens; it then counts as just used."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            whole = bool(arrays.files)
        os.utime(path)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return False
    return whole


def _write(path: Path, arrays: Arrays) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}.{os.getpid()}.tmp")
    try:
        with part.open("wb") as file:
            np.savez(file, **cast(Any, arrays))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _prune(folder: Path, newest: Path) -> None:
    others = sorted((path for path in folder.glob("*.npz") if path != newest), key=lambda path: path.stat().st_mtime_ns)
    left = sum(path.stat().st_size for path in (*others, newest))
    for path in others:
        if left <= LARGEST_BYTES:
            return
        left -= path.stat().st_size
        path.unlink(missing_ok=True)
