"""A clip's spectrogram as a small PNG: an image weighs a tenth of the numbers it shows."""

from __future__ import annotations

import io

import numpy as np

from audio.clip import Clip
from audio.features import FRAME, N_FFT, SAMPLE_RATE_HZ, magnitude_blocks

TOP_HZ = SAMPLE_RATE_HZ / 2
FLOOR_DB = -95.0
CEILING_DB = -25.0
RANGE_DB = 70.0
LEVELS = 48

ANCHORS_OKLAB = (
    (0.12, 0.000, -0.020),
    (0.28, 0.020, -0.095),
    (0.44, 0.090, -0.085),
    (0.60, 0.135, 0.010),
    (0.76, 0.085, 0.100),
    (0.90, -0.010, 0.120),
    (0.985, -0.010, 0.030),
)
"""The colours from the floor to the ceiling in Oklab (Ottosson 2020): lightness climbs evenly, so that equal steps in
dB look equally large, in grey and to colour-blind eyes too; the hue goes night blue, violet, rose, amber, cream."""


def spectrogram_png(
    clip: Clip, *, width_px: int = 600, height_px: int = 128, floor_db: float = FLOOR_DB, ceiling_db: float = CEILING_DB
) -> bytes:
    """The log-magnitude spectrogram of a clip as a palettised PNG, `width_px` by `height_px`.

    Left to right: the whole clip. Bottom to top: 0 to 8000 Hz, linear. Colour: power in dB re a full-scale sine, from
    `floor_db` (and below) to `ceiling_db` (and above) in 48 steps of `colours()`. Nothing is scaled to the clip, so
    images made with the same two limits compare; `scale_db` of the original gives limits that suit all.

    25 ms Hann, 10 ms hop, at 16 kHz; several frames or bins in one pixel are averaged as power. A clip under
    25 ms has no frame: all floor.
    """
    from PIL import Image

    db = np.clip(spectrogram_db(clip, width_px=width_px, height_px=height_px), floor_db, ceiling_db)
    steps = np.rint((db - floor_db) / (ceiling_db - floor_db) * (LEVELS - 1)).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(steps[::-1]))
    image.putpalette(colours().tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, bits=6)
    return file.getvalue()


def scale_db(clip: Clip) -> tuple[float, float]:
    """(floor_db, ceiling_db) for spectrograms of a clip and of what systems made of it: 70 dB under its loudest spots.

    The ceiling is the 99.5th percentile of the clip's spectrogram, rounded up to 5 dB; -95 and -25 dB for silence.
    """
    db = spectrogram_db(clip, width_px=640, height_px=N_FFT // 2)
    if not np.isfinite(db).any():
        return FLOOR_DB, CEILING_DB
    ceiling_db = 5.0 * float(np.ceil(np.percentile(db[np.isfinite(db)], 99.5) / 5))
    return ceiling_db - RANGE_DB, ceiling_db


def spectrogram_db(clip: Clip, *, width_px: int, height_px: int) -> np.ndarray:
    """Power in dB re a full-scale sine, float64, (height_px, width_px), row 0 at 0 Hz; -inf where there is none."""
    frames = max(0, 1 + (len(clip.resampled(SAMPLE_RATE_HZ).samples) - FRAME) // (SAMPLE_RATE_HZ // 100))
    sums, counts = np.zeros((width_px, N_FFT // 2 + 1)), np.zeros(width_px)
    start = 0
    for magnitudes in magnitude_blocks(clip):
        columns = (start + np.arange(len(magnitudes))) * width_px // frames
        np.add.at(sums, columns, magnitudes**2)
        np.add.at(counts, columns, 1)
        start += len(magnitudes)
    return _decibels(_rows(_without_gaps(sums, counts), height_px)).T


def colours(levels: int = LEVELS) -> np.ndarray:
    """The colour map, floor first: uint8 sRGB, shape (levels, 3)."""
    anchors = np.array(ANCHORS_OKLAB)
    where = np.linspace(0, len(anchors) - 1, levels)
    lab = np.stack([np.interp(where, np.arange(len(anchors)), channel) for channel in anchors.T], axis=1)
    return _srgb(lab)


def _without_gaps(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The mean of each column; a column that no frame fell into (short clips) repeats the one before it."""
    if not counts.any():
        return sums
    filled = np.maximum.accumulate(np.where(counts > 0, np.arange(len(counts)), 0))
    return sums[filled] / counts[filled, None]


def _rows(power: np.ndarray, height_px: int) -> np.ndarray:
    """Power over (columns, bins) averaged or interpolated into (columns, height_px), from 0 Hz to 8 kHz."""
    bins = power.shape[1]
    if height_px >= bins:
        at = np.linspace(0, bins - 1, height_px)
        low = np.minimum(at.astype(int), bins - 2)
        return power[:, low] + (at - low) * (power[:, low + 1] - power[:, low])
    edges = np.linspace(0, bins, height_px + 1).astype(int)
    return np.add.reduceat(power, edges[:-1], axis=1) / np.diff(edges)


def _decibels(power: np.ndarray) -> np.ndarray:
    """dB re the squared magnitude that a full-scale sine at a bin reaches: half the window's sum, squared."""
    with np.errstate(divide="ignore"):
        return 10 * np.log10(power / (FRAME / 4) ** 2)


def _srgb(lab: np.ndarray) -> np.ndarray:
    """Oklab, shape (n, 3), as 8-bit sRGB; colours outside sRGB are clipped."""
    to_cone = np.array(
        [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip((lab @ to_cone.T) ** 3 @ to_linear.T, 0, 1)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(255 * encoded).astype(np.uint8)
