"""A gallery as plain data: what the page draws (web/ui/showcase.mjs), and the record of sounds beside an export."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from anonymizers import registry, runner
from web.showcase.gallery import GROUP_WORDS, Column, Gallery, Row
from web.showcase.rendering import Rendering, Sound

CAVEAT = (
    "Anonymized is not anonymous. What you hear here is how a voice sounds, not how well it is hidden: that depends on "
    "who attacks it and with what."
)
Address = Callable[[Sound], str]


def page(rendering: Rendering, address: Address) -> dict[str, Any]:
    """What the page shows; `address` says where a sound that is ready can be had."""
    gallery, wanted = rendering.gallery, rendering.gallery.definition
    return {
        "id": digest(rendering),
        "title": wanted.title,
        "intro": [part.strip() for part in wanted.intro.split("\n\n") if part.strip()],
        "caveat": CAVEAT,
        "grouped_by": GROUP_WORDS[wanted.grouped_by],
        "loudness_lufs": wanted.loudness_lufs,
        "version": rendering.made_with["voiceveil"],
        "done": rendering.done,
        "of": len(rendering.sounds),
        "busy": not rendering.is_done and not rendering.is_stopped,
        "columns": [_column(column, gallery) for column in gallery.columns],
        "rows": [_row(row, rendering, address) for row in gallery.rows],
    }


def digest(rendering: Rendering) -> str:
    """One name for a gallery as it stands: texts, sounds and software."""
    text = rendering.gallery.definition.model_dump_json() + "".join(one.identity for one in rendering.sounds)
    words = "".join(row.utterance.model_dump_json() for row in rendering.gallery.rows)
    return hashlib.sha256((text + words).encode()).hexdigest()[:32]


def record(rendering: Rendering, address: Address) -> dict[str, Any]:
    """Everything about a gallery: versions, licences, and of every sound its file, parameters, seed and numbers."""
    wanted = rendering.gallery.definition
    return {
        "title": wanted.title,
        "caveat": CAVEAT,
        "made_with": rendering.made_with,
        "loudness_lufs": wanted.loudness_lufs,
        "clips": [_clip(row) for row in rendering.gallery.rows],
        "sounds": [_recorded(one, address) for one in rendering.sounds],
    }


def title(column: Column) -> str:
    """What a column is called: its own title, else the system's."""
    return column.title or registry.info(column.system).title


def _column(column: Column, gallery: Gallery) -> dict[str, Any]:
    info, entry = registry.info(column.system), registry.entry(column.system)
    cell = gallery.cell(gallery.rows[0], column)
    labels = {param.name: param for param in info.params}
    checked = runner.check_params(info, column.params)
    changed = [f"{labels[name].label} {_value(checked[name], labels[name].unit)}" for name in column.params]
    return {
        "name": column.name,
        "system": column.system,
        "title": title(column),
        "colour": entry.colour,
        "dash": entry.dash,
        "fidelity": info.fidelity,
        "hides": sorted(info.hides),
        "summary": info.summary,
        "caution": info.caution,
        "keeps_timing": info.keeps_timing,
        "settings": ", ".join([*changed, *([f"seed {cell.seed}, {cell.level} level"] if info.hides else [])]),
    }


def _value(value: object, unit: str) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}".strip()


def _row(row: Row, rendering: Rendering, address: Address) -> dict[str, Any]:
    said = row.utterance
    return {
        "number": row.number,
        "group": row.group,
        "text": said.transcript or row.path.stem,
        "who": ", ".join(filter(None, (said.speaker, said.sex, said.language, said.emotion, said.style))),
        "licence": said.licence,
        "cells": [_cell(rendering.sound(row.number, column.name), address) for column in rendering.gallery.columns],
    }


def _cell(sound: Sound, address: Address) -> dict[str, Any]:
    cell: dict[str, Any] = {"column": sound.cell.column.name, "state": sound.state}
    if sound.problem:
        cell["problem"] = sound.problem
    if sound.facts is None:
        return cell
    known = {name: sound.facts[name] for name in ("duration_s", "short_by_db", "peaks", "transcript", "warnings")}
    return {**cell, "url": address(sound), **known}


def _clip(row: Row) -> dict[str, Any]:
    said = row.utterance.model_dump(mode="json", exclude={"file"})
    return {"number": row.number, "file": row.path.name, "sha256": row.sha256, **said}


def _recorded(sound: Sound, address: Address) -> dict[str, Any]:
    asked = {"clip": sound.cell.row.number, "column": sound.cell.column.name, "title": title(sound.cell.column)}
    if sound.facts is None:
        return {**asked, "system": sound.cell.column.system, "error": sound.problem}
    facts = {name: value for name, value in sound.facts.items() if name not in ("peaks", "title")}
    return {**asked, "file": address(sound), **facts}
