"""What the house decoder learns from: a second of speech, what was said in it, how, and by whom."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from anonymizers import pitch, speaker_encoder
from anonymizers.nn import controls, mel, source_filter
from audio.clip import Clip
from training import common, pieces

Floats = npt.NDArray[np.float32]
CONTEXT_FRAMES = 300
"""The encoder hears 3 s of which the middle is learned from: as in its own training."""
LESS_LIKELY = {"speechocean762": 0.5}
"""Learners' hesitant speech counts half."""


@dataclass(frozen=True, eq=False)
class Voices:
    """What is known of every utterance: F0 every 10 ms, the level of its loud frames, its speaker's vector (192,)."""

    f0_hz: tuple[Floats, ...]
    loud_db: Floats
    vectors: Floats


def voices(speech: common.Speech, folder: Path) -> Voices:
    """Measured once and kept in `folder`; measured again when the speech or the tracker is another."""
    source = inspect.getsource(pitch) + inspect.getsource(controls) + str([u.path.name for u in speech.utterances])
    path = folder / f"voices-{hashlib.sha256(source.encode()).hexdigest()[:16]}.npz"
    if not path.is_file():
        measured = [_measured(speech.sound(place)) for place in range(len(speech.utterances))]
        tracks, levels, vectors = zip(*measured, strict=True)
        folder.mkdir(parents=True, exist_ok=True)
        ends = np.cumsum([len(one) for one in tracks])
        kept = {
            "f0_hz": np.concatenate(tracks),
            "ends": ends,
            "loud_db": np.array(levels),
            "vectors": np.stack(vectors),
        }
        common.save_arrays(path, kept)
    with np.load(path) as file:
        tracks = tuple(np.split(file["f0_hz"], file["ends"][:-1]))
        return Voices(tracks, file["loud_db"].astype(np.float32), file["vectors"].astype(np.float32))


def _measured(sound: npt.NDArray[np.int16]) -> tuple[Floats, float, Floats]:
    samples = pieces.floats(sound)
    vector = speaker_encoder.embed(Clip(samples, common.SAMPLE_RATE_HZ))
    return pitch.track(samples).f0_hz, controls.loud_db(controls.measured(samples)[:, 0]), vector


@dataclass(frozen=True, eq=False)
class Batch:
    """b crops of `frames` frames; the middle of what the encoder hears.

    heard: log-mel of 3 s less its mean, (b, 300, 80), formants warped. prosody: (b, frames, 3). controls: (b, frames,
    3). vectors: (b, 192). pulse, hiss: (b, 160 (frames + 1)). target: (b, 160 (frames - 1)).
    """

    heard: Floats
    prosody: Floats
    controls: Floats
    vectors: Floats
    pulse: Floats
    hiss: Floats
    target: Floats


class Asked(Protocol):
    """What crops need to know of a training's settings."""

    @property
    def seed(self) -> int: ...
    @property
    def batch(self) -> int: ...
    @property
    def frames(self) -> int: ...
    @property
    def vocal_tract(self) -> tuple[float, float]: ...
    @property
    def others_vector(self) -> float: ...


class Crops:
    """Crops of a step, drawn from (seed, step) alone."""

    def __init__(self, speech: common.Speech, known: Voices, settings: Asked) -> None:
        self.speech, self.voices, self.asked = speech, known, settings
        self.frames = frames = settings.frames
        self.places = [p for p, u in enumerate(speech.utterances) if u.duration_s * 100 > frames + 2]
        if not self.places:
            raise common.TrainingError(f"Clips of more than {frames / 100:g} s were expected, but none is that long.")
        self.chances = pieces.chances([speech.utterances[place] for place in self.places], LESS_LIKELY)
        self.others = of_other_clips(speech, known.vectors)

    def of_step(self, step: int) -> Batch:
        rng = np.random.default_rng((self.asked.seed, step))
        places = rng.choice(self.places, self.asked.batch, p=self.chances)
        parts = [self._crop(int(place), rng) for place in places]
        return Batch(*(np.stack(column) for column in zip(*parts, strict=True)))

    def _crop(self, place: int, rng: np.random.Generator) -> tuple[Floats, ...]:
        frames, hop = self.frames, mel.HOP
        sound, track = self.speech.sound(place), self.voices.f0_hz[place]
        start = int(rng.integers(0, len(sound) // hop - frames))
        margin = (CONTEXT_FRAMES - frames) // 2 // 2 * 2  # even: content frames lie two mel frames apart
        first = start - margin
        loud_db = float(self.voices.loud_db[place])
        samples = pieces.cut(sound, first * hop, CONTEXT_FRAMES * hop) * controls.gain(loud_db)
        heard = mel.log_mel(samples, float(rng.uniform(*self.asked.vocal_tract)))
        f0_hz = track[start : start + frames]
        measures = controls.measured(samples)[margin : margin + frames]
        loudness, emotion = controls.inputs(measures, f0_hz, controls.LOUD_DB)
        target = samples[margin * hop : (margin + frames - 1) * hop]
        pulse, hiss = excitations(f0_hz, rng)
        how = controls.prosody(f0_hz, loudness)
        vectors = self.others if rng.random() < self.asked.others_vector else self.voices.vectors
        return heard - heard.mean(0), how, emotion, vectors[place], pulse, hiss, target


def of_other_clips(speech: common.Speech, vectors: Floats) -> Floats:
    """For each clip its speaker's vector as all their other clips have it, of unit length; its own, if there are none.

    A clip's own vector tells the mood and the microphone of that clip too. A pseudo-speaker's does not: from these the
    decoder learns to take mood from the controls.
    """
    others = vectors.copy()
    for places in speech.of_speaker().values():
        if len(places) > 1:
            sums = vectors[places].sum(0) - vectors[places]
            others[places] = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
    return others


def excitations(f0_hz: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Pulses and noise for frames of F0, from 160 samples before the first frame's centre on: (160 (frames + 1),)."""
    steady = source_filter.carried_on(f0_hz, float(f0_hz[f0_hz > 0][0]) if (f0_hz > 0).any() else 150.0)
    track = np.concatenate((steady[:1], steady, steady[-1:]))
    pulse, _ = source_filter.pulses(track, float(rng.random()))
    return pulse, rng.standard_normal(len(pulse), dtype=np.float32)
