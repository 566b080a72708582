"""What the page about evaluation runs says, as HTML; names and numbers of runs are escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from evaluation.figures.conditions import Condition
from evaluation.figures.glance import best, glance, measures
from evaluation.figures.glance import words as glance_words
from evaluation.reporting import numbers
from evaluation.reporting.about import facts, lead, without_folders
from evaluation.reporting.cautions import cautions
from evaluation.reporting.laid import Laid
from evaluation.run_tables import TABLES
from evaluation.runs import Run
from web.components.result_figures import Filled
from web.pages.results_tables import details, grid
from web.pages.results_words import HERE, SWITCH

if TYPE_CHECKING:
    from evaluation.plots import Figure

TITLE = f"""
<h1 class="vv-title">Results</h1>
{SWITCH.format(people="", machines=HERE)}
<p class="vv-reading">What machines find in anonymized voices: can an attacker still tell who spoke, is it still
understood, is the emotion still there, and what happened to the sound. Every number names its attacker, protocol and
data, has an interval for other speakers, and says when not to trust it.</p>
"""
NONE = """
<div class="vv-empty">
<p>No evaluation has been run on this server yet. One command makes one, from a folder of recordings:</p>
<pre class="vv-command">python -m evaluation run --data DIR --systems mcadams --out data/evaluations/first</pre>
<p class="vv-small">Runs in <code>data/evaluations</code>, or in the folder that <code>VOICEVEIL_EVALUATIONS</code>
names, are shown here. Below: what papers have published.</p>
</div>
"""
UNKNOWN = "There is no evaluation at this address (any more): choose another."
NO_FIGURES = "There are no figures to show in this run yet."
UNSHOWN = frozenset({"curves"})
"""Tables of points, which nobody reads."""


def address(run: Run) -> str:
    """The page of a run, relative to the app."""
    return f"machines?run={quote(run.name)}"


def heading(run: Run, condition: Condition | None, figures: Sequence[Figure]) -> str:
    """The head of a run: what was tried, the main figures, on what they rest, files to take away, a list of figures."""
    problems = "".join(f'<p class="vv-note">{escape(text)}</p>' for text in without_folders(run.problems))
    title = f'<h2 class="vv-title">{escape(run.name)}</h2>'
    if not run.shows:
        return f'<section class="vv-card">{title}{problems}<p class="vv-next">{NO_FIGURES}</p></section>'
    told = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts(run))
    main = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in best(run, condition))
    folder = f"machines/{quote(run.name)}"
    links = (
        f'<p class="vv-take"><a class="vv-button" href="{folder}/report.html" download>Report (one HTML file)</a> '
        f'<a href="{address(run)}">Link to these results</a></p>'
    )
    shown = glance(run, condition)
    at_a_glance = (
        f'<h2 class="vv-step">At a glance</h2>{grid(shown, "At a glance")}'
        f'<p class="vv-reading">{escape(glance_words(run, condition))}</p>{_measures(run, condition)}'
    )
    card = (
        f'<section class="vv-card">{title}<p>{escape(lead(run))}</p><dl class="vv-headlines">{main}</dl>'
        f'<dl class="vv-facts">{told}</dl>{problems}{links}</section>'
    )
    return card + (at_a_glance if shown.rows else "") + _contents(figures)


def filled(figures: Sequence[Figure], run: Run | None) -> list[Filled]:
    """Figures with what stands over and under each."""
    return [Filled(_head(one), one.figure, _foot(one, run)) for one in figures]


def further(run: Run) -> str:
    """What the figures cannot say, the trust check, and every table as a file."""
    said = "".join(f"<li>{escape(text)}</li>" for text in cautions(run))
    files = "".join(
        f"<dt>{_file(run, name)}</dt><dd>{len(run.table(name)):,} rows: "
        f"{escape(', '.join(column.name for column in columns))}</dd>"
        for name, columns in TABLES.items()
        if len(run.table(name))
    )
    return (
        f'<h2 class="vv-step" id="cautions">What these figures cannot say</h2><ul class="vv-cautions">{said}</ul>'
        f'{_trust(run)}<h2 class="vv-step" id="tables">Tables</h2><dl class="vv-files">{files}</dl>'
    )


def _measures(run: Run, condition: Condition | None) -> str:
    shown = measures(run, condition)
    if len(shown.heads) < 2:
        return ""
    meanings = "".join(f"<dt>{escape(head.name)}</dt><dd>{escape(head.meaning)}</dd>" for head in shown.heads[1:])
    title = "Further measures of privacy"
    return details(title, f"{grid(shown, title)}{_notes(shown)}<dl>{meanings}</dl>")


def _notes(shown: Laid | None) -> str:
    notes = shown.footnotes if shown else ()
    return "".join(f'<p class="vv-small">[{n}] {escape(text)}</p>' for n, text in enumerate(notes, 1))


def _trust(run: Run) -> str:
    from evaluation.figures.rows import chosen

    rows = chosen(run.table("trust"))
    if not rows:
        return ""
    laid = numbers.laid(rows, "trust", most=1000)
    return '<h2 class="vv-step" id="trust">Trust check of the attackers</h2>' + details(
        f"Verdicts on {len(rows)} EERs", grid(laid, "Trust check") + _notes(laid)
    )


def _contents(figures: Sequence[Figure]) -> str:
    links = "".join(
        f'<li><a href="#figure-{escape(one.drawing.key)}">{escape(one.drawing.sketch.title)}</a></li>'
        for one in figures
    )
    return f'<nav class="vv-contents" aria-label="Figures"><ul>{links}</ul></nav>' if links else ""


def _head(figure: Figure) -> str:
    drawing = figure.drawing
    return f'<h2 class="vv-step" id="figure-{escape(drawing.key)}">{escape(drawing.sketch.title)}</h2>'


def _foot(figure: Figure, run: Run | None) -> str:
    """How to read it; data, protocol and attacker; when not to trust it; the numbers."""
    drawing, sketch = figure.drawing, figure.drawing.sketch
    parts = [f'<p class="vv-reading">{escape(sketch.reading)}</p>']
    parts += [f'<p class="vv-small">{escape(drawing.about)}</p>'] if drawing.about else []
    parts += [details("When not to trust it", f"<p>{escape(sketch.caution)}</p>")] if sketch.caution else []
    if run is not None and drawing.rows:
        shown = drawing.table not in UNSHOWN
        laid = numbers.laid(drawing.rows, drawing.table) if shown else None
        table = grid(laid, sketch.title) if laid else ""
        parts.append(details("The numbers", f'{table}{_notes(laid)}<p class="vv-take">{_file(run, drawing.table)}</p>'))
    return "".join(parts)


def _file(run: Run, table: str) -> str:
    name = f"{run.name}-{table}.csv"
    return f'<a class="vv-button" href="machines/{quote(run.name)}/{table}.csv" download>{escape(name)}</a>'
