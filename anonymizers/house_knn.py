"""`house-knn`: kNN-VC's algorithm over the house encoder's content instead of WavLM's features.

Each frame of the source is replaced by the mean of its k nearest frames among those of the target speakers (Baas, van
Niekerk, Kamper, "Voice conversion with just nearest neighbors", Interspeech 2023): nothing of the source's own frames
remains but which of the target's they were nearest to.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers import emotion_compensation, house_model, pool, pseudo_speaker, speaker_encoder
from anonymizers import house_voice as voice
from anonymizers.base import AnonymizerError, Info, Param, Progress, Result, Status, silent
from anonymizers.house import CAUTION, Voices, said_again
from anonymizers.nearest import neighbours, searchable
from anonymizers.pool import Floats, Pool
from anonymizers.pseudo_speaker import Gender, Mix
from audio.clip import Clip

NAME = "house_frames"
NEEDED = (*house_model.files(house_model.ENCODER, house_model.DECODER), *house_model.WHO_SPEAKS, f"{NAME}.npz")
"""Files in assets/models that its sound depends on."""
LEVELS = 127
"""Content lies in [-1, 1] and is kept in so many steps either side."""
GENDER = replace(voice.GENDER, label="Gender of the target speakers")


@dataclass(frozen=True, eq=False)
class Frames:
    """Content of target speakers: `content` (n, 64), and whose each frame is, a place in `pool`, (n,)."""

    pool: Pool
    content: Floats
    speaker: np.ndarray


class HouseKnn:
    """Nearest neighbours in the content of other speakers; weights trained by this project."""

    info = Info(
        key="house-knn",
        title="House kNN",
        family="Neural, house models",
        summary="Replaces every 20 ms of what is said by the nearest moments of other speakers, and says it in their "
        "voice.",
        hides=frozenset({"speaker"}),
        reference=(
            "The algorithm of kNN-VC (Baas et al., 2023) over the content of our own encoder, spoken by our own "
            "vocoder: features, vocoder and weights are not the published ones."
        ),
        fidelity="house-weights",
        published=False,
        params=(
            Param("k", "int", 4, "Neighbours", "How many nearest frames are averaged; 4 as published.", 1, 32, 1),
            Param(
                "targets", "int", 3, "Target speakers",
                "How many speakers' frames are searched; they are drawn from the seed.", 1, 12, 1,
            ),
            GENDER, voice.F0_SHIFT, voice.F0_FROM, *voice.F0_CHAIN, *voice.CONTROLS, *emotion_compensation.PARAMS,
        ),
        caution=CAUTION,
        min_duration_s=0.1,
    )  # fmt: skip

    @staticmethod
    def version() -> str:
        """See registry.version."""
        return house_model.version(*NEEDED, emotion_compensation.FILE)

    @staticmethod
    def status() -> Status:
        """Ready if the shipped files are here."""
        return house_model.status(*NEEDED)

    def anonymize(self, clip: Clip, *, seed: int, progress: Progress = silent, **params: Any) -> Result:
        progress(0.0, "taking the voice apart")
        heard = voice.hear(clip.samples)
        rng = np.random.default_rng(seed)
        source = speaker_encoder.embed(clip)
        frames = load(house_model.FOLDER / f"{NAME}.npz")
        mix = drawn(frames.pool, source, params["gender"], params["targets"], rng)
        facts = {"rule": "random targets", "gender": params["gender"]}
        mixed = pseudo_speaker.mixed(frames.pool, mix, rng=rng)
        target = pseudo_speaker.described(mixed, frames.pool, mix, source, facts)
        target = emotion_compensation.compensated(target, source, clip, params)
        among = frames.content[np.isin(frames.speaker, mix.places)]
        progress(0.4, "looking for the nearest frames")
        content, _ = neighbours(heard.content.soft, searchable(among), params["k"])
        progress(0.6, "saying it again")
        made = said_again(clip, heard, content, Voices(source, target), params, rng)
        return replace(made, pseudo_speaker={**made.pseudo_speaker, "frames_searched": len(among)})


def drawn(speakers: Pool, source: Floats, gender: Gender, targets: int, rng: np.random.Generator) -> Mix:
    """`targets` speakers (all, if there are fewer) of the gender asked for, equally mixed.

    Raises:
        AnonymizerError: if there is none of that sex.
    """
    sex = pool.nearest_sex(speakers, source) if gender != "any" else ""
    among = pseudo_speaker.candidates(speakers, source, sex, gender)
    places = [speakers.speakers.index(name) for name in among.speakers]
    chosen = np.sort(rng.choice(places, min(targets, len(places)), replace=False))
    return Mix(chosen.astype(np.int64), np.full(len(chosen), 1 / len(chosen)))


@lru_cache(maxsize=2)
def load(path: Path) -> Frames:
    """The target speakers' frames that ship with the project; loaded once a process.

    Raises:
        AnonymizerError: if they are not here.
    """
    if not path.is_file():
        raise AnonymizerError(
            f"Frames of target speakers were expected, but {path.name} is not here: get assets/models with the "
            "project's files, or make it with `python -m training house-frames`."
        )
    with np.load(path, allow_pickle=False) as file:
        names = json.loads(str(file["speakers"]))
        shared = pool.load()
        own = shared.taken([shared.speakers.index(name) for name in names])
        return Frames(own, file["content"].astype(np.float32) / LEVELS, file["speaker"])
