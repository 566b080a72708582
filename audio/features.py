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
