"""What the house systems hear in a sound, and how they say it again: the steps that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import pitch
from anonymizers.base import Param
from anonymizers.f0 import MeanReversion, Noise, Quantise, Step, chained
from anonymizers.house_model import Content, LiveDecoder, encoded
from anonymizers.nn import controls, mel
from anonymizers.nn.source_filter import SourceFilter
from anonymizers.pseudo_speaker import GENDERS, RULES

Floats = npt.NDArray[np.float32]
SPOKEN_F0_HZ = (55.0, 600.0)
HOP_FRAMES = 2
"""The published F0 chain runs at 50 frames a second."""
NO_NOISE_DB = -40.0

BOTTLENECK = Param(
    "bottleneck", "choice", "soft", "Bottleneck",
    "What is kept of the words. soft: 64 numbers every 20 ms; vq: the nearest of 48 codes, as in B5: less of the "
    "speaker, and less of the words.",
    choices=("soft", "vq"),
)  # fmt: skip
GENDER = Param(
    "gender", "choice", "same", "Gender of the pseudo-speaker",
    "same, cross: of the sex that the voice is taken for, or of the other one; any: of both. Across the sexes more of "
    "the emotion is lost.",
    choices=GENDERS,
)  # fmt: skip
VECTOR_NOISE = Param(
    "vector_noise_db", "float", NO_NOISE_DB, "Noise on the speaker vector",
    "White noise, relative to the vector itself: at 0 dB it is as strong. -40 dB: none.", NO_NOISE_DB, 10.0, 1.0,
    unit="dB",
)  # fmt: skip
F0_SHIFT = Param(
    "f0_shift", "float", 1.0, "Pitch moved to the pseudo-speaker's",
    "1: the median pitch becomes the pseudo-speaker's; 0: it stays. In between, part of the way in semitones.",
    0.0, 1.0, 0.05,
)  # fmt: skip
F0_FROM = Param(
    "f0_from", "choice", "voice", "Pitch taken for ordinary",
    "What is moved to the pseudo-speaker's median pitch. voice: the pitch that such a voice usually has, so that an "
    "excited clip stays high; utterance: the clip's own median, which hides more and takes that away.",
    choices=("voice", "utterance"),
)  # fmt: skip
F0_CHAIN = (
    Param(
        "f0_alpha", "float", 0.0, "Mean reversion of F0",
        "0 keeps the melody, 1 leaves its moving average alone.", 0.0, 1.0, 0.05,
    ),
    Param(
        "f0_noise_db", "float", NO_NOISE_DB, "Noise on F0",
        "sigma^2 = 10^(dB/10) in units of the voice's own F0 deviation. -40 dB: none.",
        NO_NOISE_DB, 20.0, 1.0, unit="dB",
    ),
    Param("f0_levels", "int", 0, "Quantisation of F0", "Levels per F0 deviation; 0 is off.", 0, 64, 1),
)  # fmt: skip
CONTROLS = (
    Param(
        "controls", "flag", True, "Emotion controls",
        "Spectral centroid, spectral kurtosis and F0's movement of the source steer the new voice, frame by frame.",
    ),
    Param(
        "control_strength", "float", 0.8, "Strength of the controls",
        "1: as in the source; less is nearer to ordinary speech, more exaggerates.", 0.0, 2.0, 0.1,
    ),
)  # fmt: skip
RULE = Param(
    "rule", "choice", "random mix", "Pseudo-speaker rule",
    "Whose voice: a mix of three speakers of the pool or one of them, drawn at random; selec-anon (the mean of half of "
    "the farthest third); the farthest or nearest one; or one voice for everybody.",
    choices=RULES,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Heard:
    """A whole sound taken apart: content every 20 ms; F0 (frames,), 0 unvoiced, and measures (frames, 3) every 10 ms.

    `gain`: what brought it to the level at which the networks work.
    """

    content: Content
    f0_hz: Floats
    measures: Floats
    gain: float


def hear(samples: Floats) -> Heard:
    """`samples`: float32, shape (n,), 16 kHz."""
    f0_hz = pitch.track(samples).f0_hz
    measures = controls.measured(samples)
    gain = controls.gain(controls.loud_db(measures[:, 0]))
    measures[:, 0] += 20 * np.log10(gain)
    frames = mel.log_mel(samples * gain)
    return Heard(encoded(frames - frames.mean(0)), f0_hz, measures, float(gain))


def decoder_frames(content: Floats, f0_hz: Floats, loudness: Floats, emotion: Floats, strength: float | None) -> Floats:
    """What the decoder takes, (frames, 71): content already at 100 Hz; `strength` None leaves the controls out."""
    steered = emotion * np.float32(strength or 0.0)
    flags = np.full((len(f0_hz), 1), 0.0 if strength is None else 1.0, np.float32)
    return np.concatenate((content, controls.prosody(f0_hz, loudness), steered, flags), axis=1)


def vector_noise_of(params: Mapping[str, Any]) -> float | None:
    """The level of noise on the speaker vector in dB, None for none."""
    return params["vector_noise_db"] if params["vector_noise_db"] > NO_NOISE_DB else None


def strength_of(params: Mapping[str, Any]) -> float | None:
    """The controls' strength, None if they are off."""
    return params["control_strength"] if params["controls"] else None


def steps_of(params: Mapping[str, Any]) -> list[Step]:
    """The F0 chain that these parameters ask for: quantise, noise, mean reversion, as in the published code."""
    steps: list[Step] = [Quantise(params["f0_levels"])] if params["f0_levels"] else []
    if params["f0_noise_db"] > NO_NOISE_DB:
        steps.append(Noise(params["f0_noise_db"]))
    if params["f0_alpha"] > 0:
        steps.append(MeanReversion(params["f0_alpha"], voiced_only=True))
    return steps


def spoken_f0(
    f0_hz: Floats,
    target_median_hz: float,
    shift: float,
    steps: Sequence[Step],
    rng: np.random.Generator,
    usual_hz: float = float("nan"),
) -> Floats:
    """F0 after the chain, moved as `usual_hz` would be that goes `shift` of the way (in semitones) to the target's
    median; if it is NaN, the track's own median. A target of NaN moves nothing."""
    voiced = f0_hz > 0
    if not voiced.any():
        return f0_hz
    track = chained(f0_hz, HOP_FRAMES, steps, rng) if steps else f0_hz.astype(np.float64)
    median_hz = float(np.median(f0_hz[voiced])) if np.isnan(usual_hz) else usual_hz
    factor = 1.0 if np.isnan(target_median_hz) else (target_median_hz / median_hz) ** shift
    return np.where(voiced, np.clip(track * factor, *SPOKEN_F0_HZ), 0.0).astype(np.float32)


def say(frames: Floats, f0_hz: Floats, speaker: Floats, length: int, rng: np.random.Generator) -> Floats:
    """`length` samples of a voice saying `frames` (see `decoder_frames`) at F0 (frames,)."""
    decoder = LiveDecoder(speaker)
    gains = np.concatenate((decoder.push(frames), decoder.flush()))
    voice = SourceFilter(rng)
    parts = [
        voice.push(f0_hz[start : start + 2_000], gains[start : start + 2_000]) for start in range(0, len(gains), 2_000)
    ]
    return np.concatenate([*parts, voice.flush()])[mel.HOP :][:length]
