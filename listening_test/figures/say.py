"""Numbers, names and rows of tables as figures and reports say them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audio.marks import Style
from evaluation.figures.rows import groups as groups
from listening_test.analysis.results import Results
from listening_test.analysis.table import Row


def looks(results: Results) -> Mapping[str, Style]:
    """The style of each system, by label."""
    return results.about.get("styles") or {}


def in_order(results: Results, systems: Iterable[Any]) -> list[str]:
    """Systems, each once, in the study's order; what it does not know comes last, as it came."""
    order = {label: i for i, label in enumerate(results.about.get("systems") or ())}
    return sorted(dict.fromkeys(str(one) for one in systems), key=lambda label: order.get(label, len(order)))


def words(key: Any) -> str:
    """A key of the study as words: "original-anonymized" and "overall_quality" read as they are said."""
    text = str(key or "").replace("_", " ")
    known = {
        "mos": "Ratings",
        "original-original": "original beside original",
        "original-anonymized": "original beside anonymized",
        "anonymized-anonymized": "anonymized beside anonymized",
    }
    return known.get(text, text)


def titled(*parts: Any) -> str:
    """A heading of these parts, the first with a capital."""
    text = ", ".join(str(part) for part in parts if part)
    return text[:1].upper() + text[1:]


def number(value: Any, digits: int = 2) -> str:
    """A number for people; a dash for none."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def interval(row: Row, digits: int = 2, *, names: tuple[str, str, str] = ("value", "low", "high")) -> str:
    """A value with its interval, e.g. "3.42 (3.10 to 3.74)"."""
    value, low, high = (row.get(name) for name in names)
    ends = f" ({number(low, digits)} to {number(high, digits)})" if low is not None and high is not None else ""
    return number(value, digits) + ends


def basis(row: Row) -> str:
    """What an estimate rests on, for a hover."""
    parts = [f"{row[name]} {name}" for name in ("answers", "listeners", "speakers") if row.get(name)]
    return ", ".join(parts)
