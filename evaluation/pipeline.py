"""A whole run: corpus, protocols, every recording through every system, tables and where they came from."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anonymizers.base import AnonymizerError, Level
from anonymizers.batch import write_whole
from evaluation.batch import ORIGINAL, RunError, Work, carry_out, jobs_of
from evaluation.corpus import Corpus
from evaluation.job import Job, Plan
from evaluation.pipeline_checks import (
    WORDS_ALONE,
    attackers_of,
    check_tuning,
    checked_params,
    in_words,
    languages_of,
    others,
    recognisers_of,
    versions_of,
)
from evaluation.protocol import Protocol

if TYPE_CHECKING:
    import pandas as pd

    from evaluation.heard import About

MOST_FOR_QUALITY = 200
"""Predicted quality takes seconds a file: it is computed unasked for corpora of at most so many utterances."""

FULL_OR_CLOSED = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EFBIG}


@dataclass(frozen=True)
class Request:
    """What is asked of a run.

    Attributes:
        params: what differs from a system's defaults, by system.
        attackers, words, emotions: keys; None: those that are there without a download.
        protocols: kinds, see protocol.make; control: whether side "told" is made; quality: None: for small corpora.
        train: speech of other speakers for attackers that learn. command: as it was typed, for the provenance.
        tune: for how many steps the house encoder's network is trained on each system's output of `train`, at most
            tune_minutes each; 0: not at all.
    """

    corpus: Corpus
    systems: tuple[str, ...]
    out: Path
    seed: int = 0
    level: Level = "utterance"
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    attackers: tuple[str, ...] | None = None
    words: tuple[str, ...] | None = None
    emotions: tuple[str, ...] | None = None
    protocols: tuple[str, ...] = ()
    control: bool = True
    quality: bool | None = None
    train: Corpus | None = None
    tune: int = 0
    tune_minutes: float = 60.0
    processes: int = 1
    ray: str = ""
    retry: bool = False
    replicates: int = 1000
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ready:
    """A request that was checked: what will be done."""

    request: Request
    plan: Plan
    protocols: tuple[Protocol, ...]
    jobs: tuple[Job, ...]
    attackers: tuple[str, ...]
    train: Corpus | None

    @property
    def about(self) -> About:
        from evaluation.heard import About

        request = self.request
        return About(
            level=request.level,
            systems=(ORIGINAL, *(key for key in request.systems if key != ORIGINAL)),
            data=request.corpus.name,
            split=request.corpus.split,
            attackers=self.attackers,
            words=self.plan.words,
            emotions=self.plan.emotions,
            train=in_words(self.train) if self.train else "",
        )


def prepare(request: Request) -> Ready:
    """Check what is asked and make the protocols; nothing is written yet.

    Raises:
        AnonymizerError, RecogniserError, CorpusError, RunError: if a system, a parameter, a recogniser, a protocol or
            an attacker is not there or cannot run.
    """
    from evaluation import protocol

    params = {key: checked_params(key, request.params.get(key, {})) for key in request.systems}
    if strange := set(request.params) - set(request.systems):
        raise AnonymizerError(f"A parameter was set of {', '.join(sorted(strange))}, but --systems does not name it.")
    attackers = attackers_of(request.attackers)
    words, emotions = recognisers_of("words", request.words), recognisers_of("emotion", request.emotions)
    quality = len(request.corpus.utterances) <= MOST_FOR_QUALITY if request.quality is None else request.quality
    plan = Plan(
        seed=request.seed,
        level=request.level,
        params=params,
        attackers=tuple(key for key in attackers if key != WORDS_ALONE),
        words=words,
        emotions=emotions,
        languages=languages_of(words),
        versions=versions_of(attackers, (*words, *emotions), request.systems),
        quality=quality,
    )
    protocols = protocol.make(request.corpus, request.protocols, seed=request.seed)
    train = others(request.train, request.corpus) if request.train else None
    check_tuning(request.tune, attackers, train)
    jobs = jobs_of(request.corpus, request.systems, protocols, plan, train=train, control=request.control)
    return Ready(request, plan, tuple(protocols), tuple(jobs), attackers, train)


@dataclass
class Tally:
    """How a run went: jobs done now, in an earlier run, and failed; sentences on failures, on who was deaf, and on
    systems on whose output no network could be trained."""

    done: int = 0
    earlier: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)
    untuned: list[str] = field(default_factory=list)

    def add(self, work: Work) -> None:
        if work.error:
            self.failed += 1
            self.failures.append(f"{work.job.name}: {work.error}")
        elif work.earlier:
            self.earlier += 1
        else:
            self.done += 1
        for key, said in work.faults.items():
            self.faults.setdefault(key, []).append(f"{work.job.name}: {said}")

    @property
    def deaf(self) -> list[str]:
        """A sentence for each recogniser or attacker that could not judge some recordings."""
        return [
            f"{key} could not judge {len(every)} of {self.done + self.earlier} recordings; for example {min(every)}"
            for key, every in sorted(self.faults.items())
        ]


def run(ready: Ready, *, now: Callable[[], datetime], tell: Callable[[Work], None]) -> Tally:
    """Do it, from where an earlier run of the same request stopped; the tables come last.

    Args:
        now: the time, for the provenance. tell: is told of every job that came to an end.

    Raises:
        RunError: if something cannot be written, or nothing at all could be done.
        SpreadError: if there is no Ray cluster at the address.
    """
    from evaluation import protocol_lists, summary
    from evaluation.gather import gather
    from evaluation.heard import Heard
    from evaluation.provenance import provenance

    request, started = ready.request, now()
    tally = Tally()
    try:
        for protocol in ready.protocols:
            protocol_lists.write(protocol, request.corpus, request.out / "protocols")
        for work in carry_out(
            ready.jobs, request.out, processes=request.processes, ray=request.ray, retry=request.retry
        ):
            tell(work)
            tally.add(work)
        if tally.failed == len(ready.jobs):
            raise RunError(f"None of {len(ready.jobs)} recordings could be done. The first: {min(tally.failures)}")
        files = gather(ready.jobs, request.out)["files"]
        tally.untuned = _tune(ready, files, clock=lambda: now().timestamp())
        heard = Heard.load(request.out)
        tables = summary.tables(
            heard if request.tune else replace(heard, tuned={}), request.corpus, ready.protocols, ready.about,
            seed=request.seed, replicates=request.replicates,
        )  # fmt: skip
        summary.write(tables, request.out)
        told = provenance(ready, tally, started, now())
        write_whole(request.out / "provenance.json", (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        if error.errno not in FULL_OR_CLOSED:
            raise
        raise RunError(
            f"{error.filename or request.out} could not be written ({error.strerror or error}). What is done is kept: "
            "make room, and the same command goes on from there."
        ) from None
    return tally


def _tune(ready: Ready, files: pd.DataFrame, *, clock: Callable[[], float]) -> list[str]:
    """Train the house encoder's network on what the systems put out, if that was asked for."""
    request = ready.request
    if not request.tune:
        return []
    from evaluation.privacy.tuning import Recipe, tune

    recipe = Recipe(steps=request.tune, limit_s=60 * request.tune_minutes)
    systems = [key for key in request.systems if key != ORIGINAL]
    return tune(request.out, files, systems, recipe=recipe, seed=request.seed, clock=clock)
