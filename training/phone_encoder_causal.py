"""python -m training phone-encoder-causal: the same bottleneck for live sound, learned from the other encoder."""

from __future__ import annotations

import argparse
from pathlib import Path

from anonymizers.nn import phone_encoder
from training import common, house_card, plan
from training.phone_causal_training import CausalLoop, Settings, Sounds, ordinary_mel

SUMMARY = "the same bottleneck for live sound, taught by the phone encoder (1.5 M parameters)"
EXAMPLE = "example: python -m training phone-encoder-causal --data ../shared/data/train --teacher assets/models"
NAME = "house_encoder_causal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    plan.add_arguments(parser, steps=Settings.steps, seed=Settings.seed, work="phone-encoder-causal")
    parser.add_argument("--teacher", type=Path, default=Path("assets/models"), help="where house_encoder is")


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if there is nothing to learn from, no teacher, or another training is under way in --work.
    """
    speech = common.load_speech(common.read_manifest(options.data))
    path = options.teacher / "house_encoder.safetensors"
    if not path.is_file():
        raise common.TrainingError(f"A teacher was expected at {path}: run `python -m training phone-encoder` first.")
    ordinary = ordinary_mel(speech)

    def loop(steps: int, folder: Path) -> CausalLoop:
        settings, teacher = Settings(steps=steps, seed=options.seed), phone_encoder.load(path, causal=False)
        return CausalLoop(Sounds(speech, settings), teacher, ordinary, settings, folder, plan.device(options.device))

    asked = {"hours": round(speech.hours, 4), "teacher": common.sha256(path)}
    training = plan.trained(options, asked, loop)
    facts = {"ordinary_mel": [round(float(value), 4) for value in ordinary], "teacher_sha256": asked["teacher"]}
    made = house_card.Made(NAME, SUMMARY, speech, options, facts)
    house_card.ship_encoder(training, made)
    return 0
