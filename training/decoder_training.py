"""Training the house decoder: speech from what was said, how, and by whom; by spectra and by the phones that are heard
in it, then against critics as well.

Content comes from the phone encoder as it is used, on a copy of the sound whose vocal tract is warped, so that the
decoder learns who speaks from the speaker vector alone. Conditions are left out at random (see anonymizers.nn.decoder).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers.nn import decoder, phone_encoder
from training import critics
from training.ahead import Ahead
from training.decoder_data import CONTEXT_FRAMES, Batch, Crops
from training.loop import Loop
from training.phone_distance import phone_distance

COLUMNS = (
    "loss", "spectral_distance", "phone_distance", "adversarial_loss", "feature_distance", "critic_loss",
    "learning_rate",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """One training. `critics_from`: the share of steps after which critics have a say; `others_vector`: the share of
    crops whose speaker is known from their other clips; the others are shares of crops from which something is left
    out."""

    steps: int = 5_000
    seed: int = 7
    batch: int = 12
    frames: int = 120
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    vocal_tract: tuple[float, float] = (0.86, 1.17)
    quantised: float = 0.3
    others_vector: float = 0.75
    no_speaker: float = 0.1
    no_controls: float = 0.4
    critics_from: float = 0.4
    critics_rate: float = 4e-4
    adversarial_weight: float = 0.25
    feature_weight: float = 1.0
    phone_weight: float = 1.0


class DecoderLoop(Loop):
    """The training of the decoder on a frozen encoder's content."""

    columns = COLUMNS

    def __init__(self, crops: Crops, encoder: Any, settings: Settings, folder: Path, device: str = "cpu") -> None:
        import torch

        torch.manual_seed(settings.seed)
        self.crops, self.settings = Ahead(crops.of_step), settings
        self.encoder = encoder.to(device).eval().requires_grad_(False)
        self.module = decoder.network().to(device)
        self.module.codebook.copy_(self.encoder.codebook)
        self.critics = critics.critics().to(device)
        self.critics_optimizer = torch.optim.AdamW(self.critics.parameters(), settings.critics_rate, (0.8, 0.98))
        super().__init__(settings, folder, device, {"module": self.module})

    def losses(self, step: int) -> tuple[Any, tuple[float, ...]]:
        import torch

        batch = self.crops.at(step)
        rng = np.random.default_rng((self.settings.seed, step, 2))
        given, target = self.made(batch, rng), torch.from_numpy(batch.target).to(self.device)
        distance, phones = critics.spectral_distance(given, target), phone_distance(given, target, self.encoder)
        nearness = distance + self.settings.phone_weight * phones
        near = distance.item(), phones.item()
        if step < self.settings.critics_from * self.settings.steps:
            return nearness, (nearness.item(), *near, 0.0, 0.0, 0.0)
        given, target = self._part(given, target, rng)
        found_out = self._teach_critics(given.detach(), target)
        self.critics.requires_grad_(False)
        heard = self.critics(given)
        with torch.no_grad():
            real = self.critics(target)
        fooled, features = critics.judged_real(heard), critics.feature_distance(heard, real)
        weights = self.settings
        loss = nearness + weights.adversarial_weight * fooled + weights.feature_weight * features
        return loss, (loss.item(), *near, fooled.item(), features.item(), found_out)

    def _part(self, given: Any, target: Any, rng: np.random.Generator) -> tuple[Any, Any]:
        """The same random half of both: critics cost as much as everything else together."""
        length = given.shape[1] // 2
        start = int(rng.integers(0, given.shape[1] - length + 1))
        return given[:, start : start + length], target[:, start : start + length]

    def made(self, batch: Batch, rng: np.random.Generator) -> Any:
        """The decoder's sound for a batch, (b, 160 (frames - 1)), with conditions left out at random."""
        import torch

        heard, prosody, controls, vectors, pulse, hiss = (
            torch.from_numpy(one).to(self.device)
            for one in (batch.heard, batch.prosody, batch.controls, batch.vectors, batch.pulse, batch.hiss)
        )
        content = self._content(heard, prosody.shape[1], self._chosen(rng, self.settings.quantised, len(heard)))
        kept = 1 - self._chosen(rng, self.settings.no_controls, len(heard))
        flags = kept.expand(-1, prosody.shape[1], 1)
        frames = torch.cat((content, prosody, controls * kept, flags), dim=2)
        speaker = vectors * (1 - self._chosen(rng, self.settings.no_speaker, len(heard))[:, 0])
        with torch.autocast(self.device.split(":")[0], torch.bfloat16):
            gains = self.module.whole(frames, speaker)
        return decoder.sound(gains.float(), pulse, hiss)

    def _content(self, heard: Any, frames: int, quantised: Any) -> Any:
        """The middle of what the encoder says of 3 s, at 100 Hz: (b, frames, 64)."""
        import torch

        with torch.no_grad(), torch.autocast(self.device.split(":")[0], torch.bfloat16):
            content, _ = self.encoder.whole(heard)
        content = content.float()
        codes, _ = phone_encoder.quantised(content, self.encoder.codebook)
        content = content * (1 - quantised) + codes * quantised
        margin = (CONTEXT_FRAMES - frames) // 2 // 2
        return content.repeat_interleave(2, dim=1)[:, 2 * margin : 2 * margin + frames]

    def _chosen(self, rng: np.random.Generator, share: float, batch: int) -> Any:
        """1 for a share of the crops, (b, 1, 1)."""
        import torch

        return torch.from_numpy((rng.random((batch, 1, 1)) < share).astype(np.float32)).to(self.device)

    def _teach_critics(self, made: Any, real: Any) -> float:
        self.critics.requires_grad_(True)
        loss = critics.judged_real(self.critics(real)) + critics.judged_made(self.critics(made))
        self.critics_optimizer.zero_grad()
        loss.backward()
        self.critics_optimizer.step()
        return loss.item()

    def extra_state(self) -> dict[str, Any]:
        return {"critics": self.critics.state_dict(), "critics_optimizer": self.critics_optimizer.state_dict()}

    def take_extra_state(self, state: dict[str, Any]) -> None:
        self.critics.load_state_dict(state["critics"])
        self.critics_optimizer.load_state_dict(state["critics_optimizer"])
