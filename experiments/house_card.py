"""What the card of the house decoder says of how the systems measure: tables with attacker, protocol, data, split."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from experiments import house_melody as melody
from experiments import house_tables as tables
from experiments.house_figures import Study
from experiments.house_plan import ORIGINAL, Cell, main_cells
from experiments.paper_001_tables import one, percent

if TYPE_CHECKING:
    import pandas as pd

FAILURES, CLIPS, KINDS = "failures.json", "../../docs/audio", ("before", "after")
Table = dict[str, Any]


def figures(study: Study) -> list[Table]:
    """Tables for the card, {"heading", "text", "columns", "rows"} each; of what was measured."""
    cells = main_cells()
    tables_of = (_privacy(study, cells), _utility(study, cells), _emotions(study, cells), _failures(study))
    return [table for table in tables_of if table]


def _privacy(study: Study, cells: list[Cell]) -> Table:
    found = study.figures("attacked", [ORIGINAL, *cells])
    rows = [row for cell in study.there("attacked", [ORIGINAL, *cells]) for row in _attacks(found, cell)]
    if not rows:
        return {}
    known = found[(found["metric"] == "EER") & (found["sex"] == "all")]
    data = " + ".join(sorted(set(known["data"])))
    text = (
        "EER in %, 95 % interval for other speakers; trials of one sex and data set, a new pseudo-speaker for every "
        f"utterance. {data}, split {', '.join(sorted(set(known['split'])))}, {int(known['speakers'].max())} speakers "
        "who are in no training data. Every line is the attacker that did best of house, mfcc and emotion; single: one "
        "utterance enrols; multi: all others of the speaker."
    )
    columns = {"system": "System", "attack": "Attack", "protocol": "Enrolment", "attacker": "Attacker", "eer": "EER",
               "trials": "Trials"}  # fmt: skip
    return {"heading": "How well machines still tell who speaks", "text": text, "columns": columns, "rows": rows}


def _attacks(found: pd.DataFrame, cell: Cell) -> Iterator[dict[str, Any]]:
    attacks = ("unprotected",) if cell == ORIGINAL else ("lazy-informed", "semi-informed")
    for attack in attacks:
        for protocol in tables.PROTOCOLS:
            row = tables.worst(found, cell.title, attack, protocol)
            if row is not None:
                yield {
                    "system": cell.title, "attack": attack, "protocol": protocol, "attacker": row["attacker"],
                    "eer": percent(row), "trials": f"{row['trials']:,}", "about": row["about"], "note": row["note"],
                }  # fmt: skip


def _utility(study: Study, cells: list[Cell]) -> Table:
    found = study.figures("words", [ORIGINAL, *cells])
    rows = []
    for cell in study.there("words", [ORIGINAL, *cells]):
        of = found[(found["system"] == cell.title) & (found["sex"] == "all")]
        row = {"system": cell.title, "wer": percent(one(of, metric="WER"))}
        for key, metric in (("ovrl", "DNSMOS OVRL"), ("p808", "DNSMOS P808"), ("rho_f0", "rho_F0")):
            row[key] = tables.number(one(of, metric=metric))
        row["melody"] = "–" if cell == ORIGINAL else tables.number(melody.of_cell(study, cell, "pYIN")[1])
        rows.append(row)
    if not rows:
        return {}
    known = found[found["metric"] == "WER"]
    text = (
        "WER of PocketSphinx in %, predicted quality, pitch correlation with the original (ρF0 by DIO, which counts "
        "voicing too; and by pYIN where both are voiced); 95 % intervals. "
        f"{', '.join(sorted(set(known['data'])))}, split {', '.join(sorted(set(known['split'])))}, "
        f"{int(known['utterances'].max())} clips of {int(known['speakers'].max())} speakers."
    )
    columns = {"system": "System", "wer": "WER", "ovrl": "DNSMOS OVRL", "p808": "DNSMOS P.808", "rho_f0": "ρF0",
               "melody": "melody alone"}  # fmt: skip
    return {"heading": "What is left of words, quality and melody", "text": text, "columns": columns, "rows": rows}


def _emotions(study: Study, cells: list[Cell]) -> Table:
    found = study.figures("acted", [ORIGINAL, *cells])
    rows = []
    for cell in study.there("acted", [ORIGINAL, *cells]):
        of = found[(found["system"] == cell.title) & (found["sex"] == "all") & (found["kind"] == "emotion")]
        recalls = {emotion: percent(one(of, metric="recall", group=emotion)) for emotion in tables.EMOTIONS}
        rows.append({"system": cell.title, "uar": percent(one(of, metric="UAR")), **recalls})
    if not rows:
        return {}
    text = (
        "Acted emotions (EmoDB, German), house emotion recogniser, the fold that never heard the speaker: recall of "
        "each and their mean (UAR), in %, with 95 % intervals for other speakers."
    )
    columns = {"system": "System", **{emotion: emotion for emotion in tables.EMOTIONS}, "uar": "UAR"}
    return {"heading": "What is left of acted emotions", "text": text, "columns": columns, "rows": rows}


def _failures(study: Study) -> Table:
    """What house_failures wrote to OUT/failures.json."""
    path = study.out / FAILURES
    if not path.is_file():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        {"what": one["what"], **{kind: f"[clip]({CLIPS}/{one[kind]}): “{one[f'heard_{kind}']}”" for kind in KINDS}}
        for one in told
    ]
    text = (
        "Made of the project's own synthetic clips (CC0), which are no more than examples; in quotes what PocketSphinx "
        "hears. Laughter, music and song, strong rooms, and voices unlike those of the training data (children, for "
        "one) were not in the training either."
    )
    columns = {"what": "What", "before": "Before", "after": "After"}
    return {"heading": "Known failures", "text": text, "columns": columns, "rows": rows}
