"""`gengan`: GenGAN, which is meant to hide whether a woman or a man speaks.

Stoidis and Cavallaro, "Generating gender-ambiguous voices for privacy-preserving speech recognition", Interspeech 2022.
The spectrogram goes through a U-Net that was trained against a judge of gender, then through a vocoder. Re-implemented
from the published program; equal to it with its own weights up to the spectrogram (docs/systems/gengan.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from anonymizers.base import Info, Param, Progress, Result, silent
from anonymizers.gengan_networks import GENERATOR, JUDGE, VOCODER, Networks, published
from anonymizers.models import models
from anonymizers.nn import gender_net, griffin_lim, melgan, unet_filter
from anonymizers.weights import WeightRef
from audio.clip import Clip
from audio.features import Contour

Module = Any
Tensor = Any
PHASE = Param(
    "phase", "choice", "auto", "Waveform by",
    "melgan: the published vocoder, trained at 22.05 kHz and used at 16, as published; griffin-lim: phases found by "
    "iteration, rougher; auto: melgan if its weights are here, else griffin-lim. The result says which ran.",
    choices=("auto", "melgan", "griffin-lim"),
)  # fmt: skip
ITERATIONS = Param(
    "iterations", "int", griffin_lim.ITERATIONS, "Griffin-Lim iterations",
    "How often phases are improved when Griffin-Lim makes the waveform: more is smoother and slower.", 1, 200, 1,
)  # fmt: skip
PITCH = Param(
    "pitch", "choice", "as published", "Pitch by Griffin-Lim",
    "as published: the vocoder reads the spectrogram as one of 22.05 kHz, as MelGAN does, which lowers all below 1 kHz "
    "to 0.8 of its frequency and less above; kept: read as what it is, of 16 kHz.",
    choices=("as published", "kept"),
)  # fmt: skip
FILL = Param(
    "fill", "choice", "silence", "Clips under 16.7 s",
    "What follows up to the 16.7 s that the network takes: silence, as published, or the clip again and again (our own "
    "addition), which keeps clips under 6 s clear.",
    choices=("silence", "repeat"),
)  # fmt: skip
OTHER_VOCODER = (
    "Griffin-Lim made the waveform, which is not the reference's vocoder (MelGAN): it sounds rougher than published."
)
TOO_SHORT = (
    "Under 6 s, the silence that follows a clip as published makes the network cut its loudest parts: the voice is "
    "hardly to be understood. fill=repeat avoids that."
)
UNHARMED_S = 6.0
"""Shorter clips suffer from the silence after them: 6 clips of 1 to 12 s, see docs/systems/gengan.md."""
VOCODER_RATE_HZ = 22_050
"""MelGAN was trained on spectrograms of this rate; GenGAN gives it those of 16 kHz and plays the result at 16 kHz."""
CONTEXT_FRAMES = 16
"""Frames after the clip's end that are made too, so that its last ones do not stand at an edge."""
WAVEFORM = "making the waveform"


