"""Numbers of a run as figures, reports and pages say them: "34.2 % [28.1, 40.3]"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audio import marks
from evaluation.looks import look

UNITS = {"share": (100.0, 1, " %"), "bits": (1.0, 3, " bits"), "Hz": (1.0, 0, " Hz"), "LUFS": (1.0, 1, " LUFS"),
         "dB": (1.0, 1, " dB"), "MOS": (1.0, 2, "")}  # fmt: skip
"""Factor, digits and unit of a value as it is shown; anything else as it is, with two digits."""
ATTACKS = {
    "unprotected": "on originals",
    "ignorant": "ignorant",
    "lazy-informed": "lazy-informed",
    "semi-informed": "semi-informed",
    "fixed": "trained on originals",
    "retrained": "retrained on the system's output",
}
PROTOCOLS = {
    "single": "one utterance enrols",
    "multi": "all other utterances enrol",
    "given": "the data's own trials",
}
SEXES = {"F": "women", "M": "men"}
LEVELS = {"utterance": "a pseudo-speaker for every utterance", "speaker": "a pseudo-speaker for every speaker and side"}
NUMBER = ("value", "low", "high")


def interval(row: Mapping[str, Any], digits: int | None = None, *, names: tuple[str, str, str] = NUMBER) -> str:
    """A row's value with its interval and unit; a dash where there is no value."""
    factor, usual, unit = UNITS.get(str(row.get("unit") or ""), (1.0, 2, ""))
    value, low, high = (
        None if row.get(name) is None else number(factor * row[name], usual if digits is None else digits)
        for name in names
    )
    if value is None:
        return "–"
    return f"{value}{unit}" + (f" [{low}, {high}]" if low is not None and high is not None else "")


def number(value: float, digits: int) -> str:
    """A number with a true minus, and no minus before nothing."""
    text = f"{value:,.{digits}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage."""
    return "–" if share is None else f"{number(100 * share, digits)} %"


def basis(row: Mapping[str, Any]) -> str:
    """What a row rests on: how many speakers, utterances, trials."""
    parts = [f"{row[name]:,} {name}" for name in ("speakers", "utterances") if row.get(name)]
    if row.get("trials"):
        parts.append(f"{row['trials']:,} trials, {row['targets']:,} of them targets")
    return "; ".join(parts)


def name(system: str) -> str:
    """A system as people call it."""
    return look(system)["name"]


def hover(*lines: str) -> str:
    """Text under the pointer: what a plot's point is, a line each."""
    return "<br>".join(marks.safe(line) for line in lines if line) + "<extra></extra>"


def listed(parts: list[str]) -> str:
    """Parts of a sentence: "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def folded(text: str, width: int = 64) -> list[str]:
    """A long text in lines that fit under a pointer."""
    import textwrap

    return textwrap.wrap(text, width)
