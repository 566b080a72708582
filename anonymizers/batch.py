"""A folder of sound through several systems, by as many processes as asked; what is done already is not done again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anonymizers import runner
from anonymizers.base import AnonymizerError, Level
from anonymizers.report import describe
from anonymizers.workers import WorkerLost, Workers
from audio.clip import ClipError, decode, encode_wav

SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".webm", ".aif", ".aiff"})


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


def do(task: Task) -> dict[str, Any]:
    """Anonymize one file and write it with its description beside it (.json); returns the description.

    Raises:
        ClipError, AnonymizerError: if the file cannot be read or the system cannot do it.
    """
    decoded = decode(task.source)
    result = runner.run(decoded.clip, task.key, seed=task.seed, level=task.level, speaker=task.speaker)
    described = {"source": task.source.as_posix(), "speaker": task.speaker, "notes": decoded.notes, **describe(result)}
    task.target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(task.target.with_suffix(".json"), (json.dumps(described, indent=1) + "\n").encode())
    write_whole(task.target, encode_wav(result.clip))
    return described


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it is there in full or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)


def run(todo: Sequence[Task], jobs: int) -> Iterator[tuple[Task, str]]:
    """Do the tasks that are not done, `jobs` at a time; yields each with "" or the sentence saying why it failed."""
    open_tasks = [task for task in todo if not task.is_done]
    with Workers(jobs) as workers, ThreadPoolExecutor(jobs) as threads:
        futures = {threads.submit(workers.call, do, task): task for task in open_tasks}
        for future in as_completed(futures):
            task, error = futures[future], future.exception()
            if error is None:
                yield task, ""
            elif isinstance(error, (ClipError, AnonymizerError, WorkerLost, OSError)):
                yield task, str(error)
            else:
                yield task, f"failed unexpectedly: {type(error).__name__}: {error}"
