"""python -m training RECIPE: make one of the small models shipped in assets/models."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from training.common import TrainingError

RECIPES = {
    "speaker-encoder": "training.speaker_encoder",
    "emotion-recogniser": "training.emotion_recogniser",
    "emotion-boundaries": "training.emotion_boundaries",
    "phone-encoder": "training.phone_encoder",
    "phone-encoder-causal": "training.phone_encoder_causal",
    "house-decoder": "training.house_decoder",
    "house-frames": "training.house_frames",
    "similarity-anchors": "training.similarity_anchors",
    "speaker-pool": "training.speaker_pool",
    "ssl-sas": "training.ssl_sas",
    "contentvec2mel": "training.contentvec2mel",
}
"""Recipe to its module, which has SUMMARY, EXAMPLE, add_arguments(parser) and main(options)."""


def main(words: list[str] | None = None) -> int:
    """Run the recipe that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(dest="recipe", required=True)
    for name, module in RECIPES.items():
        recipe = import_module(module)
        one = commands.add_parser(name, help=recipe.SUMMARY, description=recipe.__doc__, epilog=recipe.EXAMPLE)
        recipe.add_arguments(one)
        one.set_defaults(do=recipe.main)
    options = parser.parse_args(words)
    try:
        return options.do(options)
    except (TrainingError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
