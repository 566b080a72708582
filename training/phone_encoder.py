"""python -m training phone-encoder: what is said, frame by frame, with little of who says it."""

from __future__ import annotations

import argparse
from pathlib import Path

from training import common, house_card, phone_labels, plan
from training.phone_training import Crops, PhoneLoop, Settings

SUMMARY = "what is said, as a bottleneck without the speaker (ConvNeXt, 2.6 M parameters)"
EXAMPLE = "example: python -m training phone-encoder --data ../shared/data/train --out assets/models --minutes 60"
NAME = "house_encoder"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    plan.add_arguments(parser, steps=Settings.steps, seed=Settings.seed, work="phone-encoder")
    parser.add_argument("--workers", type=int, default=1, help="processes that align transcripts (default: 1)")


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if there is nothing to learn from, or another training is under way in --work.
    """
    speech = common.load_speech(common.read_manifest(options.data))
    labels = phone_labels.of_speech(speech, options.work / "labels", workers=options.workers)
    share = phone_labels.aligned_share(labels)
    print(f"{share:.0%} of the clips aligned", flush=True)

    def loop(steps: int, folder: Path) -> PhoneLoop:
        settings = Settings(steps=steps, seed=options.seed)
        return PhoneLoop(Crops(speech, labels, settings), settings, folder, plan.device(options.device))

    training = plan.trained(options, {"hours": round(speech.hours, 4)}, loop)
    made = house_card.Made(NAME, SUMMARY, speech, options, {"aligned_share": round(share, 4)})
    house_card.ship_encoder(training, made)
    return 0
