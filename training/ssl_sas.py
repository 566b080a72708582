"""python -m training ssl-sas: a vocoder for one of SSL-SAS's variants that has no public one.

As published (Miao et al., Odyssey 2022; variants: Gaznepoglu and Peters, ICASSP 2025): 100,000 steps on LibriTTS
train-clean-100, crops of 8,960 samples, 32 a step; AdamW at 2e-4 with (.8, .99), .999 of the rate after every pass;
45 times the L1 distance of log-mel spectra, twice the critics' features, least squares. The networks before the vocoder
are the published ones and stay as they are.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from anonymizers import ssl_sas_networks, weights, weights_ready
from anonymizers.base import AnonymizerError
from anonymizers.nn import hifigan
from training import cards, common, hifigan_losses, house_card, plan, speech_folder, ssl_sas_data
from training.hifigan_training import Settings, VocoderLoop
from training.ssl_sas_data import Examples

SUMMARY = "the vocoder of a variant of SSL-SAS (14 M parameters)"
EXAMPLE = (
    "example: python -m training ssl-sas --content t6 --speaker none --data LibriTTS/train-clean-100 --device cuda"
)
SAVED_EVERY_S = 600.0
NOT_FOR = (
    "No proof of anonymity: variants with the source's own vector, or none, hide little, and all of them hide less "
    "from an attacker who trains on their output. Not for imitating a person."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    parser.add_argument(
        "--content", choices=ssl_sas_networks.CONTENTS, required=True, help="what is taken as the words"
    )
    parser.add_argument("--speaker", choices=ssl_sas_networks.KINDS, required=True, help="what tells the voice")
    plan.add_arguments(parser, steps=Settings.steps, seed=Settings.seed, work="ssl-sas")
    parser.set_defaults(out=None)


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if the variant has a public vocoder, there is nothing to learn from, the frozen networks cannot
            be had, or another training is under way in --work.
    """
    import torch

    content, kind = options.content, options.speaker
    ref = ssl_sas_networks.vocoder(content, kind)
    _check(options, ref)
    torch.set_num_threads(options.threads)
    options.work = options.work / f"{content}-{kind}"
    speech = speech_folder.speech(options.data, options.work)
    device = plan.device(options.device)
    examples = Examples(
        speech, _heard(content, kind, device), Settings(seed=options.seed), options.work, options.threads
    )

    def loop(steps: int, folder: Path) -> VocoderLoop:
        settings = Settings(steps=steps, seed=options.seed)
        sizes = ssl_sas_networks.sizes(content, kind, settings.channels)
        made = lambda: hifigan.network(sizes)  # noqa: E731
        return VocoderLoop(made, examples.at, settings, examples.steps_a_pass, folder, device)

    asked = {"hours": round(speech.hours, 4), "content": content, "speaker": kind}
    training = loop(plan.steps(options, asked, lambda folder: loop(options.steps, folder)), options.work)
    training.run(SAVED_EVERY_S)
    ship(training, ref, options.out or weights.home(ref), speech, {"note": options.note, **asked})
    return 0


def _check(options: argparse.Namespace, ref: weights.WeightRef) -> None:
    if ref.source != "here":
        raise common.TrainingError(
            f"A variant without a public vocoder was expected, but {options.content} with {options.speaker} has one "
            f"({ref.source.partition(':')[2]}): the system fetches it."
        )
    if options.start:
        raise common.TrainingError(
            "A training from random weights was expected, but --start was given: leave it out (a training that was "
            "interrupted goes on by itself)."
        )


def _heard(content: str, kind: str, device: str) -> ssl_sas_data.Heard:
    """The frozen networks, fetched if they are not here."""
    try:
        weights_ready.prepare_weights(ssl_sas_networks.inputs_of(content, kind))
        return ssl_sas_data.published(content, kind, device)
    except AnonymizerError as problem:
        raise common.TrainingError(str(problem)) from None


def ship(
    training: VocoderLoop, ref: weights.WeightRef, out: Path, speech: common.Speech, facts: Mapping[str, Any]
) -> None:
    """The vocoder where the system looks for it, and its card, for programs and for people."""
    from safetensors.torch import save

    path = out / ref.files[0].name
    common.save_bytes(path, save(hifigan_losses.plain_state(training.module)))
    card = {
        "model": ref.id,
        "summary": ref.title,
        "parameters": sum(one.numel() for one in hifigan_losses.plain_state(training.module).values()),
        "licence": ref.licence,
        "settings": asdict(training.settings),
        "training_steps": training.step,
        "training_minutes": round(training.seconds / 60, 1),
        "training_hours": round(speech.hours, 2),
        "training_speakers": sorted({one.speaker for one in speech.utterances if one.speaker}),
        "training_data": cards.data(speech.utterances),
        "last_losses": house_card.last_losses(training.folder / "log.csv"),
        "not_for": NOT_FOR,
        **facts,
        **cards.making([path]),
    }
    common.write_json(path.with_suffix(".json"), card)
    common.save_text(path.with_suffix(".md"), markdown(card))


def markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    columns = {"corpus": "Corpus", "clips": "Clips", "hours": "Hours", "speakers": "Speakers", "licence": "Licence"}
    losses = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in card["last_losses"].items())
    parts = [
        f"# {card['summary']}\n\n{card['parameters']:,} parameters, trained by this project's recipe from random ones "
        f"(`house-weights`). Licence: {card['licence']}.",
        f"## Made of\n\n{card['training_hours']:g} h.\n\n{cards.table(card['training_data'], columns)}",
        f"{card['training_steps']:,} steps in {card['training_minutes']:g} minutes, seed {card['settings']['seed']}. "
        f"Means over the last twentieth of the steps: {losses}.",
        f"Recipe: `python -m training ssl-sas --content {card['content']} --speaker {card['speaker']}`, commit "
        f"{card['commit'] or 'unknown'}; torch {card['versions']['torch']}.",
        card["note"],
        f"## What it must not be used for\n\n{card['not_for']}",
        cards.files(card),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
