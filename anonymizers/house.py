"""`house`: a small neural anonymizer of our own, after the disentanglement systems that paper 001 takes apart.

Content (a phone encoder's bottleneck), F0 and loudness, and a speaker vector go into a vocoder; the vector is another
one. Every part can be switched, so that paper 001's ablation can be heard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from anonymizers import emotion_compensation, house_model, pool, pseudo_speaker, speaker_encoder
from anonymizers import house_voice as voice
from anonymizers.base import Info, Param, Progress, Result, Status, silent
from anonymizers.nn import controls
from anonymizers.pseudo_speaker import PseudoSpeaker
from audio.clip import Clip
from audio.features import Contour

SPEAKER = Param(
    "speaker", "choice", "anonymised", "Speaker vector",
    "anonymised: a pseudo-speaker's, by the rule below; original: the source's own, so that only the vocoder changes "
    "the voice; none: no vector at all.",
    choices=("anonymised", "original", "none"),
)  # fmt: skip
NEEDED = (*house_model.files(house_model.ENCODER, house_model.DECODER), *house_model.WHO_SPEAKS)
"""Files in assets/models that its sound depends on."""
CAUTION = (
    "A small model, trained by this project on a few hours of speech: words blur more than through large systems, and "
    "rhythm and accent stay. It is no proof of anonymity; its card says which attackers link it to its source."
)


class House:
    """Phone encoder, F0 chain, pseudo-speaker, source-filter vocoder; weights trained by this project."""

    info = Info(
        key="house",
        title="House",
        family="Neural, house models",
        summary="Says the words again in a voice that is nobody's: small networks of our own take content, melody and "
        "speaker apart, and the speaker is replaced.",
        hides=frozenset({"speaker"}),
        reference=(
            "Our own design and weights, after SSL-SAS (Miao et al., 2022) and B5 of the VoicePrivacy Challenge 2024 "
            "(Champion, 2023); emotion controls as proposed in paper 001. No published system."
        ),
        fidelity="house-weights",
        published=False,
        params=(
            voice.BOTTLENECK, SPEAKER, voice.RULE, voice.GENDER, voice.VECTOR_NOISE, voice.F0_SHIFT, voice.F0_FROM,
            *voice.F0_CHAIN, *voice.CONTROLS, *emotion_compensation.PARAMS,
        ),
        caution=CAUTION,
        min_duration_s=0.1,
    )  # fmt: skip

    @staticmethod
    def version() -> str:
        """See registry.version."""
        return house_model.version(*NEEDED, emotion_compensation.FILE)

    @staticmethod
    def status() -> Status:
        """Ready if the shipped files are here."""
        return house_model.status(*NEEDED)

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        progress(0.0, "taking the voice apart")
        heard = voice.hear(clip.samples)
        rng = np.random.default_rng(seed)
        source = None if params["speaker"] == "none" else speaker_encoder.embed(clip)
        target = pseudo_speaker_of(source, params, rng)
        if params["speaker"] == "anonymised":
            target = emotion_compensation.compensated(target, source, clip, params)
        progress(0.5, "saying it again")
        content = heard.content.soft if params["bottleneck"] == "soft" else heard.content.codes
        made = said_again(clip, heard, content, Voices(source, target), params, rng)
        return replace(made, warnings=(*made.warnings, *emotion_compensation.left_out(params)))


def pseudo_speaker_of(
    source: voice.Floats | None, params: Mapping[str, Any], rng: np.random.Generator
) -> PseudoSpeaker:
    """Whose voice speaks: a pseudo-speaker, the source, or nobody (a zero vector) if there is no source's."""
    if source is None:
        nobody = np.zeros(speaker_encoder.EMBEDDING_SIZE, np.float32)
        return PseudoSpeaker(nobody, float("nan"), float("nan"), {"speaker": "none"})
    if params["speaker"] == "original":
        return PseudoSpeaker(source, float("nan"), float("nan"), {"speaker": "original"})
    return pseudo_speaker.draw(
        pool.load(),
        params["rule"],
        source=source,
        gender=params["gender"],
        noise_db=voice.vector_noise_of(params),
        rng=rng,
    )


@dataclass(frozen=True, eq=False)
class Voices:
    """The source's vector, (192,), None if it does not matter; and whose voice speaks."""

    source: voice.Floats | None
    target: PseudoSpeaker

    def usual_f0_hz(self, params: Mapping[str, Any]) -> float:
        """The pitch that is moved to the target's; NaN for the clip's own median."""
        if self.source is None or params["f0_from"] == "utterance":
            return float("nan")
        return pool.usual_f0_hz(pool.load(), self.source)


def said_again(
    clip: Clip,
    heard: voice.Heard,
    content: voice.Floats,
    voices: Voices,
    params: Mapping[str, Any],
    rng: np.random.Generator,
) -> Result:
    """`content`, (n, 64), every 20 ms, with the source's prosody as `params` change it, in the target's voice."""
    target, usual_hz = voices.target, voices.usual_f0_hz(params)
    steps = voice.steps_of(params)
    f0_hz = voice.spoken_f0(heard.f0_hz, target.median_f0_hz, params["f0_shift"], steps, rng, usual_hz)
    loudness, emotion = controls.inputs(heard.measures, f0_hz, controls.LOUD_DB)
    repeated = np.repeat(content, house_model.STRIDE, axis=0)[: len(f0_hz)]
    frames = voice.decoder_frames(repeated, f0_hz, loudness, emotion, voice.strength_of(params))
    sound = voice.say(frames, f0_hz, target.vector, len(clip.samples), rng)
    leveled = Clip(sound / np.float32(heard.gain), clip.sample_rate)
    return result(leveled, target.provenance, heard.f0_hz, f0_hz)


def result(clip: Clip, provenance: Mapping[str, Any], before_hz: voice.Floats, after_hz: voice.Floats) -> Result:
    """What a house system gives: the sound, who speaks, and F0 of the source and of what was said, 0 unvoiced."""
    contours = {"f0_before": _contour("f0_before", before_hz), "f0_after": _contour("f0_after", after_hz)}
    warnings = () if before_hz.any() else ("No voiced sound was found: it is said without a melody.",)
    return Result(clip, House.info.fidelity, provenance, contours, warnings)


def _contour(name: str, f0_hz: voice.Floats) -> Contour:
    """F0 to plot: NaN where unvoiced."""
    return Contour(name, "Hz", 0.01 * np.arange(len(f0_hz)), np.where(f0_hz > 0, f0_hz, np.nan).astype(np.float64))
