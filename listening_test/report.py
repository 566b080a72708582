"""The report of a study: methods, results, limitations and answers as one HTML file that needs no network."""

from __future__ import annotations

import base64
import gzip
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluation.report import rendered_page, script_safe
from listening_test import export, plots
from listening_test.analysis import results as analysis
from listening_test.analysis.results import Results
from listening_test.analysis.table import Column, Table
from listening_test.figures import published
from listening_test.reporting import card, glance, layout, plain, rendered, software
from listening_test.reporting.card import Fact, Section
from listening_test.reporting.limitations import limitations
from listening_test.study import Study, StudyClip, digest

if TYPE_CHECKING:
    import pandas as pd

    from listening_test.store import Store, StudyInfo
    from listening_test.store_records import Origin, Watch

FOLDER = Path(__file__).parent / "reporting"
LARGEST_BYTES = 8_000_000
"""Of the answers inside the report, compressed; larger ones lie beside it."""
SHORT = 30
"""Rows of a table that stands open where no figure shows it."""
UNNAMED = ("comment",)
"""Questions whose answers are people's own words."""


@dataclass(frozen=True)
class Report:
    """Files by name, the report first; `notes` are sentences for whoever made it."""

    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Source:
    """What a report is made of.

    Attributes:
        study, clips: as frozen; yaml: the owner's file.
        results: of `answers`, the long table (masked as the results are).
        stimuli: (Sound.key, facts) of every rendered sound.
        flow: how listeners came and went, None where nobody counted.
    """

    study: Study
    clips: Sequence[StudyClip]
    yaml: str
    results: Results
    answers: pd.DataFrame
    stimuli: Sequence[rendered.Stimulus] = ()
    flow: Watch | None = None


def of(
    store: Store,
    info: StudyInfo,
    origins: Sequence[Origin] = ("participant",),
    name: str = "report.html",
    *,
    clock: Callable[[], float] = time.time,
) -> Report:
    """The report of a study of the store, called `name`; masked while a masked study is open."""
    from listening_test.analysis.answers import Answers

    masked = info.study.masked and info.state != "closed"
    answers = export.of(store, info, origins)
    known = {key: getattr(info, key) for key in ("version", "state", "digest", "opened_s", "closed_s")}
    found = analysis.analyse(
        Answers(info.study, answers, masked), {**known, "watermark": export.watermark(answers)}, clock=clock
    )
    found = found.with_tables(analysis.extras(store, info, origins))
    if "tradeoff" in {one.key for one in plots.figures(found)}:
        found = found.with_tables([published.table()])
    stimuli = [(one.key, one.facts) for one in store.stimuli(info.id)]
    flow = store.counts(info.id, origins[0]) if len(origins) == 1 else None
    return build(Source(info.study, info.clips, info.yaml, found, answers, stimuli, flow), name, at_s=clock())


def build(source: Source, name: str = "report.html", *, at_s: float, largest_bytes: int = LARGEST_BYTES) -> Report:
    """The report; the same source at the same time gives the same bytes."""
    answers, beside, notes = _answers(source, name, largest_bytes)
    html = rendered_page(FOLDER, {**_context(source, at_s), "answers": answers})
    return Report({name: html.encode("utf-8"), **beside}, notes)


def _context(source: Source, at_s: float) -> dict[str, Any]:
    study, results, about = source.study, source.results, source.results.about
    looks = about.get("styles") or {}
    return {
        "title": study.title,
        "watermark": about.get("watermark") or "",
        "masked": bool(about.get("masked")),
        "lead": _lead(study),
        "numbers": list(_numbers(source)),
        "contents": [(id_, id_.capitalize()) for id_ in ("methods", "results", "limitations", "answers")],
        "glance": layout.laid(glance.glance(results), looks),
        "confidence": f"{100 * study.analysis.confidence:g} %",
        "sections": [_record(source), *card.sections(study, source.clips), *_afterwards(source)],
        "yaml": source.yaml,
        "definition": _yaml(study),
        "blocks": list(_blocks(results, looks)),
        "limitations": limitations(study, source.clips, results),
        "codebook": _codebook(),
        "footer": f"Made {_date(at_s)} by VoiceVeil {software.versions()['VoiceVeil']}. Everything is in this file.",
    }


