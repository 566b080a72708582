"""Speech to be anonymized and judged: who says what, in which recording, in which session."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Sex = Literal["F", "M", ""]


class CorpusError(ValueError):
    """Why a folder is no corpus, in one sentence."""


@dataclass(frozen=True)
class Utterance:
    """One utterance. What is not known is "".

    Attributes:
        key: its name in every table, unique in its corpus, safe as part of a file name.
        path: the recording; start_s, end_s: its part of it in s (end_s 0: to the end).
        session: recordings of one session sound alike whoever speaks: LibriSpeech's chapter, for example.
        transcript: as written; emotion: as acted (angry, happy, sad, neutral, fear, disgust, boredom, surprise).
        corpus: the data set it came from; language: "en", "de".
    """

    key: str
    path: Path
    speaker: str
    sex: Sex = ""
    session: str = ""
    transcript: str = ""
    emotion: str = ""
    language: str = ""
    corpus: str = ""
    start_s: float = 0.0
    end_s: float = 0.0


@dataclass(frozen=True)
class Corpus:
    """A data set as it was found.

    Attributes:
        name, split: as figures name it, e.g. "LibriSpeech dev-clean", "dev".
        utterances: in the order of their keys.
        enrolments, trials: as the data brings them (Kaldi's enrolls and trials), else None. Enrolments: model to its
            utterances' keys. Trials: (model, utterance key, whether they are one speaker).
        problems: sentences about what was left out.
    """

    name: str
    split: str
    root: Path
    utterances: tuple[Utterance, ...]
    enrolments: dict[str, tuple[str, ...]] | None = None
    trials: tuple[tuple[str, str, bool], ...] | None = None
    problems: tuple[str, ...] = field(default=())
