"""What a study is: the pydantic models of its YAML file. Reading the file is yaml_file.py, feasibility check.py."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Language = Literal["en", "de"]
Rung = Literal["unfamiliar", "familiar", "system-trained"]
"""The attacker ladder: never any feedback; a voice-learning phase first; feedback on anonymized pairs first."""
Level = Literal["utterance", "speaker"]
Anchor = Literal["original", "strong", "low"]
Pair = Literal["original-original", "original-anonymized", "anonymized-anonymized"]
Scale = Literal["overall_quality", "naturalness", "intelligibility"]

ORIGINAL, LOW_ANCHOR = "original", "low-anchor"
"""Systems that are no anonymizers: the clip itself, and the clip with modulated noise (anchors.py)."""

Text = dict[Language, str]
"""One text in the languages of the study; blank lines part paragraphs. Never HTML."""


class StudyError(ValueError):
    """Why a study cannot be used, in sentences: what was expected, what came, what to do."""


class Part(BaseModel):
    """A part of a study: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)


class Consent(Part):
    """What a listener agrees to; its version is stored with the agreement."""

    version: str = Field(min_length=1, max_length=40)
    text: Text


class Clips(Part):
    """Where the voices are: a folder of audio files named speaker_anything.ext, or a manifest.csv with the columns
    file, speaker, sex, and where they are known emotion, transcript, session, language, licence.

    `include` keeps the rows whose columns have one of these values, e.g. {language: [English]}.
    """

    folder: Path | None = None
    manifest: Path | None = None
    include: dict[str, list[str]] = {}

    @model_validator(mode="after")
    def _one_of_them(self) -> Clips:
        if (self.folder is None) == (self.manifest is None):
            raise ValueError("clips has either folder or manifest: give one of them")
        return self


class System(Part):
    """One condition: an anonymizer of the registry, `original`, or `low-anchor`, with its parameters.

    `label` is its name in this study (the system's key unless given: two settings of one system need two labels).
    """

    system: str
    label: str = Field(default="", max_length=40)
    params: dict[str, Any] = {}
    seed: int = Field(default=1, ge=0)
    level: Level = "utterance"
    anchor: Anchor | None = None

    @model_validator(mode="before")
    @classmethod
    def _names(cls, values: Any) -> Any:
        if isinstance(values, str):
            values = {"system": values}
        if isinstance(values, dict) and isinstance(values.get("system"), str):
            values = {**values, "label": values.get("label") or values["system"]}
            default = {ORIGINAL: "original", LOW_ANCHOR: "low"}.get(values["system"])
            if default:
                values = {"anchor": default, **values}
        return values


class _Task(Part):
    trials_per_system: int = Field(default=4, ge=1, le=200)
    """Rated trials of each system for each listener."""
    systems: list[str] = []
    """Labels of the systems in this task; all of them when empty."""


class MosTask(_Task):
    """Absolute category rating; each question is a block of its own."""

    type: Literal["mos"]
    questions: list[Scale] = Field(default=["overall_quality"], min_length=1)
    reference: bool = False
    """Whether the original is offered beside the sample."""


class SameDifferentTask(_Task):
    """Are these two recordings of the same person? 6 points; same sex, different texts; half the trials are same."""

    type: Literal["same-different"]
    pairs: list[Pair] = Field(default=["original-original", "original-anonymized"], min_length=1)
    """trials_per_system holds for each kind of pair; original-original is a ceiling, with the original only."""


class LineUpTask(_Task):
    """One recording of a person, then `voices` candidates and "not present"."""

    type: Literal["line-up"]
    voices: int = Field(default=5, ge=3, le=9)
    absent_share: float = Field(default=0.5, gt=0, lt=1)
    """Share of line-ups without the person."""


class SpeakerSimilarityTask(_Task):
    """How similar are the two voices? 1 (very different) to 5 (very similar); half the trials are one speaker."""

    type: Literal["speaker-similarity"]


