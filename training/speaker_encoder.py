"""python -m training speaker-encoder: train, export and judge the house speaker encoder."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers import speaker_encoder
from anonymizers.nn import ecapa
from audio.clip import Clip, decode
from training import cards, common, onnx_half, plan, speaker_card, verification, whitening
from training import export as files
from training.speaker_training import Settings, Training

SUMMARY = "who speaks, as a vector (ECAPA-TDNN, 1.7 M parameters)"
EXAMPLE = "example: python -m training speaker-encoder --data ../shared/data/train --out assets/models"
IN_TEST_DATA = frozenset({"ls-4088", "ls-4406", "ls-5652", "ls-8226"})
"""Speakers of whom ../shared/data has clips both to train on and to test on: in neither."""
NAME = "speaker_encoder"
SOURCES = (
    "anonymizers/nn/ecapa.py",
    *(
        f"training/{name}.py"
        for name in ("augmentation", "common", "onnx_half", "speaker_encoder", "speaker_training", "whitening")
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe's options."""
    parser.add_argument("--data", type=Path, help="a folder with manifest.csv to learn from")
    parser.add_argument("--out", type=Path, default=Path("assets/models"), help="where the model goes")
    parser.add_argument("--work", type=Path, default=Path("data/training/speaker-encoder"), help="checkpoints and log")
    parser.add_argument("--evaluate", type=Path, metavar="DATA", help="judge the model of --out on read speech instead")
    parser.add_argument("--steps", type=int, default=Settings.steps, help=f"default: {Settings.steps}")
    parser.add_argument("--minutes", type=float, help="as many steps as fit, by the time that the first ones take")
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (cuda if there is one)")
    parser.add_argument("--threads", type=int, default=1, help="of the processor (default: 1)")
    parser.add_argument("--note", default="", help="a sentence for the card")
    parser.set_defaults(start=None)


def main(options: argparse.Namespace) -> int:
    """Run the recipe.

    Raises:
        TrainingError: if there is nothing to learn from, or another training is under way in --work.
    """
    if options.evaluate:
        return evaluate(options)
    if options.data is None:
        raise common.TrainingError("Speech to learn from was expected, but --data is missing: name a folder.")
    import torch

    torch.set_num_threads(options.threads)
    speech = common.load_speech(common.read_manifest(options.data, may_be_learned))
    processor = plan.device(options.device)
    asked = {"hours": round(speech.hours, 4)}
    steps = plan.steps(options, asked, lambda tried: Training(speech, Settings(seed=options.seed), tried, processor))
    print(f"{len(speech.of_speaker())} speakers, {speech.hours:.1f} h, {steps} steps", flush=True)
    training = Training(speech, Settings(steps=steps, seed=options.seed), options.work, processor)
    training.run()
    export(training, options.out, note=options.note)
    print(f"written: {options.out / NAME}.onnx, .safetensors, .json, .md", flush=True)
    return 0


def may_be_learned(row: Mapping[str, str]) -> bool:
    """Whether a line of the manifest is neither non-commercial nor of somebody who is also in the test data."""
    return row["speaker"] not in IN_TEST_DATA and row.get("speaker_in_dev", "") != "yes"


def export(training: Training, out: Path, note: str = "") -> None:
    """The trained network in `out`, with its card (no figures yet)."""
    module: Any = training.module.to("cpu").eval()
    whitening.fold_in(module, training.batches.sounds)
    card = speaker_card.made(training, cards.making(write(module, out), SOURCES), note)
    common.write_json(out / f"{NAME}.json", card)
    common.save_text(out / f"{NAME}.md", speaker_card.markdown(card))


def write(module: Any, out: Path) -> tuple[Path, Path]:
    """The network as ONNX, for onnxruntime, and its weights as safetensors, which it reads from there and torch too.

    Matrices and kernels in 16 bits (`onnx_half.is_halved`): they are most of the file.
    """
    import onnx

    network, weights = out / f"{NAME}.onnx", out / f"{NAME}.safetensors"

    def draft_network(draft: Path) -> None:
        ecapa.export_onnx(module, draft)
        onnx.save(onnx_half.refer(onnx_half.half(onnx.load(draft)), weights), draft)

    files.safetensors(module, weights)
    common.save_atomically(network, draft_network)
    return network, weights


def evaluate(options: argparse.Namespace) -> int:
    """Judge the model in --out on the read speech of --evaluate and write its card's figures."""
    path = options.out / f"{NAME}.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    seen = IN_TEST_DATA | set(card["training_speakers"])
    test = common.read_manifest(options.evaluate, lambda row: is_read_speech(row) and row["speaker"] not in seen)
    model = path.with_suffix(".onnx")
    found = np.stack([speaker_encoder.embed(decode(utterance.path).clip, model) for utterance in test])
    card |= speaker_card.judged(verification.figures(found, test), test, embedding_ms(model))
    common.write_json(path, card)
    common.save_text(path.with_suffix(".md"), speaker_card.markdown(card))
    print(speaker_card.figures_table(card))
    return 0


def is_read_speech(row: Mapping[str, str]) -> bool:
    return row["path"].startswith("read/")


def embedding_ms(model: Path) -> float:
    """Milliseconds of one core to embed 10 s: processor time, the median of nine."""
    clip = Clip(np.random.default_rng(0).normal(0, 0.1, 160_000).astype(np.float32), ecapa.SAMPLE_RATE_HZ)
    seconds = []
    for _ in range(10):
        started_at = time.process_time()
        speaker_encoder.embed(clip, model)
        seconds.append(time.process_time() - started_at)
    return round(1000 * float(np.median(seconds[1:])), 1)
