"""The figures of a comparison, from its measured rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from anonymizers import registry
from audio import plots

if TYPE_CHECKING:
    from web.comparison import Row

TITLES = {
    "features_over_time": "Over time",
    "distributions": "Distributions",
    "spectrograms": "Spectrograms",
    "f0_over_time": "Pitch",
}
READING: Mapping[str, str] = plots.READING


def draw(rows: Sequence[Row]) -> dict[str, Any]:
    """A plotly figure by name, for every name in TITLES."""

    def series(name: str) -> list[plots.Series]:
        return [
            plots.Series(**_looks(row.key), contour=row.measured.contours[name])
            for row in rows
            if row.measured is not None
        ]

    features = {name: series(name) for name in ("centroid", "kurtosis", "loudness")}
    floor_db, ceiling_db = _scale(rows)
    return {
        "features_over_time": plots.features_over_time(**features),
        "distributions": plots.distributions(**features),
        "spectrograms": plots.spectrograms(_pictures(rows), floor_db=floor_db, ceiling_db=ceiling_db),
        "f0_over_time": plots.f0_over_time(series("f0")),
    }


def _looks(key: str) -> dict[str, str]:
    entry = registry.entry(key)
    return {"key": key, "title": registry.info(key).title, "colour": entry.colour, "dash": entry.dash}


def _pictures(rows: Sequence[Row]) -> list[plots.Picture]:
    return [
        plots.Picture(
            row.key, registry.info(row.key).title, registry.entry(row.key).colour, png, row.result.clip.duration_s
        )
        for row in rows
        if row.measured is not None and row.result is not None and (png := row.measured.spectrogram)
    ]


def _scale(rows: Sequence[Row]) -> tuple[float, float]:
    for row in rows:
        if row.measured is not None:
            return row.measured.floor_db, row.measured.ceiling_db
    return plots.FLOOR_DB, plots.CEILING_DB
