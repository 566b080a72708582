"""The pool of speakers that SSL-SAS's selec-anon chooses among: means of their ECAPA vectors.

Published is a pool of the 1,160 speakers of LibriTTS train-other-500. Here it is made, once, of a folder of speech
(target_speech.py: one's own in VOICEVEIL_TARGETS, else LibriSpeech dev-clean) with the very encoder that hears the
source, and kept beside the weights. A ready set of vectors cannot ship with the project: it would have to be computed
with the published weights, which could not be had while this was written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from anonymizers import pool, pool_from_speech, target_speech, weights
from anonymizers.base import AnonymizerError, Progress, silent
from anonymizers.pitch_formant import estimated_sex
from anonymizers.pool import Floats, Pool
from anonymizers.pool_from_speech import SEX_OF_WORD
from anonymizers.target_speech import Target
from audio.clip import Clip

LONGEST_S = 120.0
"""So much of each speaker is heard: more hardly moves the mean, and dev-clean takes minutes as it is."""
FOLDER = "pools"
"""In the weight store."""
LOCK_WAIT_S = 3_600.0

Embed = Callable[[Clip], Floats]


def kept(folder: Path, encoder: str, embed: Embed, progress: Progress = silent) -> Pool:
    """The pool of a folder, made now or taken from where it was kept.

    `encoder`: what tells the weights behind `embed` from others. A folder with other files (by name, size and time of
    change) is another pool.

    Raises:
        AnonymizerError: if there are fewer than two speakers, or the pool cannot be kept.
    """
    from filelock import FileLock, Timeout

    speakers = target_speech.speakers(folder)
    path = weights.store() / FOLDER / f"ssl-sas-{_digest(folder, speakers.values(), encoder)}.npz"  # type: ignore[arg-type]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock", timeout=LOCK_WAIT_S):
            if not path.is_file():
                draft = path.with_suffix(".part")
                pool.save(made(folder, embed, progress), draft, half=False)
                draft.replace(path)
    except (OSError, Timeout) as error:
        raise AnonymizerError(
            f"The speaker pool is kept in {path.parent}, but it cannot be written there ({error}): let the app write "
            "there, or name another folder with VOICEVEIL_MODELS."
        ) from None
    return pool.load(path)


def made(folder: Path, embed: Embed, progress: Progress = silent) -> Pool:
    """A pool of the speakers in a folder, at most two minutes of each.

    Sexes as LibriSpeech's SPEAKERS.TXT has them, where there is one, else by the median F0.

    Raises:
        AnonymizerError: if fewer than two speakers can be heard.
    """
    speakers, listed, voices = target_speech.speakers(folder), target_speech.sexes(folder), {}
    for place, (name, files) in enumerate(speakers.items()):
        progress(place / len(speakers), f"hearing the speakers of the pool, {place + 1} of {len(speakers)}")
        voice = pool_from_speech.voice_of(_clips(name, files), embed)
        if voice is not None:
            voices[name] = voice
    if len(voices) < 2:
        raise AnonymizerError(
            f"Speech of at least 2 speakers was expected in {folder.name or folder}, to make a pseudo-speaker of, but "
            f"{len(voices)} can be heard there: add recordings, or name another folder in {target_speech.VARIABLE}."
        )
    guessed = {name: SEX_OF_WORD[estimated_sex(voice.median_f0_hz)] for name, voice in voices.items()}
    return pool_from_speech.pool_of(voices, guessed | {name: sex for name, sex in listed.items() if name in voices})


def _clips(name: str, files: Sequence[Path]) -> list[Clip]:
    try:
        return target_speech.speech(Target(name, "", tuple(files)), LONGEST_S)
    except AnonymizerError:  # none of the files can be read: the speaker is left out
        return []


def _digest(folder: Path, files: Sequence[Sequence[Path]], encoder: str) -> str:
    told = hashlib.sha256(f"{encoder} {LONGEST_S}".encode())
    for path in sorted(path for own in files for path in own):
        known = path.stat()
        told.update(f"\n{path.relative_to(folder)} {known.st_size} {known.st_mtime_ns}".encode())
    return told.hexdigest()[:16]


def encoder_of(path: Path) -> str:
    """What tells an encoder's weights from others: the SHA-256 of their file."""
    known = path.stat()
    return _sha256(path, known.st_size, known.st_mtime_ns)


@lru_cache(maxsize=2)
def _sha256(path: Path, size: int, changed_ns: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
