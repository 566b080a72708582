"""One point a recording: what a system did to its acoustics, and what listeners said of it on average."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from listening_test.analysis.acoustic_links import anonymized, judged
from listening_test.analysis.answers import Answers
from listening_test.analysis.table import Column, Row, Table

CHANGES = ("centroid_change_octaves", "kurtosis_change_octaves", "loudness_change_lu")
POINTS = Table(
    "acoustic_points",
    "Acoustics beside perception, recording by recording",
    (
        Column("perceived", "What people said: a rating, same-speaker confidence, or the share who heard anger"),
        Column("system", "System"),
        Column("clip", "Recording"),
        Column("level", "What a pseudo-speaker was drawn for: utterance or speaker"),
        Column("speaker", "Speaker"),
        Column("emotion", "Emotion that was acted"),
        Column("centroid_change_octaves", "Change of the median spectral centroid against the original, in octaves"),
        Column("kurtosis_change_octaves", "Change of the median spectral kurtosis: log2 of the ratio"),
        Column("loudness_change_lu", "Change of the loudness before all were brought to one level"),
        Column("mean", "Mean of the answers about this recording"),
        Column("answers", "Answers about it"),
    ),
    reading="One row a recording through a system: what changed, and what was said of it on average.",
    method="Means of answers, exclusions applied, beside the changes of the table acoustics. Slopes: acoustic_links.",
    caution="Few answers a recording: single points say nothing, and points of one speaker belong together.",
)


def table(answers: Answers, acoustics: Table) -> Table:
    """The table, of a study's answers and its table `acoustics`; empty without either."""
    known = {(row["clip"], row["system"], row["level"]): row for row in acoustics.rows}
    rows = list(_rows(answers, known)) if known else []
    reason = acoustics.reason or ("" if rows else "Nobody has judged an anonymized recording yet.")
    return POINTS.filled(rows, reason=reason)


def _rows(answers: Answers, known: dict[tuple[Any, ...], Row]) -> Iterator[dict[str, Any]]:
    for name, own, values in judged(answers):
        heard: dict[tuple[Any, ...], list[float]] = defaultdict(list)
        for row, value in zip(own.to_dict("records"), values, strict=True):
            if (key := anonymized(answers, row)) in known and value == value:
                heard[key].append(float(value))
        for key in sorted(heard):
            sound = known[key]
            facts = {column: sound[column] for column in ("system", "clip", "level", "speaker", "emotion", *CHANGES)}
            yield {"perceived": name, **facts, "mean": sum(heard[key]) / len(heard[key]), "answers": len(heard[key])}