def _lead(study: Study) -> str:
    asked = {
        "mos": "how good voices sound",
        "same-different": "whether people tell that two recordings are of one person",
        "line-up": "whether people find a person among several voices",
        "speaker-similarity": "how similar voices sound",
        "emotion": "which emotion people hear",
    }
    tasks = list(dict.fromkeys(asked[task.type] for task in study.tasks))
    heard = card.count(len(study.systems), "system")
    return f"Listeners were asked {card.listed(tasks)}. They heard {heard}, the original among them."


def _numbers(source: Source) -> Iterator[tuple[str, str]]:
    about, study = source.results.about, source.study
    speakers = len({clip.speaker for clip in source.clips})
    yield "Listeners used", f"{about.get('used', 0)} of {about.get('finished', 0)} who finished"
    yield "Rated answers", f"{about.get('answers', 0):,}"
    yield "Speakers", str(speakers)
    yield "Answers from", _span(about.get("first_s"), about.get("last_s"))
    yield "Study", f"{study.name}, version {about.get('version') or '–'} ({about.get('state') or 'from a file'})"
    yield "Analysed with", f"VoiceVeil {about.get('software_version', '')}"


def _record(source: Source) -> Section:
    """What froze the study, and whether what is reported is what was frozen."""
    about, study = source.results.about, source.study
    found, frozen = digest(study, source.clips), str(about.get("digest") or "")
    verdict = (
        "the same as when it opened: definition and recordings are those that were frozen."
        if frozen == found
        else f"NOT the one frozen at opening ({frozen}): definition or recordings have changed."
        if frozen
        else "the study has not been opened, so nothing is frozen yet."
    )
    facts = [
        Fact("Name", f"{study.name}, version {about.get('version') or '–'}, {about.get('state') or 'from a file'}"),
        Fact("Opened", _date(about.get("opened_s"))),
        Fact("Closed", _date(about.get("closed_s"))),
        Fact("Digest (SHA-256)", f"{found}: {verdict}"),
        Fact("Pages in", ", ".join(study.languages)),
    ]
    return Section("Record", tuple(facts))


def _afterwards(source: Source) -> Iterator[Section]:
    """What happened: listeners who came and went, exclusions as counted, sounds as rendered, software."""
    if source.flow is not None:
        yield Section("Listeners, as they came", tuple(_flow(source.flow)))
    if excluded := source.results.tables.get("exclusions"):
        facts = [Fact(str(row["reason"]), card.count(int(row["listeners"] or 0), "listener")) for row in excluded.rows]
        yield Section("Exclusions, as counted", tuple(facts) or (Fact("None", "Nobody was excluded."),))
    if sounds := tuple(rendered.facts(source.study, source.stimuli)):
        yield Section("Sounds, as rendered", sounds)
    yield Section("Software", tuple(_software()))


def _software() -> Iterator[Fact]:
    versions = software.versions()
    for name in ("VoiceVeil", "Python", "Platform"):
        yield Fact(name, versions.pop(name))
    yield Fact("Libraries", ", ".join(f"{name} {version}" for name, version in versions.items()) + ".")


def _flow(flow: Watch) -> Iterator[Fact]:
    yield Fact("Enrolled", f"{flow.enrolled}, and {flow.withdrawn} who withdrew: nothing of them is kept.")
    yield Fact("Finished", f"{flow.finished} of {flow.places} places.")
    why = ", ".join(f"{reason or 'other'} {number}" for reason, number in sorted(flow.screened_out_for.items()))
    yield Fact("Sent back", f"{flow.screened_out}{f' ({why})' if why else ''}.")
    where = ", ".join(f"{place} {number}" for place, number in sorted(flow.dropped_at.items()))
    yield Fact(
        "Stopped on the way", f"{flow.abandoned}{f' (at: {where})' if where else ''}; {flow.taking} still at it."
    )
    yield Fact("Places given to replacements", str(flow.replaced))


