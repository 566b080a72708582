"""What became of melody, quality and timbre: means of utterances' scores, medians of their acoustics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from evaluation.metrics.bootstrap import Interval, mean_interval, noted, numbered, speaker_interval, undefined
from evaluation.utility.rows import Draws, by_sex, groups, row, with_data_sets

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.heard import About

Floats = npt.NDArray[np.float64]
MEANS = {
    "rho_f0": ("rho_F0", "prosody", "1", "pitch correlation with the original, mean of utterances"),
    "dnsmos_ovrl": ("DNSMOS OVRL", "quality", "MOS", "predicted quality, mean of utterances"),
    "dnsmos_p808": ("DNSMOS P808", "quality", "MOS", "predicted quality (P.808), mean of utterances"),
}
MEDIANS = {
    "centroid_hz": ("centroid", "Hz", "median spectral centroid in the original's speech"),
    "kurtosis": ("kurtosis", "1", "median spectral kurtosis in the original's speech"),
    "loudness_lufs": ("loudness", "LUFS", "integrated loudness"),
    "f0_hz": ("F0", "Hz", "median F0 of voiced frames"),
}


def rows(files: pd.DataFrame, about: About, draws: Draws) -> Iterator[dict[str, Any]]:
    """Figures of prosody and quality by sex, of acoustics by acted emotion, of every system and data set."""
    there = with_data_sets(files[(files["side"] == "trial") & (files["state"] == "done")])
    for (system, data), part in groups(there, "system", "data"):
        named = {"system": system, "data": data}
        for sex, used in by_sex(part):
            yield from _means(used, about, {**named, "sex": sex}, draws)
        for emotion in ["", *sorted(set(part["emotion"]) - {""})]:
            used = part[part["emotion"] == emotion] if emotion else part
            yield from _medians(used, about, {**named, "group": emotion}, draws)


def _means(used: pd.DataFrame, about: About, cells: dict[str, Any], draws: Draws) -> Iterator[dict[str, Any]]:
    for column, (metric, kind, unit, title) in MEANS.items():
        if (known := used[used[column].notna()]).empty:
            continue
        if column == "rho_f0" and cells["system"] == "original":
            continue  # of a melody with itself
        found = _of(mean_interval, known, used, column, draws)
        words = f"{title}; {cells['data']}"
        yield row(
            about, found, known, metric=metric, kind=kind, unit=unit, better="higher", about=words, **cells
        )  # fmt: skip


def _medians(used: pd.DataFrame, about: About, cells: dict[str, Any], draws: Draws) -> Iterator[dict[str, Any]]:
    for column, (metric, unit, title) in MEDIANS.items():
        if (known := used[used[column].notna()]).empty:
            continue
        found = _of(median_interval, known, used, column, draws)
        words = f"{title}, median of utterances; {cells['data']}"
        yield row(about, found, known, metric=metric, kind="acoustics", unit=unit, better="", about=words, **cells)


def _of(
    interval: Callable[..., Interval], known: pd.DataFrame, used: pd.DataFrame, column: str, draws: Draws
) -> Interval:
    left_out = len(used) - len(known)
    found = interval(known[column].to_numpy(float), known["speaker"], **draws.how)
    return noted(found, f"{left_out} of {len(used)} utterances have no value." if left_out else "")


def median_interval(
    values: npt.ArrayLike, speakers: npt.ArrayLike, *, rng: np.random.Generator, replicates: int = 1000
) -> Interval:
    """The median of utterances' values, (n,), all finite, with its interval for other speakers."""
    found = np.asarray(values, float).ravel()
    if not len(found):
        return undefined("There is nothing to take the median of.")
    (people,), count = numbered(speakers)
    order = np.argsort(found, kind="stable")

    def medians(weights: Floats) -> Floats:
        return _weighted_medians(found[order], weights[:, people[order]])

    value = float(_weighted_medians(found[order], np.ones((1, len(found))))[0])
    return speaker_interval(value, medians, count, rng=rng, replicates=replicates, cells=len(found))


def _weighted_medians(rising: Floats, weights: Floats) -> Floats:
    """Median of n rising values under each row of weights (b, n): where half the weight lies below, interpolated."""
    whole = np.cumsum(weights, 1)
    middles = (whole - weights / 2) / whole[:, -1:]
    after = np.clip(np.sum(middles < 0.5, 1), 1, max(1, len(rising) - 1))
    if len(rising) == 1:
        return np.full(len(weights), rising[0])
    lines = np.arange(len(weights))
    left, right = middles[lines, after - 1], middles[lines, after]
    part = np.clip((0.5 - left) / (right - left), 0, 1)
    return np.asarray(rising[after - 1] + part * (rising[after] - rising[after - 1]))
