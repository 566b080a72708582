"""How long a training takes is decided once: what was asked for is kept beside its checkpoints."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from training import common
from training.loop import Loop

TRIED_STEPS = 6


class Stepping(Protocol):
    """A training that can do a step."""

    def one_step(self) -> object: ...


def add_arguments(parser: argparse.ArgumentParser, *, steps: int, seed: int, work: str) -> None:
    """The options that every network's recipe has."""
    parser.add_argument("--data", type=Path, required=True, help="a folder with manifest.csv to learn from")
    parser.add_argument("--out", type=Path, default=Path("assets/models"), help="where the model goes")
    parser.add_argument("--work", type=Path, default=Path("data/training") / work, help="checkpoints and log")
    parser.add_argument("--steps", type=int, default=steps, help=f"default: {steps}")
    parser.add_argument("--minutes", type=float, help="as many steps as fit, by the time that the first ones take")
    parser.add_argument("--seed", type=int, default=seed)
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (cuda if there is one)")
    parser.add_argument("--threads", type=int, default=1, help="of the processor (default: 1)")
    parser.add_argument("--start", type=Path, help="weights (safetensors) to begin with instead of random ones")
    parser.add_argument("--note", default="", help="a sentence for the card")


def device(asked: str) -> str:
    """The device to train on: `asked`, or for "auto" the first CUDA device if there is one, else the processor."""
    import torch

    return ("cuda" if torch.cuda.is_available() else "cpu") if asked == "auto" else asked


def trained(options: argparse.Namespace, asked: Mapping[str, Any], made: Callable[[int, Path], Loop]) -> Loop:
    """The training in --work, brought to its end; `made(steps, folder)` gives it, `asked` is as for `steps`.

    Raises:
        TrainingError: if something else was asked for when it began.
    """
    import torch

    torch.set_num_threads(options.threads)
    count = steps(options, asked, lambda folder: made(options.steps, folder))
    print(f"{asked['hours']:.1f} h, {count} steps", flush=True)
    training = made(count, options.work)
    if options.start:
        training.begin_with(options.start)
    training.run()
    return training


def steps(options: argparse.Namespace, asked: Mapping[str, Any], made: Callable[[Path], Stepping]) -> int:
    """The steps of the training in --work: as asked for, or as many as --minutes allow; the same when it is resumed.

    `asked` is all that makes one training another. `made(folder)` gives a training, to time a few of its steps.

    Raises:
        TrainingError: if something else was asked for when it began.
    """
    wanted = {"seed": options.seed, "steps": options.steps, "minutes": options.minutes, **asked}
    if options.start:
        wanted["start"] = common.sha256(options.start)
    path = options.work / "plan.json"
    if not path.is_file():
        count = steps_within(options.minutes, made) if options.minutes else options.steps
        common.write_json(path, {"asked": wanted, "steps": count})
    plan = json.loads(path.read_text(encoding="utf-8"))
    if plan["asked"] != wanted:
        raise common.TrainingError(
            f"A training asked for as {wanted} was expected in {options.work}, but {plan['asked']} is under way there: "
            "ask for the same, or name another folder with --work."
        )
    return plan["steps"]


def steps_within(minutes: float, made: Callable[[Path], Stepping]) -> int:
    """How many steps fit on this machine, by the median of a few that are thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        training = made(Path(folder))
        seconds = []
        for _ in range(TRIED_STEPS):
            started_at = time.perf_counter()
            training.one_step()
            seconds.append(time.perf_counter() - started_at)
    return max(10, int(60 * minutes / float(np.median(seconds))))
