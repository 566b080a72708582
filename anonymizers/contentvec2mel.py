"""`contentvec2mel`: ContentVec2Mel-VC of paper 000, as we read its description.

Published is one phrase: voice conversion from ContentVec, conditioned on a speaker embedding (arXiv 2409.03655); no
code, weights or sizes are public. Here ContentVec's content and an ECAPA vector go through a transformer to a mel
spectrogram, which HiFi-GAN speaks; the vector is another one. F0 is no input: it follows from content and speaker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import contentvec2mel_networks as networks
from anonymizers import emotion_compensation, house_voice, pseudo_speaker, target_speech
from anonymizers.base import Info, Param, Progress, Result, silent
from anonymizers.contentvec2mel_networks import Networks
from anonymizers.pseudo_speaker import PseudoSpeaker
from anonymizers.weights import WeightRef
from audio.clip import Clip

Floats = npt.NDArray[np.float32]
SPEAKER = Param(
    "speaker", "choice", "anonymised", "Speaker vector",
    "anonymised: a pseudo-speaker's, by the rule below; original: the source's own, so that only the networks change "
    "the voice.",
    choices=("anonymised", "original"),
)  # fmt: skip
RULE = replace(
    house_voice.RULE,
    help="Whose voice, among the people of the pool: a mix of three or one of them, drawn at random; selec-anon (the "
    "mean of half of the farthest third); the farthest or nearest one; or one voice for everybody.",
)
QUIETEST_RMS = 1e-6


class ContentVec2Mel:
    """Content, another speaker's vector, a transformer, a vocoder; weights trained by our recipe."""

    info = Info(
        key="contentvec2mel",
        title="ContentVec2Mel",
        family="Neural, published systems",
        summary="Says what ContentVec hears in another voice, by way of a mel spectrogram.",
        hides=frozenset({"speaker"}),
        reference=(
            "Our own reading of ContentVec2Mel-VC, of which only a short description is public (paper 000: Cai et al., "
            "2024, arXiv 2409.03655): sizes, losses and training are ours, and so are the weights of its transformer "
            "and vocoder."
        ),
        fidelity="house-weights",
        published=True,
        params=(
            SPEAKER, RULE, house_voice.GENDER, house_voice.VECTOR_NOISE, *emotion_compensation.PARAMS,
        ),
        weights=networks.WEIGHTS,
        caution=(
            "Built from one sentence about the published system, so nothing heard here is evidence about that system. "
            "F0 is made up from content and speaker: the source's melody is kept only as far as they tell it."
        ),
        min_duration_s=0.1,
    )  # fmt: skip
    every_weight = (*networks.WEIGHTS, target_speech.DEV_CLEAN, emotion_compensation.weights_of("ecapa"))

    def __init__(self, networks: Callable[[], Networks] = networks.published) -> None:
        """`networks`: gives what runs, once the weights that `needs` names are here."""
        self._networks = networks

    @staticmethod
    def needs(params: Mapping[str, Any]) -> tuple[WeightRef, ...]:
        """The weights for these parameters; speech of target speakers to make the pool of, unless nobody is drawn."""
        if params["speaker"] == "original":
            return networks.WEIGHTS
        return (*networks.WEIGHTS, *target_speech.needs(), *emotion_compensation.needs(params, "ecapa"))

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        progress(0.0, "hearing who speaks")
        made = self._networks()
        loud = leveled(clip.samples)
        source = made.speaker(Clip(loud, clip.sample_rate))
        target = whose_voice(made, source, clip, params, seed, lambda done, doing: progress(0.4 * done, doing))
        progress(0.4, "hearing what is said")
        content = made.content(loud)
        progress(0.7, "saying it again")
        sound = made.vocoder(made.mel(content, target.vector))[: len(clip.samples)]
        return Result(
            Clip(as_loud_as(sound, clip.samples), clip.sample_rate),
            self.info.fidelity,
            target.provenance,
            warnings=emotion_compensation.left_out(params),
        )


def whose_voice(
    made: Networks, source: Floats, clip: Clip, params: Mapping[str, Any], seed: int, progress: Progress
) -> PseudoSpeaker:
    """The source, or a pseudo-speaker by rule, gender, noise and emotion compensation."""
    if params["speaker"] == "original":
        return PseudoSpeaker(source, float("nan"), float("nan"), {"speaker": "original"})
    target = pseudo_speaker.draw(
        made.pool(progress),
        params["rule"],
        source=source,
        gender=params["gender"],
        noise_db=house_voice.vector_noise_of(params),
        rng=np.random.default_rng(seed),
    )
    return emotion_compensation.compensated(target, source, clip, params, made.boundaries)


def leveled(samples: Floats) -> Floats:
    """A sound, (n,), not silent, at the peak at which the networks learnt."""
    return (samples * (networks.PEAK / np.abs(samples).max())).astype(np.float32)


def as_loud_as(sound: Floats, original: Floats) -> Floats:
    """`sound`, (n,), at the RMS of `original`, (n,)."""
    own, wanted = (float(np.sqrt(np.mean(np.square(one, dtype=np.float64)))) for one in (sound, original))
    return (sound * (wanted / max(own, QUIETEST_RMS))).astype(np.float32)
