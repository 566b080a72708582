"""A folder of sound through several systems, by as many processes as asked; what is done already is not done again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anonymizers import registry, runner
from anonymizers.base import AnonymizerError, Level, Progress, silent
from anonymizers.report import describe
from anonymizers.spread import spread
from anonymizers.weights_ready import prepare
from anonymizers.workers import WorkerLost
from audio.clip import SUFFIXES, ClipError, decode, encode_wav


@dataclass(frozen=True)
class Task:
    """One file through one system. `speaker` names who speaks, for level "speaker"."""

    source: Path
    target: Path
    key: str
    speaker: str
    seed: int
    level: Level

    @property
    def is_done(self) -> bool:
        """Whether the target is there and was made with this seed at this level."""
        try:
            made = json.loads(self.target.with_suffix(".json").read_text())
        except (OSError, ValueError):
            return False
        return self.target.exists() and (made.get("seed"), made.get("level")) == (self.seed, self.level)


def tasks(folder: Path, output: Path, systems: Sequence[str], *, seed: int, level: Level) -> list[Task]:
    """What is to be done: every sound file below `folder`, by path, for every system.

    Results go to output/<system>/<same path>.wav. A speaker is the first folder below `folder` ("" for files
    directly in it).
    """
    sources = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    found = []
    for key in systems:
        for source in sources:
            inside = source.relative_to(folder)
            target = output / key / inside.with_name(inside.name + ".wav" if inside.suffix != ".wav" else inside.name)
            speaker = inside.parts[0] if len(inside.parts) > 1 else ""
            found.append(Task(source, target, key, speaker, seed, level))
    return found


def load(task: Task) -> tuple[Task, bytes]:
    """A task with its recording."""
    return task, task.source.read_bytes()


def anonymize(loaded: tuple[Task, bytes]) -> tuple[dict[str, Any], bytes]:
    """One file anonymized: its description, and a WAV file.

    Raises:
        ClipError, AnonymizerError: if the file cannot be read or the system cannot do it.
    """
    task, data = loaded
    decoded = decode(data)
    result = runner.run(decoded.clip, task.key, seed=task.seed, level=task.level, speaker=task.speaker)
    described = {"source": task.source.as_posix(), "speaker": task.speaker, "notes": decoded.notes, **describe(result)}
    return described, encode_wav(result.clip)


def put(task: Task, described: dict[str, Any], wav: bytes) -> None:
    """Write a result; its description last, which says that it is there (see is_done)."""
    task.target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(task.target, wav)
    write_whole(task.target.with_suffix(".json"), (json.dumps(described, indent=1) + "\n").encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there in full or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)
        with suppress(OSError):
            part.unlink()
        raise


def run(todo: Sequence[Task], jobs: int, ray: str = "", *, progress: Progress = silent) -> Iterator[tuple[Task, str]]:
    """Do the tasks that are not done, `jobs` at a time, or on a Ray cluster (see spread); yields each with "" or the
    sentence saying why it failed. Weights are fetched first, once for all processes; on a cluster by each machine, once
    for all that share VOICEVEIL_MODELS.

    Raises:
        OSError: if a result cannot be written: then none of the others could be either.
        SpreadError: if there is no such cluster.
    """
    open_tasks = [task for task in todo if not task.is_done]
    lacking = {} if ray else _lacking(open_tasks, progress)
    yield from ((task, lacking[task.key]) for task in open_tasks if task.key in lacking)
    open_tasks = [task for task in open_tasks if task.key not in lacking]
    for task, answer in spread(anonymize, open_tasks, jobs=jobs, ray=ray, prepare=load):
        if not isinstance(answer, Exception):
            put(task, *answer)
        yield task, sentence(answer)


def _lacking(todo: Sequence[Task], progress: Progress) -> dict[str, str]:
    """The systems whose weights cannot be had, and why."""
    found = {}
    for key in dict.fromkeys(task.key for task in todo):
        try:
            prepare(key, runner.check_params(registry.info(key), {}), progress=progress)
        except AnonymizerError as error:
            found[key] = str(error)
    return found


def sentence(answer: Any) -> str:
    """Why there is no answer; "" where there is one."""
    if not isinstance(answer, Exception):
        return ""
    if isinstance(answer, ClipError | AnonymizerError | WorkerLost | OSError):
        return str(answer)
    return f"failed unexpectedly: {type(answer).__name__}: {answer}"