def _blocks(results: Results, looks: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every figure with its tables, then the tables that no figure shows; none twice."""
    left = {key: table for key, table in results.tables.items() if table.public}
    for one in plots.figures(results):
        tables = [left.pop(key) for key in one.tables if key in left]
        yield {
            **{name: getattr(one, name) for name in ("key", "title", "reading", "caution")},
            "figure": script_safe(one.figure.to_plotly_json()),
            "height": int(one.figure.layout.height or 360),
            "tables": [_shown(table, looks, said=one.caution) for table in tables],
        }
    for table in left.values():
        block = {"key": table.key, "title": table.title, "figure": "", "height": 0, "reading": "", "caution": ""}
        yield {**block, "tables": [_shown(table, looks) | {"open": len(table.rows) <= SHORT}]}


def _shown(table: Table, looks: Mapping[str, Any], *, said: str = "") -> dict[str, Any]:
    """What the template needs of a table; a caution that its figure has `said` is not said again."""
    texts = {name: getattr(table, name) for name in ("key", "title", "reading", "method", "caution", "notes", "reason")}
    data = base64.b64encode(plain.csv_of(table)).decode() if table.rows else ""
    rows = card.count(len(table.rows), "row") if table.rows else "empty"
    texts["caution"] = "" if table.caution and table.caution in said else table.caution
    return {**texts, "laid": layout.laid(table, looks), "count": rows, "csv": data, "open": False}


def _answers(source: Source, name: str, largest_bytes: int) -> tuple[dict[str, str], dict[str, bytes], tuple[str, ...]]:
    """The long table as it stands in the page; what lies beside it; notes."""
    texts = {*UNNAMED, *(item.key for item in source.study.questionnaire if item.widget == "text")}
    kept = source.answers[~source.answers["question"].isin(texts)]
    data = gzip.compress(export.encode(kept, "csv"), mtime=0)
    file = f"{Path(name).stem}.answers.csv.gz"
    words = (
        f"One row is one answer: {card.count(len(kept), 'row')}, compressed CSV. "
        "Answers in people's own words are left out, since they may tell who wrote them."
    )
    size = f"{len(data) / 1e6:.1f} MB" if len(data) >= 100_000 else f"{len(data) / 1000:.0f} kB"
    if len(data) <= largest_bytes:
        return {"words": words, "data": base64.b64encode(data).decode(), "name": file, "size": size}, {}, ()
    note = f"The answers ({size}) are too large for the report and lie beside it: {file}"
    return {"words": f"{words} {note}.", "data": "", "name": file, "size": size}, {file: data}, (f"{note}.",)


def _codebook() -> layout.Laid:
    columns = (Column("column", "Its name"), Column("type", "What its cells hold"), Column("meaning", "What it means"))
    rows = [{"column": one.name, "type": one.type, "meaning": one.meaning} for one in export.COLUMNS]
    return layout.laid(Table("codebook", "Codebook", columns).filled(rows), {}, most=len(rows))


def _yaml(study: Study) -> str:
    """The definition with every default, as YAML; the folder of the clips is nobody's business."""
    import io

    from ruamel.yaml import YAML

    values = study.model_dump(mode="json")
    values["clips"] = {"include": values["clips"]["include"]}
    yaml, text = YAML(typ="safe", pure=True), io.StringIO()
    yaml.default_flow_style, yaml.allow_unicode, yaml.width = False, True, 100
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(values, text)
    return text.getvalue()


def _date(at_s: Any) -> str:
    return "–" if at_s is None else datetime.fromtimestamp(float(at_s), UTC).strftime("%Y-%m-%d %H:%M UTC")


def _span(first_s: Any, last_s: Any) -> str:
    if first_s is None or last_s is None:
        return "none yet"
    first, last = (datetime.fromtimestamp(float(at_s), UTC).strftime("%Y-%m-%d") for at_s in (first_s, last_s))
    return first if first == last else f"{first} to {last}"
