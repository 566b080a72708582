"""What a study decides before it opens, as a document to deposit: definition, digest, design, plan of the analysis."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from listening_test.analysis.table import Table
from listening_test.reporting import card, design_words, software
from listening_test.reporting.layout import laid
from listening_test.study import Study, StudyClip, StudyError, digest

PRIMARY = {
    "mos": "Mean rating of each system and question (table mos), and Holm-corrected differences (mos_contrasts).",
    "same-different": "Within-listener AUC of each system, by kind of pair and rung (reidentification); equivalence "
    "to chance (equivalence). Pooled ROC, EER and d′ are secondary.",
    "line-up": "Hits and false identifications of each system (line_up).",
    "speaker-similarity": "Mean similarity of pairs of one and of two speakers, and their AUC (similarity).",
    "emotion": "Recall of each acted emotion and their mean, UAR (emotion), beside the originals as the ceiling.",
}
"""What each type of task is for."""


def of(
    study: Study,
    clips: Sequence[StudyClip],
    *,
    made_s: float,
    state: str = "ready",
    frozen: str = "",
    yaml: str = "",
    expected: Table | None = None,
) -> dict[str, Any]:
    """The preregistration as JSON values.

    Args:
        made_s: now, in s since 1970-01-01 UTC.
        state: of the study; for one that is open or closed the document says that it came too late.
        frozen: the digest a study was opened with, "" before.
        yaml: the file as its owner wrote it.
        expected: the table of power.expected, None where it is not wanted.
    """
    found = digest(study, clips)
    return {
        "study": study.name,
        "title": study.title,
        "made": _date(made_s),
        "state": state,
        "warning": _late(state),
        "digest": found,
        "digest_matches_frozen": None if not frozen else found == frozen,
        "primary_measures": {key: PRIMARY[task.type] for key, task in zip(study.task_keys(), study.tasks, strict=True)},
        "sections": [
            {"title": section.title, "facts": [[fact.term, fact.text] for fact in section.facts]}
            for section in card.sections(study, clips)
        ],
        "trials_per_listener": _trials(study, clips),
        "analysis_plan": plan(study),
        "expected": expected.to_json() if expected else None,
        "definition": study.model_copy(update={"clips": study.clips.model_copy(update=_NO_PATHS)}).model_dump(
            mode="json"
        ),
        "yaml": yaml,
        "clips": [_clip(clip) for clip in clips],
        "software": software.versions(),
    }


def plan(study: Study) -> list[dict[str, Any]]:
    """Every table that the analysis will fill, with its method: what the software does, not what somebody recalls."""
    from listening_test import export
    from listening_test.analysis import results
    from listening_test.analysis.answers import Answers

    nobody = results.analyse(Answers(study, export.frame([], study)), {}, clock=lambda: 0.0)
    return [
        {name: getattr(table, name) for name in ("key", "title", "method", "reading", "caution")}
        for table in nobody.tables.values()
        if table.method
    ]


def markdown(found: dict[str, Any]) -> str:
    """The document of `of` for people."""
    lines = [f"# Preregistration: {found['title']}", ""]
    lines += [f"**{found['warning']}**", ""] if found["warning"] else []
    lines += [
        f"Study `{found['study']}`, made {found['made']} (state: {found['state']}).",
        "",
        f"SHA-256 of the definition and the recordings: `{found['digest']}`. Every exported answer carries it once the",
        "study is open; it changes with any change to either. Deposit this under embargo: `design.seed` decides who",
        "hears what, so listeners must not read it while the study is open.",
        "",
        "## Primary measures",
        "",
        *(f"- **{key}**: {text}" for key, text in found["primary_measures"].items()),
        "",
    ]
    for section in found["sections"]:
        lines += [f"## {section['title']}", "", *(_item(term, text) for term, text in section["facts"]), ""]
    lines += _trial_lines(found["trials_per_listener"])
    lines += ["## Analysis plan", "", *(line for table in found["analysis_plan"] for line in _plan_lines(table))]
    lines += _expected_lines(found["expected"])
    lines += ["## Software", "", *(f"- {name} {version}" for name, version in found["software"].items()), ""]
    return "\n".join([*lines, *_definition_lines(found)])


def encode(found: dict[str, Any]) -> str:
    """The document of `of` as JSON text."""
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


_NO_PATHS: dict[str, Any] = {"folder": None, "manifest": None}


def _late(state: str) -> str:
    if state not in ("open", "closed"):
        return ""
    return f"Made after opening: the study is {state}, so this is a description and no preregistration."


def _date(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _clip(clip: StudyClip) -> dict[str, Any]:
    return clip.model_dump(mode="json", exclude={"path"}, exclude_defaults=True)


def _trials(study: Study, clips: Sequence[StudyClip]) -> list[dict[str, object]]:
    try:
        return design_words.trials(study, clips)
    except StudyError:
        return []


def _item(term: str, text: str) -> str:
    """One fact as a list item, further paragraphs indented below it."""
    first, *more = text.strip().split("\n")
    return "\n".join([f"- **{term}**: {first}", *(f"  {line}".rstrip() for line in more)])


def _trial_lines(rows: Sequence[dict[str, Any]]) -> list[str]:
    if not rows:
        return []
    head = ["## Rated trials of one listener", "", "| Task | Pair | System | Trials |", "| --- | --- | --- | ---: |"]
    return [*head, *(_line(str(row[name]) for name in ("task", "pair", "system", "trials")) for row in rows), ""]


def _line(cells: Iterable[str]) -> str:
    """A row of a Markdown table; a bar within a cell is no border."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _plan_lines(table: dict[str, Any]) -> list[str]:
    caution = [f"Not to be trusted: {table['caution']}", ""] if table["caution"] else []
    return [f"### {table['title']} (`{table['key']}`)", "", table["method"], "", *caution]


def _expected_lines(values: dict[str, Any] | None) -> list[str]:
    if not values:
        return []
    table = Table.from_json(values)
    shown = laid(table, {}, most=len(table.rows))
    names = [head.name for head in shown.heads]
    rows = [_line(row) for row in shown.rows]
    notes = [f"[{number}] {note}" for number, note in enumerate(shown.footnotes, start=1)]
    texts = [text for text in (table.reading, table.method, table.caution, *table.notes, *notes, table.reason) if text]
    grid = [_line(names), f"|{' --- |' * len(names)}", *rows, ""] if rows else []
    return [f"## {table.title}", "", *grid, *(line for text in texts for line in (text, ""))]


def _definition_lines(found: dict[str, Any]) -> list[str]:
    if found["yaml"]:
        return ["## Definition", "", "````yaml", found["yaml"].rstrip(), "````", ""]
    return ["## Definition", "", "````json", json.dumps(found["definition"], indent=1, ensure_ascii=False), "````", ""]
