"""The table of numbers: a row a system, a column a score, every column with its unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from anonymizers import registry


class Column(NamedTuple):
    """A column: heading, unit, explanation, how to print, and whence its number (a score's name, or a field)."""

    heading: str
    unit: str
    help: str
    form: str
    source: str


COLUMNS = (
    Column("Duration", "s", "How long the sound lasts.", ".2f", "duration_s"),
    Column("RTF", "×", "Real-time factor: computing time divided by the clip's duration.", ".3f", "real_time_factor"),
    Column("ΔLoudness", "LU", "Loudness against the original's (BS.1770-4).", "+.1f", "loudness_change"),
    Column(
        "ΔCentroid",
        "Hz",
        "Median spectral centroid against the original's; more is brighter.",
        "+.0f",
        "centroid_change",
    ),
    Column("ΔKurtosis", "", "Median spectral kurtosis against the original's.", "+.2f", "kurtosis_change"),
    Column("ρF0", "", "Pitch correlation with the original: 1 is the same melody.", ".2f", "pitch_correlation"),
    Column("Predicted quality", "MOS", "DNSMOS overall, 1 to 5: a network's guess, not listeners.", ".2f", "OVRL"),
    Column(
        "Voice changed by",
        "",
        "MFCC distance from the original: the size of the change, not privacy.",
        ".1f",
        "voice_change",
    ),
)

OF_ONE_CLIP = ("duration_s", "OVRL")
NONE = "–"
COMING = '<span class="vv-coming" aria-label="being computed">…</span>'


def html(systems: Sequence[Mapping[str, Any]], *, quality_coming: bool) -> str:
    """The table as HTML; `systems` as in comparison.json. `quality_coming`: predicted quality is on its way."""
    heads = "".join(_head(column) for column in COLUMNS)
    rows = "".join(_row(system, quality_coming) for system in systems)
    return (
        '<div class="vv-scroll" tabindex="0" role="region" aria-label="Numbers by system">'
        f'<table class="vv-table"><thead><tr><th scope="col">System</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
        f"<details class='vv-details'><summary>What the columns mean</summary><dl>{_meanings()}</dl></details>"
    )


def _head(column: Column) -> str:
    unit = f'<span class="vv-unit">{column.unit}</span>' if column.unit else ""
    return f'<th scope="col" title="{escape(column.help)}">{column.heading}{unit}</th>'


def _meanings() -> str:
    return "".join(f"<dt>{column.heading}</dt><dd>{escape(column.help)}</dd>" for column in COLUMNS)


def _row(system: Mapping[str, Any], quality_coming: bool) -> str:
    key = system["system"]
    dot = f'<span class="vv-dot" style="background:{registry.entry(key).colour}"></span>'
    name = f'<th scope="row">{dot}{escape(registry.info(key).title)}</th>'
    if system.get("error"):
        return f'<tr>{name}<td class="vv-failed" colspan="{len(COLUMNS)}">{escape(system["error"])}</td></tr>'
    numbers = {**system, **{name: score["value"] for name, score in system.get("scores", {}).items()}}
    return f"<tr>{name}{''.join(_cell(column, key, numbers, quality_coming) for column in COLUMNS)}</tr>"


def _cell(column: Column, key: str, numbers: Mapping[str, Any], quality_coming: bool) -> str:
    value = numbers.get(column.source)
    if key == "original" and column.source not in OF_ONE_CLIP:
        value = None  # the original is not compared with itself
    if value is None:
        coming = quality_coming and column.source == "OVRL"
        return f"<td>{COMING if coming else NONE}</td>"
    return f"<td>{format(value, column.form).replace('-', '−')}</td>"
