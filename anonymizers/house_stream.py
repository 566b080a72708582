"""`house-stream`: the house anonymizer on live sound, from causal networks.

Everything that `house` knows of the whole clip (mean spectrum, loudness, median pitch) is a running value here, which
starts from ordinary speech. A file goes through the same stream, so live and whole give the same samples.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from anonymizers import emotion_compensation, house_model, pool, pseudo_speaker
from anonymizers import house_voice as voice
from anonymizers.base import AnonymizerError, Info, Param, Progress, Result, Status, Stream, silent
from anonymizers.house import CAUTION, result
from anonymizers.house_live import LiveVoice
from anonymizers.nn.mel import SAMPLE_RATE_HZ
from anonymizers.pseudo_speaker import PseudoSpeaker
from audio.clip import Clip

NEEDED = (*house_model.files(house_model.CAUSAL_ENCODER, house_model.DECODER), house_model.POOL)
"""Files in assets/models that its sound depends on."""
SEXES = {"any": "", "female": "F", "male": "M"}
GENDER = Param(
    "voice", "choice", "any", "Voice",
    "Whom the pseudo-speaker is mixed of: women, men, or both.", choices=tuple(SEXES),
)  # fmt: skip
RULE = Param(
    "rule", "choice", "random mix", "Pseudo-speaker rule",
    "A mix of three speakers of the pool, one of them, or one voice for all: rules that need not know the source.",
    choices=("random mix", "random one", "fixed"),
)  # fmt: skip
COMPENSATION = replace(
    emotion_compensation.COMPENSATION,
    help="Moves the pseudo-speaker's vector to where voices of the emotion that you name lie.",
    choices=("off", *emotion_compensation.EMOTIONS),
)
"""Nothing is predicted: live, nobody has heard the source yet."""
BLOCK = SAMPLE_RATE_HZ // 2


class HouseStream:
    """The house anonymizer with causal networks and little look-ahead; weights trained by this project."""

    info = Info(
        key="house-stream",
        title="House, live",
        family="Neural, house models",
        summary="The house anonymizer as it works on a live microphone: it hears less than a tenth of a second ahead.",
        hides=frozenset({"speaker"}),
        reference="Our own design and weights; see House. No published system.",
        fidelity="house-weights",
        published=False,
        params=(
            voice.BOTTLENECK, RULE, GENDER, voice.VECTOR_NOISE, voice.F0_SHIFT, *voice.CONTROLS, COMPENSATION,
            emotion_compensation.DISTANCE,
        ),
        streaming=True,
        caution=CAUTION,
    )  # fmt: skip

    @staticmethod
    def version() -> str:
        """See registry.version."""
        return house_model.version(*NEEDED, emotion_compensation.FILE)

    @staticmethod
    def status() -> Status:
        """Ready if the shipped files are here."""
        return house_model.status(*NEEDED)

    def open_stream(self, sample_rate: int, *, seed: int, **params: Any) -> Stream:
        """See base.Streaming; `sample_rate` is info.sample_rate, as for whole clips (audio.streaming converts)."""
        if sample_rate != SAMPLE_RATE_HZ:
            raise AnonymizerError(
                f"Live sound at {SAMPLE_RATE_HZ} Hz was expected, but {sample_rate} Hz came: "
                "convert it with audio.streaming."
            )
        return LiveVoice(*_drawn(seed, params))

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        target, params, rng = _drawn(seed, params)
        stream = LiveVoice(target, params, rng, keeps_f0=True)
        parts = []
        for start in range(0, len(clip.samples), BLOCK):
            progress(start / len(clip.samples), "listening and speaking")
            parts.append(stream.push(clip.samples[start : start + BLOCK]))
        parts.append(stream.flush())
        provenance = {**target.provenance, "algorithmic_latency_ms": stream.latency_ms}
        return result(Clip(np.concatenate(parts), clip.sample_rate), provenance, *stream.f0_hz())


def _drawn(seed: int, params: dict[str, Any]) -> tuple[PseudoSpeaker, dict[str, Any], np.random.Generator]:
    """What a LiveVoice takes."""
    rng = np.random.default_rng(seed)
    sex = SEXES[params["voice"]]
    target = pseudo_speaker.draw(
        pool.load(),
        params["rule"],
        source=None,
        source_sex=sex,
        gender="same" if sex else "any",
        noise_db=voice.vector_noise_of(params),
        rng=rng,
    )
    return emotion_compensation.compensated(target, None, None, params), params, rng
