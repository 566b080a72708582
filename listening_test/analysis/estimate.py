"""A number with its interval, what it rests on, and how it was found."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from listening_test.analysis.table import Column


@dataclass(frozen=True)
class Estimate:
    """A point estimate; what could not be had is NaN, and `note` says why.

    Attributes:
        value: the estimate.
        low, high: its interval at the confidence asked for.
        se: its standard error.
        df: degrees of freedom of the t distribution behind the interval.
        method: "mixed model", "crossed clusters" or "two-way bootstrap"; "" without an interval.
        answers, listeners, speakers: how many it rests on.
        note: one sentence about what is missing or doubtful, "" if nothing.
    """

    value: float = math.nan
    low: float = math.nan
    high: float = math.nan
    se: float = math.nan
    df: float = math.nan
    method: str = ""
    answers: int = 0
    listeners: int = 0
    speakers: int = 0
    note: str = ""

    def map(self, function: Callable[[float], float]) -> Estimate:
        """The estimate of an increasing function of the value, e.g. d' of an AUC; no standard error any more."""
        value, low, high = (function(end) for end in (self.value, self.low, self.high))
        return replace(self, value=value, low=low, high=high, se=math.nan)

    def row(self, prefix: str = "") -> dict[str, Any]:
        """The cells of COLUMNS; a prefix ("auc_") tells several estimates of one row apart."""
        return {f"{prefix}{column.name}": getattr(self, column.name) for column in COLUMNS}

    def bounds(self, prefix: str) -> dict[str, Any]:
        """Only value, low and high, as `prefix`, `prefix`_low, `prefix`_high: for a further estimate of one row."""
        return {prefix: self.value, f"{prefix}_low": self.low, f"{prefix}_high": self.high}


COLUMNS = (
    Column("value", "The estimate"),
    Column("low", "Lower end of its interval"),
    Column("high", "Upper end of its interval"),
    Column("se", "Standard error, of listeners and speakers as random draws"),
    Column("df", "Degrees of freedom of the t distribution behind the interval"),
    Column("method", "How the interval was found: mixed model, crossed clusters, two-way bootstrap"),
    Column("answers", "Answers it rests on"),
    Column("listeners", "Listeners it rests on"),
    Column("speakers", "Speakers it rests on"),
    Column("note", "What is missing or doubtful"),
)
