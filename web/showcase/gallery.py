"""What a gallery is: the pydantic models of showcase.yaml, and the gallery once its clips are found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from anonymizers import registry, runner
from anonymizers.base import AnonymizerError, Level
from anonymizers.runner import Job

GroupedBy = Literal["emotion", "style", "speaker", "language"]
GROUP_WORDS: dict[GroupedBy, str] = {
    "emotion": "Emotion",
    "style": "Speaking style",
    "speaker": "Speaker",
    "language": "Language",
}
NAME = r"^[a-z0-9][a-z0-9_-]{0,39}$"
LOUDNESS_LUFS = (-40.0, -16.0)
ORIGINAL = "original"


class GalleryError(ValueError):
    """Why there is no gallery to show, in sentences: what was expected, what came, what to do."""


class Part(BaseModel):
    """A part of the file: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class Utterance(Part):
    """One clip. `file` starts from the folder of the gallery's file, or of the table that names it.

    `licence` says under what licence or consent the voice may be played to everybody.
    """

    file: Path
    speaker: str = Field(default="", max_length=80)
    sex: str = Field(default="", max_length=20)
    language: str = Field(default="", max_length=40)
    emotion: str = Field(default="", max_length=40)
    style: str = Field(default="", max_length=40)
    transcript: str = Field(default="", max_length=400)
    licence: str = Field(default="", max_length=200)


class Column(Part):
    """A system with its parameters. `name` is unique in a gallery, the system's key unless given; `seed` and `level`
    are the gallery's unless given."""

    system: str
    name: str = Field(default="", pattern=rf"{NAME}|^$")
    title: str = Field(default="", max_length=40)
    params: dict[str, Any] = {}
    seed: int | None = Field(default=None, ge=0, le=999_999_999)
    level: Level | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_key(cls, values: Any) -> Any:
        values = {"system": values} if isinstance(values, str) else values
        if isinstance(values, dict) and isinstance(key := values.get("system"), str):
            return {"name": key, **values}
        return values

    @model_validator(mode="after")
    def _known(self) -> Column:
        try:
            runner.check_params(registry.info(self.system), self.params)
        except AnonymizerError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return self


class Definition(Part):
    """showcase.yaml. Either `utterances` or a `manifest` (a CSV table with a row for each) names the clips.

    `groups` are the values of `grouped_by` that are shown, in this order; all, as they come, if it is empty.
    `per_group` keeps the first so many of each group. `licence` holds for clips that have none of their own.
    """

    title: str = Field(min_length=1, max_length=120)
    intro: str = Field(default="", max_length=4000)
    manifest: Path | None = None
    utterances: list[Utterance] = Field(default=[], max_length=200)
    licence: str = Field(default="", max_length=200)
    grouped_by: GroupedBy = "emotion"
    groups: list[str] = []
    per_group: int | None = Field(default=None, ge=1)
    systems: list[Column] = Field(min_length=1, max_length=20)
    seed: int = Field(default=1, ge=0, le=999_999_999)
    level: Level = "utterance"
    loudness_lufs: float = Field(default=-23.0, ge=LOUDNESS_LUFS[0], le=LOUDNESS_LUFS[1])

    @field_validator("systems")
    @classmethod
    def _original_first(cls, systems: list[Column]) -> list[Column]:
        names = [column.name for column in systems]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"each system needs a name of its own, but {', '.join(twice)} stands twice: add a name")
        originals = [column for column in systems if column.system == ORIGINAL]
        rest = [column for column in systems if column.system != ORIGINAL]
        return [*(originals or [Column(system=ORIGINAL, name=ORIGINAL)]), *rest]

    @model_validator(mode="after")
    def _one_source(self) -> Definition:
        if (self.manifest is None) == (not self.utterances):
            raise ValueError("clips come from utterances or from a manifest: give one of them")
        return self


@dataclass(frozen=True)
class Row:
    """An utterance that was found: its number in the gallery (from 1), its file and the SHA-256 of its bytes."""

    number: int
    utterance: Utterance
    path: Path
    sha256: str
    group: str


@dataclass(frozen=True)
class Cell:
    """One sound of a gallery: what is asked of the system, everything decided."""

    row: Row
    column: Column
    seed: int
    level: Level
    loudness_lufs: float

    @property
    def runs(self) -> Job:
        """Which system it takes, as those who do the work want to know it (heavy.routed)."""
        return Job(self.column.system, self.column.params)


@dataclass(frozen=True)
class Gallery:
    """A gallery whose clips are there; rows in the order they are shown, group by group."""

    definition: Definition
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(self.definition.systems)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every sound: the originals of all rows, then row by row."""
        first = [self.cell(row, self.columns[0]) for row in self.rows]
        return (*first, *(self.cell(row, column) for row in self.rows for column in self.columns[1:]))

    def cell(self, row: Row, column: Column) -> Cell:
        """The sound where a row and a column meet."""
        wanted = self.definition
        seed = wanted.seed if column.seed is None else column.seed
        return Cell(row, column, seed, column.level or wanted.level, wanted.loudness_lufs)
