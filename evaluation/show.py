"""The main figures of a run as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.runs import Run

Row = tuple[str, ...]


def text(run: Run) -> str:
    """EER by attacker and attack, WER and UAR, in % with their intervals at 95 %, and what is wrong with the run."""
    figures = run.table("figures")
    whole = figures[(figures["sex"] == "all") & (figures["group"] == "")]
    parts = [*_heading(run), *_privacy(whole, run), *_utility(whole), *run.problems]
    return "\n".join(parts) + "\n"


def _heading(run: Run) -> Iterator[str]:
    told = run.provenance
    yield run.name
    if data := told.get("data"):
        count = f"{data['speakers']} speakers, {data['utterances']} utterances"
        yield f"{data['name']} ({data['split']}): {count}; a pseudo-speaker for each {told.get('level', '')}"
    if jobs := told.get("jobs"):
        yield f"{jobs['all'] - jobs['failed']} of {jobs['all']} recordings done, intervals at 95 % for other speakers"


def _privacy(whole: pd.DataFrame, run: Run) -> Iterator[str]:
    own = whole[(whole["kind"] == "privacy") & (whole["metric"] == "EER")]
    verdicts = {tuple(row[:4]): row[4] for row in _rows(run.table("trust"), *KEYS, "verdict")}
    titles = {one["key"]: one["title"] for one in run.provenance.get("protocols", [])}
    for protocol, part in own.groupby("protocol", sort=False):
        rows = [("system", "attacker", "attack", "EER %", "trust")]
        for one in part.itertuples():
            key = (one.system, one.attacker, one.attack, one.protocol)
            rows.append((one.system, one.attacker, one.attack, _share(one), verdicts.get(key, "")))
        yield "\nCan a machine still tell who spoke? 50 % is chance, the lowest row of a system counts."
        yield f"{protocol}: {titles.get(protocol, part['about'].iloc[0])}"
        yield from _table(rows)


KEYS = ("system", "attacker", "attack", "protocol")


def _rows(frame: pd.DataFrame, *columns: str) -> Iterator[tuple]:
    yield from frame[list(columns)].itertuples(index=False, name=None)


def _utility(whole: pd.DataFrame) -> Iterator[str]:
    questions = (
        ("intelligibility", "WER", "Is it still understood? WER %, lower is better; read it against the original's."),
        ("emotion", "UAR", "Is the emotion still there? UAR %, 25 % is chance among four."),
    )
    for kind, metric, question in questions:
        own = whole[(whole["kind"] == kind) & (whole["metric"] == metric)]
        if len(own):
            yield f"\n{question}"
            rows = [("system", "recogniser", "data", f"{metric} %")]
            yield from _table([*rows, *((one.system, one.attacker, one.data, _share(one)) for one in own.itertuples())])


def _share(one: object) -> str:
    value, low, high = (100 * float(getattr(one, name)) for name in ("value", "low", "high"))
    if not np.isfinite(value):
        return "not defined"
    return f"{value:.1f}" + (f" [{low:.1f}, {high:.1f}]" if np.isfinite([low, high]).all() else "")


def _table(rows: Sequence[Row]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
