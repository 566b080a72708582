"""python -m training similarity-anchors: which scores known speakers get, so that a cosine can be read.

Writes assets/similarity_anchors.json: for the house speaker encoder, and for cepstra without training, the percentiles
of the scores of pairs of one speaker and of two. To be run again whenever the encoder changes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers import speaker_encoder
from audio.clip import decode
from evaluation import attackers, voice_likeness
from evaluation.metrics import eer
from training import cards, common, verification
from training.speaker_card import PROTOCOL
from training.speaker_encoder import IN_TEST_DATA, is_read_speech

SUMMARY = "which scores pairs of known speakers get (no model: assets/similarity_anchors.json)"
EXAMPLE = "example: python -m training similarity-anchors --data ../shared/data/dev"
DIGITS = 4

Floats = npt.NDArray[np.float64]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    parser.add_argument("--data", type=Path, required=True, help="a folder with manifest.csv and read speech")
    parser.add_argument("--out", type=Path, default=voice_likeness.ANCHORS, help="the file to write")


def main(options: argparse.Namespace) -> int:
    """Measure and write.

    Raises:
        TrainingError: if there is no speech, or no pair of one speaker or of two.
    """
    seen = IN_TEST_DATA | set(speaker_encoder.card()["training_speakers"])
    test = common.read_manifest(options.data, lambda row: is_read_speech(row) and row["speaker"] not in seen)
    common.write_json(options.out, measured(test))
    print(f"written: {options.out}")
    return 0


def measured(test: tuple[common.Utterance, ...]) -> dict[str, Any]:
    """The anchors of both attackers; JSON-ready.

    Raises:
        TrainingError: if there is no pair of one speaker or of two.
    """
    made = verification.trials(test)
    if made.same.all() or not made.same.any():
        raise common.TrainingError("Two speakers of one sex, one of them heard twice, were expected among the speech.")
    clips = [decode(utterance.path).clip for utterance in test]
    heard = {
        key: np.stack([attackers.ATTACKERS[key]().embed(clip) for clip in clips])
        for key in (voice_likeness.HOUSE, voice_likeness.UNTRAINED)
    }
    return {
        "about": "Scores of pairs of original recordings: percentiles 0 to 100. See evaluation/voice_likeness.py.",
        "protocol": PROTOCOL,
        "data": cards.data(test),
        "speakers": len({utterance.speaker for utterance in test}),
        "attackers": {key: _anchors(key, found, made) for key, found in heard.items()},
    }


def _anchors(key: str, heard: Floats, made: verification.Trials) -> dict[str, Any]:
    first, second = (heard[places] for places in made.pairs.T)
    found = attackers.ATTACKERS[key]().scores(first, second, (heard, heard))
    same, different = found[made.same], found[~made.same]
    return {
        "version": voice_likeness.version(key),
        "eer": round(float(eer(same, different)), DIGITS),
        "same_trials": len(same),
        "different_trials": len(different),
        "same": _percentiles(same),
        "different": _percentiles(different),
        "centre": _rounded(heard.mean(0)),
        "spread": _rounded(heard.std(0)),
    }


def _percentiles(scores: Floats) -> list[float]:
    return _rounded(np.percentile(scores, np.arange(voice_likeness.PERCENT)))


def _rounded(values: Floats) -> list[float]:
    return [round(float(value), DIGITS) for value in values]
