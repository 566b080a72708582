"""The nearest frames by cosine: the one rule of kNN-VC and all that came from it.

Baas, van Niekerk and Kamper, "Voice conversion with just nearest neighbors", Interspeech 2023: each frame becomes the
plain mean of its k nearest frames among the target's. The neighbours found are exactly the nearest, to within float32:
where a processor multiplies bfloat16 faster, that only tells who need not be looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from anonymizers.pool import Floats

BLOCK_FRAMES = 256
"""So many frames look for their neighbours at a time: memory stays flat."""
PREPARED_FRAMES = 2048
ROUGH_FROM = 4_000_000
"""Frames with fewer numbers in all are searched directly."""
SHORTLIST = 64
ROUNDING = 2.0**-9
"""The largest relative error of rounding to bfloat16."""
SLACK = 1e-4
"""For the rounding of float32 sums, generously."""


@dataclass(frozen=True, eq=False)
class Searchable:
    """Frames prepared once for any number of searches.

    Attributes:
        rows: as they came, float32, (n, d).
        unit: at unit length.
        centre: the mean of `unit`, (d,). Neighbours are compared about it: frames of speech have much in common.
        rough: `unit` about the centre in bfloat16, a torch tensor; None where it would not help.
        offset: the centre times each row about the centre, (n,).
        length, error: the largest length of a row of `rough`, and of what rounding took from one.
    """

    rows: Floats
    unit: Floats
    centre: Floats
    rough: Any
    offset: Floats
    length: float
    error: float

    def __len__(self) -> int:
        return len(self.rows)


def searchable(rows: Floats) -> Searchable:
    """`rows`, float32, (n, d), n >= 1, ready to be searched."""
    rows = np.ascontiguousarray(rows, np.float32)
    unit = _unit(rows)
    centre = unit.mean(axis=0)
    if rows.size < ROUGH_FROM or not _multiplies_bfloat16():
        return Searchable(rows, unit, centre, None, np.zeros(0, np.float32), 0.0, 0.0)
    import torch

    parts, offset = [], np.zeros(len(unit), np.float32)
    for start in range(0, len(unit), PREPARED_FRAMES):
        about = unit[start : start + PREPARED_FRAMES] - centre
        offset[start : start + len(about)] = about @ centre
        parts.append(_rounded(about))
    rough, lengths, errors = zip(*parts, strict=True)
    length, error = (float(max(part.max() for part in one)) for one in (lengths, errors))
    return Searchable(rows, unit, centre, torch.cat(rough), offset, length, error)


def neighbours(queries: Floats, among: Searchable, k: int) -> tuple[Floats, np.ndarray]:
    """The mean of the `k` rows that are nearest to each of `queries`, (m, d), by cosine: float32, (m, d); and their
    places, int64, (m, k), nearest first. Where there are fewer rows, all of them."""
    k = min(k, len(among))
    places = np.zeros((len(queries), k), np.int64)
    means = np.zeros((len(queries), among.rows.shape[1]), np.float32)
    for start in range(0, len(queries), BLOCK_FRAMES):
        block = slice(start, start + BLOCK_FRAMES)
        places[block] = _nearest(_unit(np.asarray(queries[block], np.float32)), among, k)
        means[block] = among.rows[places[block]].mean(axis=1)
    return means, places


def _nearest(unit: Floats, among: Searchable, k: int) -> np.ndarray:
    if among.rough is None or k >= SHORTLIST:
        return _largest(unit @ among.unit.T, k)
    places, sure = _shortlisted(unit, among, k)
    if not sure.all():
        places[~sure] = _largest(unit[~sure] @ among.unit.T, k)
    return places


def _shortlisted(unit: Floats, among: Searchable, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest of those that look nearest, (m, k); and of which rows it is sure that nobody else is nearer, (m,)."""
    import torch

    about = unit - among.centre
    rough, lengths, errors = _rounded(about)
    with torch.inference_mode():
        products = (rough @ among.rough.T).float()
        best, short = products.add_(torch.from_numpy(among.offset)).topk(min(SHORTLIST, len(among)), sorted=True)
    edge, candidates = best[:, -1].numpy(), np.sort(short.numpy(), axis=1)
    likeness = np.einsum("md,mld->ml", unit, among.unit[candidates], optimize=True)
    found = _largest(likeness, k)
    kth = np.take_along_axis(likeness, found[:, -1:], axis=1)[:, 0] - unit @ among.centre
    most = errors * among.length + (lengths + errors) * among.error + SLACK
    most += ROUNDING * (lengths * among.length)
    return np.take_along_axis(candidates, found, axis=1), kth > edge + most


def _rounded(rows: Floats) -> tuple[Any, Floats, Floats]:
    """`rows` in bfloat16, a torch tensor; the length of each, and of what rounding took from it."""
    import torch

    rough = torch.from_numpy(rows).bfloat16()
    kept = rough.float().numpy()
    return rough, np.linalg.norm(kept, axis=1), np.linalg.norm(rows - kept, axis=1)


def _unit(rows: Floats) -> Floats:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _largest(likeness: Floats, k: int) -> np.ndarray:
    """The places of the k largest values of each row, the largest first; of equals the first."""
    places = np.sort(np.argpartition(-likeness, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(likeness, places, axis=1), axis=1, kind="stable")
    return np.take_along_axis(places, order, axis=1)


def _multiplies_bfloat16() -> bool:
    import torch

    can = torch.cpu.get_capabilities()
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))
