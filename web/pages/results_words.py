"""What the Results pages say, as HTML; whatever people wrote is escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from web import result_files
from web.pages.results_tables import behind, details, rows

if TYPE_CHECKING:
    from listening_test.analysis.results import Results
    from listening_test.analysis.table import Table
    from listening_test.plots import Figure
    from listening_test.store_records import Origin, StudyInfo
    from listening_test.study import Study, Task
    from web.pages.results_tables import Place
    from web.study_results import Shown

SWITCH = """
<nav class="vv-switch" aria-label="Whose results"><ul>
<li><a href="results"{people}>By people</a></li><li><a href="machines"{machines}>By machines</a></li>
</ul></nav>
"""
HERE = ' aria-current="page"'
TITLE = f"""
<h1 class="vv-title">Results</h1>
{SWITCH.format(people=HERE, machines="")}
<p class="vv-reading">What people heard: how good anonymized voices sound, and whether a person can still be
recognised. Every estimate has its interval; every figure has its table, and says when not to trust it.</p>
"""
OWNER_TITLE = """
<header class="vv-header">
  <h1>Results</h1>
  <p>Yours to see; others see what you publish.</p>
  <form method="post" action="logout" class="vv-logout"><button type="submit">Log out</button></form>
</header>
"""
NONE_PUBLIC = """
<div class="vv-empty"><p>No results are published on this server yet.</p>
<p><a class="vv-button" href="studies">Take the listening study</a></p>
<p class="vv-small">Who owns a study publishes its results at <a href="admin/results">/admin</a> once it is closed.</p>
</div>
"""
NONE_OWNED = """
<div class="vv-empty"><p>No study has been opened yet. Results appear here with the first answers.</p>
<p><a class="vv-button" href=".">Make or open a study</a></p></div>
"""
UNKNOWN = "There are no published results at this address: choose others, or ask whoever sent you the link."
UNKNOWN_OWNED = "There is no study of that name that has been opened: choose another."
COMING = "The results are being computed for the first time. They appear here by themselves."
NO_FIGURES = '<p class="vv-note">There is nothing to draw; the tables say what there is.</p>'
MASKED = "Systems are letters until the study closes, so that nobody stops it when the numbers please."
BECOMES_PUBLIC = """
<p><strong>Anybody who opens this server's Results page will see:</strong> the title, what was asked, how many listeners
took part, dates, and every figure and table, with systems by name.</p>
<p><strong>Nobody will see:</strong> comments, single answers, listeners or their ids, names of speakers and recordings,
links to the study.</p>
<p>You can unpublish at any time; what others have copied stays with them.</p>
"""
PRIVATE = "Only you can see these results."
NOT_CLOSED = "Only you can see these results. They can be published once the study is closed."
EXPIRED = "Its answers were deleted {days:g} days after it closed, as listeners were promised; results went with them."
EXPIRES = "Results go with the answers, {days:g} days after closing: take tables away before."
NOBODY = {
    "open": "Nobody has answered yet. Send listeners the link of the study; their answers appear here.",
    "closed": "Nobody has answered: there is nothing to show.",
}
ORIGINS: Mapping[Origin, str] = {
    "participant": "Participants",
    "simulation": "Simulated listeners",
    "preview": "Your previews",
}


def choice(info: StudyInfo, *, owner: bool) -> str:
    """One line of the list of studies."""
    state = "published" if info.published_s is not None and info.state == "closed" else info.state
    more = f"version {info.version} · {state}" if owner else f"published {_day(info.published_s)}"
    return f"{info.title} · {more}"


def status(shown: Shown, now_s: float) -> str:
    """Whether what is shown is of now, and what is being done about it; nothing where all is well."""
    if shown.since_s is not None:
        part = f" ({escape(shown.part)})" if shown.part else ""
        seconds = max(0, round(now_s - shown.since_s))
        took_s = shown.results.about.get("seconds") if shown.results else None
        before = f", {took_s:.0f} s the last time" if took_s else ""
        what = "Computing again with what has changed" if shown.results else COMING.rstrip(".").partition(".")[0]
        return f'<p class="vv-note" role="status">{what}{part}: {seconds} s so far{before}. {_appears(shown)}</p>'
    if shown.problem:
        return f'<p class="vv-problem" role="alert">{escape(shown.problem)}</p>'
    if shown.stale and shown.results is not None:
        return '<p class="vv-note" role="status">New answers have come; they are counted in within a minute.</p>'
    return ""


def _appears(shown: Shown) -> str:
    return "The page changes by itself." if shown.results else "They appear here by themselves."


def heading(place: Place, results: Results | None, figures: Sequence[Figure] = ()) -> str:
    """The head of a study's results: watermark, title, what was asked, who listened, when, with what; at a glance."""
    watermark = str(results.about.get("watermark") or "") if results else ""
    banner = f'<p class="vv-watermark" role="note">{escape(watermark)}</p>' if watermark else ""
    title = f'<h2 class="vv-title">{escape(place.info.title)}</h2>'
    body = _card(place.info, results) if results else ""
    glance = _glance(place, results) if results and figures else ""
    address = f"results?study={result_files.name_of(place.info)}"
    link = f'<p class="vv-small"><a href="{address}">Link to these results</a></p>'
    card = f'<section class="vv-card">{banner}{title}{_asked(place.info.study)}{body}{link}</section>'
    return f"{card}{glance}{_contents(figures)}"


