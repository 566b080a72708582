"""The report of a run: figures, tables, cautions and how it was made, as one HTML file that needs no network."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anonymizers import __version__
from evaluation.csv_file import as_csv
from evaluation.figures import every as figures
from evaluation.figures.conditions import Condition, conditions, label
from evaluation.figures.drawing import Drawing
from evaluation.figures.glance import glance, measures
from evaluation.figures.glance import words as glance_words
from evaluation.figures.rows import chosen
from evaluation.reporting import numbers
from evaluation.reporting.about import facts, lead, without_folders
from evaluation.reporting.cautions import cautions
from evaluation.run_tables import TABLES
from evaluation.runs import Run

FOLDER = Path(__file__).parent / "reporting"
LARGEST_BYTES = 1_500_000
"""Of a table inside the report."""
UNSHOWN = frozenset({"curves"})
"""Tables of points, which nobody reads."""
LEVELS_OF_TRUST = ("trusted", "doubtful", "not to be trusted")
SECTIONS = {"glance": "At a glance", "figures": "Figures", "cautions": "What they cannot say", "trust": "Trust check",
            "tables": "Tables", "provenance": "How it was made"}  # fmt: skip


def write(run: Run, path: Path, *, condition: Condition | None = None) -> None:
    """Write the report of a run to `path`, whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    part = path.with_name(path.name + ".part")
    part.write_bytes(html(run, condition=condition))
    part.replace(path)


def html(run: Run, *, condition: Condition | None = None) -> bytes:
    """The report; the same run gives the same bytes.

    Args:
        condition: of attack, which the figures of privacy show first; the others can be chosen in the report.
    """
    every = conditions(run)
    if condition in every:
        every = [condition, *(one for one in every if one != condition)]
    return rendered_page(FOLDER, _context(run, every)).encode("utf-8")


def rendered_page(folder: Path, values: Mapping[str, Any]) -> str:
    """page.html of a folder, with plotly, style and script inside; page.css and page.js of the folder, else of here."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    environment = Environment(
        loader=FileSystemLoader([folder, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    paths = {name: folder / f"page.{name}" for name in ("css", "js")}
    read = {name: (path if path.exists() else FOLDER / path.name).read_text("utf-8") for name, path in paths.items()}
    page = environment.get_template("page.html")
    return page.render(**values, plotly=get_plotlyjs(), style=read["css"], script=read["js"])


def script_safe(value: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    from plotly.utils import PlotlyJSONEncoder

    text = json.dumps(value, cls=PlotlyJSONEncoder, separators=(",", ":"), sort_keys=True)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _context(run: Run, every: Sequence[Condition]) -> dict[str, Any]:
    first = every[0] if every else None
    made = without_folders(run.provenance)
    return {
        "title": run.name,
        "lead": lead(run),
        "problems": without_folders(run.problems),
        "numbers": list(facts(run)),
        "contents": list(SECTIONS.items()),
        "glance": glance(run, first),
        "glance_words": glance_words(run, first),
        "measures": measures(run, first),
        "conditions": [(one.key, label(one, every)) for one in every],
        "results": _results(run, every),
        "cautions": cautions(run),
        "trust": numbers.laid(chosen(run.table("trust")), "trust", most=1000),
        "trust_words": _verdicts(run),
        "tables": [_table(run, name) for name in TABLES],
        "provenance": json.dumps(made, indent=1, ensure_ascii=False, default=str) if made else "",
        "footer": f"Made by VoiceVeil {__version__}. Everything is in this file.",
    }


def _verdicts(run: Run) -> str:
    counts = run.table("trust")["verdict"].value_counts()
    return ", ".join(f"{counts[level]} {level}" for level in LEVELS_OF_TRUST if level in counts)


def _results(run: Run, every: Sequence[Condition]) -> list[dict[str, Any]]:
    """Figures by their key; those of privacy with a block for every condition."""
    found: dict[str, dict[str, Any]] = {}
    for one in every:
        for drawing in figures.attacked(run, one):
            _add(found, drawing, one.key)
    for drawing in figures.others(run):
        _add(found, drawing, "")
    return list(found.values())


def _add(found: dict[str, dict[str, Any]], drawing: Drawing, condition: str) -> None:
    sketch = drawing.sketch
    result = found.setdefault(drawing.key, {"key": drawing.key, "title": sketch.title, "blocks": []})
    shown = bool(drawing.rows) and drawing.table not in UNSHOWN
    result["blocks"].append({
        "id": f"{drawing.key}-{len(result['blocks'])}", "condition": condition,
        "figure": script_safe({"data": sketch.data, "layout": sketch.layout}), "height": sketch.layout["height"],
        "title": sketch.title, "reading": sketch.reading, "about": drawing.about, "caution": sketch.caution,
        "laid": numbers.laid(drawing.rows, drawing.table) if shown else None,
        "count": f"{len(drawing.rows):,} rows of {drawing.table}", "table": drawing.table,
    })  # fmt: skip


def _table(run: Run, name: str) -> dict[str, Any]:
    frame = run.table(name)
    data = as_csv(frame) if len(frame) else b""
    fits = 0 < len(data) <= LARGEST_BYTES
    why = f"{len(data) / 1e6:.1f} MB: see tables/{name}.parquet in the folder of the run." if data else "It is empty."
    rows = f"{len(frame):,} row{'' if len(frame) == 1 else 's'}"
    csv = base64.b64encode(data).decode() if fits else ""
    return {"key": name, "count": rows, "csv": csv, "why": why, "columns": numbers.codebook(name)}
