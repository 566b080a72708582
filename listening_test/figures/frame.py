"""What the figures of a study share: panels of its tables, or the tables' reason why there is nothing to draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from audio.panels import Panel, Sketch, empty, stacked
from listening_test.analysis.table import Table


def sketch(
    key: str,
    title: str,
    panels: Sequence[Panel],
    tables: Sequence[Table],
    reading: str,
    caution: str = "",
    *,
    legend: bool = False,
    **layout: Any,
) -> Sketch:
    """A figure of these panels; without anything in them, it says the tables' reason in their place."""
    panels = [panel for panel in panels if panel.traces]
    caution = caution or " ".join(dict.fromkeys(table.caution for table in tables if table.caution))
    data, laid = stacked(panels, legend=legend) if panels else empty(reasons(tables))
    return Sketch(key, title, data, {**laid, **layout}, tuple(table.key for table in tables), reading, caution)


def reasons(tables: Sequence[Table]) -> str:
    """Why there is nothing to draw: what the tables say, else what their rows say."""
    said = [table.reason for table in tables if table.reason]
    said = said or [str(row["note"]) for table in tables for row in table.rows if row.get("note")]
    return " ".join(dict.fromkeys(said)) or "No answers to show yet."
