"""Training the house phone encoder: which phone is said in every frame, whoever says it.

What tells speakers apart is taken from the sound (vocal-tract length, room, microphone and noise are drawn anew for
every crop) and, by a speaker classifier whose gradient is reversed, from the bottleneck. Every step's crops are drawn
from (seed, step) alone, so a training that was killed goes on as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.nn import mel, phone_encoder
from training import common, phone_labels, pieces
from training.ahead import Ahead
from training.augmentation import LEAD, Augmentation, augmented, source_length
from training.loop import Loop

Floats = npt.NDArray[np.float32]
COLUMNS = (
    "loss", "soft_loss", "vq_loss", "commitment", "speaker_loss", "soft_accuracy", "vq_accuracy", "codes_used",
    "learning_rate",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """One training. Crops of `crop_s` seconds; `plain`: the share of them left as recorded (but for the speed and the
    vocal tract); `reversal`: the weight of the reversed speaker gradient, reached after a third of the steps."""

    steps: int = 3_000
    seed: int = 7
    batch: int = 16
    crop_s: float = 3.0
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    vocal_tract: tuple[float, float] = (0.82, 1.22)
    speeds: tuple[float, float] = (0.88, 1.14)
    plain: float = 0.35
    label_smoothing: float = 0.1
    vq_weight: float = 0.5
    commitment_weight: float = 0.25
    reversal: float = 0.1
    masked_bands: int = 12
    masked_frames: int = 12
    augmentation: Augmentation = field(default_factory=lambda: Augmentation(babble=0.1, coarse=0.04))


class Crops:
    """Crops of a step: mel (b, frames, 80), phones (b, frames / 2), speakers (b,); 255 and -1 where not known."""

    def __init__(self, speech: common.Speech, labels: Sequence[phone_labels.Labels], settings: Settings) -> None:
        self.speech, self.labels, self.settings = speech, labels, settings
        self.length = int(settings.crop_s * common.SAMPLE_RATE_HZ)
        self.speakers = sorted({one.speaker for one in speech.utterances if one.speaker})
        self.known = [place for place, one in enumerate(labels) if len(one) and one[0] != phone_labels.UNKNOWN]
        if not self.known:
            raise common.TrainingError("English speech with transcripts was expected, but no clip could be aligned.")
        self.chances = pieces.chances([speech.utterances[place] for place in self.known])

    def of_step(self, step: int) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        rng = np.random.default_rng((self.settings.seed, step))
        places = rng.choice(self.known, self.settings.batch, p=self.chances)
        crops = [self._crop(int(place), rng) for place in places]
        speakers = [self.speech.utterances[place].speaker for place in places]
        classes = np.array([self.speakers.index(one) if one else -1 for one in speakers])
        return np.stack([sound for sound, _ in crops]), np.stack([phones for _, phones in crops]), classes

    def _crop(self, place: int, rng: np.random.Generator) -> tuple[Floats, npt.NDArray[np.int64]]:
        speed = float(rng.uniform(*self.settings.speeds))
        wanted = source_length(self.length, speed)
        source, start = self._source(self.speech.sound(place), wanted, rng)
        chances = Augmentation(0, 0, 0, 0, 0, 0) if rng.random() < self.settings.plain else self.settings.augmentation
        sound = augmented(source, self.length, chances, rng, self._other)
        frames = mel.log_mel(sound, float(rng.uniform(*self.settings.vocal_tract)))
        frames = frames - frames.mean(0)
        self._mask(frames, rng)
        return frames, self._phones(self.labels[place], start, speed, len(frames) // phone_encoder.STRIDE)

    def _source(self, sound: npt.NDArray[np.int16], wanted: int, rng: np.random.Generator) -> tuple[Floats, int]:
        """`wanted` samples from a random place, and the place; silence before and after a shorter sound."""
        start = int(rng.integers(min(0, len(sound) - wanted), max(0, len(sound) - wanted) + 1))
        return pieces.cut(sound, start, wanted), start

    def _phones(self, labels: phone_labels.Labels, start: int, speed: float, frames: int) -> npt.NDArray[np.int64]:
        """Labels of the crop's content frames, every 20 ms: silence outside the clip. The crop begins LEAD samples
        after its source does (see `augmented`)."""
        samples = start + speed * (LEAD + np.arange(frames) * 2 * mel.HOP)
        places = np.floor(samples / mel.HOP).astype(np.int64)  # labels are 160 samples apart, too
        inside = (places >= 0) & (places < len(labels))
        return np.where(inside, labels[np.clip(places, 0, len(labels) - 1)], 0).astype(np.int64)

    def _other(self, length: int, rng: np.random.Generator) -> Floats:
        place = int(rng.integers(len(self.speech.utterances)))
        return common.crop(self.speech.sound(place), length, rng)

    def _mask(self, frames: Floats, rng: np.random.Generator) -> None:
        """A span of bands and one of frames are set to their mean, 0 (SpecAugment: Park et al., 2019)."""
        bands, first = rng.integers(0, self.settings.masked_bands), rng.integers(0, mel.N_MELS)
        frames[:, first : first + bands] = 0
        span, begin = rng.integers(0, self.settings.masked_frames), rng.integers(0, len(frames))
        frames[begin : begin + span] = 0


class PhoneLoop(Loop):
    """The training of the non-causal encoder."""

    columns = COLUMNS

    def __init__(self, crops: Crops, settings: Settings, folder: Path, device: str = "cpu") -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.crops, self.settings = Ahead(crops.of_step), settings
        self.module = phone_encoder.network().to(device)
        self.critic = torch.nn.Sequential(
            torch.nn.Linear(2 * phone_encoder.BOTTLENECK, 256), torch.nn.ReLU(),
            torch.nn.Linear(256, max(1, len(crops.speakers))),
        ).to(device)  # fmt: skip
        self.counts = torch.ones(phone_encoder.CODES, device=device)
        super().__init__(settings, folder, device, {"module": self.module, "critic": self.critic})

    def losses(self, step: int) -> tuple[Any, tuple[float, ...]]:
        import torch
        from torch.nn import functional

        sounds, phones, speakers = (torch.from_numpy(one).to(self.device) for one in self.crops.at(step))
        with torch.autocast(self.device.split(":")[0], torch.bfloat16):
            content, logits = self.module.whole(sounds)
        content, logits = content.float(), logits.float()
        codes, places = phone_encoder.quantised(content.detach(), self.module.codebook)
        sharp = content + (codes - content).detach()
        vq_logits = self.module.phones(sharp)
        smoothing = self.settings.label_smoothing
        soft = functional.cross_entropy(logits.flatten(0, 1), phones.flatten(), label_smoothing=smoothing)
        vq = functional.cross_entropy(vq_logits.flatten(0, 1), phones.flatten(), label_smoothing=smoothing)
        commitment = functional.mse_loss(content, codes)
        speaker = self._speaker_loss(content, speakers, step)
        self._move_codes(content.detach().flatten(0, 1), places.flatten(), step)
        loss = soft + self.settings.vq_weight * vq + self.settings.commitment_weight * commitment + speaker
        right = [(one.argmax(-1) == phones).float().mean().item() for one in (logits, vq_logits)]
        used = float(len(torch.unique(places)))
        return loss, (loss.item(), soft.item(), vq.item(), commitment.item(), speaker.item(), *right, used)

    def _speaker_loss(self, content: Any, speakers: Any, step: int) -> Any:
        """The classifier learns who speaks from the bottleneck's mean and deviation; the encoder learns to hide it
        (Ganin and Lempitsky, 2015)."""
        import torch
        from torch.nn import functional

        share = min(1.0, 3 * step / self.settings.steps) * self.settings.reversal
        reversed_ = (1 + share) * content.detach() - share * content  # the value of content, minus its gradient
        summary = torch.cat((reversed_.mean(1), reversed_.std(1)), dim=1)
        known = speakers >= 0
        if not known.any():
            return summary.sum() * 0
        return functional.cross_entropy(self.critic(summary[known]), speakers[known])

    def _move_codes(self, content: Any, places: Any, step: int) -> None:
        """Codes follow the mean of what is nearest to them (van den Oord et al., 2017, appendix A.1); one that is
        hardly ever the nearest starts again at a frame of this batch."""
        import torch

        with torch.no_grad():
            codebook = self.module.codebook
            counts = torch.bincount(places, minlength=len(codebook)).float()
            sums = torch.zeros_like(codebook).index_add_(0, places, content)
            weight = (0.02 * (counts > 0)).unsqueeze(1)
            codebook += weight * (sums / counts.clamp(min=1).unsqueeze(1) - codebook)
            self.counts.mul_(0.99).add_(0.01 * counts)
            idle = torch.nonzero(self.counts < 0.002 * len(places) / len(codebook) * 5).flatten()
            if len(idle) and step % 20 == 0:
                rng = np.random.default_rng((self.settings.seed, step, 1))
                codebook[idle] = content[torch.from_numpy(rng.integers(0, len(content), len(idle)))]
                self.counts[idle] = len(places) / len(codebook)

    def extra_state(self) -> dict[str, Any]:
        return {"counts": self.counts}

    def take_extra_state(self, state: dict[str, Any]) -> None:
        self.counts.copy_(state["counts"])
