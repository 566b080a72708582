"""`gengan`: GenGAN, which hides whether a woman or a man speaks.

Stoidis and Cavallaro, "Generating gender-ambiguous voices for privacy-preserving speech recognition", Interspeech 2022.
The spectrogram goes through a U-Net that was trained against a judge of gender; words and speaker are meant to stay.
Re-implemented from the published program; equal to it with its own weights up to the spectrogram.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from anonymizers import weights
from anonymizers.base import Info, Param, Progress, Result, silent
from anonymizers.models import models
from anonymizers.nn import gender_net, griffin_lim, melgan, unet_filter
from anonymizers.weights import WeightFile, WeightRef
from audio.clip import Clip
from audio.features import Contour

Module = Any
Tensor = Any
COMMIT = "4c745b232adfa9631462542202b72404f23d353f"
RAW = f"https://raw.githubusercontent.com/dimitriStoidis/GenGAN/{COMMIT}/"
GENERATOR = WeightRef(
    id="gengan",
    title="GenGAN",
    source="github:dimitriStoidis/GenGAN",
    revision=COMMIT,
    files=(WeightFile("models/netG_epoch_25.pt", RAW + "models/netG_epoch_25.pt", 2_025_571),),
    licence="MIT",
)
JUDGE = WeightRef(
    id="gendernet",
    title="GenderNet",
    source="github:dimitriStoidis/GenGAN",
    revision=COMMIT,
    files=(WeightFile("models/model.ckpt-90_GenderNet.pt", RAW + "models/model.ckpt-90_GenderNet.pt", 76_469),),
    licence="MIT",
)
MELGAN_COMMIT = "6488045bfba1975602288de07a58570c7b4d66ea"
VOCODER = WeightRef(
    id="melgan-multi-speaker",
    title="MelGAN, many speakers",
    source="github:descriptinc/melgan-neurips",
    revision=MELGAN_COMMIT,
    files=(
        WeightFile(
            "models/multi_speaker.pt",
            f"https://raw.githubusercontent.com/descriptinc/melgan-neurips/{MELGAN_COMMIT}/models/multi_speaker.pt",
        ),
    ),
    licence="MIT",
    about_bytes=17_064_200,  # its tensors; the file is a little larger
)
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
OTHER_VOCODER = (
    "Griffin-Lim made the waveform, which is not the reference's vocoder (MelGAN): it sounds rougher than published."
)
CONTEXT_FRAMES = 16
"""Frames after the clip's end that are made too, so that its last ones do not stand at an edge."""


@dataclass(frozen=True)
class Networks:
    """What runs: the generator; the vocoder, or None for Griffin-Lim; the judge of gender, or None if not here."""

    generator: Module
    vocoder: Module | None = None
    judge: Module | None = None


def published(phase: str) -> Networks:
    """The publishers' networks for a value of `phase`; the judge if its file is here.

    Raises:
        AnonymizerError: if a file is missing, damaged, or another network's.
    """
    vocoded = phase == "melgan" or (phase == "auto" and weights.located(VOCODER) is not None)
    judged = weights.located(JUDGE) is not None
    return Networks(
        _loaded(GENERATOR, unet_filter.network),
        _loaded(VOCODER, melgan.network) if vocoded else None,
        _loaded(JUDGE, gender_net.network) if judged else None,
    )


def _loaded(ref: WeightRef, network: Callable[[], Module]) -> Module:
    return models().get(ref.id, lambda: _filled(network(), ref))


def _filled(module: Module, ref: WeightRef) -> Module:
    from anonymizers import tensors
    from anonymizers.nn.hifigan import folded

    path = weights.path_of(ref)
    state: Mapping[str, Any] = tensors.state_of(path)
    return tensors.fill(module, folded(state.get("classifier", state)), path)


class GenGan:
    """The published generator between its own spectrogram and a vocoder."""

    info = Info(
        key="gengan",
        title="GenGAN",
        family="Neural, published systems",
        summary="Redraws the spectrogram so that it sounds neither female nor male to a judge it was trained against.",
        hides=frozenset({"gender"}),
        reference=(
            "Stoidis and Cavallaro, Interspeech 2022; networks and weights of dimitriStoidis/GenGAN, vocoder of "
            "descriptinc/melgan-neurips (Kumar et al., NeurIPS 2019)."
        ),
        fidelity="original-weights",
        published=True,
        sample_rate=16_000,
        params=(PHASE, ITERATIONS),
        weights=(GENERATOR,),
        caution=(
            "It hides gender, not the speaker: words, melody and rhythm stay, and a voice that was known may be known "
            "again. Noise of the room and of the vocoder is part of what you hear."
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
        """Scaled to a peak of 0.95 first, as published: the sound comes back about as loud as that."""
        import torch

        from anonymizers import gengan_spectrogram as spectrogram

        progress(0.0, "loading")
        networks, rng = self._networks(params["phase"]), np.random.default_rng(seed)
        noise = rng.standard_normal((1, unet_filter.Sizes().noise)).astype(np.float32)
        device = models().device
        with torch.inference_mode():
            progress(0.05, "redrawing the spectrogram")
            mel = spectrogram.heard(clip.samples).to(device)
            made = spectrogram.neutral(
                mel, networks.generator, torch.from_numpy(noise).to(device),
                lambda part: progress(0.05 + 0.25 * part, "redrawing the spectrogram"),
            )  # fmt: skip
            frames = min(made.shape[1], -(-len(clip.samples) // melgan.HOP) + CONTEXT_FRAMES)
            sound = waveform(made[:, :frames], networks.vocoder, rng, params["iterations"], progress)
        after = Clip(sound.cpu().numpy()[: len(clip.samples)], clip.sample_rate)
        facts = {
            "noise": hashlib.sha256(noise.tobytes()).hexdigest()[:12],
            "phase": "MelGAN, trained at 22.05 kHz"
            if networks.vocoder
            else f"Griffin-Lim, {params['iterations']} iterations",
        }
        judged = judgement(networks.judge, clip, after, device) if networks.judge else {}
        return Result(
            after,
            "original-weights",
            facts,
            intermediates=judged,
            warnings=() if networks.vocoder else (OTHER_VOCODER,),
        )


def waveform(
    mel: Tensor, vocoder: Module | None, rng: np.random.Generator, iterations: int, progress: Progress
) -> Tensor:
    """The sound of a log-mel, float32 (80, frames): float32 (256 * frames,); by Griffin-Lim if there is no vocoder."""

    def done(part: float) -> None:
        progress(0.3 + 0.7 * part, "making the waveform")

    if vocoder is not None:
        return melgan.spoken(vocoder, mel, done)
    return griffin_lim.spoken(mel, GenGan.info.sample_rate, rng, iterations, done)


def judgement(judge: Module, before: Clip, after: Clip, device: str) -> dict[str, Contour]:
    """How female GenderNet hears each half second of the original and of the result, in [0, 1]; NaN in pauses."""
    cut = {"original": gender_net.windows(before.samples), "GenGAN": gender_net.windows(after.samples)}
    pauses = gender_net.pauses(cut["original"])
    times_s = (np.arange(len(pauses)) + 0.5) * gender_net.WINDOW / before.sample_rate
    return {
        f"gender_net_{name}".lower(): Contour(
            f"Sounds female to GenderNet, {name}",
            "",
            times_s,
            np.where(pauses, np.nan, gender_net.femininity(judge, part, device)),
        )
        for name, part in cut.items()
    }
