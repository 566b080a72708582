"""Teaching the causal phone encoder to say what the other one says, sooner and without knowing what comes.

Student and teacher hear the same crop. The student's mean is a running one, as on live sound. Its content is drawn to
the teacher's, so that one decoder serves both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.nn import mel, phone_encoder
from training import common, pieces
from training.ahead import Ahead
from training.augmentation import Augmentation, augmented, source_length
from training.loop import Loop

Floats = npt.NDArray[np.float32]
COLUMNS = ("loss", "content_error", "phone_divergence", "agreement", "learning_rate")


@dataclass(frozen=True)
class Settings:
    """One training; `plain`: the share of crops left as recorded (but for the speed and the vocal tract)."""

    steps: int = 2_500
    seed: int = 7
    batch: int = 16
    crop_s: float = 3.0
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    vocal_tract: tuple[float, float] = (0.86, 1.17)
    speeds: tuple[float, float] = (0.94, 1.06)
    plain: float = 0.5
    content_weight: float = 4.0
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(babble=0.1, coarse=0.04))


class Sounds:
    """Log-mel of crops of a step, (b, frames, 80), drawn from (seed, step) alone, from any clip in any language."""

    def __init__(self, speech: common.Speech, settings: Settings) -> None:
        self.speech, self.settings = speech, settings
        self.length = int(settings.crop_s * common.SAMPLE_RATE_HZ)
        self.chances = pieces.chances(speech.utterances)

    def of_step(self, step: int) -> Floats:
        rng = np.random.default_rng((self.settings.seed, step))
        places = rng.choice(len(self.speech.utterances), self.settings.batch, p=self.chances)
        return np.stack([self._crop(int(place), rng) for place in places])

    def _crop(self, place: int, rng: np.random.Generator) -> Floats:
        speed = float(rng.uniform(*self.settings.speeds))
        source = common.crop(self.speech.sound(place), source_length(self.length, speed), rng)
        chances = Augmentation(0, 0, 0, 0, 0, 0) if rng.random() < self.settings.plain else self.settings.augmentation
        sound = augmented(source, self.length, chances, rng, self._other)
        return mel.log_mel(sound, float(rng.uniform(*self.settings.vocal_tract)))

    def _other(self, length: int, rng: np.random.Generator) -> Floats:
        return common.crop(self.speech.sound(int(rng.integers(len(self.speech.utterances)))), length, rng)


class CausalLoop(Loop):
    """The training of the causal encoder by the other one."""

    columns = COLUMNS

    def __init__(
        self, sounds: Sounds, teacher: Any, ordinary: Floats, settings: Settings, folder: Path, device: str = "cpu"
    ) -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.sounds, self.settings, self.ordinary = Ahead(sounds.of_step), settings, ordinary
        self.teacher = teacher.to(device).eval().requires_grad_(False)
        self.module = phone_encoder.network(causal=True).to(device)
        self.module.phones.load_state_dict(self.teacher.phones.state_dict())
        self._take_codes()
        super().__init__(settings, folder, device, {"module": self.module})

    def begin_with(self, weights: Path) -> None:
        super().begin_with(weights)
        if self.step == 0:
            self._take_codes()  # an older training's are another teacher's

    def _take_codes(self) -> None:
        import torch

        with torch.no_grad():
            self.module.codebook.copy_(self.teacher.codebook)

    def losses(self, step: int) -> tuple[Any, tuple[float, ...]]:
        import torch
        from torch.nn import functional

        sounds = self.sounds.at(step)
        live = np.stack([sound - mel.running_mean(sound, self.ordinary)[0] for sound in sounds])
        with torch.autocast(self.device.split(":")[0], torch.bfloat16):
            with torch.no_grad():
                whole = torch.from_numpy(sounds - sounds.mean(1, keepdims=True)).to(self.device)
                wanted, wanted_logits = (one.float() for one in self.teacher.whole(whole))
            content, logits = (one.float() for one in self.module.whole(torch.from_numpy(live).to(self.device)))
        error = functional.mse_loss(content, wanted)
        given, taught = logits.flatten(0, 1), wanted_logits.flatten(0, 1)
        divergence = functional.kl_div(given.log_softmax(-1), taught.softmax(-1), reduction="batchmean")
        loss = self.settings.content_weight * error + divergence
        agreement = (logits.argmax(-1) == wanted_logits.argmax(-1)).float().mean()
        return loss, (loss.item(), error.item(), divergence.item(), agreement.item())


def ordinary_mel(speech: common.Speech, clips: int = 400) -> Floats:
    """The mean log-mel of many clips at an RMS of 0.1, (80,): what live sound is expected to be like at first."""
    step = max(1, len(speech.utterances) // clips)
    means = []
    for place in range(0, len(speech.utterances), step):
        sound = pieces.floats(speech.sound(place))
        scaled = sound * np.float32(0.1 / max(1e-6, float(np.sqrt(np.mean(sound**2)))))
        means.append(mel.log_mel(scaled).mean(0))
    return np.mean(means, axis=0).astype(np.float32)