class EmotionTask(_Task):
    """Which emotion is it (forced choice), and how intense?"""

    type: Literal["emotion"]
    emotions: list[str] = Field(default=["anger", "disgust", "fear", "happiness", "neutral", "sadness"], min_length=2)
    intensity: bool = True


Task = Annotated[
    MosTask | SameDifferentTask | LineUpTask | SpeakerSimilarityTask | EmotionTask, Field(discriminator="type")
]


class Screening(Part):
    """Who is asked on, and whose answers count. Pay and use are kept apart: see screening.py."""

    headphones: Literal["required", "recorded", "off"] = "required"
    headphones_pass: int = Field(default=5, ge=1, le=6)
    """Of 6 trials (Woods et al. 2017)."""
    headphone_attempts: int = Field(default=2, ge=1, le=2)
    hearing: bool = True
    """Ask about hearing; `required` normal hearing is the study's business, not ours: recorded only."""
    fluency: Literal["required", "recorded", "off"] = "recorded"
    """Ask how well the clips' language is understood; required: screen out those who do not."""
    attention_checks: int = Field(default=2, ge=0, le=10)
    attention_pass: int = Field(default=1, ge=0)
    """Attention checks to be passed for the answers to be used (P.808: at least one)."""
    gold: int = Field(default=1, ge=0, le=10)
    """Gold items in each rated task with a known answer: an original is good, the low anchor is bad."""
    gold_tolerance: int = Field(default=1, ge=0, le=2)
    min_rating_variance: float = Field(default=0.1, ge=0)
    """Least variance of a listener's ratings for them to be used (P.808)."""


class Design(Part):
    """How trials are dealt out."""

    seed: int = Field(default=1, ge=0)
    rungs: list[Rung] = Field(default=["unfamiliar"], min_length=1)
    """Between listeners: listener i stands on rung i modulo their number."""
    task_order: Literal["fixed", "balanced"] = "balanced"
    original_after_anonymized: bool = False
    """Allow a speaker's original to be heard after an anonymized version of it."""
    max_trials_per_speaker: int = Field(default=12, ge=1)
    """Rated trials of one listener in which the same speaker is heard."""
    practice_trials: int = Field(default=2, ge=0, le=20)
    training_trials: int = Field(default=12, ge=4, le=60)
    """Trials with feedback on the system-trained rung, on speakers who are in no rated trial."""
    familiar_clips: int = Field(default=2, ge=1, le=6)
    """Recordings of each speaker to learn on the familiar rung."""
    break_every: int = Field(default=20, ge=5)


class Limits(Part):
    """Numbers that bound a study."""

    listeners: int = Field(default=40, ge=1, le=100_000)
    """Places: how many may finish."""
    minutes: float = Field(default=10, gt=0, le=120)
    """What the listener is told."""
    clip_min_s: float = Field(default=1.0, ge=0.3)
    clip_max_s: float = Field(default=12.0, le=60)
    level_lufs: float = Field(default=-26.0, ge=-40, le=-16)
    sample_rate_hz: Literal[16000, 24000, 48000] = 16000
    abandoned_after_h: float = Field(default=24.0, gt=0)
    """A listener not seen for so long gives the place to a replacement (and may still come back and finish)."""
    keep_answers_days: float | None = Field(default=None, gt=0)
    """Answers are deleted so long after the study closed; kept when not given."""
    keep_voices_days: float | None = Field(default=90.0, gt=0)
    """Rendered voices are deleted so long after the study closed."""
    comment_max_chars: int = Field(default=2000, ge=0, le=20_000)


class Ethics(Part):
    """What has to be settled before strangers listen."""

    voices: str = Field(min_length=10)
    """The right to use the voices: licence, or consent of each speaker."""
    controller: str = Field(min_length=3)
    """Who answers for the study, and how to reach them; shown to listeners."""
    min_age: int = Field(default=18, ge=18)
    clip_language: str = Field(min_length=2)
    """Language spoken in the clips, e.g. English."""
    listener_languages: list[Language] = []
    """Languages of listeners who may take part; must hold the language of the clips or say why not."""
    language_mismatch_reason: str = ""
    pay: Text = {}
    """What listeners get, in words; empty for volunteers."""
    debrief: Text


