"""Before a study opens: what it will be able to show, for the owner's page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from listening_test.study import StudyError

if TYPE_CHECKING:
    from listening_test.analysis.table import Row, Table
    from listening_test.study import Study, StudyClip

HEADS = ("Estimate", "Goal", "Interval", "Power", "Listeners it takes")
NOTHING = "Nothing can be said of this study before it is feasible."
MORE_SPEAKERS = "more speakers"


def panel(study: Study, clips: Sequence[StudyClip], *, listeners: int | None = None) -> str:
    """A table as HTML: expected intervals, power, and how many listeners it takes, by the study's plan.

    Takes up to some seconds for a large study. A study that is not feasible gets a sentence that says why.

    Args:
        listeners: who finish; the places of the study unless given.
    """
    from listening_test import power

    try:
        table = power.expected(study, clips, listeners=listeners)
    except StudyError as error:
        return f'<p class="vv-reading">{NOTHING} {escape(str(error))}</p>'
    return f"{_lines('vv-reading', (_lead(table), table.reading))}{_table(table)}{_below(table)}"


def rows(table: Table) -> Iterator[tuple[str, str, str, str, str]]:
    """The table `power` as people read it, by HEADS."""
    for row in table.rows:
        yield _named(row), str(row["goal"] or "–"), _interval(row), _power(row), _needed(row)


def _lead(table: Table) -> str:
    if not table.rows:
        return "This study asks for nothing that can be planned."
    row = table.rows[0]
    return f"With {row['listeners']} listeners who finish, {row['used']} of them with answers that count:"


def _named(row: Row) -> str:
    parts = [str(row["question"]).replace("_", " "), str(row["pair"] or ""), str(row["measure"])]
    rung = f" ({row['rung']})" if row["rung"] != "all" else ""
    return ", ".join(part for part in parts if part) + rung


def _interval(row: Row) -> str:
    return "–" if row["half_width"] is None else f"± {row['half_width']:.2f}"


def _power(row: Row) -> str:
    return "–" if row["power"] is None else f"{100 * float(row['power']):.0f} %"


def _needed(row: Row) -> str:
    if row["listeners_needed"] is not None:
        return str(row["listeners_needed"])
    return MORE_SPEAKERS if row["goal"] and row["half_width"] is not None else "–"


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    head = "".join(f'<th scope="col"{_side(number)}>{name}</th>' for number, name in enumerate(HEADS))
    body = "".join(
        f"<tr>{''.join(f'<td{_side(number)}>{escape(cell)}</td>' for number, cell in enumerate(cells))}</tr>"
        for cells in rows(table)
    )
    return (
        f'<div class="vv-scroll" tabindex="0" role="region" aria-label="{escape(table.title)}">'
        f'<table class="vv-table vv-plain"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _side(number: int) -> str:
    return ' class="vv-left"' if number < 2 else ""


def _below(table: Table) -> str:
    notes = dict.fromkeys(str(row["note"]) for row in table.rows if row["note"])
    return _lines("vv-small", (*notes, f"When not to trust it: {table.caution}", *table.notes))


def _lines(kind: str, texts: Sequence[str]) -> str:
    return "".join(f'<p class="{kind}">{escape(text)}</p>' for text in texts)