def _glance(place: Place, results: Results) -> str:
    from listening_test.reporting.glance import TITLE, glance

    table = glance(results)
    return (
        f'<h2 class="vv-step">{TITLE}</h2>{rows(place, table)}<p class="vv-reading">{table.reading}</p>'
        if table.rows
        else ""
    )


def _contents(figures: Sequence[Figure]) -> str:
    links = "".join(f'<li><a href="#figure-{escape(one.key)}">{escape(one.title)}</a></li>' for one in figures)
    return f'<nav class="vv-contents" aria-label="Figures"><ul>{links}</ul></nav>' if links else ""


def _asked(study: Study) -> str:
    from listening_test.reporting.design_words import tasks

    questions = "; ".join(_task(task) for task in study.tasks)
    facts = "".join(f"<dt>{escape(fact.term)}</dt><dd>{escape(fact.text)}</dd>" for fact in tasks(study))
    return (
        f'<p class="vv-asked">Asked: {escape(questions)}.</p>'
        f'<details class="vv-details"><summary>Word for word</summary><dl>{facts}</dl></details>'
    )


def _task(task: Task) -> str:
    if task.type == "mos":
        return f"how it sounds ({', '.join(one.replace('_', ' ') for one in task.questions)}; 1 to 5)"
    if task.type == "line-up":
        return f"which of {task.voices} voices is the person heard before, if any"
    if task.type == "emotion":
        return f"which emotion is heard{', and how intense' if task.intensity else ''}"
    return {
        "same-different": "whether two recordings are of one person",
        "speaker-similarity": "how similar two voices are (1 to 5)",
    }[task.type]


def _card(info: StudyInfo, results: Results) -> str:
    about = results.about
    if not about.get("enrolled"):
        return f'<p class="vv-next">{_nobody(info, about["computed_s"])}</p>'
    facts = {
        "Listeners": f"{about['enrolled']} began, {about['finished']} finished, {about['used']} used",
        "Answers used": f"{about['answers']:,}".replace(",", " "),
        "Answered": _span(about.get("first_s"), about.get("last_s")),
        "Study": _span(about.get("opened_s"), about.get("closed_s")) + ("" if about.get("closed_s") else " (open)"),
        "Software": f"VoiceVeil {about['software_version']}",
        "Frozen as": str(about.get("digest") or "")[:12],
        "Computed": _time(about.get("computed_s")),
    }
    rows = "".join(f"<div><dt>{term}</dt><dd>{escape(value)}</dd></div>" for term, value in facts.items() if value)
    masked = f'<p class="vv-reading">{MASKED}</p>' if about.get("masked") else ""
    return f'<dl class="vv-facts">{rows}</dl>{_systems(about)}{_excluded(results.tables)}{masked}'


def _nobody(info: StudyInfo, now_s: float) -> str:
    """Why there are no answers."""
    days = info.study.limits.keep_answers_days
    if days is not None and info.closed_s is not None and info.closed_s + 86_400 * days <= now_s:
        return EXPIRED.format(days=days)
    return NOBODY.get(info.state, NOBODY["closed"])


def _systems(about: Mapping[str, Any]) -> str:
    looks = about.get("styles") or {}
    items = []
    for label in about.get("systems") or ():
        look = looks.get(label) or {}
        dot = f'<span class="vv-dot" style="background:{escape(look.get("colour", "#8A8F98"))}"></span>'
        items.append(f"<li>{dot}{escape(look.get('name', label))}</li>")
    return f'<ul class="vv-systems" aria-label="Systems">{"".join(items)}</ul>'


def _excluded(tables: Mapping[str, Table]) -> str:
    """How many were not used, and why: a listener may have several reasons."""
    table = tables.get("exclusions")
    rows = [row for row in table.rows if row.get("listeners")] if table else []
    if not rows:
        return ""
    reasons = "; ".join(f"{row['reason']} ({row['listeners']})" for row in rows)
    return f'<p class="vv-small">Not used: {escape(reasons)}. Rules were fixed before the study opened.</p>'


def figure_head(figure: Figure, watermark: str = "") -> str:
    """The heading over a figure."""
    mark = f' <span class="vv-mark">{escape(watermark)}</span>' if watermark else ""
    return f'<h2 class="vv-step" id="figure-{escape(figure.key)}">{escape(figure.title)}{mark}</h2>'


def figure_foot(place: Place, figure: Figure, tables: Mapping[str, Table]) -> str:
    """How to read a figure, when not to trust it, and the tables behind it."""
    parts = [f'<p class="vv-reading">{escape(figure.reading)}</p>' if figure.reading else ""]
    parts += [details("When not to trust it", f"<p>{escape(figure.caution)}</p>")] if figure.caution else []
    parts += [behind(place, tables[key]) for key in figure.tables if key in tables and tables[key].rows]
    return "".join(parts)


def publishing(info: StudyInfo) -> str:
    """Who can see the results, and for how long."""
    days = info.study.limits.keep_answers_days
    until = f" {EXPIRES.format(days=days)}" if days is not None else ""
    if info.published_s is not None:
        link = f"../results?study={result_files.name_of(info)}"
        who = f'Public since {_time(info.published_s)}: <a href="{link}">what others see</a>. Participants only.'
    else:
        who = PRIVATE if info.state == "closed" else NOT_CLOSED
    return f'<p class="vv-reading">{who}{until}</p>'


def _span(first_s: float | None, last_s: float | None) -> str:
    days = [_day(at_s) for at_s in (first_s, last_s) if at_s]
    return " to ".join(dict.fromkeys(days))


def _day(at_s: float | None) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d") if at_s else ""


def _time(at_s: float | None) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M UTC") if at_s else ""
