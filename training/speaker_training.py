"""Training the house speaker encoder: ECAPA-TDNN, AAM-softmax and an angular prototypical loss.

Every step's crops are drawn from (seed, step) alone, so a training that was killed goes on as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from anonymizers.nn import ecapa
from training import common
from training.augmentation import Augmentation, augmented, source_length
from training.loop import Resumable, one_cycle

if TYPE_CHECKING:
    import torch

SPEEDS = (1.0, 0.9, 1.1)
COLUMNS = ("loss", "classification_loss", "prototype_loss", "accuracy", "learning_rate")


@dataclass(frozen=True)
class Settings:
    """One training. A batch is `speakers` times two crops; `longer_from` is the share of steps after which crops are
    longer and batches smaller; `plain` the share of crops left as recorded (but for the speed)."""

    steps: int = 3_600
    seed: int = 6
    speakers: int = 30
    crop_s: tuple[float, float] = (1.2, 2.0)
    longer_crop_s: tuple[float, float] = (2.5, 3.5)
    longer_from: float = 0.75
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    margin: float = 0.2
    scale: float = 30.0
    prototype_weight: float = 1.0
    plain: float = 0.25
    one_sex: float = 0.75
    classification_weight: float = 1.0
    speeds: tuple[float, ...] = SPEEDS
    augmentation: Augmentation = field(default_factory=Augmentation)


class Batches:
    """Crops of a step: features (b, frames, 64) and classes (b,); two crops, in a row, of each speaker drawn.

    The two come from two utterances, or from the halves of the only one. Most batches are of one sex, as trials are.
    """

    def __init__(self, speech: common.Speech, settings: Settings) -> None:
        self.speech, self.settings = speech, settings
        places = speech.of_speaker()
        self.sounds = [[speech.sound(place) for place in own] for own in places.values()]
        sexes = np.array([speech.utterances[own[0]].sex for own in places.values()])
        self.of_sex = [np.flatnonzero(sexes == sex) for sex in ("F", "M") if np.sum(sexes == sex) > 1]
        self.classes = len(self.sounds) * len(settings.speeds)

    def of_step(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        settings, rng = self.settings, np.random.default_rng([self.settings.seed, step])
        longer = step >= settings.longer_from * settings.steps
        length = int(rng.uniform(*(settings.longer_crop_s if longer else settings.crop_s)) * ecapa.SAMPLE_RATE_HZ)
        share = sum(settings.crop_s) / sum(settings.longer_crop_s) if longer else 1.0
        speakers = self._speakers(round(settings.speakers * share), rng)
        speeds = rng.integers(0, len(settings.speeds), len(speakers))
        sounds = [
            self._crop(sound, settings.speeds[how], length, rng)
            for who, how in zip(speakers, speeds, strict=True)
            for sound in two_sounds(self.sounds[who], rng)
        ]
        return ecapa.features(np.stack(sounds)), np.repeat(speakers * len(settings.speeds) + speeds, 2)

    def _speakers(self, count: int, rng: np.random.Generator) -> np.ndarray:
        everybody = np.arange(len(self.sounds))
        if self.of_sex and rng.random() < self.settings.one_sex:
            everybody = self.of_sex[rng.integers(len(self.of_sex))]
        return rng.choice(everybody, min(len(everybody), max(2, count)), replace=False)

    def _crop(self, sound: np.ndarray, speed: float, length: int, rng: np.random.Generator) -> np.ndarray:
        source = common.crop(sound, source_length(length, speed), rng)
        plain = rng.random() < self.settings.plain
        chances = Augmentation(0, 0, 0, 0, 0, 0) if plain else self.settings.augmentation
        return augmented(source, length, chances, rng, self._somebody)

    def _somebody(self, length: int, rng: np.random.Generator) -> np.ndarray:
        return common.crop(self.speech.sound(int(rng.integers(len(self.speech.utterances)))), length, rng)


def two_sounds(sounds: Sequence[np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two of a speaker's utterances, or both halves of the only one."""
    if len(sounds) > 1:
        first, second = rng.choice(len(sounds), 2, replace=False)
        return sounds[first], sounds[second]
    middle = len(sounds[0]) // 2
    return sounds[0][:middle], sounds[0][middle:]


