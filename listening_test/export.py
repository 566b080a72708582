"""A study's answers as one tidy table: CSV, Parquet or SQLite, with a codebook that describes every column."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from evaluation.csv_file import NUMBER, as_csv
from listening_test.study import Study

if TYPE_CHECKING:
    import pandas as pd

    from listening_test.store import Store, StudyInfo
    from listening_test.store_records import Origin

Format = Literal["csv", "parquet", "sqlite"]
FORMATS: tuple[Format, ...] = ("csv", "parquet", "sqlite")
WATERMARKS = {"participant": "", "simulation": "SIMULATED, NOT PEOPLE", "preview": "PREVIEW, NOT A PARTICIPANT"}

DTYPES = {"text": "string", "whole number": "Int64", "number": "Float64", "yes or no": "boolean"}


@dataclass(frozen=True)
class Column:
    """One column of the table, or with "N" in its name one for each sound of a trial."""

    name: str
    type: Literal["text", "whole number", "number", "yes or no"]
    meaning: str


COLUMNS = (
    Column("watermark", "text", "Empty for participants; otherwise says that no participant gave this answer"),
    Column("study", "text", "Name of the study"),
    Column("study_version", "whole number", "Version of the study, from 1"),
    Column("digest", "text", "SHA-256 of the frozen definition and clips; empty before the study opened"),
    Column("origin", "text", "participant, preview or simulation; only participants are to be analysed"),
    Column("listener", "text", "Random name of the listener, made for exports (pseudonymous)"),
    Column("place", "whole number", "The listener's place in the plan, from 0; decides what is heard in which order"),
    Column("rung", "text", "Rung of the attacker ladder: unfamiliar, familiar or system-trained"),
    Column("language", "text", "Language of the pages: en or de"),
    Column("device", "text", "touch or pointer"),
    Column("listener_state", "text", "taking, finished or screened_out"),
    Column("replaced", "yes or no", "Whether the listener's place was given to a replacement"),
    Column("pay", "yes or no", "Whether the listener took part in good faith and is to be paid; decided by screening"),
    Column("use", "yes or no", "Whether the listener's answers are to be analysed; decided by screening"),
    Column("reasons", "text", "Why pay or use is no; parted by semicolons"),
    Column("enrolled_s", "number", "When the listener agreed to take part, in s since 1970-01-01 UTC"),
    Column("finished_s", "number", "When the listener's last page was answered, in s since 1970-01-01 UTC"),
    Column("position", "whole number", "Place of the page among the listener's pages, from 0"),
    Column("block", "text", "What the page is for: about_you, headphones, level, familiarise, practice, task, …"),
    Column("kind", "text", "step, practice, rated, attention or gold; only rated trials are to be analysed"),
    Column("task", "text", "Key of the task: its type, with a number where a type occurs again; empty outside tasks"),
    Column("attempt", "whole number", "Which attempt at the headphone check, from 1; 1 elsewhere"),
    Column("question", "text", "Key of the question; one row answers one question"),
    Column("value", "text", "The answer as it was given"),
    Column("value_number", "number", "The answer as a number, where it is one: a rating, a signed confidence"),
    Column("system", "text", "Label of the system on trial; a letter while the study is masked and open"),
    Column("pair", "text", "Same or different: what the two sides are, such as original-anonymized"),
    Column("same", "yes or no", "Same or different, similarity: whether both sides are one speaker"),
    Column("present", "yes or no", "Line-up: whether the person is among the candidates"),
    Column("speaker", "text", "Speaker of the sample, of the first side, or of the person looked for"),
    Column("other_speaker", "text", "Speaker of the second side"),
    Column("emotion", "text", "Emotion that was acted"),
    Column("correct_value", "text", "The right answer to this question, where there is one"),
    Column("correct", "yes or no", "Whether the answer is the right one, where there is one"),
    Column("expected", "text", "Attention checks and gold items: accepted answers, parted by |"),
    Column("as_expected", "yes or no", "Attention checks and gold items: whether the answer is accepted"),
    Column("truth", "text", "Everything the plan knows of the trial, as JSON"),
    Column("response_time_s", "number", "From showing the page to the answer, in s, by the browser's clock"),
    Column("issued_s", "number", "When the page was first shown, in s since 1970-01-01 UTC"),
    Column("received_s", "number", "When the answer was stored, in s since 1970-01-01 UTC"),
    Column("software_version", "text", "Version of VoiceVeil that took the answer"),
    Column("sounds", "whole number", "How many sounds the page has"),
    Column("sound_N_slot", "text", "Sound N, in the order of the page: sample, reference, first, second, target, …"),
    Column("sound_N_clip", "text", "Sound N: key of the clip"),
    Column("sound_N_speaker", "text", "Sound N: speaker of the clip"),
    Column("sound_N_sex", "text", "Sound N: F, M or X"),
    Column("sound_N_emotion", "text", "Sound N: emotion of the clip"),
    Column("sound_N_system", "text", "Sound N: label of the system; a letter while the study is masked and open"),
    Column("sound_N_level", "text", "Sound N: utterance or speaker, what a pseudo-speaker was drawn for"),
    Column("sound_N_plays", "whole number", "Sound N: how often it was started"),
    Column("sound_N_coverage", "number", "Sound N: share of it that was played, union of intervals, in [0, 1]"),
    Column("sound_N_duration_s", "number", "Sound N: its length, in s, padding included"),
)


def of(store: Store, info: StudyInfo, origins: Sequence[Origin] = ("participant",)) -> pd.DataFrame:
    """The table of a study. While a masked study is open, letters stand in place of its systems."""
    rows = store.table(info.id, origins)
    return frame(rows, info.study, mask=info.study.masked and info.state != "closed")


def frame(rows: Sequence[Mapping[str, Any]], study: Study | None = None, *, mask: bool = False) -> pd.DataFrame:
    """The long table as a tidy DataFrame: one row per answer, the columns of COLUMNS.

    As many sound_N_… as the page with the most sounds needs. `pay`, `use` and `reasons` are filled where `study` is
    given: screening needs its rules. `mask` (with a study): letters in place of systems.
    """
    import pandas as pd

    columns = list(_columns(max((len(row["sounds"]) for row in rows), default=0)))
    verdicts = _verdicts(rows, study) if study else {}
    shown = masked(rows, study) if study and mask else rows
    flat = [{**_flat(row), **verdicts.get(row["listener"], {})} for row in shown]
    series = {c.name: pd.array([row.get(c.name) for row in flat], dtype=DTYPES[c.type]) for c in columns}
    return pd.DataFrame(series)


def masks(study: Study) -> dict[str, str]:
    """Label of each system to the letter its owner sees until the study closes; the order of the file is no hint."""
    shuffled = sorted(study.labels, key=lambda label: hashlib.sha256(f"{study.name}/{label}".encode()).digest())
    return {label: _letters(i) for i, label in enumerate(shuffled)}


def masked(rows: Iterable[Mapping[str, Any]], study: Study) -> list[dict[str, Any]]:
    """The long table with letters in place of systems."""
    letters = masks(study)

    def hide(part: Mapping[str, Any]) -> dict[str, Any]:
        return {**part, "system": letters.get(part["system"], part["system"])} if "system" in part else dict(part)

    return [
        {**hide(row), "truth": hide(row["truth"]), "sounds": [hide(sound) for sound in row["sounds"]]} for row in rows
    ]


def format_of(path: Path) -> Format:
    """What a file of that name holds; CSV unless its ending says otherwise."""
    endings: dict[str, Format] = {".parquet": "parquet", ".db": "sqlite", ".sqlite": "sqlite"}
    return endings.get(path.suffix.lower(), "csv")


def encode(table: pd.DataFrame, kind: Format) -> bytes:
    """The table as a file of that format.

    CSV is UTF-8 with a header line; text that a spreadsheet would take for a formula has an apostrophe in front, also
    after a semicolon, tab or line break within it, at which some spreadsheets begin another cell.
    SQLite holds the tables `answers` and `codebook`.
    """
    return {"csv": as_csv, "parquet": _parquet, "sqlite": _sqlite}[kind](table)


def codebook(watermark: str = "") -> str:
    """Every column in Markdown; `watermark` is said first where not everybody is a participant."""
    lines = [f"| `{column.name}` | {column.type} | {column.meaning} |" for column in COLUMNS]
    warning = [f"**{watermark}**: this table holds answers that no participant gave.", ""] if watermark else []
    return "\n".join(
        [
            "# Codebook",
            "",
            *warning,
            "One row is one answer of one listener to one question. N counts the sounds of a page in the order in",
            "which they are offered, from 1. Empty means: does not apply, or is not known. In CSV, text that a",
            "spreadsheet would take for a formula has an apostrophe in front, also after a semicolon, tab or line",
            "break within it; Parquet and SQLite hold it as it was given.",
            "",
            "| Column | Type | Meaning |",
            "| --- | --- | --- |",
            *lines,
            "",
        ]
    )


def watermark(table: pd.DataFrame) -> str:
    """What has to be said about a table that not only participants filled; "" when they did."""
    return "; ".join(sorted(set(table["watermark"]) - {""}))


def _columns(sounds: int) -> Iterable[Column]:
    yield from (column for column in COLUMNS if "N" not in column.name)
    for n in range(1, sounds + 1):
        for column in COLUMNS:
            if "N" in column.name:
                yield Column(column.name.replace("N", str(n)), column.type, column.meaning)


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    truth, question, value = row["truth"], row["question"], row["value"]
    right = truth.get("correct", {}).get(question)
    accepted = truth.get("expected", {}).get(question)
    flat = {key: part for key, part in row.items() if key not in {"truth", "sounds"}}
    flat |= {key: truth.get(key) for key in ("pair", "same", "present", "speaker", "other_speaker", "emotion")}
    flat |= {
        "watermark": WATERMARKS[row["origin"]],
        "replaced": bool(row["replaced"]),
        "value_number": float(value) if NUMBER.fullmatch(value) else None,
        "correct_value": right,
        "correct": None if right is None else value == right,
        "expected": None if accepted is None else "|".join(accepted),
        "as_expected": None if accepted is None else value in accepted,
        "truth": json.dumps(truth, ensure_ascii=False, sort_keys=True),
        "sounds": len(row["sounds"]),
    }
    for n, sound in enumerate(sorted(row["sounds"], key=lambda one: one["position"]), start=1):
        flat |= {f"sound_{n}_{key}": part for key, part in sound.items()}
    return flat


def _verdicts(rows: Sequence[Mapping[str, Any]], study: Study) -> dict[str, dict[str, Any]]:
    from listening_test import screening

    by_listener: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_listener.setdefault(row["listener"], []).append(dict(row))
    screened = {listener: screening.screen(study, own) for listener, own in by_listener.items()}
    return {
        listener: {"pay": one.pay, "use": one.use, "reasons": "; ".join(one.reasons)}
        for listener, one in screened.items()
    }


def _letters(i: int) -> str:
    return (_letters(i // 26 - 1) if i >= 26 else "") + chr(ord("A") + i % 26)


def _parquet(table: pd.DataFrame) -> bytes:
    file = io.BytesIO()
    table.to_parquet(file, index=False)
    return file.getvalue()


def _sqlite(table: pd.DataFrame) -> bytes:
    import pandas as pd

    described = pd.DataFrame([(column.name, column.type, column.meaning) for column in COLUMNS])
    described.columns = pd.Index(["column", "type", "meaning"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            table.to_sql("answers", connection, index=False)
            described.to_sql("codebook", connection, index=False)
        return path.read_bytes()
