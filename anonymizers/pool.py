"""A pool of speakers: vectors, sex, pitch. pool_from_speech.py makes it; pseudo_speaker.py makes voices of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from anonymizers.base import AnonymizerError

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MODEL = Path(__file__).resolve().parents[1] / "assets" / "models" / "speaker_pool.npz"
NEIGHBOURS = 15
UNIT_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class Pool:
    """Speakers whose voices may be mixed; row i of every array is speaker i.

    Attributes:
        speakers: their names, as their corpus has them.
        sexes: "F", "M" or "" (not known).
        vectors: float32, shape (n, d), of one encoder, none of them zero.
        median_f0_hz: float32, shape (n,); NaN where not known.
        f0_deviation_semitones: float32, shape (n,), see `f0_statistics`; NaN where not known.
        notes: sentences on what was left out when the pool was made.
    """

    speakers: tuple[str, ...]
    sexes: tuple[str, ...]
    vectors: Floats
    median_f0_hz: Floats
    f0_deviation_semitones: Floats
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.speakers)

    @property
    def unit_length(self) -> bool:
        """Whether the encoder gives vectors of length 1 (to within 1 %)."""
        return bool(np.all(np.abs(np.linalg.norm(self.vectors, axis=1) - 1.0) < UNIT_TOLERANCE))

    def of_sex(self, sex: str) -> Pool:
        """The speakers of that sex, in the same order."""
        return self.taken([place for place, known in enumerate(self.sexes) if known == sex])

    def without(self, speaker: str) -> Pool:
        """All but the speaker of that name."""
        return self.taken([place for place, name in enumerate(self.speakers) if name != speaker])

    def taken(self, places: Sequence[int]) -> Pool:
        """The speakers at `places`, in that order."""
        rows = np.asarray(places, np.int64)
        return Pool(
            tuple(self.speakers[place] for place in rows),
            tuple(self.sexes[place] for place in rows),
            self.vectors[rows],
            self.median_f0_hz[rows],
            self.f0_deviation_semitones[rows],
            self.notes,
        )

    def distances(self, vector: npt.ArrayLike) -> Doubles:
        """Cosine distance, 1 - cos, of each speaker to `vector`, shape (d,): float64, shape (n,), in [0, 2].

        Raises:
            AnonymizerError: if `vector` has another shape, is not finite, or zero.
        """
        other = np.asarray(vector, np.float64)
        if other.shape != self.vectors.shape[1:] or not np.isfinite(other).all() or not other.any():
            raise AnonymizerError(
                f"A speaker vector of {self.vectors.shape[1]} finite numbers, not all of them 0, was expected, but one "
                f"of shape {other.shape} came that is not: embed the source with the encoder that made the pool."
            )
        return cosine_distances(self.vectors, other)


def available(path: Path = MODEL) -> bool:
    """Whether the pool's file is here; loads nothing."""
    return path.is_file()


@lru_cache(maxsize=4)
def load(path: Path = MODEL) -> Pool:
    """The pool that ships with the project (its card: assets/models/speaker_pool.md), or another of the same kind.

    Loaded once a process; its arrays cannot be written to.

    Raises:
        AnonymizerError: if the file is missing or is no pool.
    """
    from zipfile import BadZipFile

    if not path.is_file():
        raise AnonymizerError(
            f"A speaker pool was expected, but {path.name} is not here: get assets/models with the project's files, "
            "or make it with `python -m training speaker-pool`."
        )
    try:
        with np.load(path, allow_pickle=False) as file:
            names, sexes = (tuple(str(word) for word in file[key]) for key in ("speakers", "sexes"))
            arrays = [file[key].astype(np.float32) for key in ("vectors", "median_f0_hz", "f0_deviation_semitones")]
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile):
        raise AnonymizerError(f"A speaker pool was expected, but {path.name} holds none: get it again.") from None
    for array in arrays:
        array.setflags(write=False)
    return Pool(names, sexes, *arrays)


def save(pool: Pool, path: Path, *, half: bool = True) -> None:
    """`pool` as an .npz that `load` reads; its vectors in half precision, unless `half` is False."""
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            speakers=np.array(pool.speakers, np.str_),
            sexes=np.array(pool.sexes, np.str_),
            vectors=pool.vectors.astype(np.float16 if half else np.float32),
            median_f0_hz=pool.median_f0_hz.astype(np.float32),
            f0_deviation_semitones=pool.f0_deviation_semitones.astype(np.float32),
        )


def cosine_distances(rows: npt.ArrayLike, vector: npt.ArrayLike) -> Doubles:
    """1 - cos of each of `rows`, shape (n, d), to `vector`, (d,); none of them zero: float64, (n,), in [0, 2]."""
    own, other = np.asarray(rows, np.float64), np.asarray(vector, np.float64)
    cosines = own @ other / (np.linalg.norm(own, axis=1) * np.linalg.norm(other))
    return 1.0 - np.clip(cosines, -1.0, 1.0)


def f0_statistics(f0_hz: npt.ArrayLike) -> tuple[float, float]:
    """Median in Hz, and deviation in semitones, of an F0 track, shape (frames,), 0 or NaN where unvoiced.

    The deviation is half the way from the 15.87th to the 84.13th percentile of 12 log2(F0): a Gaussian's standard
    deviation, which a few octave errors of the tracker do not move. Without a voiced frame both are NaN.
    """
    track = np.nan_to_num(np.asarray(f0_hz, np.float64))
    voiced = track[track > 0]
    if not len(voiced):
        return math.nan, math.nan
    low, middle, high = np.percentile(voiced, [15.87, 50.0, 84.13])
    return float(middle), float(6.0 * np.log2(high / low))


def usual_f0_hz(pool: Pool, vector: npt.ArrayLike) -> float:
    """The median F0 that a voice usually has, whatever the mood it is in: the geometric mean over the 15 speakers of
    known F0 who are nearest to `vector`; NaN if none is known.

    Raises:
        AnonymizerError: as `Pool.distances`.
    """
    known = pool.taken(np.flatnonzero(~np.isnan(pool.median_f0_hz)).tolist())
    if not len(known):
        return math.nan
    nearest = np.argsort(known.distances(vector), kind="stable")[:NEIGHBOURS]
    return float(np.exp(np.mean(np.log(known.median_f0_hz[nearest].astype(np.float64)))))


def nearest_sex(pool: Pool, vector: npt.ArrayLike) -> str:
    """The sex, "F" or "M", of most of the 15 speakers of known sex who are nearest to `vector`; "" if none is known.

    Raises:
        AnonymizerError: as `Pool.distances`.
    """
    known = pool.taken([place for place, sex in enumerate(pool.sexes) if sex])
    nearest = np.argsort(known.distances(vector), kind="stable")[:NEIGHBOURS]
    votes = [known.sexes[place] for place in nearest]
    return max("FM", key=votes.count) if votes else ""
