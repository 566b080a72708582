"""What scores, ranks and predictions say: one module per metric. The commonest ones are here as well."""

from __future__ import annotations

from evaluation.metrics.bootstrap import Interval
from evaluation.metrics.curves import (
    MetricError,
    Roc,
    auc,
    auc_of_counts,
    counts,
    eer,
    eer_of_counts,
    roc,
)
from evaluation.metrics.recognition import recalls, uar
from evaluation.metrics.speakers import eer_by_sex, eer_interval, speaker_eers, speaker_level

__all__ = [
    "Interval",
    "MetricError",
    "Roc",
    "auc",
    "auc_of_counts",
    "counts",
    "eer",
    "eer_by_sex",
    "eer_interval",
    "eer_of_counts",
    "recalls",
    "roc",
    "speaker_eers",
    "speaker_level",
    "uar",
]
