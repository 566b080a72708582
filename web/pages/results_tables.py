"""The tables behind the figures, as HTML: the first rows, what they mean, and the whole as a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from evaluation.reporting.laid import Head, Laid
from web import result_files

if TYPE_CHECKING:
    from listening_test.analysis.table import Table
    from listening_test.store_records import Origin, StudyInfo

ROWS_MAX = 60
"""Of a table on the page; the file has all."""
LONG_CHARS = 32
"""Longer cells run over several lines."""
NO_ROWS = "There is nothing to count."
OWNER_ALONE = '<p class="vv-small">For you alone: this is never published.</p>'


@dataclass(frozen=True)
class Place:
    """Whose results a page shows: a study, whose answers, and how its systems are called and look."""

    info: StudyInfo
    origin: Origin
    looks: Mapping[str, Any]


def behind(place: Place, table: Table) -> str:
    """A table behind a figure, folded."""
    return _folded(place, table, f"The numbers: {table.title[:1].lower()}{table.title[1:]}")


def others(place: Place, tables: Iterable[Table]) -> str:
    """The tables that no figure shows, folded, under a heading; why others are empty comes last."""
    tables = list(tables)
    parts = [_other(place, table) for table in tables if table.rows]
    head = '<h2 class="vv-step" id="tables">Further tables</h2>' if parts else ""
    return head + "".join(parts) + _empty([table for table in tables if not table.rows])


def rows(place: Place, table: Table, label: str = "") -> str:
    """The first rows, as people read them."""
    from listening_test.reporting.layout import laid

    shown = laid(table, place.looks, most=ROWS_MAX)
    if not shown.heads:
        return f'<p class="vv-reading">{escape(table.reason or NO_ROWS)}</p>'
    return grid(shown, label or table.title)


def grid(shown: Laid, label: str) -> str:
    """A table as it is laid out; it scrolls on its own where it is too wide."""
    heads = "".join(_head(head) for head in shown.heads)
    body = "".join(f"<tr>{''.join(map(_cell, row, shown.heads))}</tr>" for row in shown.rows)
    rest = f'<p class="vv-small">{shown.more} more rows are in the file.</p>' if shown.more else ""
    return (
        f'<div class="vv-scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="vv-table vv-plain"><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{rest}'
    )


def details(summary: str, body: str) -> str:
    """Something to unfold; `body` is HTML."""
    return f'<details class="vv-details"><summary>{escape(summary)}</summary>{body}</details>'


def _empty(tables: Sequence[Table]) -> str:
    if not tables:
        return ""
    items = "".join(f"<dt>{escape(one.title)}</dt><dd>{escape(one.reason or NO_ROWS)}</dd>" for one in tables)
    return details("Without numbers", f"<dl>{items}</dl>")


def _other(place: Place, table: Table) -> str:
    lines = "".join(f'<p class="vv-reading">{escape(text)}</p>' for text in (table.reading, table.reason) if text)
    caution = f'<p class="vv-small">When not to trust it: {escape(table.caution)}</p>' if table.caution else ""
    return _folded(place, table, table.title, ("" if table.public else OWNER_ALONE) + lines + caution)


def _folded(place: Place, table: Table, summary: str, before: str = "") -> str:
    small = [*table.notes, *([f"Method: {table.method}"] if table.method else [])]
    after = "".join(f'<p class="vv-small">{escape(text)}</p>' for text in small)
    return details(summary, f"{before}{rows(place, table)}{after}{_file(place, table)}")


def _file(place: Place, table: Table) -> str:
    if not table.rows:
        return ""
    query = "" if place.origin == "participant" else f"?origin={place.origin}"
    link = escape(f"results/{result_files.name_of(place.info)}/{table.key}.csv{query}")
    name = escape(result_files.file_name(place.info, table.key, place.origin))
    return f'<p class="vv-take"><a class="vv-button" href="{link}" download="{name}">{name}</a></p>'


def _head(head: Head) -> str:
    return f'<th scope="col" title="{escape(head.meaning)}"{_side(head)}>{escape(head.name)}</th>'


def _cell(text: str, head: Head) -> str:
    return f"<td{_side(head, long=len(text) > LONG_CHARS)}>{escape(text)}</td>"


def _side(head: Head, *, long: bool = False) -> str:
    names = [*([] if head.numeric else ["vv-left"]), *(["vv-long"] if long else [])]
    return f' class="{" ".join(names)}"' if names else ""
