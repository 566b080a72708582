"""A speaker pool made of recordings: a person's own folder, or a corpus (training/speaker_pool.py)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anonymizers import pitch
from anonymizers.base import AnonymizerError
from anonymizers.pitch_formant import estimated_sex
from anonymizers.pool import UNIT_TOLERANCE, Floats, Pool, f0_statistics
from audio.clip import SUFFIXES, Clip, ClipError, decode

Embed = Callable[[Clip], Floats]
"""From a clip to its speaker's vector, float32, shape (d,), not zero; AnonymizerError for one that it cannot hear."""

SEX_OF_WORD = {"female": "F", "male": "M", "unknown": ""}
SHOWN_FILES = 3


@dataclass(frozen=True, eq=False)
class Voice:
    """One speaker: vector, float32, shape (d,); F0 as in `f0_statistics`; how many clips it is the mean of."""

    vector: Floats
    median_f0_hz: float
    f0_deviation_semitones: float
    clips: int


def voice_of(clips: Iterable[Clip], embed: Embed) -> Voice | None:
    """One speaker's clips: the mean of their vectors and the F0 (pitch.py) of all of them together; None if none can
    be heard.

    The mean has unit length if the clips' vectors have it.
    """
    vectors, tracks = [], [np.zeros(0, np.float32)]
    for clip in clips:
        try:
            vectors.append(np.asarray(embed(clip), np.float64))
        except AnonymizerError:
            continue
        tracks.append(pitch.track(clip.resampled(pitch.SAMPLE_RATE_HZ).samples).f0_hz)
    if not vectors:
        return None
    mean = np.mean(vectors, axis=0)
    if np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=UNIT_TOLERANCE):
        mean /= max(1e-12, float(np.linalg.norm(mean)))
    return Voice(mean.astype(np.float32), *f0_statistics(np.concatenate(tracks)), len(vectors))


def pool_of(voices: Mapping[str, Voice], sexes: Mapping[str, str], notes: Sequence[str] = ()) -> Pool:
    """The voices by name as a pool, in order of name; `sexes` "F" or "M" by name, those missing are "" (not known)."""
    names = sorted(voices)
    return Pool(
        tuple(names),
        tuple(sexes.get(name, "") for name in names),
        np.stack([voices[name].vector for name in names]),
        np.array([voices[name].median_f0_hz for name in names], np.float32),
        np.array([voices[name].f0_deviation_semitones for name in names], np.float32),
        tuple(notes),
    )


def from_folder(folder: Path, embed: Embed) -> Pool:
    """A pool of a folder of speech: a subfolder a speaker, or files named after their speaker (`files_of_speakers`).

    Sexes are guessed from the median F0 (`estimated_sex`). What cannot be read or heard is left out; the pool's `notes`
    say so.

    Raises:
        AnonymizerError: if there is no such folder, or fewer than two speakers can be heard in it.
    """
    files = files_of_speakers(folder)
    unread: list[str] = []
    voices = {name: voice_of(_decoded(paths, unread), embed) for name, paths in files.items()}
    heard = {name: voice for name, voice in voices.items() if voice is not None}
    if len(heard) < 2:
        raise AnonymizerError(
            f"Speech of at least 2 speakers was expected in {folder.name or folder}, a subfolder for each or files "
            f"named SPEAKER_anything.wav, but {len(heard)} can be heard there: add recordings."
        )
    sexes = {name: SEX_OF_WORD[estimated_sex(voice.median_f0_hz)] for name, voice in heard.items()}
    return pool_of(heard, sexes, [*_notes(unread, sorted(set(voices) - set(heard)))])


def files_of_speakers(folder: Path) -> dict[str, list[Path]]:
    """The recordings in `folder` and below it by speaker, in order of name.

    A file in a subfolder is spoken by the speaker whom the first folder is named after; one directly in `folder` by the
    part of its name before the first "-", "_" or blank ("p225_001.wav": p225).

    Raises:
        AnonymizerError: if there is no such folder.
    """
    if not folder.is_dir():
        raise AnonymizerError(f"A folder of speech was expected, but {folder} is none: name another.")
    files: dict[str, list[Path]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()):
        inside = path.relative_to(folder)
        name = inside.parts[0] if len(inside.parts) > 1 else re.split(r"[-_ ]", inside.stem, maxsplit=1)[0]
        files.setdefault(name or inside.stem, []).append(path)
    return files


def _decoded(paths: Sequence[Path], unread: list[str]) -> Iterator[Clip]:
    for path in paths:
        try:
            yield decode(path).clip
        except (ClipError, OSError):
            unread.append(path.name)


def _notes(unread: Sequence[str], unheard: Sequence[str]) -> Iterator[str]:
    for what, names in (("files could not be read", unread), ("speakers could not be heard", unheard)):
        if names:
            more = ", …" if len(names) > SHOWN_FILES else ""
            yield f"{len(names)} {what} and are left out: {', '.join(names[:SHOWN_FILES])}{more}."
