"""What the owner's page says, as HTML; whatever people wrote is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from web import result_files

if TYPE_CHECKING:
    from listening_test.check import Finding
    from listening_test.store_records import Payment, StudyInfo
    from web.study_renders import Progress
    from web.study_watch import Watched

HEADER = """
<header class="vv-header">
  <h1>Studies</h1>
  <p>Make, open, watch and take away listening studies.</p>
  <form method="post" action="logout" class="vv-logout">
    <a href="..">Compare</a> <button type="submit">Log out</button>
  </form>
</header>
"""
EMPTY = """
<p class="vv-reading">Choose a study on the left, or press <strong>New study</strong>: from an example, from a form, or
from a YAML file of your own.</p>
"""
STATES = {
    "draft": "draft", "rendering": "being rendered", "ready": "ready to open", "open": "open", "closed": "closed",
}  # fmt: skip
NEXT = {
    "draft": "Next: press Check, then Render. Rendering makes every sound ahead; nobody is let in yet.",
    "rendering": "Sounds are being made. You may leave this page; it goes on.",
    "ready": "Next: take it yourself with the preview link, then press Open. Opening freezes it: later changes make a "
    "new version.",
    "open": "Listeners may take it. Send the link; watch below. Close it when enough have finished.",
    "closed": "Nobody is let in any more. Take the answers away below.",
}
MASKED = "Systems are letters until the study closes, so that nobody stops it when the numbers please."
DELETE = "Deletes the study with every answer, for good. Type its name to confirm."
PAYMENT = (
    "Ids of a crowd platform are sealed: only the payment key opens them. It was shown once, when a study was first "
    "opened on this server."
)
PAYMENT_KEY = (
    "Your payment key, shown this once: {key}\n"
    "It opens the sealed ids of crowd platforms, so that you can pay people. Keep it safe: it is not stored here."
)
OLD_KEY = " Ids that were sealed before still need the key of that time."
MISSING = "–"


def label(info: StudyInfo, finished: int, *, running: bool = False) -> str:
    """One line of the list of studies; `running`: it is being rendered."""
    count = f" · {finished} of {info.study.limits.listeners} finished" if info.state in ("open", "closed") else ""
    return f"{info.name} · version {info.version} · {STATES[_state(info, running)]}{count}"


def heading(info: StudyInfo, sounds: int, *, running: bool = False) -> str:
    """Title, state and facts of a study, and what to do next."""
    state = _state(info, running)
    facts = {
        "State": STATES[state],
        "Places": str(info.study.limits.listeners),
        "Takes": f"{info.study.limits.minutes:g} min",
        "Systems": str(len(info.study.systems)),
        "Tasks": ", ".join(info.study.task_keys()),
        "Sounds rendered": str(sounds),
        "Opened": _time(info.opened_s),
        "Closed": _time(info.closed_s),
        "Frozen as": info.digest[:12] or MISSING,
    }
    title = f'<h2 class="vv-title">{escape(info.title)}</h2>'
    name = f'<p class="vv-reading"><code>{escape(info.name)}</code>, version {info.version}</p>'
    return f'{title}{name}{definitions(facts)}<p class="vv-next">{NEXT[state]}</p>'


def _state(info: StudyInfo, running: bool) -> str:
    if running:
        return "rendering"
    return "draft" if info.state == "rendering" else info.state  # it was interrupted


def definitions(facts: Mapping[str, str]) -> str:
    """Terms and values, those without a value left out."""
    rows = "".join(
        f"<div><dt>{escape(term)}</dt><dd>{escape(value)}</dd></div>"
        for term, value in facts.items()
        if value != MISSING
    )
    return f'<dl class="vv-facts">{rows}</dl>'


def note(text: str) -> str:
    """Something that went well."""
    lines = "<br>".join(escape(line) for line in text.splitlines())
    return f'<p class="vv-done" role="status">{lines}</p>' if text else ""


def problem(text: str) -> str:
    """What did not work: a sentence a line."""
    lines = "".join(f"<li>{escape(line)}</li>" for line in text.splitlines() if line.strip())
    return f'<div class="vv-problem" role="alert"><ul class="vv-list">{lines}</ul></div>' if lines else ""


def findings(found: Sequence[Finding]) -> str:
    """What check says, errors first."""
    order = {"error": 0, "warning": 1, "note": 2}
    rows = "".join(
        f'<li><strong class="vv-{one.severity}">{one.severity}</strong> {escape(one.sentence)}'
        f"{f' <code>{escape(one.where)}</code>' if one.where else ''}</li>"
        for one in sorted(found, key=lambda one: order[one.severity])
    )
    errors = sum(one.severity == "error" for one in found)
    verdict = "This study is feasible." if not errors else f"{errors} to mend before this study can be rendered."
    return f'<p class="vv-next" role="status">{verdict}</p><ul class="vv-list">{rows}</ul>'


def forecast(panel: str) -> str:
    """What the study will be able to show, under its heading."""
    return f'<h3 class="vv-step">What it will be able to show</h3>{panel}'


def rendering(progress: Progress | None) -> str:
    """How far rendering is, or how it ended."""
    if progress is None:
        return ""
    if progress.state == "running":
        share = progress.done / progress.of if progress.of else 0.0
        words = f"{progress.done} of {progress.of} sounds" if progress.of else "Reading and checking the clips…"
        return (
            f'<p class="vv-note" role="status">Rendering: {words}</p><div class="vv-bar" role="progressbar" '
            f'aria-label="Sounds rendered" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{100 * share:.0f}">'
            f'<div style="width:{100 * share:.1f}%"></div></div>'
        )
    return note("Every sound is there.") if progress.state == "done" else problem(progress.problem)


def watched(seen: Watched) -> str:
    """The numbers of a study under way."""
    counts = seen.counts
    minutes = seen.median_minutes
    usable = f"{seen.usable} of {seen.screened} who finished" if seen.screened else "nobody finished yet"
    facts = {
        "Enrolled": str(counts.enrolled),
        "Taking it now": str(counts.taking),
        "Finished": f"{counts.finished} of {counts.places} places",
        "Screened out": str(counts.screened_out),
        "Abandoned": str(counts.abandoned),
        "Withdrawn": str(counts.withdrawn),
        "Median time": f"{minutes:.1f} min" if minutes is not None else "not yet known",
        "Passed screening": usable,
    }
    parts = [
        definitions(facts),
        _counts("Answers per system", counts.answers_per_system),
        _counts("Left at", counts.dropped_at),
        _counts("Screened out for", counts.screened_out_for),
    ]
    return "".join(parts) + (f'<p class="vv-reading">{MASKED}</p>' if seen.masked else "")


def _counts(title: str, counts: Mapping[str, int]) -> str:
    if not counts:
        return ""
    rows = "".join(f'<tr><th scope="row">{escape(key)}</th><td>{n}</td></tr>' for key, n in counts.items())
    return f'<table class="vv-counts"><caption>{title}</caption><tbody>{rows}</tbody></table>'


def exports(info: StudyInfo) -> str:
    """Links to everything that can be taken away."""
    files = {"csv": "CSV", "parquet": "Parquet", "sqlite": "SQLite", "md": "Codebook", "yaml": "Study file"}
    links = " ".join(_link(info, kind, text) for kind, text in files.items())
    simulated = " ".join(_link(info, "csv", f"{origin} (CSV)", origin) for origin in ("simulation", "preview"))
    masked = f" {MASKED}" if info.study.masked and info.state != "closed" else ""
    results = f'<a class="vv-button" href="results?study={result_files.name_of(info)}">Results</a>'
    return (
        f'<p class="vv-take">{results} {links}</p><p class="vv-reading">One row an answer; the codebook describes '
        f'every column.{masked}</p><p class="vv-small">Not participants, watermarked: {simulated}</p>'
    )


def _link(info: StudyInfo, kind: str, text: str, origin: str = "") -> str:
    query = f"?origin={origin}" if origin else ""
    style = "" if origin else ' class="vv-button"'
    return f'<a{style} href="export/{info.id}.{kind}{query}" download>{text}</a>'


def payments(rows: Iterable[Payment]) -> str:
    """Whom to pay."""
    cells = "".join(
        f"<tr><td>{escape(one.platform)}</td><td>{escape(one.platform_id)}</td><td>{escape(one.state)}</td>"
        f"<td>{escape(one.public_id)}</td></tr>"
        for one in rows
    )
    if not cells:
        return note("Nobody came through a crowd platform.")
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Platform", "Id", "State", "Name in exports"))
    return (
        '<div class="vv-scroll" tabindex="0" role="region" aria-label="Payments"><table class="vv-table vv-words">'
        f"<thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table></div>"
    )


def _time(at_s: float | None) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M UTC") if at_s else MISSING
