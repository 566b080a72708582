"""`ssl-sas`: SSL-SAS, speech taken apart by self-supervised networks and said again in nobody's voice.

Miao, Wang, Cooper, Yamagishi and Tomashenko, "Language-independent speaker anonymization approach using self-supervised
pre-trained models", Odyssey 2022 (arXiv 2202.13097); github.com/nii-yamagishilab/SSL-SAS @ 07e51d3 (CC BY-NC 4.0),
re-implemented from its description. The variants are those with which Gaznepoglu and Peters (ICASSP 2025) asked where
the emotion is lost. Checked: with the same random weights, the reference's frames, sounds and speaker selection. Not
checked, as they could not be had: the published weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from anonymizers import (
    emotion_compensation,
    pseudo_speaker,
    ssl_sas_frames,
    ssl_sas_networks,
    ssl_sas_pool,
    target_speech,
    weights,
)
from anonymizers.base import AnonymizerError, Fidelity, Info, Param, Progress, Result, silent
from anonymizers.pool import Floats, Pool
from anonymizers.pseudo_speaker import PUBLISHED_CANDIDATES, REGION, WORLD
from anonymizers.ssl_sas_networks import Kind, Networks
from anonymizers.weights import WeightRef
from audio.clip import Clip
from audio.features import Contour

KIND_OF: Mapping[str, Kind] = {"anonymised": "ecapa", "original": "ecapa", "gst": "gst", "none": "none"}
F0_STEP_S = 0.01
LEAST_S = 0.1
BOUNDARIES = "ssl-sas"
"""Whose emotion boundaries fit this speaker encoder."""

CONTENT = Param(
    "content", "choice", "t12-soft", "Content",
    "What is taken as the words: 200 soft units on HuBERT's last layer (as published), or its layer 6 or 1 as it is. "
    "Lower layers keep more of the emotion and more of the speaker.",
    choices=ssl_sas_networks.CONTENTS,
)  # fmt: skip
SPEAKER = Param(
    "speaker", "choice", "anonymised", "Speaker vector",
    "anonymised: the mean of 100 of the 200 speakers farthest from the source (selec-anon); original: the source's "
    "own; gst: the source's own style (128 numbers); none: no vector. The last three are for comparison: they hide "
    "little.",
    choices=tuple(KIND_OF),
)  # fmt: skip
GENDER = Param(
    "gender", "choice", "same", "Gender of the pseudo-speaker",
    "Whom selec-anon chooses among: speakers of the source's sex, of the other one, or all.",
    choices=pseudo_speaker.GENDERS,
)  # fmt: skip
NOT_HIDDEN = {
    "original": "The source's own speaker vector was used: this shows what the vocoder does, it is no anonymization.",
    "gst": "The source's own style was used: this shows what the style tells, it is no anonymization.",
    "none": "No speaker vector was used: what the content keeps of the speaker comes out again.",
}


@dataclass(frozen=True, eq=False)
class Voice:
    """Who is to speak: the vocoder's vector, (d,), None for none; facts and warnings for the result."""

    vector: Floats | None
    facts: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    sounds: Mapping[str, Any] = field(default_factory=dict)


def published_pool(hear: Callable[[Clip], Floats], progress: Progress = silent) -> Pool:
    """The pool of the target speech that is set, by the encoder whose weights are here."""
    encoder = ssl_sas_pool.encoder_of(weights.path_of(ssl_sas_networks.ECAPA))
    return ssl_sas_pool.kept(target_speech.folder(), encoder, hear, progress)


