"""Acoustic features of one clip, each a plain function Clip -> Contour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Contour:
    """A feature over time: `times_s` and `values` float64, shape (frames,); NaN where the feature is undefined."""

    name: str
    unit: str
    times_s: np.ndarray
    values: np.ndarray


def f0(clip, *, hop_s: float = 0.005, floor_hz: float = 60.0, ceiling_hz: float = 600.0) -> Contour:
    """Fundamental frequency in Hz, every `hop_s` seconds from 0; NaN where unvoiced.

    DIO with StoneMask refinement (Morise et al., WORLD, 2016).
    """
    import pyworld

    samples = clip.samples.astype(np.float64)
    coarse, times_s = pyworld.dio(
        samples, clip.sample_rate, f0_floor=floor_hz, f0_ceil=ceiling_hz, frame_period=1000 * hop_s
    )
    values = pyworld.stonemask(samples, coarse, times_s, clip.sample_rate)
    return Contour("F0", "Hz", times_s, np.where(values > 0, values, np.nan))
