"""The clip every benchmark uses: the project's own demo voices, so that anyone can repeat it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from audio.clip import Clip, decode

DEMO = Path(__file__).resolve().parents[1] / "assets" / "demo"


def ten_seconds(sample_rate: int = 16_000) -> Clip:
    """The English demo clips one after another, cut to 10 s."""
    with (DEMO / "manifest.csv").open(encoding="utf-8") as file:
        files = [row["file"] for row in csv.DictReader(file) if row["language"] == "English"]
    clips = [decode(DEMO / name).clip.resampled(sample_rate).samples for name in files]
    return Clip(np.concatenate(clips)[: 10 * sample_rate], sample_rate)
