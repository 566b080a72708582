"""What an SSL-SAS vocoder learns from: crops of speech, what the frozen networks hear in them, and their F0.

As published, content and ECAPA vectors are those of the crop alone, normalised over the whole batch. F0 is tracked once
over every whole clip, as when the system is used, not anew in each crop as there: the same tracker, fewer wrong octaves
at the edges. Styles, too, are those of the whole clip (our reading: a crop is shorter than the style encoder's window).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import ssl_sas, ssl_sas_frames, ssl_sas_networks, yaapt
from anonymizers.nn import gst, soft_content
from training import common, pieces
from training.ahead import Ahead
from training.hifigan_training import Settings

Floats = npt.NDArray[np.float32]
Tensor = Any
F0_HOP = 160


@dataclass(frozen=True, eq=False)
class Heard:
    """The frozen networks of a variant.

    Attributes:
        content: from a torch sound (b, n) to (b, frames, width).
        vectors: from a torch sound (b, n) to (b, d); None where there are none, or they are the clips' styles.
        style: from a clip's samples and a generator to its style, (d,); None for other variants.
        device: where they are.
    """

    content: Callable[[Tensor], Tensor]
    vectors: Callable[[Tensor], Tensor] | None
    style: Callable[[Floats, np.random.Generator], Floats] | None
    device: str


def published(content: str, kind: str, device: str) -> Heard:
    """The networks with their published weights, which must be here.

    Raises:
        AnonymizerError: if they are missing or are another network's.
    """
    if content == "t12-soft":
        hear = ssl_sas_networks.load_soft_content().to(device)
    else:
        hubert = ssl_sas_networks.load_hubert().to(device)
        hear = partial(_layer, hubert, ssl_sas_networks.LAYERS[content])
    vectors = ssl_sas_networks.load_ecapa().eval().requires_grad_(False).to(device) if kind == "ecapa" else None
    style = None
    if kind == "gst":
        network = ssl_sas_networks.load_gst().to(device)
        style = partial(_style, network, device)
    return Heard(hear, vectors, style, device)


def _layer(hubert: Any, number: int, sound: Tensor) -> Tensor:
    return soft_content.layer(hubert, sound, number)


def _style(network: Any, device: str, samples: Floats, rng: np.random.Generator) -> Floats:
    return gst.style(network, ssl_sas.speech_of(samples), rng, device)


class Examples:
    """Frames and sounds of a step, drawn from (seed, step) alone."""

    def __init__(self, speech: common.Speech, heard: Heard, settings: Settings, folder: Path, workers: int = 1) -> None:
        self.speech, self.heard, self.settings = speech, heard, settings
        self.tracks = tracks(speech, folder, workers)
        self.styles = styles(speech, heard, settings.seed, folder)
        self.crops = Ahead(self._crops)

    @property
    def steps_a_pass(self) -> int:
        """After so many steps as many crops as there are clips have been heard."""
        return len(self.speech.utterances) // self.settings.batch

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """What the vocoder is given, (b, m, inputs), and what it should say, (b, 160 m), on the networks' device."""
        import torch

        sound, f0_hz, style = (torch.from_numpy(one).to(self.heard.device) for one in self.crops.at(step))
        vectors = self.heard.vectors(sound) if self.heard.vectors else style if self.styles is not None else None
        return ssl_sas_frames.assembled(self.heard.content(sound), f0_hz, vectors), sound

    def _crops(self, step: int) -> tuple[Floats, Floats, Floats]:
        rng = np.random.default_rng((self.settings.seed, step))
        places = rng.integers(0, len(self.speech.utterances), self.settings.batch)
        starts = rng.random(self.settings.batch)
        parts = [self._crop(int(place), float(start)) for place, start in zip(places, starts, strict=True)]
        sound, f0_hz = (np.stack(column) for column in zip(*parts, strict=True))
        style = self.styles[places] if self.styles is not None else np.zeros((len(places), 0), np.float32)
        return sound, f0_hz, style

    def _crop(self, place: int, where: float) -> tuple[Floats, Floats]:
        """A stretch at a multiple of 10 ms, of a clip at peak .95; zeros behind one that is shorter."""
        sound, track, length = self.speech.sound(place), self.tracks[place], self.settings.segment
        first = int(where * (max(0, len(sound) - length) // F0_HOP + 1))
        samples = pieces.cut(sound, first * F0_HOP, length) * gain(sound)
        f0_hz = track[first : first + length // F0_HOP]
        return samples.astype(np.float32), np.pad(f0_hz, (0, length // F0_HOP - len(f0_hz)))


def gain(sound: pieces.Pcm) -> float:
    """What brings a clip of 16-bit samples in [-1, 1) to peak .95."""
    return ssl_sas_frames.PEAK / max(1e-4, float(np.abs(pieces.floats(sound)).max()))


def tracks(speech: common.Speech, folder: Path, workers: int = 1) -> tuple[Floats, ...]:
    """F0 of every clip at peak .95, every 10 ms; tracked once, by so many processes, and kept in `folder`."""
    path = folder / f"f0-{_digest(speech)}.npz"
    if not path.is_file():
        sounds = (speech.sound(place) for place in range(len(speech.utterances)))
        if workers > 1:
            with ProcessPoolExecutor(workers) as processes:
                found = list(processes.map(_track, sounds, chunksize=8))
        else:
            found = [_track(sound) for sound in sounds]
        common.save_arrays(path, {"f0_hz": np.concatenate(found), "ends": np.cumsum([len(one) for one in found])})
    with np.load(path) as file:
        return tuple(np.split(file["f0_hz"], file["ends"][:-1]))


def _track(sound: pieces.Pcm) -> Floats:
    return yaapt.track(pieces.floats(sound) * np.float32(gain(sound)))


def styles(speech: common.Speech, heard: Heard, seed: int, folder: Path) -> Floats | None:
    """The style of every clip, (clips, d), heard once and kept in `folder`; None for a variant without."""
    if heard.style is None:
        return None
    path = folder / f"styles-{_digest(speech)}-{seed}.npz"
    if not path.is_file():
        found = [
            heard.style(pieces.floats(speech.sound(place)), np.random.default_rng((seed, place)))
            for place in range(len(speech.utterances))
        ]
        common.save_arrays(path, {"styles": np.stack(found)})
    with np.load(path) as file:
        return file["styles"]


def _digest(speech: common.Speech) -> str:
    told = "".join(f"{one.path} {one.duration_s}\n" for one in speech.utterances)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
