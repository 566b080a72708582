"""Another pitch and another vocal-tract length through WORLD: the simplest pseudo-speaker that sounds like a person."""

from __future__ import annotations

from typing import Any

import numpy as np

from anonymizers.base import Info, Param, Progress, Result, silent
from anonymizers.world import World, analyse, synthesise, warped, with_f0
from audio.clip import Clip

SEX_BOUNDARY_HZ = 165.0
"""Median F0 below it is taken for a male voice, from it on for a female one."""
ORDINARY_MEDIAN_F0_HZ = (75.0, 300.0)
MALE_TO_FEMALE_SEMITONES = 9.1
MALE_TO_FEMALE_FORMANTS = 1.17
"""Average women against average men (Peterson and Barney, JASA 1952: F0 223 against 132 Hz, formants 17 % higher)."""


class PitchFormant:
    """WORLD with F0 scaled and the spectral envelope stretched by factors drawn from the seed."""

    info = Info(
        key="pitch-formant",
        title="Pitch + formant",
        family="Signal processing",
        summary="Shifts the pitch and stretches the formants by amounts drawn at random, keeping melody and timing.",
        hides=frozenset({"speaker"}),
        reference=(
            "No published system: our own design on the WORLD vocoder (Morise et al., 2016), "
            "in the manner of pitch and formant shifting tools."
        ),
        fidelity="own-design",
        published=False,
        params=(
            Param(
                "gender", "choice", "same", "Gender of the pseudo-speaker",
                "same: stays on the source's side of 165 Hz; cross: moves to the other side. "
                "The source's sex is guessed from its median F0.",
                choices=("same", "cross"),
            ),
            Param(
                "max_shift_semitones", "float", 5.0, "Largest pitch shift",
                "The shift is drawn between half of this and all of it, up or down.", 1.0, 9.0, 0.5, unit="semitones",
            ),
            Param(
                "max_warp_percent", "float", 16.0, "Largest formant shift",
                "The shift is drawn between half of this and all of it, up or down.", 4.0, 25.0, 1.0, unit="%",
            ),
        ),
        caution=(
            "Sounds like someone else to a stranger, but intonation, rhythm and accent stay, and speaker verification "
            "trained on such speech still links it to its source."
        ),
    )  # fmt: skip

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        progress(0.0, "taking the voice apart")
        source = analyse(clip)
        rng = np.random.default_rng(seed)
        drawn = draw(source.median_f0_hz, params["max_shift_semitones"], params["max_warp_percent"], rng)
        if params["gender"] == "cross":
            drawn = crossed(drawn, source.median_f0_hz)
        semitones, formants = drawn
        target = with_f0(warped(source, formants), source.f0_hz * 2.0 ** (semitones / 12.0))
        progress(0.6, "putting it together again")
        sound = synthesise(target, len(clip.samples))
        return Result(
            sound,
            self.info.fidelity,
            provenance(source, target, semitones, formants),
            {"f0_before": source.contour("f0_before"), "f0_after": target.contour("f0_after")},
            () if source.voiced.any() else ("No voiced sound was found: only the formants were moved.",),
        )


def estimated_sex(median_f0_hz: float) -> str:
    """ "male" below 165 Hz, "female" from there on, "unknown" for NaN. A guess: voices overlap."""
    if np.isnan(median_f0_hz):
        return "unknown"
    return "male" if median_f0_hz < SEX_BOUNDARY_HZ else "female"


def draw(
    median_f0_hz: float, max_semitones: float, max_warp_percent: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Pitch shift in semitones and formant factor, each between half and all of its maximum, up or down at random.

    A pitch shift goes the other way when that suits the voice better: first of all the median F0 stays on its side of
    165 Hz, then within 75-300 Hz.
    """
    semitones = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.5, 1.0) * max_semitones)
    formants = float((1.0 + rng.uniform(0.5, 1.0) * max_warp_percent / 100.0) ** rng.choice((-1.0, 1.0)))
    if _strain(median_f0_hz, -semitones) < _strain(median_f0_hz, semitones):
        semitones = -semitones
    return semitones, formants


def _strain(median_f0_hz: float, semitones: float) -> int:
    """0 for a shift that keeps the estimated sex and an ordinary pitch, 1 for an odd pitch, 2 for another sex."""
    shifted_hz = median_f0_hz * 2.0 ** (semitones / 12.0)
    if estimated_sex(shifted_hz) != estimated_sex(median_f0_hz):
        return 2
    low_hz, high_hz = ORDINARY_MEDIAN_F0_HZ
    return 1 if shifted_hz < low_hz or shifted_hz > high_hz else 0


def crossed(drawn: tuple[float, float], median_f0_hz: float) -> tuple[float, float]:
    """The average distance between the sexes, towards the other one, and half of the drawn shifts about it.

    A voice of unknown sex goes the way the drawn formants went.
    """
    semitones, formants = drawn
    sex = estimated_sex(median_f0_hz)
    up = formants > 1.0 if sex == "unknown" else sex == "male"
    direction = 1.0 if up else -1.0
    return (
        direction * MALE_TO_FEMALE_SEMITONES + 0.5 * semitones,
        MALE_TO_FEMALE_FORMANTS**direction * formants**0.5,
    )


def provenance(source: World, target: World, semitones: float, formants: float) -> dict[str, Any]:
    """What was drawn and what it made of the median F0; JSON-ready, None where there is no voiced sound."""
    known = bool(source.voiced.any())
    return {
        "pitch_shift_semitones": semitones,
        "formant_factor": formants,
        "source_sex_estimated_from_f0": estimated_sex(source.median_f0_hz),
        "source_median_f0_hz": source.median_f0_hz if known else None,
        "target_median_f0_hz": target.median_f0_hz if known else None,
    }
