"""The card of the house speaker encoder: on whose speech it was trained, how, and how well it tells speakers apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from anonymizers.nn import ecapa
from training import cards
from training.common import Utterance
from training.speaker_training import Training

PROTOCOL = (
    "Original read speech of speakers whom the model never heard; one utterance against one other, all pairs of one "
    "sex, cosine. Speakers with more than one session (LibriSpeech's chapters) are compared across sessions only. "
    "Equal error rate: the interpolated crossing of misses and false alarms. Intervals: 95 %, bootstrap over speakers."
)


def made(training: Training, making: Mapping[str, Any], note: str) -> dict[str, Any]:
    """What is known when the training is over; JSON-ready."""
    utterances = training.batches.speech.utterances
    return {
        "model": "House speaker encoder",
        "architecture": "ECAPA-TDNN (SpeechBrain's class), channels 256, 192-dimensional, 64 log-mel bands every 15 ms",
        "parameters": sum(parameter.numel() for parameter in training.module.parameters()),
        "embedding_size": ecapa.EMBEDDING_SIZE,
        "sample_rate_hz": ecapa.SAMPLE_RATE_HZ,
        "licence": "Apache-2.0",
        "training_speakers": sorted({u.speaker for u in utterances if u.speaker}),
        "training_hours": round(sum(u.duration_s for u in utterances) / 3600, 2),
        "training_data": cards.data(utterances),
        "settings": asdict(training.settings),
        "seed": training.settings.seed,
        "training_minutes": round(training.seconds / 60, 1),
        "device": training.device,
        "note": note,
        **making,
    }


def judged(figures: Mapping[str, Any], test: Sequence[Utterance], embedding_ms: float) -> dict[str, Any]:
    """What a test adds to the card."""
    return {
        "eer": figures["all"]["eer"],
        "eer_interval_95": figures["all"]["interval_95"],
        "figures": dict(figures),
        "protocol": PROTOCOL,
        "test_data": cards.data(test),
        "test_speakers": sorted({u.speaker for u in test}),
        "embedding_ms_for_10_s_on_one_core": embedding_ms,
    }


def markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    parts = [_opening(card), _training(card)]
    if "figures" in card:
        parts.append(f"## How well it tells speakers apart\n\n{card['protocol']}\n\n{figures_table(card)}")
        parts.append(
            f"Ten seconds are embedded in {card['embedding_ms_for_10_s_on_one_core']:g} ms on one core.\n\n"
            + cards.table(card["test_data"], {"corpus": "Test data", "clips": "Clips", "speakers": "Speakers"})
        )
    parts.append(_limits(card))
    return "\n\n".join(parts) + "\n"


def _opening(card: Mapping[str, Any]) -> str:
    return (
        f"# {card['model']}\n\n"
        "Turns speech into a vector of 192 numbers that tells who speaks; the cosine of two says how alike two voices "
        "are. The privacy figures of attacker `house` rest on it.\n\n"
        f"{card['architecture']}; {card['parameters']:,} parameters. Weights: {card['licence']}, trained by this "
        "project from random ones. `speaker_encoder.onnx` is the network, `speaker_encoder.safetensors` its weights, "
        "matrices and kernels in 16 bits; both belong side by side. It computes in 32 bits."
    )


def _training(card: Mapping[str, Any]) -> str:
    columns = {"corpus": "Corpus", "clips": "Clips", "hours": "Hours", "speakers": "Speakers", "licence": "Licence"}
    settings = card["settings"]
    text = (
        f"## Training\n\n{len(card['training_speakers'])} speakers, {card['training_hours']:g} h; each at three "
        "speeds, which count as speakers of their own. Speech of unnamed speakers serves as babble only.\n\n"
        f"{cards.table(card['training_data'], columns)}\n\n"
        f"{settings['steps']:,} steps of {settings['speakers']} times two crops, AAM-softmax and an angular "
        f"prototypical loss, AdamW; {card['training_minutes']:g} minutes on {card['device']}, seed {card['seed']}. "
        "Rooms, colours, band limits, noise, babble and coarse quantisation are drawn anew for each crop.\n\n"
        f"Recipe: `python -m training speaker-encoder`, commit {card['commit'] or 'unknown'}; "
        f"torch {card['versions']['torch']}, speechbrain {card['versions']['speechbrain']}."
    )
    return f"{text}\n\n{card['note']}" if card["note"] else text


def figures_table(card: Mapping[str, Any]) -> str:
    """Every EER with its interval and trials."""
    rows = [
        {
            "part": name,
            "eer": cards.percent(figure["eer"]),
            "interval": " – ".join(cards.percent(end) for end in figure["interval_95"]),
            **{
                key: figure[key] for key in ("speakers", "target_trials", "of_them_across_sessions", "nontarget_trials")
            },
        }
        for name, figure in card["figures"].items()
    ]
    headings = {
        "part": "Trials",
        "eer": "EER",
        "interval": "95 % interval",
        "speakers": "Speakers",
        "target_trials": "Target trials",
        "of_them_across_sessions": "of them across sessions",
        "nontarget_trials": "Nontarget trials",
    }
    return cards.table(rows, headings)


def _limits(card: Mapping[str, Any]) -> str:
    return (
        "## Limits\n\n"
        "Small and trained on little speech, nearly all of it English and read: what it cannot link, a larger encoder, "
        "trained on thousands of speakers, may. A high EER against it is no proof of anonymity. It is meant to judge "
        "anonymizers, not for recognising people.\n\n" + cards.files(card)
    )
