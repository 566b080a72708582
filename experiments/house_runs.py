"""The runs of the study, several at once; what is done already, by the same weights, is not done again."""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path

from anonymizers import registry, runner
from anonymizers.spread import THREADS
from evaluation.recognisers.base import CORE_EMOTIONS
from experiments.house_plan import ORIGINAL, Job

Run = Callable[[list[str]], int]
SHARED = ("facts", "audio")
MARK = "asked.json"
KEPT = ("corpus", "speaker", "sex", "emotion", "language")


def evaluated(asked: list[str]) -> int:
    """`python -m evaluation` with these arguments; its exit status."""
    from evaluation.__main__ import main

    return main(asked)


def carry_out(
    jobs: Sequence[Job], options: argparse.Namespace, *, run: Run = evaluated, executor: Executor | None = None
) -> Iterator[tuple[Job, str]]:
    """Every job with "done", "there already", or a sentence saying why it failed; originals come first.

    Args:
        options: of the command line; `jobs` of them run at once.
        run: what does one; executor: what calls it, `options.jobs` processes if None.
    """
    prepare_acted(options.data, options.out)
    if executor is not None:
        yield from _carried_out(jobs, options, run, executor)
        return
    os.environ.update(THREADS)  # of the processes: they are the parallel part
    with ProcessPoolExecutor(max(1, options.jobs), get_context("spawn")) as processes:
        yield from _carried_out(jobs, options, run, processes)


def _carried_out(
    jobs: Sequence[Job], options: argparse.Namespace, run: Run, executor: Executor
) -> Iterator[tuple[Job, str]]:
    """Originals first; what is made of them as soon as those of their kind are there."""
    later: dict[str, list[Job]] = {}
    waiting: dict[Future[int], Job] = {}
    for job in sorted(jobs, key=lambda job: job.cell != ORIGINAL):
        if is_done(job, options):
            yield job, "there already"
        elif job.cell != ORIGINAL and Job(job.kind, ORIGINAL) in waiting.values():
            later.setdefault(job.kind, []).append(job)
        else:
            waiting[_begun(job, options, run, executor)] = job
    while waiting:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            job = waiting.pop(future)
            waiting |= {_begun(one, options, run, executor): one for one in later.pop(job.kind, [])}
            yield job, _ended(job, options, future.exception())


def _begun(job: Job, options: argparse.Namespace, run: Run, executor: Executor) -> Future[int]:
    prepare(job, options)
    return executor.submit(run, job.asked(options))


def _ended(job: Job, options: argparse.Namespace, error: BaseException | None) -> str:
    if error is not None:
        return f"{type(error).__name__}: {error}"
    if not (job.folder(options.out) / "tables" / "figures.parquet").is_file():
        return "it ended without figures; what it printed says why."
    (job.folder(options.out) / MARK).write_text(
        json.dumps(_mark(job, options, done=True), indent=1) + "\n", encoding="utf-8"
    )
    return "done"


def is_done(job: Job, options: argparse.Namespace) -> bool:
    """Whether this very job came to an end."""
    return _marked(job, options) == _mark(job, options, done=True)


def prepare(job: Job, options: argparse.Namespace) -> None:
    """Its folder, without what other weights said; the originals' sounds and answers are those of all its kind."""
    folder = job.folder(options.out)
    weights = registry.version(job.cell.system)
    if _marked(job, options).get("weights", weights) != weights:
        shutil.rmtree(folder)
    shutil.rmtree(folder / "tables", ignore_errors=True)  # of an earlier request: they are made anew in seconds
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).write_text(json.dumps(_mark(job, options, done=False), indent=1) + "\n", encoding="utf-8")
    shared = Job(job.kind, ORIGINAL).folder(options.out)
    for name in SHARED if job.cell != ORIGINAL else ():
        link = folder / name / ORIGINAL.system
        link.parent.mkdir(exist_ok=True)
        if not link.is_symlink() and not link.exists():
            link.symlink_to((shared / name / ORIGINAL.system).resolve(), target_is_directory=True)


def _mark(job: Job, options: argparse.Namespace, *, done: bool) -> dict[str, object]:
    system = job.cell.system
    params = runner.check_params(registry.info(system), job.cell.params)
    return {"weights": registry.version(system), "params": params, "asked": job.asked(options), "done": done}


def _marked(job: Job, options: argparse.Namespace) -> dict[str, object]:
    try:
        found = json.loads((job.folder(options.out) / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def prepare_acted(data: Path, out: Path) -> None:
    """OUT/acted-data: a manifest of the utterances with one of the four core emotions.

    Raises:
        OSError: if the data's manifest cannot be read.
    """
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns = [name for name in KEPT if name in (reader.fieldnames or [])]
        rows = [row for row in reader if row["corpus"] == "EmoDB" and row["emotion"] in CORE_EMOTIONS]
    folder = out / "acted-data"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["path", *columns])
        writer.writeheader()
        for row in rows:
            writer.writerow({"path": (data / row["path"]).resolve(), **{name: row[name] for name in columns}})
