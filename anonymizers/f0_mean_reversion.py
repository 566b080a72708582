"""F0 pulled to its moving average and blurred with noise: the F0 chain of B5/B6's variants, heard through WORLD."""

from __future__ import annotations

from typing import Any

import numpy as np

from anonymizers.base import Info, Param, Progress, Result, silent
from anonymizers.f0 import MeanReversion, Noise, Quantise, Standardised, Step, chained, standardise
from anonymizers.world import SYNTHESIS_F0_HZ, World, analyse, synthesise, with_f0
from audio.clip import Clip

CHAIN_HOP_FRAMES = 4
"""The published chain runs at 50 frames per second, WORLD at 200."""
MANY_CLAMPED = 0.05


class F0MeanReversion:
    """The published F0 chain at its published rate; WORLD stands where the paper has a neural vocoder."""

    info = Info(
        key="f0-mean-reversion",
        title="F0 mean reversion",
        family="Signal processing",
        summary="Flattens the melody of speech towards its moving average and adds noise to it; the timbre stays.",
        hides=frozenset({"emotion"}),
        reference=(
            "F0 transformations of Champion's B5/B6 (VoicePrivacy Challenge 2024; SA-toolkit) with mean reversion and "
            "noise as in Kuzmin, 'Enhancing Speaker Anonymization Using Disentanglement Learning' (2025). "
            "The chain equals the published one; WORLD replaces its neural vocoder and its speaker, so this is our own "
            "design as a whole."
        ),
        fidelity="own-design",
        published=False,
        params=(
            Param(
                "alpha", "float", 0.75, "Mean reversion alpha",
                "0 keeps the melody, 1 leaves its moving average alone.", 0.0, 1.0, 0.05,
            ),
            Param(
                "window_frames", "int", 32, "Moving-average window",
                "In frames of 20 ms: 32 are 0.64 s.", 1, 200, 1, unit="frames",
            ),
            Param(
                "noise", "choice", "variance", "Noise on F0",
                "variance: sigma^2 = 10^(dB/10) in units of the speaker's own F0 deviation, so more dB is more noise; "
                "snr: sigma^2 = 10^(-dB/10), so more dB is less noise; off: none, and every seed sounds the same.",
                choices=("variance", "snr", "off"),
            ),
            Param("awgn_db", "float", 10.0, "Noise level", "Read as chosen above.", -20.0, 20.0, 1.0, unit="dB"),
            Param(
                "quantise_levels", "int", 0, "Quantisation",
                "Levels per F0 deviation; 0 is off. Frames that land on the mean get no noise.", 0, 64, 1,
            ),
            Param(
                "order", "choice", "noise first", "Order of steps",
                "noise first: quantise, noise, mean reversion, which smooths the noise (the published code); "
                "reversion first: noise comes last and stays rough (the paper's figure).",
                choices=("noise first", "reversion first"),
            ),
            Param(
                "voiced_only", "flag", False, "Average voiced frames only",
                "Off, as published: pauses count as frames at the mean.",
            ),
        ),
        caution=(
            "Hides prosody, and with it some of the emotion; not the speaker: the timbre is untouched, "
            "so anyone who knows the voice recognises it."
        ),
    )  # fmt: skip

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        progress(0.0, "taking the voice apart")
        source = analyse(clip)
        steps = chain(**params)
        f0_hz, track = transformed_f0(source, steps, np.random.default_rng(seed))
        target = with_f0(source, f0_hz)
        progress(0.6, "putting it together again")
        sound = synthesise(target, len(clip.samples))
        return Result(
            sound,
            self.info.fidelity,
            {
                "f0_mean_hz": track.mean_hz,
                "f0_deviation_hz": track.std_hz,
                "noise_sigma_z": next((step.sigma for step in steps if isinstance(step, Noise)), 0.0),
            },
            {"f0_before": source.contour("f0_before"), "f0_after": target.contour("f0_after")},
            tuple(_warnings(source, f0_hz)),
        )


def chain(
    *, alpha: float, window_frames: int, noise: str, awgn_db: float, quantise_levels: int, order: str, voiced_only: bool
) -> list[Step]:
    """The steps these settings ask for, in their order."""
    before: list[Step] = [Quantise(quantise_levels)] if quantise_levels else []
    revert: list[Step] = [MeanReversion(alpha, window_frames, voiced_only)]
    blur: list[Step] = [] if noise == "off" else [Noise(awgn_db, "snr" if noise == "snr" else "variance")]
    return before + (blur + revert if order == "noise first" else revert + blur)


def transformed_f0(world: World, steps: list[Step], rng: np.random.Generator) -> tuple[np.ndarray, Standardised]:
    """F0 in Hz after the chain (see f0.chained, which sees every fourth of WORLD's frames: 20 ms), at least 50 Hz
    where voiced; and the z track that went in."""
    f0_hz = chained(world.f0_hz, CHAIN_HOP_FRAMES, steps, rng)
    track = standardise(world.f0_hz[::CHAIN_HOP_FRAMES])
    if not world.voiced[::CHAIN_HOP_FRAMES].any():
        return f0_hz, track
    return np.where(world.voiced, np.maximum(f0_hz, SYNTHESIS_F0_HZ[0]), 0.0), track


def _warnings(source: World, f0_hz: np.ndarray) -> list[str]:
    if not source.voiced.any():
        return ["No voiced sound was found: there was no F0 to change."]
    low_hz, high_hz = SYNTHESIS_F0_HZ
    clamped = float(np.mean((f0_hz <= low_hz)[source.voiced] | (f0_hz >= high_hz)[source.voiced]))
    if clamped <= MANY_CLAMPED:
        return []
    return [
        f"{clamped:.0%} of voiced frames left {low_hz:.0f}-{high_hz:.0f} Hz and were brought back to its ends: "
        "the noise is strong for this voice."
    ]
