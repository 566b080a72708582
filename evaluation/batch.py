"""All recordings of a run through all its systems: what is done already is not done again, and nothing is half done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anonymizers.batch import sentence, write_whole
from anonymizers.spread import spread
from evaluation.job import Job, Places, Plan, Side
from evaluation.performing import Made, perform

if TYPE_CHECKING:
    from pathlib import Path

    from evaluation.corpus import Corpus, Utterance
    from evaluation.protocol import Protocol

ORIGINAL = "original"


class RunError(ValueError):
    """Why a run stopped, in one sentence."""


@dataclass(frozen=True)
class Work:
    """One job that came to an end, now or in an earlier run. `error` is "" or the sentence saying why it failed;
    `faults` says, by their keys, why some of those who should have heard it could not."""

    job: Job
    error: str
    earlier: bool = False
    faults: Mapping[str, str] = field(default_factory=dict)


def jobs_of(
    corpus: Corpus,
    systems: Sequence[str],
    protocols: Sequence[Protocol],
    plan: Plan,
    *,
    train: Corpus | None = None,
    control: bool = True,
) -> list[Job]:
    """Every job of a run, the original's among them. See job.Side for who goes through what."""
    changed = [key for key in systems if key != ORIGINAL]
    every = {one.key: one for one in corpus.utterances}
    enrol = {key for protocol in protocols for keys in protocol.enrolments.values() for key in keys}
    tried = {trial.utterance for protocol in protocols for trial in protocol.trials}

    def jobs(side: Side, through: Sequence[str], utterances: Sequence[Utterance]) -> list[Job]:
        return [Job(one, system, side, plan) for one in utterances for system in through]

    found = jobs("trial", [ORIGINAL, *changed], corpus.utterances)
    if plan.level == "speaker" and plan.attackers:
        found += jobs("enrolment", changed, [every[key] for key in sorted(enrol)])
    if control and plan.attackers:
        found += jobs("told", changed, [every[key] for key in sorted(enrol | tried)])
    if train is not None and plan.attackers:
        found += jobs("train", [ORIGINAL, *changed], train.utterances)
    return found


def carry_out(
    jobs: Sequence[Job], out: Path, *, processes: int = 1, ray: str = "", retry: bool = False
) -> Iterator[Work]:
    """Do what is not done; first come those that are, then each as it ends, the longest begun first.

    Jobs that failed earlier are tried again with `retry` alone.

    Raises:
        RunError: if a result cannot be written; what was written stays.
        SpreadError: if there is no Ray cluster at `ray`.
    """
    waiting = []
    for job in jobs:
        facts = Places(out, job).read()
        if facts is None or (retry and facts["state"] == "failed"):
            waiting.append(job)
        else:
            yield Work(job, facts["error"], earlier=True, faults=facts.get("faults", {}))
    for job, answer in spread(perform, longest_first(waiting), jobs=processes, ray=ray, prepare=_load):
        try:
            put(Places(out, job), answer)
        except OSError as error:
            raise RunError(
                f"{error.filename or out} could not be written ({error.strerror}). What is done is kept: "
                "make room, and the same command goes on from there."
            ) from None
        yield Work(job, sentence(answer), faults=answer.facts["faults"] if isinstance(answer, Made) else {})


def _load(job: Job) -> tuple[Job, bytes]:
    return job, job.utterance.path.read_bytes()


def longest_first(jobs: Sequence[Job]) -> list[Job]:
    """So that no process is left with a long one at the end; all systems of a recording follow one another."""
    lengths = {one: length_s(one) for one in {job.utterance for job in jobs}}
    return sorted(jobs, key=lambda job: (-lengths[job.utterance], job.utterance.key))


def length_s(utterance: Utterance) -> float:
    """How long it lasts, in s, as its list or its file's header says; 0 where neither does."""
    import soundfile

    if utterance.end_s:
        return utterance.end_s - utterance.start_s
    try:
        return max(0.0, soundfile.info(str(utterance.path)).duration - utterance.start_s)
    except (OSError, soundfile.LibsndfileError):
        return 0.0


def put(places: Places, answer: Made | Exception) -> None:
    """Write what became of a job; the facts last, which say that it is done.

    Raises:
        OSError: if they cannot be written; then nothing of it is there.
    """
    job = places.job
    named = {"digest": job.digest, "system": job.system, "side": job.side, "utterance": job.utterance.key}
    facts: dict[str, Any] = {"state": "failed", "error": sentence(answer)}
    for folder in {places.sound.parent, places.facts.parent}:
        folder.mkdir(parents=True, exist_ok=True)
    if isinstance(answer, Made):
        facts = answer.facts
        write_whole(places.sound, answer.sound)
        write_whole(places.embeddings, answer.embedded)
    write_whole(places.facts, json.dumps({**named, **facts}, ensure_ascii=False).encode())
