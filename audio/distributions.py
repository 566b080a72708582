"""From contours to what a plot can carry: fewer points, and densities of a few hundred."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audio.features import Contour

CELLS = 1024


@dataclass(frozen=True, eq=False)
class Density:
    """How often each value occurs: `values` in the feature's unit and `heights`, float64, shape (points,).

    `heights` integrate to 1 over the values, or over log10 of the values ("per decade") when made with log=True.
    `median` is that of the values themselves; `median_height` is the curve's height at the median.
    """

    values: np.ndarray
    heights: np.ndarray
    median: float
    median_height: float


def thinned(contour: Contour, max_points: int = 1000) -> Contour:
    """The contour in at most `max_points` points: runs of equally many frames become their median; NaN where all are.

    A contour that is short enough comes back as it is.
    """
    run = -(-len(contour.values) // max_points)
    if run <= 1:
        return contour
    whole = len(contour.values) // run * run
    values = _medians(contour.values[:whole].reshape(-1, run))
    times_s = contour.times_s[:whole].reshape(-1, run).mean(axis=1)
    if whole < len(contour.values):
        values = np.append(values, _medians(contour.values[None, whole:]))
        times_s = np.append(times_s, times_s[-1] + run * (contour.times_s[1] - contour.times_s[0]))
    return replace(contour, times_s=times_s, values=values)


def median(contour: Contour) -> float:
    """The median of the defined values; NaN when there is none."""
    defined = contour.values[np.isfinite(contour.values)]
    return float(np.median(defined)) if len(defined) else float("nan")


def densities(
    contours: Sequence[Contour], *, log: bool = False, points: int = 200, min_values: int = 5
) -> list[Density | None]:
    """A kernel density of each contour's defined values, all on one grid that spans them all.

    Gaussian kernel on values (or on log10 of the positive values, with log=True), bandwidth by Silverman's rule
    0.9 min(sd, IQR / 1.34) n^(-1/5), never under a 500th of the common span. None for a contour with fewer than
    `min_values` values: that is not a distribution.
    """
    samples = [_samples(contour, log) for contour in contours]
    enough = [sample for sample in samples if len(sample) >= min_values]
    if not enough:
        return [None] * len(samples)
    low, high = min(sample.min() for sample in enough), max(sample.max() for sample in enough)
    span = max(high - low, 1e-3 * max(abs(low), abs(high), 1.0))
    widest = max(_bandwidth(sample, span) for sample in enough)
    cells = np.linspace(low - 3 * widest, high + 3 * widest, CELLS)
    grid = np.linspace(cells[0], cells[-1], points)
    return [_density(sample, cells, grid, span, log) if len(sample) >= min_values else None for sample in samples]


def _medians(rows: np.ndarray) -> np.ndarray:
    medians = np.full(len(rows), np.nan)
    some = np.isfinite(rows).any(axis=1)
    medians[some] = np.nanmedian(rows[some], axis=1)
    return medians


def _samples(contour: Contour, log: bool) -> np.ndarray:
    values = contour.values[np.isfinite(contour.values)]
    return np.log10(values[values > 0]) if log else values


def _bandwidth(sample: np.ndarray, span: float) -> float:
    low, high = np.percentile(sample, [25, 75])
    spread = min(sample.std(), (high - low) / 1.34) or sample.std()
    return max(0.9 * spread * len(sample) ** -0.2, span / 500)


def _density(sample: np.ndarray, cells: np.ndarray, grid: np.ndarray, span: float, log: bool) -> Density:
    """The density of one sample on `grid`: counts in fine cells, smoothed by the kernel."""
    step = cells[1] - cells[0]
    counts = np.bincount(np.rint((sample - cells[0]) / step).astype(int), minlength=CELLS)
    reach = int(np.ceil(4 * _bandwidth(sample, span) / step))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * step / _bandwidth(sample, span)) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum())[reach : reach + CELLS] / (len(sample) * step)
    middle = float(np.median(sample))
    heights, median_height = np.interp(grid, cells, smooth), float(np.interp(middle, cells, smooth))
    if log:
        return Density(10**grid, heights, 10**middle, median_height)
    return Density(grid, heights, middle, median_height)
