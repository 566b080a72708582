"""A target speaker's ways of saying each phone, a few of each: what private kNN-VC lets a voice choose among."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anonymizers.base import AnonymizerError
from anonymizers.nearest import neighbours, searchable
from anonymizers.pool import Floats

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Centroids:
    """Frames to say phones with: `of` a phone's number its rows, float32, (n, d), n >= 1; phones that were never heard
    are not in it."""

    of: Mapping[int, Floats]

    def __len__(self) -> int:
        return sum(map(len, self.of.values()))


def centroids(frames: Mapping[int, Floats], clusters: int) -> Centroids:
    """`clusters` centroids of each phone's frames, (n, d); where a phone has no more frames than that, and with
    `clusters` 0, the frames themselves.

    k-means (scikit-learn's, one start, always the same), as in the reference, whose starts differ from run to run. It
    repeats frames where there are too few; the nearest is the same.

    Raises:
        AnonymizerError: if there is no frame at all.
    """
    heard = {phone: rows for phone, rows in frames.items() if len(rows)}
    if not heard:
        raise AnonymizerError("Frames of a target speaker were expected, but there are none: take another target.")
    return Centroids({phone: _means(rows, clusters) if clusters else rows for phone, rows in heard.items()})


def _means(rows: Floats, clusters: int) -> Floats:
    from sklearn.cluster import KMeans

    distinct = {row.tobytes(): place for place, row in enumerate(rows)}
    if len(distinct) <= clusters:
        return rows[sorted(distinct.values())]
    found = KMeans(clusters, n_init="auto", random_state=0).fit(rows)
    return found.cluster_centers_.astype(np.float32)


def by_phone(frames: Floats, phones: Ints) -> dict[int, Floats]:
    """`frames`, (n, d), of which `phones`, (n,), tells the phone, sorted by it."""
    return {int(phone): frames[phones == phone] for phone in np.unique(phones)}


def nearest_within(frames: Floats, phones: Ints, among: Centroids) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """For each of `frames`, float32, (n, d), the nearest centroid by cosine among those of its phone, (n,): float32,
    (n, d); and for which frames the target has none of that phone, so that the nearest of all was taken, (n,).

    The reference gives such frames zeros, which its vocoder never saw.
    """
    said, lacking = np.zeros_like(frames), ~np.isin(phones, list(among.of))
    for phone in np.unique(phones[~lacking]):
        here = phones == phone
        said[here] = neighbours(frames[here], searchable(among.of[int(phone)]), 1)[0]
    if lacking.any():
        everything = searchable(np.concatenate(list(among.of.values())))
        said[lacking] = neighbours(frames[lacking], everything, 1)[0]
    return said, lacking
