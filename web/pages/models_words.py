"""What the owner's page of weights says, as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from anonymizers.weights import megabytes
from web.pages.admin_words import MISSING, definitions, note, problem
from web.weight_shelf import Disk, Shelved, digests
from web.weight_work import Work

HEADER = """
<header class="vv-header">
  <h1>Models</h1>
  <p>Weights of systems and recognisers: what is here, on which terms, fetched and deleted.</p>
  <form method="post" action="logout" class="vv-logout">
    <a href="..">Compare</a> <button type="submit">Log out</button>
  </form>
</header>
"""
DELETE = (
    '<p class="vv-problem">They are removed from this disk. Whoever needs them next waits for the download again.</p>'
)
HEARD_AGAIN = "Target speakers are heard again when a system needs them."
GONE = "There are no such weights any more: choose others."
ELSEWHERE = (
    "They lie in the publisher's own cache, which other programs use too: they are not deleted from here, but by hand."
)
BUSY = "Something is being done with these weights: stop it first, or wait."
STATES = {
    "here": "here",
    "elsewhere": "here, in the publisher's cache",
    "in part": "fetched in part",
    "to train": "to be trained",
    "not here": "not here",
}
SOURCES = {
    "huggingface": "Hugging Face,",
    "github": "GitHub,",
    "zenodo": "Zenodo,",
    "here": "trained by this project's recipe",
}
CHECKED = {
    "published": "Every file is the published one (SHA-256).",
    "fetched": "Every file is as it was when it was fetched. The publisher tells no SHA-256 of all of them.",
    "none": "No SHA-256 is known for all of these files, so nothing can say whether they are the published ones.",
}


def standing(one: Shelved, work: Work | None) -> str:
    """Where these weights stand, in few words."""
    if work is not None and work.state == "running":
        return "being fetched" if work.kind == "download" else "being checked"
    if not one.accepted and one.state != "to train":
        return f"{STATES[one.state]}, licence to accept"
    return STATES[one.state]


def summary(listed: Sequence[Shelved], disk: Disk) -> str:
    """How much is here, and how much room there is."""
    here = sum(one.state in ("here", "elsewhere") for one in listed)
    taken = megabytes(disk.used_bytes) if disk.used_bytes else "nothing"
    return (
        f'<p class="vv-next">{here} of {len(listed)} are here. They take {taken} of this disk; '
        f"{_gigabytes(disk.free_bytes)} of {_gigabytes(disk.total_bytes)} are free.</p>"
        f'<p class="vv-small">In <code>{escape(str(disk.folder))}</code> (VOICEVEIL_MODELS).{_heard(disk)}</p>'
    )


def _heard(disk: Disk) -> str:
    return (
        f" What systems heard of target speakers takes {megabytes(disk.heard_bytes)} there." if disk.heard_bytes else ""
    )


def table(listed: Sequence[Shelved], works: Sequence[Work | None]) -> str:
    """Everything at a glance."""
    heads = ("Weights", "Used by", "Size", "State", "Licence")
    rows = "".join(
        f'<tr><th scope="row">{escape(one.ref.title)}</th><td>{escape(", ".join(one.used_by))}</td>'
        f"<td>{megabytes(one.ref.bytes) if one.ref.bytes else MISSING}</td><td>{escape(standing(one, work))}</td>"
        f"<td>{escape(one.ref.licence)}</td></tr>"
        for one, work in zip(listed, works, strict=True)
    )
    cells = "".join(f'<th scope="col">{head}</th>' for head in heads)
    return (
        f'<div class="vv-scroll" tabindex="0" role="region" aria-label="All weights">'
        f'<table class="vv-table vv-words vv-shelf"><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def heading(one: Shelved, work: Work | None) -> str:
    """Name and state of some weights, and what to do next where no button does it."""
    state = standing(one, work)
    return f'<h2 class="vv-title">{escape(one.ref.title)}</h2><p class="vv-next">{state.capitalize()}</p>{_next(one)}'


def facts(one: Shelved) -> str:
    """Everything else about them."""
    ref = one.ref
    return definitions(
        {
            "Used by": ", ".join(one.used_by),
            "Size": megabytes(ref.bytes) if ref.bytes else "not known",
            "On this disk": megabytes(one.disk_bytes) if one.disk_bytes else MISSING,
            "Licence": f"{ref.licence}{'' if ref.commercial else ', forbids commercial use'}",
            "Accepted": _when(one),
            "Source": _source(ref.source),
            "Revision": ref.revision[:12] or MISSING,
            "Files": ", ".join(file.name for file in ref.files),
            "Folder": str(one.folder),
        }
    )


def progress(work: Work | None) -> str:
    """How far it is, or how the last thing ended."""
    if work is None:
        return ""
    if work.state == "running":
        share = 100 * work.step.fraction
        name = "Fetched" if work.kind == "download" else "Checked"
        return (
            f'<p class="vv-note" role="status">{escape(work.step.words or "Starting…")}</p><div class="vv-bar" '
            f'role="progressbar" aria-label="{name}" aria-valuemin="0" aria-valuemax="100" '
            f'aria-valuenow="{share:.0f}"><div style="width:{share:.1f}%"></div></div>'
        )
    if work.state == "failed":
        return problem(work.problem)
    if work.state == "stopped":
        return note("Stopped. What has come stays; Download goes on from there.")
    return note("All of it is here." if work.kind == "download" else CHECKED[digests(work.ref)])


def _next(one: Shelved) -> str:
    if one.state == "to train":
        return f'<p class="vv-next">Train them: <code>python -m training {escape(one.ref.recipe)}</code></p>'
    if one.state == "elsewhere":
        return f'<p class="vv-reading">{ELSEWHERE}</p>'
    return ""


def _when(one: Shelved) -> str:
    if one.ref.commercial:
        return MISSING
    if not one.accepted:
        return "not yet"
    return one.accepted_utc.replace("T", " ").replace("+00:00", " UTC") or "yes"


def _source(source: str) -> str:
    kind, _, name = source.partition(":")
    return f"{SOURCES.get(kind, kind)} {name}".strip()


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:,.0f} GB" if number >= 10e9 else f"{number / 1e9:.1f} GB"
