"""The pitch and energy of each phone multiplied by a number of its own: B3's prosody anonymization, by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from anonymizers import phones
from anonymizers.base import Info, Param, Progress, Result, Status, silent
from anonymizers.world import World, analyse, synthesise, with_f0
from audio.clip import Clip

RANGES = {"0.6-1.4": (60, 140), "0.7-1.3": (70, 130), "0.8-1.2": (80, 120), "0.9-1.1": (90, 110), "off": (100, 101)}
"""Multipliers in hundredths; the upper end itself is never drawn, as in B3."""
CROSSFADE_S = 0.015
"""Ours: B3 has one value a phone and leaves the transitions to its synthesiser; here a step would click."""


class ProsodyScaling:
    """Per-phone random pitch and energy through WORLD; the timbre is left alone."""

    info = Info(
        key="prosody-scaling",
        title="Prosody scaling",
        family="Prosody",
        summary=(
            "Multiplies the pitch and energy of every phone by random numbers: the melody is no longer the speaker's."
        ),
        hides=frozenset({"emotion"}),
        reference=(
            "Our own design around the prosody step of B3 (Meyer et al., ICASSP 2023; VoicePrivacy 2024; ranges of "
            "paper 002): the multipliers are B3's; PocketSphinx and WORLD replace its recogniser and synthesiser."
        ),
        fidelity="own-design",
        published=False,
        sample_rate=phones.SAMPLE_RATE_HZ,
        params=(
            Param(
                "range", "choice", "0.6-1.4", "Range of the multipliers",
                "Each phone draws its own number from it. off: taken apart by WORLD and put together unchanged.",
                choices=tuple(RANGES),
            ),
            Param("pitch", "flag", True, "Scale pitch", "Multiply the pitch of each phone."),
            Param("energy", "flag", True, "Scale energy", "Multiply the amplitude of each phone."),
            Param(
                "transcript", "text", "", "Transcript",
                "What the clip says, in English: its phones are then placed by alignment. Empty: phones are guessed.",
            ),
        ),
        caution=(
            "Does not hide the speaker: the timbre stays, and listeners and speaker verification know the voice again. "
            "It disturbs melody and stress, which carry much of the emotion. The phones are English; without a "
            "transcript about half of their names are wrong, but only their boundaries count here."
        ),
        min_duration_s=0.1,
    )  # fmt: skip

    @staticmethod
    def status() -> Status:
        """Unavailable, with the mend, when PocketSphinx is not installed."""
        return Status("ready") if phones.available() else Status("unavailable", phones.MISSING_PACKAGE)

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        progress(0.0, "finding phones")
        segments = _segments(clip, str(params["transcript"]).strip()) if params["range"] != "off" else []
        energy, pitch = draw_multipliers(np.random.default_rng(seed), len(segments), params["range"])
        pitch = pitch if params["pitch"] else np.ones(len(segments))
        energy = energy if params["energy"] else np.ones(len(segments))
        progress(0.2, "taking the voice apart")
        source = analyse(clip)
        changed = scaled(source, segments, pitch, energy)
        progress(0.8, "putting it together")
        spoken = synthesise(changed, len(clip.samples))
        return Result(
            spoken,
            self.info.fidelity,
            pseudo_speaker={
                "range": params["range"],
                "phones": len(segments),
                "mean_pitch_multiplier": round(float(pitch.mean()), 3) if len(pitch) else 1.0,
                "mean_energy_multiplier": round(float(energy.mean()), 3) if len(energy) else 1.0,
            },
            intermediates={
                "phones": tuple(segments),
                "f0_before": source.contour("F0 before"),
                "f0_after": changed.contour("F0 after"),
            },
        )


def draw_multipliers(rng: np.random.Generator, count: int, scale_range: str) -> tuple[np.ndarray, np.ndarray]:
    """Energy and pitch multipliers, float64, shape (count,) each: randint(low, high) / 100, `high` excluded.

    Energy is drawn first, as in B3, and silences draw too. Both are always drawn, so that leaving one out does not
    change the other.
    """
    low, high = RANGES[scale_range]
    energy = rng.integers(low, high, size=count) / 100.0
    return energy, rng.integers(low, high, size=count) / 100.0


def scaled(world: World, segments: Sequence[phones.Phone], pitch: np.ndarray, energy: np.ndarray) -> World:
    """`world` with F0 times `pitch` and amplitude times `energy` (power times its square) within each segment.

    Unvoiced frames stay unvoiced; F0 is kept within what WORLD can speak.
    """
    starts_s = np.array([segment.start_s for segment in segments])
    factor = frame_multipliers(world.times_s, starts_s, pitch, CROSSFADE_S)
    gain = frame_multipliers(world.times_s, starts_s, energy, CROSSFADE_S)
    return replace(with_f0(world, world.f0_hz * factor), envelope=world.envelope * gain[:, np.newaxis] ** 2)


def frame_multipliers(
    times_s: np.ndarray, starts_s: np.ndarray, multipliers: np.ndarray, crossfade_s: float
) -> np.ndarray:
    """The multiplier of each frame, float64, shape (frames,); 1 everywhere when there are no segments.

    A segment lasts until the next starts, the last one to the end. Within `crossfade_s` around a boundary the
    multiplier runs linearly from one to the other; within less around segments shorter than that.
    """
    if not len(multipliers):
        return np.ones(len(times_s))
    lengths_s = np.diff(starts_s, append=np.inf)
    half_s = np.minimum(crossfade_s, np.minimum(lengths_s[:-1], lengths_s[1:])) / 2
    ramps_s = np.column_stack([starts_s[1:] - half_s, starts_s[1:] + half_s]).ravel()
    return np.interp(times_s, [starts_s[0], *ramps_s], np.repeat(multipliers, 2)[:-1])


def _segments(clip: Clip, transcript: str) -> list[phones.Phone]:
    return phones.align(clip, transcript) if transcript else phones.allphone(clip)
