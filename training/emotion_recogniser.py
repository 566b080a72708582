"""python -m training emotion-recogniser: train, judge and export the house emotion recogniser.

One model for each speaker, by which only that speaker is judged and which never heard them, and one of all speakers for
everybody else. Minutes on one core; a recipe that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from evaluation.recognisers.base import CORE_EMOTIONS
from evaluation.recognisers.house_emotion import ALL, Fold, load
from training import cards, common, emotion_card
from training.emotion_choice import CHOICES, LINEAR, Chosen, Task, emotions_of, made
from training.emotion_copies import Heard, Voices, heard

SUMMARY = "how something is said: angry, happy, neutral or sad (functionals, LDA and SVM)"
EXAMPLE = "example: python -m training emotion-recogniser --data ../shared/data/dev --out assets/models"
NAME = "emotion_recogniser"
HALVED = ("axes", "vectors")
"""Arrays kept in 16 bits: they are most of the file, and probabilities move by less than 0.001."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    parser.add_argument("--data", type=Path, required=True, help="a folder with manifest.csv and acted emotions")
    parser.add_argument("--out", type=Path, default=Path("assets/models"), help="where the model goes")
    parser.add_argument("--work", type=Path, default=Path("data/training/emotion-recogniser"), help="functionals")
    parser.add_argument("--copies", type=int, default=Voices.copies, help=f"of each clip (default: {Voices.copies})")
    parser.add_argument("--seed", type=int, default=Voices.seed, help="of pitch and formants of the copies")
    parser.add_argument("--note", default="", help="a sentence for the card")


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if there are no acted emotions, or too few speakers.
    """
    started_at = time.monotonic()
    utterances = common.read_manifest(options.data, lambda row: bool(row.get("emotion")))
    voices = Voices(copies=options.copies, seed=options.seed)
    clips = heard(utterances, voices, options.work)
    print(
        f"{len(clips.emotions)} clips of {len(set(clips.speakers))} speakers, {voices.copies} copies of each",
        flush=True,
    )
    path = options.out / f"{NAME}.npz"
    chosen = train(clips, path)
    card = emotion_card.made(utterances, voices, clips, chosen, cards.making([path]), options.note)
    card |= emotion_card.judged(clips, load(path), np.random.default_rng(options.seed))
    card["minutes"] = round((time.monotonic() - started_at) / 60, 1)
    common.write_json(path.with_suffix(".json"), card)
    common.save_text(path.with_suffix(".md"), emotion_card.markdown(card))
    print(emotion_card.figures_table(card))
    print(f"written: {options.out / NAME}.npz, .json, .md")
    return 0


def train(clips: Heard, path: Path) -> dict[str, tuple[Chosen, Chosen]]:
    """Fit every fold and write them; what was chosen for the two heads of each, by fold.

    Raises:
        TrainingError: if fewer than three speakers act one of the four emotions.
    """
    every = Task(clips, emotions_of(clips), LINEAR)
    four = Task(clips, CORE_EMOTIONS, CHOICES)
    speakers = sorted(set(clips.speakers.tolist()))
    folds, chosen = {}, {}
    for left_out in (*speakers, ALL):
        folds[left_out], *both = made(four, every, [one for one in speakers if one != left_out])
        chosen[left_out] = both[0], both[1]
        print(f"{left_out}: {both[0]}", flush=True)
    write(path, clips, every.classes, folds)
    return chosen


def write(path: Path, clips: Heard, emotions: tuple[str, ...], folds: Mapping[str, Fold]) -> None:
    """The file that evaluation/recognisers/house_emotion.py reads; the same content gives the same bytes."""
    arrays: dict[str, np.ndarray] = {
        "names": np.array(clips.names),
        "emotions": np.array(emotions),
        "folds": np.array(list(folds)),
        "digests": np.array(clips.digests),
        "speakers": clips.speakers,
    }
    for key, fold in folds.items():
        for name in Fold.__dataclass_fields__:
            arrays[f"{key}/{name}"] = getattr(fold, name).astype(np.float16 if name in HALVED else np.float32)

    def draft(place: Path) -> None:
        with place.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    common.save_atomically(path, draft)
