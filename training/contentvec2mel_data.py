"""What ContentVec2Mel learns from: content and speaker vectors of every clip, kept on disk, and crops of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import contentvec2mel_networks as networks
from anonymizers.nn.ssl_models import HOP
from audio.clip import Clip
from training import common
from training.pieces import chances, cut, floats

Floats = npt.NDArray[np.float32]
OWN_VECTOR = 0.5
"""The share of crops that are told who speaks by their own clip's vector; the others by the mean of the speaker's
clips, which is what pseudo-speakers are mixed of."""


@dataclass(frozen=True)
class Hearing:
    """The published networks: from samples at 16 kHz to content (m, width); from a clip to its vector (d,); and what
    tells their weights from others."""

    content: Callable[[Floats], Floats]
    speaker: Callable[[Clip], Floats]
    version: str


@dataclass(frozen=True, eq=False)
class Known:
    """What was heard in each clip of a Speech: content, half precision, (m, width); vectors, (clips, d); and the mean
    vector of each clip's speaker, (clips, d), the clip's own where the speaker has no name. `gains`: what brings each
    clip to the networks' level."""

    content: tuple[npt.NDArray[np.float16], ...]
    vectors: Floats
    means: Floats
    gains: Floats


@dataclass(frozen=True, eq=False)
class Batch:
    """Crops: content (b, n, width), vectors (b, d), normalised log-mel (b, 2 n, 80), sound (b, 320 n)."""

    content: Floats
    vectors: Floats
    mel: Floats
    sound: Floats


def known(speech: common.Speech, hearing: Hearing, folder: Path) -> Known:
    """What the published networks hear in every clip; what is in `folder` is not computed again.

    Raises:
        TrainingError: if a clip is silent.
    """
    gains, found = [], []
    for place, utterance in enumerate(speech.utterances):
        samples = floats(speech.sound(place))
        peak = float(np.abs(samples).max(initial=0.0))
        if peak == 0.0:
            raise common.TrainingError(f"Speech was expected, but {utterance.path} is silent: leave it out.")
        gains.append(networks.PEAK / peak)
        found.append(_heard(Clip(samples * np.float32(gains[-1]), common.SAMPLE_RATE_HZ), hearing, folder))
    vectors = np.stack([one["vector"] for one in found])
    means = vectors.copy()
    for places in speech.of_speaker().values():
        means[places] = vectors[places].mean(0)
    return Known(tuple(one["content"] for one in found), vectors, means, np.array(gains, np.float32))


def _heard(clip: Clip, hearing: Hearing, folder: Path) -> Mapping[str, Any]:
    path = folder / f"{hashlib.sha256(f'{hearing.version} {clip.digest}'.encode()).hexdigest()[:32]}.npz"
    if not path.is_file():
        content = hearing.content(clip.samples).astype(np.float16)
        common.save_arrays(path, {"content": content, "vector": hearing.speaker(clip).astype(np.float32)})
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in ("content", "vector")}


class Crops:
    """Crops of `frames` frames of content each, drawn by (seed, step)."""

    def __init__(self, speech: common.Speech, heard: Known, *, batch: int, frames: int, seed: int) -> None:
        self.speech, self.heard, self.batch, self.frames, self.seed = speech, heard, batch, frames, seed
        self._chances = chances(speech.utterances)

    def of_step(self, step: int) -> Batch:
        """The crops of a step; the same for the same step."""
        rng = np.random.default_rng((self.seed, step))
        places = rng.choice(len(self._chances), self.batch, p=self._chances)
        crops = [self._crop(int(place), rng) for place in places]
        return Batch(*(np.stack(column) for column in zip(*crops, strict=True)))

    def _crop(self, place: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats, Floats]:
        content, sound = self.heard.content[place], self.speech.sound(place)
        start = int(rng.integers(0, max(1, len(content) - self.frames + 1)))
        part = content[start : start + self.frames].astype(np.float32)
        part = np.pad(part, ((0, self.frames - len(part)), (0, 0)))
        samples = cut(sound, HOP * (start - 1), HOP * (self.frames + 2)) * self.heard.gains[place]
        mel = networks.normalised_mel(samples)[2 : 2 + 2 * self.frames]
        vectors = self.heard.vectors if rng.random() < OWN_VECTOR else self.heard.means
        return part, vectors[place], mel, samples[HOP:-HOP]
