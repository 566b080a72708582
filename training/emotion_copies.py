"""What the emotion recogniser learns from: clips of acted emotions, and each as other speakers might have said it.

Six actors tell little of how voices differ, so every clip is also heard with other pitch and formants through WORLD:
what remains is how it was said. Functionals are kept on disk, a file for each clip: a recipe that was killed goes on.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anonymizers.world import World, analyse, synthesise, warped, with_f0
from audio.clip import Clip, decode
from evaluation import emotion_features, emotion_frames
from training import common

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Voices:
    """Copies of each clip: how many, pitch within ± semitones, formants within ± a share; drawn evenly."""

    copies: int = 4
    semitones: float = 5.0
    formants: float = 0.15
    seed: int = 6


@dataclass(frozen=True, eq=False)
class Heard:
    """Clips as functionals.

    Attributes:
        names: of the functionals, d of them.
        functionals: (n, 1 + copies, d): the clip itself, then its copies; NaN where too little speech was found.
        emotions, speakers, digests: of the n clips.
        left_out: clips in which too little speech was found, by name.
    """

    names: tuple[str, ...]
    functionals: Floats
    emotions: npt.NDArray[np.str_]
    speakers: npt.NDArray[np.str_]
    digests: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def heard(utterances: Sequence[common.Utterance], voices: Voices, folder: Path) -> Heard:
    """Every utterance and its copies as functionals; those found in `folder` are not computed again.

    Raises:
        TrainingError: if speech is found in none of them.
    """
    names, found, digests = (), [], []
    code = "".join(inspect.getsource(module) for module in (emotion_frames, emotion_features))
    for utterance in utterances:
        clip = decode(utterance.path).clip
        path = folder / f"{_key(clip, voices, code)}.npz"
        if not path.is_file():
            _save(path, *_functionals(clip, voices))
        with np.load(path, allow_pickle=False) as file:
            names = tuple(file["names"].tolist()) or names
            found.append(file["functionals"])
        digests.append(clip.digest[:16])
    kept = [place for place, values in enumerate(found) if values.size and np.isfinite(values[0]).all()]
    if not kept:
        raise common.TrainingError("Clips with speech were expected, but speech is found in none of them.")
    return Heard(
        names,
        np.stack([found[place] for place in kept]),
        np.array([utterances[place].emotion for place in kept]),
        np.array([utterances[place].speaker for place in kept]),
        tuple(digests[place] for place in kept),
        tuple(u.path.name for place, u in enumerate(utterances) if place not in set(kept)),
    )


def _key(clip: Clip, voices: Voices, code: str) -> str:
    """Another one for another clip, other copies, or other code."""
    return hashlib.sha256(f"{clip.digest} {voices} {code}".encode()).hexdigest()[:32]


def _save(path: Path, names: Sequence[str], functionals: Floats) -> None:
    def write(draft: Path) -> None:
        with draft.open("wb") as file:
            np.savez(file, names=np.array(names, str), functionals=functionals)

    common.save_atomically(path, write)


def _functionals(clip: Clip, voices: Voices) -> tuple[tuple[str, ...], Floats]:
    """Names, and functionals of a clip and its copies, (1 + copies, d); none where the clip itself has no speech."""
    rows: list[dict[str, float]] = []
    for sound in [clip, *copies(clip, voices)]:
        try:
            rows.append(emotion_features.features(sound))
        except emotion_features.TooLittleSpeech:
            rows.append({})
    names = tuple(rows[0])
    return names, np.array([[row.get(name, np.nan) for name in names] for row in rows])


def copies(clip: Clip, voices: Voices) -> list[Clip]:
    """The clip as said by others; the same clip and settings give the same copies."""
    clip = clip.resampled(common.SAMPLE_RATE_HZ)
    rng = np.random.default_rng([voices.seed, int(clip.digest[:8], 16)])
    source = analyse(clip)
    return [_copy(source, len(clip.samples), voices, rng) for _ in range(voices.copies)]


def _copy(source: World, length: int, voices: Voices, rng: np.random.Generator) -> Clip:
    pitch = 2 ** (rng.uniform(-voices.semitones, voices.semitones) / 12)
    formants = 1 + rng.uniform(-voices.formants, voices.formants)
    return synthesise(warped(with_f0(source, pitch * source.f0_hz), formants), length)