class GenGan:
    """The published generator between its own spectrogram and a vocoder."""

    info = Info(
        key="gengan",
        title="GenGAN",
        family="Neural, published systems",
        summary="Redraws the spectrogram by a network that was trained to leave a judge of gender unsure.",
        hides=frozenset({"gender"}),
        reference=(
            "Stoidis and Cavallaro, Interspeech 2022; networks and weights of dimitriStoidis/GenGAN, vocoder of "
            "descriptinc/melgan-neurips (Kumar et al., NeurIPS 2019)."
        ),
        fidelity="original-weights",
        published=True,
        sample_rate=16_000,
        params=(PHASE, PITCH, ITERATIONS, FILL),
        weights=(GENERATOR,),
        caution=(
            "It is meant to hide gender, not the speaker: words and rhythm stay. As published, all voices come down by "
            "up to a fifth: women sound less female, men no less male; an attacker who learnt from its output tells "
            "them apart as before (docs/systems/gengan.md)."
        ),
    )  # fmt: skip
    every_weight = (GENERATOR, VOCODER, JUDGE)

    def __init__(self, networks: Callable[[str], Networks] = published) -> None:
        self._networks = networks

    @staticmethod
    def needs(params: Mapping[str, Any]) -> tuple[WeightRef, ...]:
        """MelGAN only where it is asked for by name."""
        return (GENERATOR, VOCODER) if params["phase"] == "melgan" else (GENERATOR,)

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        """Scaled to a peak of 0.95 first, as published, whatever the clip's level; not scaled back."""
        import torch

        progress(0.0, "loading")
        networks, device = self._networks(params["phase"]), models().device
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((1, unet_filter.Sizes().noise)).astype(np.float32)
        with torch.inference_mode():
            mel = redrawn(
                clip.samples, networks.generator, torch.from_numpy(noise).to(device), params["fill"], progress
            )
            if networks.vocoder:
                sound = melgan.spoken(networks.vocoder, mel, lambda part: progress(0.3 + 0.7 * part, WAVEFORM))
            else:
                sound = inverted(mel, rng, params, progress)
        after = Clip(sound.cpu().numpy()[: len(clip.samples)], clip.sample_rate)
        facts = {
            "noise": hashlib.sha256(noise.tobytes()).hexdigest()[:12],
            "phase": "MelGAN" if networks.vocoder else f"Griffin-Lim, {params['iterations']} iterations",
            "pitch": "as published" if networks.vocoder else params["pitch"],
        }
        judged = judgement(networks.judge, clip, after, device) if networks.judge else {}
        if judged:
            facts["sounds_female_to_gender_net"] = {name: mean_of(one) for name, one in judged.items()}
        warnings = cautions(clip, params["fill"], vocoded=networks.vocoder is not None)
        return Result(after, "original-weights", facts, intermediates=judged, warnings=warnings)


def redrawn(samples: Any, generator: Module, noise: Tensor, fill: str, progress: Progress) -> Tensor:
    """What the generator makes of a sound's log-mel, float32 (80, frames), a little further than the sound goes."""
    from anonymizers import gengan_spectrogram as spectrogram

    doing = "redrawing the spectrogram"
    progress(0.05, doing)
    mel = spectrogram.heard(samples, fill).to(noise.device)
    made = spectrogram.neutral(mel, generator, noise, lambda part: progress(0.05 + 0.25 * part, doing))
    return made[:, : -(-len(samples) // melgan.HOP) + CONTEXT_FRAMES]


def inverted(mel: Tensor, rng: np.random.Generator, params: Mapping[str, Any], progress: Progress) -> Tensor:
    """The sound of a log-mel by Griffin-Lim, float32 (256 * frames,)."""
    rate_hz = VOCODER_RATE_HZ if params["pitch"] == "as published" else GenGan.info.sample_rate
    return griffin_lim.spoken(
        mel, rate_hz, rng, params["iterations"], lambda part: progress(0.3 + 0.7 * part, WAVEFORM)
    )


def cautions(clip: Clip, fill: str, *, vocoded: bool) -> tuple[str, ...]:
    """What is to be said of a result."""
    harmed = fill == "silence" and clip.duration_s < UNHARMED_S
    return (() if vocoded else (OTHER_VOCODER,)) + ((TOO_SHORT,) if harmed else ())


def judgement(judge: Module, before: Clip, after: Clip, device: str) -> dict[str, Contour]:
    """How female GenderNet hears each half second before and after, in [0, 1]; NaN where the original pauses."""
    cut = {"before": gender_net.windows(before.samples), "after": gender_net.windows(after.samples)}
    pauses = gender_net.pauses(cut["before"])
    times_s = (np.arange(len(pauses)) + 0.5) * gender_net.WINDOW / before.sample_rate
    heard = {name: gender_net.femininity(judge, part, device) for name, part in cut.items()}
    return {
        name: Contour(f"Sounds female to GenderNet, {name}", "", times_s, np.where(pauses, np.nan, values))
        for name, values in heard.items()
    }


def mean_of(contour: Contour) -> float | None:
    """Its mean where it is defined, to two places; None if it is nowhere."""
    known = contour.values[~np.isnan(contour.values)]
    return round(float(known.mean()), 2) if len(known) else None
