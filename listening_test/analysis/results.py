"""All tables of a study at once, as one record that is stored, shown and reported."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from anonymizers import __version__
from listening_test.analysis.answers import Answers
from listening_test.analysis.table import Table
from listening_test.figures.styles import styles

if TYPE_CHECKING:
    from listening_test.store import Store, StudyInfo
    from listening_test.store_records import Origin

PARTS = (
    "listeners",
    "mos",
    "reidentification",
    "speakers",
    "panel",
    "line_up",
    "similarity",
    "emotion",
    "reliability",
    "questionnaire",
    "precision",
)
"""Modules of this package with `tables(answers) -> list[Table]`, in the order of the page and the report."""
ASKED = {
    "mos": {"mos"},
    "reidentification": {"same-different"},
    "speakers": {"same-different"},
    "panel": {"same-different"},
    "line_up": {"line-up"},
    "similarity": {"speaker-similarity"},
    "emotion": {"emotion"},
    "reliability": {"mos", "same-different", "speaker-similarity", "emotion"},
}
"""Parts that are about these types of tasks alone: left out of a study that has none of them."""
EXTRAS: tuple[str, ...] = ("machine", "acoustics")
"""Modules with `of(store, info, origins) -> list[Table]`, for parts that need the sounds of a closed study."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Results:
    """What a study found.

    Attributes:
        about: study, version, title, state, digest, masked, watermark, software_version,
            opened_s, closed_s, first_s, last_s (answers), enrolled, finished, used, answers (rated, used), systems
            (in the order to show), styles (by system: name, colour, dash, symbol), computed_s, seconds. Times in s
            since 1970-01-01 UTC, None where there is none.
        tables: by key, in the order to show.
    """

    about: Mapping[str, Any]
    tables: Mapping[str, Table] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As JSON values; `from_json` turns it back."""
        return {"about": dict(self.about), "tables": [table.to_json() for table in self.tables.values()]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Results:
        """The results of `to_json`."""
        tables = [Table.from_json(one) for one in values["tables"]]
        return cls(values["about"], {table.key: table for table in tables})

    def with_tables(self, tables: Sequence[Table]) -> Results:
        """These results with further tables: what machines say of the same trials, acoustics."""
        return Results(self.about, {**self.tables, **{table.key: table for table in tables}})


def of(store: Store, info: StudyInfo, origins: Sequence[Origin] = ("participant",)) -> Results:
    """Results of a study of the store. While a masked study is open, letters stand in place of its systems."""
    from listening_test import export

    masked = info.study.masked and info.state != "closed"
    answers = Answers(info.study, export.of(store, info, origins), masked)
    known = {name: getattr(info, name) for name in ("version", "state", "digest", "opened_s", "closed_s")}
    return analyse(answers, {**known, "watermark": export.watermark(answers.frame)})


def extras(store: Store, info: StudyInfo, origins: Sequence[Origin] = ("participant",)) -> list[Table]:
    """What needs the sounds: acoustics. None of it before a study closes, since it could tell a masked system."""
    if info.state != "closed":
        return []
    return [table for part in EXTRAS for table in extra(part, store, info, origins)]


def extra(part: str, store: Store, info: StudyInfo, origins: Sequence[Origin] = ("participant",)) -> list[Table]:
    """One of EXTRAS."""
    return _guarded(part, lambda module: module.of(store, info, origins))


def analyse(answers: Answers, about: Mapping[str, Any], *, clock: Callable[[], float] = time.time) -> Results:
    """Every table that the study asks for; one that cannot be had is empty and says why."""
    began_s = clock()
    types = {task.type for task in answers.study.tasks}
    parts = [part for part in PARTS if part not in ASKED or ASKED[part] & types]
    tables = [table for part in parts for table in _tables(part, answers)]
    facts = {**_facts(answers), **about, "computed_s": clock(), "seconds": clock() - began_s}
    return Results(facts, {table.key: table for table in tables})


def _tables(part: str, answers: Answers) -> list[Table]:
    return _guarded(part, lambda module: module.tables(answers))


def _guarded(part: str, made: Callable[[Any], list[Table]]) -> list[Table]:
    try:
        return made(import_module(f"listening_test.analysis.{part}"))
    except Exception as error:  # one table must not cost the reader the others
        _log.exception("The table %s could not be computed", part)
        reason = f"This could not be computed ({type(error).__name__}). The other tables stand."
        return [Table(part, part.replace("_", " ").capitalize(), (), reason=reason)]


def _facts(answers: Answers) -> dict[str, Any]:
    frame, study = answers.frame, answers.study
    people = frame.drop_duplicates("listener")
    rated = frame[frame["kind"].eq("rated").fillna(False).astype(bool) & frame["use"].fillna(False).astype(bool)]
    received = frame["received_s"].dropna()
    return {
        "study": study.name,
        "title": study.title,
        "masked": answers.masked,
        "software_version": __version__,
        "systems": list(answers.systems),
        "styles": styles(study, answers.systems, masked=answers.masked),
        "enrolled": len(people),
        "finished": int(people["listener_state"].eq("finished").sum()),
        "used": int(people["use"].fillna(False).sum()),
        "answers": len(rated),
        "first_s": float(received.min()) if len(received) else None,
        "last_s": float(received.max()) if len(received) else None,
    }
