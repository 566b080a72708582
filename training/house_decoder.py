"""python -m training house-decoder: speech again, from what is said, how, and by whom."""

from __future__ import annotations

import argparse
from pathlib import Path

from anonymizers.nn import phone_encoder
from training import common, decoder_data, house_card, plan
from training.decoder_data import Crops
from training.decoder_training import DecoderLoop, Settings

SUMMARY = "speech from content, F0, loudness, emotion controls and a speaker vector (1.9 M parameters)"
EXAMPLE = "example: python -m training house-decoder --data ../shared/data/train --encoder assets/models --minutes 90"
NAME = "house_decoder"
UNLABELLED = "Picovoice speech-to-intent"
"""Its speakers are not named and its rooms are loud: content can be learned from it, voices cannot."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    plan.add_arguments(parser, steps=Settings.steps, seed=Settings.seed, work="house-decoder")
    parser.add_argument("--encoder", type=Path, default=Path("assets/models"), help="where house_encoder is")


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if there is nothing to learn from, no encoder, or another training is under way in --work.
    """
    speech = common.load_speech(common.read_manifest(options.data, lambda row: row["corpus"] != UNLABELLED))
    path = options.encoder / "house_encoder.safetensors"
    if not path.is_file():
        raise common.TrainingError(f"An encoder was expected at {path}: run `python -m training phone-encoder` first.")
    known = decoder_data.voices(speech, options.work)

    def loop(steps: int, folder: Path) -> DecoderLoop:
        settings = settings_of(options, steps)
        crops, encoder = Crops(speech, known, settings), phone_encoder.load(path, causal=False)
        return DecoderLoop(crops, encoder, settings, folder, plan.device(options.device))

    asked = {"hours": round(speech.hours, 4), "encoder": common.sha256(path)}
    training = plan.trained(options, asked, loop)
    made = house_card.Made(NAME, SUMMARY, speech, options, {"encoder_sha256": asked["encoder"]})
    house_card.ship_decoder(training, made)
    return 0


def settings_of(options: argparse.Namespace, steps: int) -> Settings:
    """Of a training from random weights; or of one that goes on from trained ones: slower, and with critics soon."""
    if options.start is None:
        return Settings(steps=steps, seed=options.seed)
    return Settings(steps=steps, seed=options.seed, learning_rate=5e-4, critics_from=0.05)