class Objective:
    """AAM-softmax (Deng et al. 2019) over speakers at each speed; angular prototypical loss (Chung et al. 2020)."""

    def __init__(self, classes: int, settings: Settings) -> None:
        import torch

        self.settings = settings
        self.directions = torch.nn.Parameter(torch.randn(classes, ecapa.EMBEDDING_SIZE) * 0.1)
        self.similarity = torch.nn.Parameter(torch.tensor([10.0, -5.0]))

    def losses(self, embeddings: torch.Tensor, classes: torch.Tensor, margin: float) -> tuple[torch.Tensor, ...]:
        import torch
        from torch.nn import functional

        cosines = functional.linear(embeddings, functional.normalize(self.directions))
        hit = (cosines.argmax(1) == classes).float().mean()
        own = cosines.gather(1, classes[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)
        moved = torch.where(own > -np.cos(margin), torch.cos(torch.acos(own) + margin), own - margin * np.sin(margin))
        logits = self.settings.scale * cosines.scatter(1, classes[:, None], moved)
        pairs = self.similarity[0].clamp(min=1) * (embeddings[::2] @ embeddings[1::2].T)
        return functional.cross_entropy(logits, classes), _both_ways(pairs), hit


def _both_ways(pairs: torch.Tensor) -> torch.Tensor:
    import torch
    from torch.nn import functional

    own = torch.arange(len(pairs), device=pairs.device)
    return (functional.cross_entropy(pairs, own) + functional.cross_entropy(pairs.T, own)) / 2


class Training(Resumable):
    """The training of the speaker encoder."""

    columns = COLUMNS

    def __init__(self, speech: common.Speech, settings: Settings, folder: Path, device: str = "cpu") -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.plan = self.settings = settings
        self.folder, self.device = folder, device
        self.batches = Batches(speech, settings)
        self.module = ecapa.network().to(device)
        self.objective = Objective(self.batches.classes, settings)
        self.objective.directions.data = self.objective.directions.data.to(device)
        self.objective.similarity.data = self.objective.similarity.data.to(device)
        heads = [self.objective.directions, self.objective.similarity]
        matrices = [p for p in self.module.parameters() if p.ndim > 1]
        vectors = [p for p in self.module.parameters() if p.ndim <= 1]
        groups: list[dict[str, Any]] = [{"params": matrices}, {"params": [*heads, *vectors], "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)
        self.step, self.seconds = 0, 0.0
        self._resume()

    def _state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "seconds": self.seconds,
            "module": self.module.state_dict(),
            "directions": self.objective.directions.data,
            "similarity": self.objective.similarity.data,
            "optimizer": self.optimizer.state_dict(),
        }

    def _resume(self) -> None:
        state = common.load_checkpoint(self.checkpoint)
        if state is not None:
            self.module.load_state_dict(state["module"])
            self.objective.directions.data.copy_(state["directions"])
            self.objective.similarity.data.copy_(state["similarity"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.seconds = state["step"], state["seconds"]

    def one_step(self) -> tuple[float, ...]:
        import torch

        rate = self.settings.learning_rate * one_cycle(self.step / self.settings.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        mel, classes = self.batches.of_step(self.step)
        self.module.train()
        with torch.autocast(self.device.split(":")[0], torch.bfloat16):
            embeddings = self.module(torch.from_numpy(mel).to(self.device))
        margin = self.settings.margin * min(1.0, 6 * self.step / self.settings.steps)
        sorting, pairing, hit = self.objective.losses(embeddings, torch.from_numpy(classes).to(self.device), margin)
        loss = self.settings.classification_weight * sorting + self.settings.prototype_weight * pairing
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.module.parameters(), 5.0)
        self.optimizer.step()
        return loss.item(), sorting.item(), pairing.item(), hit.item(), rate
