"""python -m training contentvec2mel: the transformer and the vocoder of ContentVec2Mel, our reading of it.

ContentVec and ECAPA-TDNN, as published, hear every clip once (fetched if they are not here); what they hear is kept in
--work. Then the transformer is trained, then the vocoder; a recipe that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from anonymizers import contentvec2mel_networks as networks
from anonymizers import ecapa, weights, weights_ready
from anonymizers.base import AnonymizerError
from anonymizers.models import models
from anonymizers.nn import contentvec, hifigan
from anonymizers.nn.ssl_models import HOP
from training import (
    cards,
    common,
    contentvec2mel_data,
    hifigan_losses,
    hifigan_training,
    house_card,
    plan,
    speech_folder,
)
from training.contentvec2mel_data import Crops, Hearing
from training.contentvec2mel_training import Settings, Spoken, TransformerLoop
from training.hifigan_training import VocoderLoop
from training.loop import Loop, Resumable

SUMMARY = "ContentVec2Mel's transformer (11.3 M parameters) and vocoder (13.0 M), for speech of many people"
EXAMPLE = "example: python -m training contentvec2mel --data LibriTTS/train-clean-100 --device cuda"
SAVED_EVERY_S = 600.0
SOURCES = (
    "anonymizers/contentvec2mel_networks.py", "anonymizers/nn/mel_transformer.py", "anonymizers/nn/hifigan.py",
    "anonymizers/nn/contentvec.py", "training/contentvec2mel.py", "training/contentvec2mel_data.py",
    "training/contentvec2mel_training.py", "training/hifigan_training.py", "training/hifigan_losses.py",
    "training/loop.py",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    usual, spoken = Settings.steps, hifigan_training.Settings.steps
    parser.add_argument("--data", type=Path, required=True, help="speech to learn from (manifest.csv, or a corpus)")
    parser.add_argument("--out", type=Path, help="where the networks go (default: the weight store)")
    parser.add_argument("--work", type=Path, default=Path("data/training/contentvec2mel"), help="checkpoints and logs")
    parser.add_argument("--steps", type=int, default=usual, help=f"of the transformer (default: {usual})")
    parser.add_argument("--vocoder-steps", type=int, default=spoken, help=f"of the vocoder (default: {spoken})")
    parser.add_argument("--minutes", type=float, help="as many steps as fit, half of the time for either network")
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (cuda if there is one)")
    parser.add_argument("--threads", type=int, default=1, help="of the processor (default: 1)")
    parser.add_argument("--note", default="", help="a sentence for the card")


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if there is nothing to learn from, published weights cannot be had, or another training is under
            way in --work.
    """
    import torch

    torch.set_num_threads(options.threads)
    speech = speech_folder.speech(options.data, options.work)
    heard = hearing()
    known = contentvec2mel_data.known(speech, heard, options.work / "heard")
    device, seed = plan.device(options.device), options.seed
    facts = {"hours": round(speech.hours, 4), "heard_by": heard.version}

    def transformer(steps: int, folder: Path) -> TransformerLoop:
        settings = Settings(steps=steps, seed=seed)
        crops = Crops(speech, known, batch=settings.batch, frames=settings.frames, seed=seed)
        return TransformerLoop(crops, networks.TRANSFORMER, settings, folder, device)

    first = plan.trained(_asked(options, "transformer", options.steps), facts, transformer)

    def vocoder(steps: int, folder: Path) -> VocoderLoop:
        settings = hifigan_training.Settings(steps=steps, seed=seed)
        crops = Crops(speech, known, batch=settings.batch, frames=settings.segment // HOP, seed=seed)
        examples = Spoken(crops, first.modules["module"], device)
        a_pass = len(speech.utterances) // settings.batch
        return VocoderLoop(lambda: hifigan.network(networks.VOCODER), examples.at, settings, a_pass, folder, device)

    own, more = _asked(options, "vocoder", options.vocoder_steps), {**facts, "transformer_steps": first.step}
    second = vocoder(plan.steps(own, more, lambda folder: vocoder(own.steps, folder)), own.work)
    second.run(SAVED_EVERY_S)
    out = options.out or weights.home(networks.OWN)
    ship(out, first, second, speech, options)
    print(f"written: {out / networks.TRANSFORMER_FILE}, {networks.VOCODER_FILE}, contentvec2mel.json, .md")
    return 0


def hearing() -> Hearing:
    """The published networks, fetched if they are not here.

    Raises:
        TrainingError: if they cannot be had.
    """
    refs = (contentvec.WEIGHTS, ecapa.WEIGHTS)
    try:
        weights_ready.prepare_weights(refs)
        hears = models().get(contentvec.WEIGHTS.id, networks.load_contentvec)
    except AnonymizerError as problem:
        raise common.TrainingError(str(problem)) from None
    version = " ".join(ref.version for ref in refs)
    return Hearing(lambda samples: contentvec.content(hears, samples), ecapa.embed, version)


def _asked(options: argparse.Namespace, name: str, steps: int) -> argparse.Namespace:
    """The options of one of the two trainings."""
    minutes = options.minutes / 2 if options.minutes else None
    own = {"work": options.work / name, "steps": steps, "minutes": minutes, "start": None}
    return argparse.Namespace(**{**vars(options), **own})


def ship(out: Path, first: Loop, second: VocoderLoop, speech: common.Speech, options: argparse.Namespace) -> None:
    """The transformer and the vocoder as safetensors, and the card."""
    from safetensors.torch import save

    drawn = {name: tensor.cpu().contiguous() for name, tensor in first.modules["module"].state_dict().items()}
    states = {networks.TRANSFORMER_FILE: drawn, networks.VOCODER_FILE: hifigan_losses.plain_state(second.module)}
    trained: Mapping[str, Resumable] = {networks.TRANSFORMER_FILE: first, networks.VOCODER_FILE: second}
    for name, state in states.items():
        common.save_bytes(out / name, save(state))
    card = {
        "model": "ContentVec2Mel, transformer and vocoder",
        "reading": "Our own reading of a short description (paper 000); sizes, losses and training are not published.",
        "licence": "of the speech that they are trained on",
        "seed": options.seed,
        "device": options.device,
        "trainings": {name: _training(trained[name], states[name]) for name in trained},
        "training_speakers": sorted({one.speaker for one in speech.utterances if one.speaker}),
        "training_hours": round(speech.hours, 2),
        "training_data": cards.data(speech.utterances),
        "not_for": house_card.NOT_FOR,
        "note": options.note,
        **cards.making([out / name for name in trained], SOURCES),
    }
    common.write_json(out / "contentvec2mel.json", card)
    common.save_text(out / "contentvec2mel.md", markdown(card))


def _training(training: Resumable, state: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "settings": asdict(training.plan),  # type: ignore[call-overload]
        "parameters": sum(tensor.numel() for tensor in state.values()),
        "steps": training.step,
        "minutes": round(training.seconds / 60, 1),
        "last_losses": house_card.last_losses(training.folder / "log.csv"),
    }


def markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    columns = {"corpus": "Corpus", "clips": "Clips", "hours": "Hours", "speakers": "Speakers", "licence": "Licence"}
    rows = [
        {"file": f"`{name}`", "losses": ", ".join(f"{k} {v:g}" for k, v in one["last_losses"].items()), **one}
        for name, one in card["trainings"].items()
    ]
    told = {
        "file": "Network",
        "parameters": "Parameters",
        "steps": "Steps",
        "minutes": "Minutes",
        "losses": "At the end",
    }
    parts = [
        f"# {card['model']}\n\n{card['reading']} Weights: {card['licence']}, trained by the recipe of this project "
        "from random ones (`house-weights`).",
        f"## Made of\n\n{card['training_hours']:g} h.\n\n{cards.table(card['training_data'], columns)}",
        f"{cards.table(rows, told)}\n\nSeed {card['seed']}, on {card['device']}. Recipe: `python -m training "
        f"contentvec2mel`, commit {card['commit'] or 'unknown'}; torch {card['versions']['torch']}.",
        card["note"],
        f"## What it must not be used for\n\n{card['not_for']}",
        cards.files(card),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