class SslSas:
    """Content, F0 and a speaker's vector, spoken by HiFi-GAN."""

    info = Info(
        key="ssl-sas",
        title="SSL-SAS",
        family="Neural, published systems",
        summary="Takes speech apart into content, pitch and a speaker vector, and says it again with the mean of many "
        "far speakers' vectors.",
        hides=frozenset({"speaker"}),
        reference="Miao et al., Odyssey 2022 (arXiv 2202.13097); variants: Gaznepoglu and Peters, ICASSP 2025.",
        fidelity="original-weights",
        published=True,
        params=(CONTENT, SPEAKER, GENDER, *emotion_compensation.PARAMS),
        weights=(ssl_sas_networks.SPEECH, ssl_sas_networks.ECAPA, target_speech.DEV_CLEAN),
        caution="Anonymized is not anonymous: against a lazy-informed attacker the published EER is 24.3 % (women) and "
        "27.2 % (men) by VoicePrivacy 2024's protocol on LibriSpeech test, where 50 % would be chance. Sad speech is "
        "recognised as sad in 3 % of cases (IEMOCAP test).",
        min_duration_s=LEAST_S,
    )
    every_weight = (*ssl_sas_networks.EVERY, target_speech.DEV_CLEAN, emotion_compensation.weights_of(BOUNDARIES))

    def __init__(
        self,
        networks: Callable[[str, str], Networks] = ssl_sas_networks.published,
        pool: Callable[[Callable[[Clip], Floats], Progress], Pool] = published_pool,
    ) -> None:
        self.networks, self.pool = networks, pool

    @staticmethod
    def needs(params: Mapping[str, Any]) -> tuple[WeightRef, ...]:
        """The weights that it needs at these parameters."""
        refs = ssl_sas_networks.needed(params["content"], KIND_OF[params["speaker"]])
        if params["speaker"] != "anonymised":
            return refs
        return (*refs, *target_speech.needs(), *emotion_compensation.needs(params, BOUNDARIES))

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        kind = KIND_OF[params["speaker"]]
        rng = np.random.default_rng(seed)
        progress(0.0, "hearing who speaks")
        networks = self.networks(params["content"], kind)
        pieces = _pieces(clip)
        voice = self._voice(clip, pieces, networks, params, rng, progress)
        progress(0.4, "taking the speech apart")
        f0_hz = [ssl_sas_frames.f0(piece) for piece in pieces]
        frames = _joined(pieces, f0_hz, voice.vector, networks)
        progress(0.7, "saying it again")
        samples = ssl_sas_frames.spoken(frames, networks)
        return Result(
            Clip(samples, ssl_sas_frames.SAMPLE_RATE_HZ),
            fidelity_of(params),
            pseudo_speaker=voice.facts,
            intermediates={"F0 given to the vocoder": _contour(np.concatenate(f0_hz))},
            warnings=(*voice.warnings, *emotion_compensation.left_out(params), *_long(clip, pieces)),
        )

    def _voice(
        self,
        clip: Clip,
        pieces: list[Floats],
        networks: Networks,
        params: Mapping[str, Any],
        rng: np.random.Generator,
        progress: Progress,
    ) -> Voice:
        asked = params["speaker"]
        if networks.speaker is None:
            return Voice(None, {"speaker": asked}, (NOT_HIDDEN[asked],))
        pieces = [piece for piece in pieces if piece.any()] or pieces  # nobody is heard in digital silence
        if asked == "gst":
            style = _mean([networks.speaker(speech_of(piece), rng) for piece in pieces], pieces)
            return Voice(style, {"speaker": asked}, (NOT_HIDDEN[asked],))
        source = _mean([networks.speaker(piece, rng) for piece in pieces], pieces)
        if asked == "original":
            return Voice(source, {"speaker": asked}, (NOT_HIDDEN[asked],))
        hear = partial(vector_of, networks.speaker)
        pool = self.pool(hear, lambda done, doing: progress(0.4 * done, doing))
        drawn = pseudo_speaker.draw(pool, "selec-anon", source=source, gender=params["gender"], rng=rng)
        boundaries = emotion_compensation.trained_for(BOUNDARIES)
        made = emotion_compensation.compensated(drawn, source, clip, params, boundaries)
        return Voice(made.vector, made.provenance, _scaled(made.provenance))


def fidelity_of(params: Mapping[str, Any]) -> Fidelity:
    """What ran: the publisher's weights alone, or also some that our recipes made (vocoder, emotion boundaries)."""
    ours = any(ref.source == "here" for ref in SslSas.needs(params))
    return "house-weights" if ours else "original-weights"


def vector_of(speaker: Callable[[Floats, np.random.Generator], Floats], clip: Clip) -> Floats:
    """The vector of a clip of the pool, at 16 kHz, not silent; parts as for the source.

    Raises:
        AnonymizerError: if it lasts less than 0.1 s.
    """
    if clip.duration_s < LEAST_S:
        raise AnonymizerError(f"At least {LEAST_S:g} s of speech was expected, but {clip.duration_s:.3f} s came.")
    pieces = _pieces(clip)
    return _mean([speaker(piece, np.random.default_rng(0)) for piece in pieces], pieces)


def _pieces(clip: Clip) -> list[Floats]:
    return ssl_sas_frames.parts(ssl_sas_frames.prepared(clip.samples), ssl_sas_frames.LONGEST_S)


def _mean(vectors: list[Floats], pieces: list[Floats]) -> Floats:
    return np.average(vectors, axis=0, weights=[len(piece) for piece in pieces]).astype(np.float32)


def speech_of(samples: Floats) -> Floats:
    """Samples at 16 kHz, (n,), from the first word to the last, as B3 cuts them; all, if nobody speaks."""
    from audio import vad

    found = vad.segments(Clip(samples, ssl_sas_frames.SAMPLE_RATE_HZ))
    if not found:
        return samples
    first, last = (round(at * ssl_sas_frames.SAMPLE_RATE_HZ) for at in (found[0].start_s, found[-1].end_s))
    return samples[first:last]


def _joined(pieces: list[Floats], f0_hz: list[Floats], vector: Floats | None, networks: Networks) -> Any:
    import torch

    given = zip(pieces, f0_hz, strict=True)
    return torch.cat([ssl_sas_frames.heard(piece, track, vector, networks) for piece, track in given], dim=1)


def _contour(f0_hz: Floats) -> Contour:
    times_s = (np.arange(len(f0_hz)) + 0.5) * F0_STEP_S
    return Contour("F0", "Hz", times_s, np.where(f0_hz > 0, f0_hz, np.nan).astype(np.float64))


def _scaled(facts: Mapping[str, Any]) -> tuple[str, ...]:
    if facts["world"] == WORLD and facts["region"] == REGION:
        return ()
    taken, among = facts["region"], facts["world"]
    made = f"the mean of {taken} of the {among} farthest" if taken > 1 else "the vector of one real speaker"
    return (
        f"The pool has {facts['candidates']} speakers to choose among, the published one about {PUBLISHED_CANDIDATES}: "
        f"the pseudo-speaker is {made} instead of the mean of {REGION} of {WORLD}.",
    )


def _long(clip: Clip, pieces: list[Floats]) -> tuple[str, ...]:
    if len(pieces) == 1:
        return ()
    return (
        f"The clip lasts {clip.duration_s:.0f} s: its content was heard in {len(pieces)} parts, as the system was made "
        f"for utterances of at most {ssl_sas_frames.LONGEST_S:g} s.",
    )