class Analysis(Part):
    """What is decided before the answers come; frozen with the study."""

    confidence: float = Field(default=0.95, ge=0.8, le=0.999)
    """Of every interval."""
    auc_margin: float = Field(default=0.1, gt=0, lt=0.5)
    """Re-identification counts as chance when the interval of the AUC lies within 0.5 ± this (equivalence test)."""
    mos_difference: float = Field(default=0.5, gt=0, le=4)
    """The smallest difference between two systems' ratings that would matter, in points; for planning."""
    replicates: int = Field(default=2000, ge=200, le=20_000)
    """Of each bootstrap."""
    seed: int = Field(default=1, ge=0)
    """Of the bootstraps: the same answers give the same numbers."""


class QuestionnaireItem(Part):
    """A question of the owner, asked at the end."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    widget: Literal["choice", "scale", "text"]
    text: Text
    options: dict[str, Text] = {}
    """For a choice: value to label."""
    low: Text = {}
    high: Text = {}
    points: int = Field(default=5, ge=2, le=11)
    required: bool = False


class Study(Part):
    """A whole study. `title` is for the owner: listeners see `public_title`, which must not tell a system."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")
    title: str = Field(min_length=1, max_length=200)
    public_title: Text
    languages: list[Language] = Field(min_length=1)
    consent: Consent
    clips: Clips
    systems: list[System] = Field(min_length=1)
    tasks: list[Task] = Field(min_length=1)
    screening: Screening = Screening()
    design: Design = Design()
    limits: Limits = Limits()
    analysis: Analysis = Analysis()
    ethics: Ethics
    questionnaire: list[QuestionnaireItem] = []
    comment: bool = True
    """Ask for a comment at the end."""
    thank_you: Text
    completion_code: str = Field(default="", max_length=100)
    screen_out_code: str = Field(default="", max_length=100)
    completion_url: str = Field(default="", max_length=500)
    """Where a crowd platform wants its people back; https, `{code}` is replaced."""
    masked: bool = True
    """Until it closes the owner sees systems as A, B, C…"""

    @field_validator("systems")
    @classmethod
    def _labels_differ(cls, systems: list[System]) -> list[System]:
        labels = [system.label for system in systems]
        twice = {label for label in labels if labels.count(label) > 1}
        if twice:
            raise ValueError(f"two systems are called {', '.join(sorted(twice))}: give each a label of its own")
        return systems

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the systems, in the order of the file."""
        return tuple(system.label for system in self.systems)

    def system(self, label: str) -> System:
        """The system of that label."""
        return next(system for system in self.systems if system.label == label)

    def task_keys(self) -> tuple[str, ...]:
        """One key per task: its type, with a number where a type occurs again ("mos", "mos-2")."""
        types = [task.type for task in self.tasks]
        return tuple(
            kind if types[:i].count(kind) == 0 else f"{kind}-{types[:i].count(kind) + 1}"
            for i, kind in enumerate(types)
        )

    def task_systems(self, task: Task) -> tuple[str, ...]:
        """Labels of the systems in a task, in the order of the file."""
        return tuple(label for label in self.labels if not task.systems or label in task.systems)


class StudyClip(Part):
    """One recording of a study, by its facts; `key` is its name in the study (never its file's name in a browser)."""

    key: str
    path: Path
    speaker: str
    sex: Literal["F", "M", "X"]
    duration_s: float
    sha256: str
    """Of the file's bytes."""
    emotion: str = ""
    transcript: str = ""
    session: str = ""
    language: str = ""
    licence: str = ""


def digest(study: Study, clips: Sequence[StudyClip]) -> str:
    """sha256 over the definition and the bytes of the clips: what is frozen when a study opens.

    Paths are left out: the same study on another machine has the same digest.
    """
    definition = study.model_copy(update={"clips": Clips(folder=Path())}).model_dump_json()
    lines = [definition, *sorted(f"{clip.model_copy(update={'path': Path()}).model_dump_json()}" for clip in clips)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
