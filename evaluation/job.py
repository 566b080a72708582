"""One recording through one system: what is to be done to it, and whether it was done already."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from anonymizers.base import Level
from evaluation.corpus import Utterance

Side = Literal["trial", "enrolment", "told", "train"]
"""trial: what the figures are of. enrolment: pseudo-speakers of its own (level "speaker" alone; at level "utterance"
every file has one of its own anyway). told: one pseudo-speaker for each speaker, whichever side of a trial: the
control of the trust check. train: other speakers, for attackers that learn."""


@dataclass(frozen=True)
class Plan:
    """What the jobs of a run have in common.

    Attributes:
        seed: the user's; level: what a pseudo-speaker is drawn for.
        params: checked parameters, by system.
        attackers, words, emotions: keys of those that hear; languages: of recognisers of words, "" for any.
        versions: what tells their weights from others, by key. quality: whether DNSMOS is computed.
    """

    seed: int = 0
    level: Level = "utterance"
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    attackers: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    emotions: tuple[str, ...] = ()
    languages: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    quality: bool = False


@dataclass(frozen=True)
class Job:
    """One recording, one system, one side."""

    utterance: Utterance
    system: str
    side: Side
    plan: Plan

    @property
    def name(self) -> str:
        """As messages call it."""
        return f"{self.system} {self.utterance.key}" + (f" ({self.side})" if self.side != "trial" else "")

    @property
    def seed(self) -> int:
        """The user's seed on the side of the trials; on others one derived from it, so that they are independent."""
        if self.side == "trial":
            return self.plan.seed
        return int.from_bytes(hashlib.sha256(f"{self.side}|{self.plan.seed}".encode()).digest()[:6], "big")

    @property
    def level(self) -> Level:
        """Of side train always "utterance": whose pseudo-speaker never changes teaches nobody to hear through it."""
        if self.side == "told":
            return "speaker"
        return "utterance" if self.side == "train" else self.plan.level

    @property
    def params(self) -> Mapping[str, Any]:
        return self.plan.params.get(self.system, {})

    @property
    def words(self) -> tuple[str, ...]:
        """Recognisers that write this recording down: those of its language, on the side of the trials."""
        spoken = self.utterance.language
        fits = [key for key in self.plan.words if not spoken or self.plan.languages.get(key, "") in {"", spoken}]
        return tuple(fits) if self.side == "trial" else ()

    @property
    def emotions(self) -> tuple[str, ...]:
        return self.plan.emotions if self.side == "trial" else ()

    @property
    def quality(self) -> bool:
        return self.plan.quality and self.side == "trial"

    @cached_property
    def digest(self) -> str:
        """Changes with everything that its result depends on: 32 hexadecimal digits. The recording counts by its size
        and time of change."""
        from anonymizers import __version__

        one = self.utterance
        try:
            stat = one.path.stat()
            file = [stat.st_size, stat.st_mtime_ns]
        except OSError:
            file = []
        weights = [self.plan.versions[key] for key in (f"system {self.system}",) if key in self.plan.versions]
        hears = [*self.plan.attackers, *self.words, *self.emotions]
        told = {
            "recording": [one.key, one.speaker, *file, one.start_s, one.end_s],
            "how": [self.system, self.side, self.seed, self.level, dict(self.params), __version__, *weights],
            "hears": [[key, self.plan.versions.get(key, "")] for key in hears],
            "quality": self.quality,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Places:
    """Where the results of a job lie below the folder of its run."""

    out: Path
    job: Job

    def _at(self, kind: str, suffix: str) -> Path:
        return self.out / kind / self.job.system / self.job.side / f"{self.job.utterance.key}{suffix}"

    @property
    def sound(self) -> Path:
        return self._at("audio", ".flac")

    @property
    def facts(self) -> Path:
        return self._at("facts", ".json")

    @property
    def embeddings(self) -> Path:
        return self._at("facts", ".npz")

    def read(self) -> dict[str, Any] | None:
        """The facts, if they are there and of this very job."""
        try:
            facts = json.loads(self.facts.read_bytes())
        except (OSError, ValueError):
            return None
        fits = isinstance(facts, dict) and facts.get("digest") == self.job.digest
        whole = fits and (facts["state"] == "failed" or (self.sound.is_file() and self.embeddings.is_file()))
        return facts if whole else None
