"""What is measured on one row of a comparison, in a worker: contours, scores and a spectrogram."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from anonymizers import runner
from audio import features, level, spectrogram, vad
from audio.clip import Clip
from audio.features import Contour
from evaluation.clip_scores import Score, clip_scores, pitch_track


@dataclass(frozen=True)
class Measured:
    """Contours and scores by name, and a spectrogram as PNG.

    `floor_db` and `ceiling_db` are the limits of the spectrogram's colours, the original's for every row.
    """

    contours: dict[str, Contour]
    scores: dict[str, Score]
    spectrogram: bytes
    floor_db: float
    ceiling_db: float


def measure(original: Clip, processed: Clip, *, keeps_timing: bool) -> Measured:
    """Measure `processed` beside `original`, inside the original's voice-active segments.

    A system that speaks anew, in its own time, is measured inside its own segments.
    """
    speech = vad.segments(original)
    segments = speech if keeps_timing else vad.segments(processed)
    pitch = pitch_track(processed)
    tracks = (pitch if processed.digest == original.digest else pitch_track(original), pitch)
    contours = {
        "centroid": features.spectral_centroid(processed, segments=segments),
        "kurtosis": features.spectral_kurtosis(processed, segments=segments),
        "loudness": features.within(features.loudness(processed), segments),
        "f0": pitch,
    }
    floor_db, ceiling_db = spectrogram.scale_db(original)
    png = spectrogram.spectrogram_png(processed, floor_db=floor_db, ceiling_db=ceiling_db)
    loudness = Score("Loudness", "LUFS", level.integrated_lufs(processed), None)
    changes = clip_scores(original, processed, keeps_timing=keeps_timing, original_speech=speech, tracks=tracks)
    return Measured(contours, {"loudness": loudness, **changes}, png, floor_db, ceiling_db)


def warm_up() -> None:
    """Load what a comparison needs, by making a small one: the first visitor waits no longer than the others."""
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 8000)
    clip = Clip(noise * np.sin(np.arange(8000) / 20), 16_000)
    for key in ("mcadams", "pitch-formant"):
        runner.run(clip, key)
    measure(clip, clip, keeps_timing=True)


def describe_scores(scores: Mapping[str, Score]) -> dict[str, dict[str, Any]]:
    """Scores as JSON-ready dicts, by name; what is undefined is None, with the reason in `note`."""
    return {
        name: {
            "title": score.name,
            "unit": score.unit,
            "value": float(score.value) if math.isfinite(score.value) else None,
            "better": score.better,
            "note": score.note,
        }
        for name, score in scores.items()
    }
