"""python -m training speaker-pool: the voices that pseudo-speakers are mixed of, as vectors."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from anonymizers import pool, speaker_encoder
from anonymizers.base import AnonymizerError
from anonymizers.pool_from_speech import Voice, pool_of, voice_of
from audio.clip import decode
from training import cards, common, pool_card, pool_figures
from training.speaker_encoder import is_read_speech, may_be_learned

SUMMARY = "whom pseudo-speakers are mixed of (vectors of the house speaker encoder)"
EXAMPLE = "example: python -m training speaker-pool --data ../shared/data/train --out assets/models"
NAME = "speaker_pool"
MOST_CLIPS = 60
SOURCES = (
    "anonymizers/pool.py", "anonymizers/pool_from_speech.py", "anonymizers/pitch.py", "anonymizers/speaker_encoder.py",
    "training/speaker_pool.py", "training/pool_card.py",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    parser.add_argument("--data", type=Path, help="a folder with manifest.csv, of whose speakers the pool is made")
    parser.add_argument("--out", type=Path, default=Path("assets/models"), help="where the pool goes")
    parser.add_argument("--clips", type=int, default=MOST_CLIPS, help=f"at most so many a speaker: {MOST_CLIPS}")
    parser.add_argument("--evaluate", type=Path, metavar="DATA", help="judge the pool of --out on read speech instead")
    parser.add_argument("--note", default="", help="a sentence for the card")


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if there is no speech of two speakers, or the encoder's file is missing.
    """
    try:
        return evaluate(options) if options.evaluate else make(options)
    except AnonymizerError as problem:
        raise common.TrainingError(str(problem)) from None


def make(options: argparse.Namespace) -> int:
    """Embed everybody of --data who may be in the pool, and write it with its card."""
    if options.data is None:
        raise common.TrainingError("Speech of the pool's speakers was expected, but --data is missing: name a folder.")
    spoken = chosen(common.read_manifest(options.data, may_be_in_the_pool), max(1, options.clips))
    voices = heard(spoken)
    if len(voices) < 2:
        raise common.TrainingError(
            f"At least 2 speakers of known sex were expected in {options.data}, but {len(voices)} can be heard: "
            "add speech of others."
        )
    sexes = {name: own[0].sex for name, own in spoken.items()}
    made, path = pool_of(voices, sexes), options.out / f"{NAME}.npz"
    common.save_atomically(path, lambda draft: pool.save(made, draft))
    used = [utterance for name in voices for utterance in spoken[name]]
    making = cards.making([path], SOURCES) | {"encoder_sha256": speaker_encoder.card()["sha256"]}
    card = pool_card.made(made, used, {name: voice.clips for name, voice in voices.items()}, making, options.note)
    common.write_json(path.with_suffix(".json"), card)
    common.save_text(path.with_suffix(".md"), pool_card.markdown(card))
    print(f"{len(made)} speakers; written: {options.out / NAME}.npz, .json, .md", flush=True)
    return 0


def may_be_in_the_pool(row: Mapping[str, str]) -> bool:
    """Whether a line of the manifest is of somebody named, of known sex, who is not in the test data."""
    return may_be_learned(row) and bool(row["speaker"]) and row["sex"] in ("F", "M")


def chosen(utterances: Sequence[common.Utterance], most: int) -> dict[str, list[common.Utterance]]:
    """Speaker to at most `most` of their utterances, evenly from the first to the last; speakers in order of name."""
    spoken: dict[str, list[common.Utterance]] = {}
    for utterance in sorted(utterances, key=lambda one: (one.speaker, one.path)):
        spoken.setdefault(utterance.speaker, []).append(utterance)
    places = {
        name: np.unique(np.linspace(0, len(own) - 1, min(most, len(own))).round()) for name, own in spoken.items()
    }
    return {name: [own[int(place)] for place in places[name]] for name, own in spoken.items()}


def heard(spoken: Mapping[str, Sequence[common.Utterance]]) -> dict[str, Voice]:
    """Speakers by name as the house speaker encoder hears them; those in whose clips it hears nothing are left out."""
    voices = {}
    for name, own in spoken.items():
        voice = voice_of((decode(utterance.path).clip for utterance in own), speaker_encoder.embed)
        if voice is not None:
            voices[name] = voice
    return voices


def evaluate(options: argparse.Namespace) -> int:
    """Judge the pool in --out on the read speech of --evaluate and write its card's figures."""
    path = options.out / f"{NAME}.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    mixed_of = pool.load(path.with_suffix(".npz"))
    seen = set(mixed_of.speakers) | set(speaker_encoder.card()["training_speakers"])
    test = common.read_manifest(
        options.evaluate, lambda row: is_read_speech(row) and may_be_in_the_pool(row) and row["speaker"] not in seen
    )
    card |= pool_figures.judged(mixed_of, test)
    common.write_json(path, card)
    common.save_text(path.with_suffix(".md"), pool_card.markdown(card))
    print(pool_card.figures_table(card))
    return 0
