"""What a run says of itself, for the heads of reports and pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from evaluation.corpus_words import data_set
from evaluation.figures.conditions import eers
from evaluation.figures.rows import chosen
from evaluation.figures.say import LEVELS, listed
from evaluation.runs import Run

_PATH = re.compile(r"(?<![\w.:/])(?:[A-Za-z]:)?(?:[/\\][^/\\\s\"',;]+)+[/\\](?=[^/\\\s])")


def lead(run: Run) -> str:
    """What was tried, in a sentence."""
    systems = [one for one in _values(run, "system") if one != "original"]
    count = f"{len(systems)} system{'' if len(systems) == 1 else 's'}"
    data = listed([f"{one} ({', '.join(parts)})" if parts else one for one, parts in _data(run).items()])
    level = next(iter(LEVELS[one] for one in _values(run, "level") if one in LEVELS), "")
    return f"{count} beside the original{f' on {data}' if data else ''}{f', with {level}' if level else ''}."


def facts(run: Run) -> Iterator[tuple[str, str]]:
    """What the head of a report or page says of a run, in short."""
    files = run.table("files")
    tried = files[files["side"] == "trial"]
    failed = int((tried["state"] == "failed").sum())
    yield "Recordings", f"{tried['utterance'].nunique():,}, by {tried['speaker'].nunique():,} speakers"
    yield "Made", f"{len(tried) - failed:,} sounds" + (f", {failed:,} failed" if failed else "")
    yield "Attackers", ", ".join(dict.fromkeys(str(row["attacker"]) for row in eers(run))) or "none"
    yield "Words", ", ".join(_recognisers(run, "intelligibility")) or "none"
    yield "Emotion", ", ".join(_recognisers(run, "emotion")) or "none"


def _recognisers(run: Run, kind: str) -> list[str]:
    return list(dict.fromkeys(str(row["attacker"]) for row in chosen(run.table("figures"), kind=kind)))


def _values(run: Run, column: str) -> list[str]:
    return [str(one) for one in run.table("figures")[column].unique() if one]


def _data(run: Run) -> dict[str, list[str]]:
    """Data sets, and of each the parts that were used."""
    found: dict[str, list[str]] = {}
    for corpus in run.table("files")["corpus"].unique().tolist():
        name, part = data_set(corpus)
        found.setdefault(name, []).extend([part] if part else [])
    return {name: parts for name, parts in found.items() if name}


def without_folders(value: Any) -> Any:
    """The same, without the folders of absolute paths: where data lay is nobody's business."""
    if isinstance(value, dict):
        return {name: without_folders(one) for name, one in value.items()}
    if isinstance(value, list):
        return [without_folders(one) for one in value]
    return _PATH.sub("…/", value) if isinstance(value, str) else value
