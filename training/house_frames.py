"""python -m training house-frames: moments of other speakers, for nearest neighbours to be found among."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from anonymizers import house_model, pool
from anonymizers import house_voice as voice
from anonymizers.house_knn import LEVELS, NAME
from training import cards, common, house_card, pieces

SUMMARY = "what target speakers said, as the encoder's content, for house-knn"
EXAMPLE = "example: python -m training house-frames --data ../shared/data/train --out assets/models"
OF_EACH_SEX = 12
LONGEST_FRAMES = 600
CORPUS = "LibriSpeech train-clean-100"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    parser.add_argument("--data", type=Path, required=True, help="a folder with manifest.csv")
    parser.add_argument("--out", type=Path, default=Path("assets/models"), help="where the frames go")
    parser.add_argument("--corpus", default=CORPUS, help=f"whose speakers (default: {CORPUS})")
    parser.add_argument("--note", default="", help="a sentence for the card")


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if there is no speaker of the pool in the data.
    """
    known = pool.load()
    sexes = dict(zip(known.speakers, known.sexes, strict=True))
    rows = common.read_manifest(options.data, lambda row: row["corpus"] == options.corpus and row["speaker"] in sexes)
    chosen = longest(rows, sexes)
    speech = common.load_speech(chosen)
    content = [_content(speech.sound(place)) for place in range(len(chosen))]
    whose = np.repeat(np.arange(len(chosen)), [len(one) for one in content]).astype(np.int16)
    names = [one.speaker for one in chosen]
    path = options.out / f"{NAME}.npz"
    arrays = {"content": np.concatenate(content), "speaker": whose, "speakers": np.array(json.dumps(names))}
    common.save_arrays(path, arrays)
    house_card.rewrite(path.with_suffix(".json"), card(chosen, len(whose), path, options.note))
    return 0


def longest(rows: tuple[common.Utterance, ...], sexes: dict[str, str]) -> list[common.Utterance]:
    """The longest clip of the speakers who have the longest ones, so many of each sex; in order of name."""
    by_length = sorted(rows, key=lambda one: (-one.duration_s, one.speaker))
    best: dict[str, common.Utterance] = {}
    for one in by_length:
        best.setdefault(one.speaker, one)
    chosen = [[one for one in best.values() if sexes[one.speaker] == sex][:OF_EACH_SEX] for sex in ("F", "M")]
    if not chosen[0] or not chosen[1]:
        raise common.TrainingError("Women and men of the speaker pool were expected in the data, but it lacks some.")
    return sorted([*chosen[0], *chosen[1]], key=lambda one: one.speaker)


def _content(sound: np.ndarray) -> np.ndarray:
    """Content of the middle of a clip, int8 (frames, 64)."""
    soft = voice.hear(pieces.floats(sound)).content.soft
    start = max(0, (len(soft) - LONGEST_FRAMES) // 2)
    return np.round(soft[start : start + LONGEST_FRAMES] * LEVELS).astype(np.int8)


def card(chosen: list[common.Utterance], frames: int, path: Path, note: str) -> dict[str, object]:
    """What the frames are and of whom."""
    encoder = common.sha256(house_model.FOLDER / f"{house_model.ENCODER}.safetensors")
    return {
        "model": NAME,
        "summary": SUMMARY,
        "frames": frames,
        "training_speakers": [one.speaker for one in chosen],
        "training_hours": round(sum(one.duration_s for one in chosen) / 3600, 3),
        "training_data": cards.data(chosen),
        "encoder_sha256": encoder,
        "not_for": house_card.NOT_FOR,
        "note": note,
        **cards.making([path], house_card.SOURCES),
    }
