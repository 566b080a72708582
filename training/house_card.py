"""What ships of a house network: its files, and the card that says what it is, of what it was made and how."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from anonymizers.nn import decoder, mel, phone_encoder
from training import cards, common, export
from training.loop import Loop

EXAMPLE_FRAMES = 200
SOURCES = ("training", "anonymizers/nn")
NOT_FOR = (
    "No proof of anonymity: the figures hold for the attackers, the protocol and the data that they name, and a larger "
    "attacker may do better. Not for making anybody say what they did not say, and not for imitating a person: the "
    "speaker vector is meant to be nobody's."
)


@dataclass(frozen=True, eq=False)
class Made:
    """What was made of what: the model's name, its summary, the speech, the options, more facts for the card."""

    name: str
    summary: str
    speech: common.Speech
    options: argparse.Namespace
    facts: Mapping[str, Any]


def ship_encoder(training: Loop, made: Made) -> None:
    """The encoder of a training as `name`.onnx, .safetensors, .json and .md in --out."""
    import torch

    module = training.modules["module"].to("cpu").eval()
    example = {"mel": torch.zeros(1, EXAMPLE_FRAMES, mel.N_MELS)}
    used, outputs = phone_encoder.for_use(module), ("content", "codes", "phones")
    export.safetensors(used, made.options.out / f"{made.name}.safetensors")
    export.onnx(used, example, outputs, phone_encoder.STRIDE, made.options.out / f"{made.name}.onnx")
    write(training, made)


def ship_decoder(training: Loop, made: Made) -> None:
    """The decoder of a training, likewise."""
    import torch

    module = training.modules["module"].to("cpu").eval()
    frames = torch.zeros(1, EXAMPLE_FRAMES, decoder.INPUTS)
    example = {"frames": frames, "speaker": torch.zeros(1, decoder.SPEAKER)}
    export.safetensors(module, made.options.out / f"{made.name}.safetensors")
    export.onnx(module, example, ("gains",), 1, made.options.out / f"{made.name}.onnx")
    write(training, made)


def write(training: Loop, made: Made) -> None:
    """The card, for programs and for people; figures of an earlier model do not stay."""
    module = training.modules["module"]
    used, options = made.speech.utterances, made.options
    card = {
        "model": made.name,
        "summary": made.summary,
        "parameters": sum(parameter.numel() for parameter in module.parameters()),
        "licence": "Apache-2.0",
        "settings": asdict(training.plan),  # type: ignore[call-overload]
        "seed": options.seed,
        "started_from_sha256": common.sha256(options.start) if options.start else None,
        "device": options.device,
        "threads": options.threads,
        "training_steps": training.step,
        "training_minutes": round(training.seconds / 60, 1),
        "training_speakers": sorted({one.speaker for one in used if one.speaker}),
        "training_hours": round(made.speech.hours, 2),
        "training_data": cards.data(used),
        "last_losses": last_losses(training.folder / "log.csv"),
        "not_for": NOT_FOR,
        "note": options.note,
        **made.facts,
        **cards.making([made.options.out / f"{made.name}{kind}" for kind in (".onnx", ".safetensors")], SOURCES),
    }
    rewrite(made.options.out / f"{made.name}.json", card)


def rewrite(path: Path, card: Mapping[str, Any]) -> None:
    """`card` as `path` and, beside it, for people."""
    common.write_json(path, card)
    common.save_text(path.with_suffix(".md"), markdown(card))


def last_losses(log: Path, share: float = 0.05) -> dict[str, float]:
    """The mean of each column over the last steps."""
    lines = [line.split(",") for line in log.read_text(encoding="utf-8").splitlines()]
    rows = lines[-max(1, round(share * (len(lines) - 1))) :]
    columns = lines[0][1:]
    means = [sum(float(row[place + 1]) for row in rows) / len(rows) for place in range(len(columns))]
    return {name: round(mean, 4) for name, mean in zip(columns, means, strict=True)}


def markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    parts = [_opening(card), _training(card), *_figures(card.get("figures", []))]
    parts += [f"## What it must not be used for\n\n{card['not_for']}", cards.files(card)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _opening(card: Mapping[str, Any]) -> str:
    size = (
        f"{card['parameters']:,} parameters, stored in 16 bits, computed in 32. Weights: {card['licence']}, trained by "
        "this project from random ones (`house-weights`)."
        if "parameters" in card
        else f"{card['frames']:,} frames of 20 ms, in 8 bits a number; no sound is in it."
    )
    return (
        f"# {card['model'].replace('_', ' ').capitalize()}\n\n{card['summary'][0].upper()}{card['summary'][1:]}. {size}"
    )


def _training(card: Mapping[str, Any]) -> str:
    columns = {"corpus": "Corpus", "clips": "Clips", "hours": "Hours", "speakers": "Speakers", "licence": "Licence"}
    recipe = {"house_encoder": "phone-encoder", "house_encoder_causal": "phone-encoder-causal"}.get(
        card["model"], card["model"].replace("_", "-")
    )
    parts = [
        f"## Made of\n\n{card['training_hours']:g} h.\n\n{cards.table(card['training_data'], columns)}",
        _steps(card) if "training_steps" in card else "",
        f"Recipe: `python -m training {recipe}`, commit {card['commit'] or 'unknown'}; torch "
        f"{card['versions']['torch']}.",
        card["note"],
    ]
    return "\n\n".join(part for part in parts if part)


def _steps(card: Mapping[str, Any]) -> str:
    losses = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in card["last_losses"].items())
    return (
        f"{card['training_steps']:,} steps in {card['training_minutes']:g} minutes on {card['device']} "
        f"({card['threads']} threads), seed {card['seed']}{_begun(card)}. Means over the last twentieth of the steps: "
        f"{losses}."
    )


def _begun(card: Mapping[str, Any]) -> str:
    """From which weights, if not from random ones."""
    start = card.get("started_from_sha256")
    return f", begun with the weights of an earlier training (SHA-256 {start[:12]})" if start else ""


def _figures(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every table of figures under its heading: {"heading", "text", "columns", "rows"}."""
    return [f"## {one['heading']}\n\n{one['text']}\n\n{cards.table(one['rows'], one['columns'])}" for one in figures]
