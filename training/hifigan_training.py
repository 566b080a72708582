"""HiFi-GAN's training: a generator against critics, on examples that a recipe makes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training import common, hifigan_losses
from training.loop import Resumable

Module = Any
Tensor = Any

COLUMNS = ("mel_loss", "feature_loss", "adversarial_loss", "critics_loss", "learning_rate")


@dataclass(frozen=True)
class Settings:
    """One training; the defaults are SSL-SAS's.

    Attributes:
        batch: crops a step; segment: samples a crop.
        decay: what the learning rate is multiplied by after each pass over the clips.
        channels: of the generator; critics_width: of the widest layers of the critics.
    """

    steps: int = 100_000
    seed: int = 1234
    batch: int = 32
    segment: int = 8_960
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.8, 0.99)
    weight_decay: float = 0.01
    decay: float = 0.999
    channels: int = 512
    critics_width: int = 1024


class VocoderLoop(Resumable):
    """The training of a generator (nn/hifigan.py), with weight norm while it is trained.

    `examples(step)` gives frames (b, m, inputs) and the sound (b, n) that they should become, on `device`; they depend
    on the step alone, so that a resumed training is the same training. `steps_a_pass`: after so many the learning rate
    falls.
    """

    columns = COLUMNS

    def __init__(
        self,
        generator: Callable[[], Module],
        examples: Callable[[int], tuple[Tensor, Tensor]],
        settings: Settings,
        steps_a_pass: int,
        folder: Path,
        device: str = "cpu",
    ) -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.examples, self.plan, self.settings = examples, settings, settings
        self.steps_a_pass, self.folder = max(1, steps_a_pass), folder
        self.module = hifigan_losses.weight_normed(generator()).to(device)
        self.critics = hifigan_losses.critics(settings.critics_width).to(device)
        self.optimizers = {
            name: torch.optim.AdamW(
                one.parameters(), settings.learning_rate, settings.betas, weight_decay=settings.weight_decay
            )
            for name, one in (("module", self.module), ("critics", self.critics))
        }
        self.step, self.seconds = 0, 0.0
        self._resume()

    def one_step(self) -> tuple[float, ...]:
        import torch

        rate = self.settings.learning_rate * self.settings.decay ** (self.step // self.steps_a_pass)
        for optimizer in self.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = rate
        with torch.no_grad():
            frames, target = self.examples(self.step)
        made = self.module(frames)
        self.critics.requires_grad_(True)
        found_out = self._descend(
            "critics", hifigan_losses.critics_loss(self.critics(target), self.critics(made.detach()))
        )
        self.critics.requires_grad_(False)
        with torch.no_grad():
            real = self.critics(target)
        heard = self.critics(made)
        near = hifigan_losses.mel_loss(target, made)
        features, fooled = hifigan_losses.feature_loss(real, heard), hifigan_losses.adversarial_loss(heard)
        self._descend("module", hifigan_losses.MEL_WEIGHT * near + hifigan_losses.FEATURE_WEIGHT * features + fooled)
        return near.item(), features.item(), fooled.item(), found_out, rate

    def _descend(self, name: str, loss: Tensor) -> float:
        self.optimizers[name].zero_grad()
        loss.backward()
        self.optimizers[name].step()
        return loss.item()

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "seconds": self.seconds,
            "module": self.module.state_dict(),
            "critics": self.critics.state_dict(),
            "optimizers": {name: one.state_dict() for name, one in self.optimizers.items()},
        }

    def _resume(self) -> None:
        state = common.load_checkpoint(self.checkpoint)
        if state is not None:
            self.module.load_state_dict(state["module"])
            self.critics.load_state_dict(state["critics"])
            for name, one in self.optimizers.items():
                one.load_state_dict(state["optimizers"][name])
            self.step, self.seconds = state["step"], state["seconds"]
