"""The house speaker encoder, trained on what a system puts out: the strongest semi-informed attacker there is here.

A few hundred steps of additive angular margin softmax (Deng et al. 2019, doi 10.1109/CVPR.2019.00482) on 2 s crops of
the system's output of other speakers, from the shipped weights; class centres begin at the speakers' mean embeddings,
and normalisation layers keep the statistics of originals. Some speakers are held out: they decide whether the tuned
network or the shipped one is taken (semi_informed.py).

Measured with McAdams' system, 300 steps on 1.5 h of 78 speakers, about 5 minutes on one core: the EER on 29 other
speakers fell from 16.4 %, by what is learned on embeddings alone, to 14.7 % with one utterance enrolled, and from 8.6
to 7.8 % with all others enrolled.

Every step is drawn from (seed, step), and the state is kept as it goes: a training that was killed goes on as if
nothing had happened.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from anonymizers.base import AnonymizerError
from audio.clip import Clip, ClipError, decode
from evaluation.tuned import ORIGINAL, folder, write

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float32]
ATTACKER = "house"
LEAST_SPEAKERS = 10
SAVED_EVERY = 25
FOCUS = 5.0
"""How much faster the class centres learn than the network."""
LONGEST_GRADIENT = 5.0
WARM_UP = 20


@dataclass(frozen=True)
class Recipe:
    """How it is trained.

    Attributes:
        steps: how many; limit_s: it stops after so many seconds for a system, and the figure says after which step.
        batch: crops a step; crop_s: how long they are, in s. margin: in rad; scale: of the cosines.
        held_out: share of the speakers with two utterances whom it never hears.
    """

    steps: int = 300
    limit_s: float = 3_600.0
    batch: int = 24
    crop_s: float = 2.0
    learning_rate: float = 3e-4
    margin: float = 0.2
    scale: float = 30.0
    held_out: float = 0.15


@dataclass(frozen=True)
class Sound:
    """A recording to learn from."""

    path: Path
    speaker: str


def tune(
    out: Path,
    files: pd.DataFrame,
    systems: Sequence[str],
    *,
    recipe: Recipe = Recipe(),
    seed: int = 0,
    clock: Callable[[], float],
    network: Callable[[], Any] | None = None,
) -> list[str]:
    """Train on side "train" of each system of a run and let the tuned network hear all its sides, into OUT/tuned.

    Args:
        out, files: a run's folder, and its table of files. clock: seconds, for the limit.
        network: makes the network with its first weights; the house speaker encoder's if None.

    Returns:
        Sentences: of systems of which nothing could be learned, and why.

    Raises:
        OSError: if something cannot be written.
    """
    said = []
    for system in systems:
        try:
            _Tuning(out, files[files["state"] == "done"], system, recipe, seed).run(clock, network or _shipped)
        except TuningError as error:
            (folder(out, ATTACKER) / f"{system}.json").unlink(missing_ok=True)
            said.append(f"{system}: {error}")
    return said


class TuningError(ValueError):
    """Why there is nothing to learn, in one sentence."""


def _shipped() -> Any:
    from anonymizers.nn import ecapa

    if not ecapa.WEIGHTS.is_file():
        raise TuningError(f"{ecapa.WEIGHTS.name} was expected in assets/models, but is not there.")
    return ecapa.load()


@dataclass(frozen=True, eq=False)
class _Tuning:
    out: Path
    files: pd.DataFrame
    system: str
    recipe: Recipe
    seed: int

    def run(self, clock: Callable[[], float], network: Callable[[], Any]) -> None:
        tried = {one.speaker for one in self._sounds("trial", self.system).values()}
        sounds = {key: one for key, one in self._sounds("train", self.system).items() if one.speaker not in tried}
        held_out = self._held_out(sounds)
        heard = [one for one in sounds.values() if one.speaker not in held_out]
        digest = self._digest()
        facts = folder(self.out, ATTACKER) / f"{self.system}.json"
        if facts.is_file() and json.loads(facts.read_bytes()).get("digest") == digest:
            return
        facts.unlink(missing_ok=True)  # of another request
        trainer = Trainer(network(), heard, self.recipe, self.seed)
        steps = trainer.train(facts.with_suffix(f".{digest}.pt"), clock)
        parts = {side: self._embedded(trainer, side, self.system) for side in self._sides()}
        parts[ORIGINAL] = self._embedded(trainer, "trial", ORIGINAL)
        people = len({one.speaker for one in heard})
        words = (
            f"trained for {steps} steps on {len(heard):,} recordings of {people} other speakers that the same system "
            "anonymized"
        )
        write(self.out, ATTACKER, self.system, parts, {"digest": digest, "held_out": sorted(held_out), "words": words})
        if steps == self.recipe.steps:
            facts.with_suffix(f".{digest}.pt").unlink(missing_ok=True)

    def _sides(self) -> list[str]:
        return sorted(set(self.files.loc[self.files["system"] == self.system, "side"]))

    def _sounds(self, side: str, system: str) -> dict[str, Sound]:
        """Recordings by utterance, as far as they are there."""
        own = self.files[(self.files["system"] == system) & (self.files["side"] == side)].sort_values("utterance")
        home = self.out / "audio" / system / side
        every = {
            key: Sound(home / f"{key}.flac", speaker)
            for key, speaker in zip(own["utterance"], own["speaker"], strict=True)
        }
        return {key: one for key, one in every.items() if one.path.is_file()}

    def _held_out(self, sounds: dict[str, Sound]) -> set[str]:
        people, count = np.unique([one.speaker for one in sounds.values()], return_counts=True)
        able = people[count > 1]
        if len(able) < LEAST_SPEAKERS:
            raise TuningError(
                f"To train its network on anonymized speech, at least {LEAST_SPEAKERS} other speakers with two "
                f"utterances were expected, but {len(able)} came: give more speech (--train)."
            )
        number = max(4, round(self.recipe.held_out * len(able)))
        return set(np.random.default_rng([self.seed, 1]).permutation(able)[:number].tolist())

    def _digest(self) -> str:
        """Changes with everything that the result depends on, recordings by what was measured in them."""
        from pandas.util import hash_pandas_object

        from anonymizers.nn.ecapa import WEIGHTS

        rows = self.files[self.files["system"].isin([self.system, ORIGINAL])].sort_values(
            ["system", "side", "utterance"]
        )
        told = hashlib.sha256(json.dumps([asdict(self.recipe), self.seed, self.system]).encode())
        told.update(hash_pandas_object(rows, index=False).to_numpy().tobytes())
        told.update(WEIGHTS.read_bytes() if WEIGHTS.is_file() else b"")
        return told.hexdigest()[:16]

    def _embedded(self, trainer: Trainer, side: str, system: str) -> dict[str, Floats]:
        found = {}
        for key, sound in self._sounds(side, system).items():
            try:
                found[key] = trainer.embed(decode(sound.path.read_bytes()).clip)
            except (AnonymizerError, ClipError):
                continue  # a recording without sound has no score, as with the network that was not tuned
        return found


class Trainer:
    """A network, its classes' centres, and how they learn. One thread, so that the same seed gives the same weights."""

    def __init__(self, network: Any, sounds: Sequence[Sound], recipe: Recipe, seed: int) -> None:
        import torch

        torch.set_num_threads(1)
        self.network, self.recipe, self.seed = network.eval(), recipe, seed
        self.sounds: dict[str, list[Path]] = {}
        for one in sounds:
            self.sounds.setdefault(one.speaker, []).append(one.path)
        self.speakers = sorted(self.sounds)
        self.centres = torch.nn.Parameter(self._first_centres())
        rates = (recipe.learning_rate, FOCUS * recipe.learning_rate)
        groups = [{"params": network.parameters(), "lr": rates[0]}, {"params": [self.centres], "lr": rates[1]}]
        self.rates, self.optimizer = rates, torch.optim.AdamW(groups, weight_decay=1e-4)

    def train(self, state: Path, clock: Callable[[], float]) -> int:
        """Train to the last step, or until the time is up; from `state` on if it is there. How many steps are done."""
        done, ends = self._restore(state), clock() + self.recipe.limit_s
        while done < self.recipe.steps and clock() < ends:
            self._step(done)
            done += 1
            if done % SAVED_EVERY == 0 or clock() >= ends:
                self._save(state, done)
        return done

    def embed(self, clip: Clip) -> Floats:
        """What the network hears in a clip, (192,).

        Raises:
            AnonymizerError: if there is nothing to hear.
        """
        import torch

        from anonymizers.speaker_encoder import embed_by

        with torch.inference_mode():
            return embed_by(lambda mel: self.network(torch.tensor(mel)[None])[0].numpy(), clip)

    def _first_centres(self) -> Any:
        import torch

        rng, rows = np.random.default_rng([self.seed, 2]), []
        for name in self.speakers:
            crops = np.stack([self._crop(path, rng) for path in self.sounds[name][:4]])
            rows.append(self._heard(crops).detach().mean(0))
        return torch.nn.functional.normalize(torch.stack(rows), dim=1)

    def _step(self, step: int) -> None:
        import torch

        recipe, rng = self.recipe, np.random.default_rng([self.seed, 3, step])
        pace = min(1.0, (step + 1) / WARM_UP) * 0.5 * (1 + np.cos(np.pi * step / recipe.steps))
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = float(rate * pace)
        few = len(self.speakers) < recipe.batch
        who = rng.choice(len(self.speakers), recipe.batch, replace=few)
        lists = [self.sounds[self.speakers[one]] for one in who.tolist()]
        crops = np.stack([self._crop(own[int(rng.integers(len(own)))], rng) for own in lists])
        loss = margin_loss(self._heard(crops), self.centres, torch.tensor(who), recipe.margin, recipe.scale)
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_([*self.network.parameters(), self.centres], LONGEST_GRADIENT)
        self.optimizer.step()

    def _heard(self, crops: Floats) -> Any:
        import torch

        from anonymizers.nn.ecapa import features

        return self.network(torch.tensor(features(crops)))

    def _crop(self, path: Path, rng: np.random.Generator) -> Floats:
        from anonymizers.nn.ecapa import SAMPLE_RATE_HZ

        samples = decode(path.read_bytes()).clip.resampled(SAMPLE_RATE_HZ).samples
        length = round(self.recipe.crop_s * SAMPLE_RATE_HZ)
        start = int(rng.integers(max(1, len(samples) - length + 1)))
        part = samples[start : start + length]
        return np.resize(part, length) if len(part) else np.zeros(length, np.float32)

    def _restore(self, state: Path) -> int:
        import torch

        if not state.is_file():
            return 0
        kept = torch.load(state, weights_only=True)
        self.network.load_state_dict(kept["network"])
        self.optimizer.load_state_dict(kept["optimizer"])
        with torch.no_grad():
            self.centres.copy_(kept["centres"])
        return int(kept["done"])

    def _save(self, state: Path, done: int) -> None:
        import torch

        part = state.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        torch.save(
            {
                "network": self.network.state_dict(), "optimizer": self.optimizer.state_dict(),
                "centres": self.centres.detach(), "done": done,
            },
            part,
        )  # fmt: skip
        os.replace(part, state)


def margin_loss(heard: Any, centres: Any, classes: Any, margin: float, scale: float) -> Any:
    """Additive angular margin softmax: cross-entropy of scale cos(angle + margin of the true class).

    Args:
        heard: (b, d) of unit length; centres: (c, d); classes: (b,).
    """
    import torch
    from torch.nn import functional

    cosines = heard @ functional.normalize(centres, dim=1).T
    angles = torch.acos(cosines.clamp(-1 + 1e-6, 1 - 1e-6))
    true = functional.one_hot(classes, len(centres)).bool()
    return functional.cross_entropy(scale * torch.where(true, torch.cos(angles + margin), cosines), classes)
