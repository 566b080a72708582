"""The loop that every network's training shares: steps, rates, a log, checkpoints that survive a kill."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from training import common


class Plan(Protocol):
    """What the loop needs to know of a training's settings."""

    @property
    def steps(self) -> int: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...


class Resumable:
    """A training that goes on from the last checkpoint in `folder`, if there is one.

    Others give `columns` (of its log, without the seconds), `plan`, `folder`, `step` and `seconds` so far, `one_step`
    and `_state`.
    """

    columns: tuple[str, ...] = ()
    plan: Plan
    folder: Path
    step: int
    seconds: float

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def one_step(self) -> tuple[float, ...]:
        """What a step gives for each column."""
        raise NotImplementedError

    def _state(self) -> dict[str, Any]:
        """All that a checkpoint needs."""
        raise NotImplementedError

    def run(self, save_every_s: float = 120.0, stop_after: int | None = None) -> None:
        """Train to the last step (or for `stop_after` more), saving now and then and at the end."""
        log = common.Log(self.folder / "log.csv", (*self.columns, "seconds"), self.step)
        last = self.plan.steps if stop_after is None else min(self.plan.steps, self.step + stop_after)
        saved_at = time.monotonic()
        while self.step < last:
            started_at = time.monotonic()
            values = self.one_step()
            seconds = time.monotonic() - started_at
            log.add(self.step, *values, seconds)
            self.step, self.seconds = self.step + 1, self.seconds + seconds
            if time.monotonic() - saved_at > save_every_s:
                common.save_checkpoint(self.checkpoint, self._state())
                saved_at = time.monotonic()
        common.save_checkpoint(self.checkpoint, self._state())


class Loop(Resumable):
    """The training of a house network.

    A recipe's loop gives `columns` (of its losses; the rate comes last) and `losses(step)`; steps draw their data and
    their noise from (seed, step), so that a resumed training is the same training.
    """

    def __init__(self, plan: Plan, folder: Path, device: str, modules: Mapping[str, Any]) -> None:
        import torch

        self.plan, self.folder, self.device, self.modules = plan, folder, device, modules
        parameters = [p for module in modules.values() for p in module.parameters()]
        groups: list[dict[str, Any]] = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": plan.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.98))
        self.step, self.seconds = 0, 0.0
        self._resume()

    def begin_with(self, weights: Path) -> None:
        """Take a trained network's weights (safetensors), unless a checkpoint was found."""
        from safetensors.torch import load_file

        if self.step == 0:
            tensors = load_file(weights, device=self.device)
            floats = {name.removeprefix("encoder."): tensor.float() for name, tensor in tensors.items()}
            self.modules["module"].load_state_dict(floats)

    def losses(self, step: int) -> tuple[Any, tuple[float, ...]]:
        """The loss to descend, and the values to log, one for each column but the last."""
        raise NotImplementedError

    def extra_state(self) -> dict[str, Any]:
        """Tensors beside the modules that belong in a checkpoint."""
        return {}

    def take_extra_state(self, state: dict[str, Any]) -> None:
        """The other way round."""

    def _state(self) -> dict[str, Any]:
        modules = {name: module.state_dict() for name, module in self.modules.items()}
        extra = {"extra": self.extra_state(), "optimizer": self.optimizer.state_dict()}
        return {"step": self.step, "seconds": self.seconds, "modules": modules, **extra}

    def _resume(self) -> None:
        state = common.load_checkpoint(self.checkpoint)
        if state is not None:
            for name, module in self.modules.items():
                module.load_state_dict(state["modules"][name])
            self.take_extra_state(state["extra"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds = state["step"], state["seconds"]

    def one_step(self) -> tuple[float, ...]:
        import torch

        rate = self.plan.learning_rate * one_cycle(self.step / self.plan.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        for module in self.modules.values():
            module.train()
        torch.manual_seed(self.step)
        loss, values = self.losses(self.step)
        self.optimizer.zero_grad()
        loss.backward()
        parameters = [p for module in self.modules.values() for p in module.parameters()]
        torch.nn.utils.clip_grad_norm_(parameters, 2.0)
        self.optimizer.step()
        return (*values, rate)


def one_cycle(done: float) -> float:
    """The learning rate's share of its peak when `done` of the steps are: up for 5 %, then down a half cosine to 0."""
    if done < 0.05:
        return 0.05 + 0.95 * done / 0.05
    return float(0.5 + 0.5 * np.cos(np.pi * (done - 0.05) / 0.95))
