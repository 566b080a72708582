"""The card of the house emotion recogniser: from whom it learned, what was chosen, and how often it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.metrics.bootstrap import Interval
from evaluation.metrics.recognition import confusion, recall_intervals, uar, uar_interval
from evaluation.recognisers.base import CORE_EMOTIONS
from evaluation.recognisers.house_emotion import Model
from training import cards
from training.common import Utterance
from training.emotion_choice import CHOICES, Chosen
from training.emotion_copies import Heard, Voices
from training.emotion_models import balanced_log_loss

PROTOCOL = (
    "Original clips, each judged by the model that never heard its speaker; every setting of that model was chosen "
    "among its own speakers, leaving out one after the other (nested leave-one-speaker-out). UAR: mean of the recalls "
    "over all clips together. Intervals: 95 %, bootstrap."
)
Words = npt.NDArray[np.str_]
Floats = npt.NDArray[np.float64]


def made(
    utterances: Sequence[Utterance],
    voices: Voices,
    clips: Heard,
    chosen: Mapping[str, tuple[Chosen, Chosen]],
    making: Mapping[str, Any],
    note: str,
) -> dict[str, Any]:
    """What is known when the models are fitted; JSON-ready."""
    return {
        "model": "House emotion recogniser",
        "architecture": f"{len(clips.names)} acoustic functionals; linear discriminant and RBF support vector machine",
        "functionals": len(clips.names),
        "sample_rate_hz": 16_000,
        "licence": "Apache-2.0",
        "training_speakers": sorted(set(clips.speakers.tolist())),
        "training_data": cards.data(utterances),
        "left_out": list(clips.left_out),
        "copies": asdict(voices),
        "seed": voices.seed,
        "settings_tried": len(CHOICES),
        "chosen": {fold: {"four": _chosen(four), "all": _chosen(every)} for fold, (four, every) in chosen.items()},
        "note": note,
        **making,
    }


def _chosen(one: Chosen) -> dict[str, Any]:
    return {**one.choice._asdict(), "temperature": round(one.temperature, 4), "log_loss": round(one.log_loss, 4)}


def judged(clips: Heard, model: Model, rng: np.random.Generator) -> dict[str, Any]:
    """What a test of the written file adds to the card: each clip by the model that left its speaker out."""
    four, every = (np.isin(clips.emotions, classes) for classes in (CORE_EMOTIONS, model.emotions))
    folds = [model.folds[name] for name in clips.speakers.tolist()]
    first = np.stack([folds[place].logits(clips.functionals[place, 0]) for place in np.flatnonzero(four)])
    second = np.stack([folds[place].all_logits(clips.functionals[place, 0]) for place in np.flatnonzero(every)])
    figures = _figures(clips.emotions[four], first, clips.speakers[four], CORE_EMOTIONS, rng)
    return {
        "uar": figures["uar"],
        "uar_interval_95": figures["interval_95_other_speakers"],
        "protocol": PROTOCOL,
        "figures": figures,
        "figures_all_emotions": _figures(clips.emotions[every], second, clips.speakers[every], model.emotions, rng),
    }


def _figures(
    truth: Words, logits: Floats, speakers: Words, classes: Sequence[str], rng: np.random.Generator
) -> dict[str, Any]:
    said = np.array(classes)[logits.argmax(1)]
    right, told, who = truth.tolist(), said.tolist(), speakers.tolist()
    places = np.array([list(classes).index(one) for one in right])
    confident = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).max(1)
    recalls = recall_intervals(right, told, who, rng=rng)
    return {
        "uar": round(uar(right, told), 4),
        "interval_95_other_speakers": _ends(uar_interval(right, told, who, rng=rng)),
        "interval_95_other_utterances": _ends(uar_interval(right, told, [str(i) for i in range(len(right))], rng=rng)),
        "clips": len(right),
        "accuracy": round(float(np.mean(truth == said)), 4),
        "mean_confidence": round(float(confident.mean()), 4),
        "balanced_log_loss": round(balanced_log_loss(logits, places), 4),
        "recalls": {name: {"recall": round(one.value, 4), "interval_95": _ends(one)} for name, one in recalls.items()},
        "speakers": {
            name: {
                "uar": round(uar(truth[speakers == name].tolist(), said[speakers == name].tolist()), 4),
                "clips": int(np.sum(speakers == name)),
            }
            for name in sorted(set(who))
        },
        "classes": list(classes),
        "confusion": confusion(right, told, classes).counts.tolist(),
    }


def _ends(interval: Interval) -> list[float | None]:
    return [round(end, 4) if np.isfinite(end) else None for end in (interval.low, interval.high)]


def markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    parts = [_opening(card), _training(card), _accuracy(card), _limits(card)]
    return "\n\n".join(parts) + "\n"


def _opening(card: Mapping[str, Any]) -> str:
    return (
        f"# {card['model']}\n\n"
        "Says how likely a clip sounds angry, happy, neutral or sad, from its sound alone. It runs in numpy, "
        "offline.\n\n"
        f"{card['architecture']}, added and calibrated by a temperature. A second, linear head knows "
        f"{', '.join(card['figures_all_emotions']['classes'])}. Weights: {card['licence']}, trained by this project. "
        "`emotion_recogniser.npz` holds one model for each speaker, which never heard that speaker, and one of all "
        "speakers for everybody else."
    )


def _training(card: Mapping[str, Any]) -> str:
    columns = {"corpus": "Corpus", "clips": "Clips", "hours": "Hours", "speakers": "Speakers", "licence": "Licence"}
    copies, names = card["copies"], ", ".join(card["training_speakers"])
    folds = [{"fold": fold, **both["four"]} for fold, both in card["chosen"].items()]
    headings = {
        "fold": "Model without", "shrinkage": "Shrinkage", "components": "Components", "penalty": "Penalty",
        "temperature": "Temperature", "log_loss": "Log loss, inner",
    }  # fmt: skip
    text = (
        f"## Training\n\n{cards.table(card['training_data'], columns)}\n\n"
        f"Speakers: {names}. Each clip is also heard as {copies['copies']} copies with another pitch (within "
        f"±{copies['semitones']:g} semitones) and other formants (within ±{100 * copies['formants']:g} %), through "
        f"the vocoder WORLD; seed {card['seed']}. Neither anonymized nor noisy speech was learned from.\n\n"
        f"Of {card['settings_tried']} settings, each model has the one with the smallest log loss when one of its own "
        f"speakers after the other is left out:\n\n{cards.table(folds, headings)}\n\n"
        f"Recipe: `python -m training emotion-recogniser`, commit {card['commit'] or 'unknown'}; "
        f"scikit-learn {card['versions']['scikit-learn']}, numpy {card['versions']['numpy']}."
    )
    if card["left_out"]:
        text += f"\n\nNot used, as too little speech is found in them: {', '.join(card['left_out'])}."
    return f"{text}\n\n{card['note']}" if card["note"] else text


def _accuracy(card: Mapping[str, Any]) -> str:
    four, every = card["figures"], card["figures_all_emotions"]
    return (
        f"## How often it is right\n\n{card['protocol']}\n\n{figures_table(card)}\n\n"
        f"Truth in rows, answer in columns:\n\n{_confusion_table(four)}\n\n"
        f"By speaker:\n\n{_speakers_table(four)}\n\n"
        f"It is right in {cards.percent(four['accuracy'])} of {four['clips']} clips, and on average "
        f"{cards.percent(four['mean_confidence'])} sure of its answer.\n\n"
        f"The second head, on all {every['clips']} clips: UAR {cards.percent(every['uar'])}.\n\n"
        f"{_confusion_table(every)}"
    )


def figures_table(card: Mapping[str, Any]) -> str:
    """UAR and recalls of the four emotions with their intervals."""
    figures = card["figures"]
    whole = [
        {"what": "UAR", "share": figures["uar"], "interval": figures["interval_95_other_speakers"], "for": "speakers"},
        {"what": "UAR", "share": figures["uar"], "interval": figures["interval_95_other_utterances"], "for": "clips"},
    ]
    each = [
        {"what": f"Recall, {name}", "share": one["recall"], "interval": one["interval_95"], "for": "speakers"}
        for name, one in figures["recalls"].items()
    ]
    rows = [
        {
            **row,
            "share": cards.percent(row["share"]),
            "interval": " – ".join(cards.percent(end) for end in row["interval"]),
        }
        for row in (*whole, *each)
    ]
    return cards.table(rows, {"what": "Figure", "share": "Value", "interval": "95 % interval", "for": "for other"})


def _confusion_table(figures: Mapping[str, Any]) -> str:
    classes = figures["classes"]
    rows = [
        {"truth": name, **dict(zip(classes, row, strict=True))}
        for name, row in zip(classes, figures["confusion"], strict=True)
    ]
    return cards.table(rows, {"truth": "", **{name: name for name in classes}})


def _speakers_table(figures: Mapping[str, Any]) -> str:
    rows = [
        {"speaker": name, "uar": cards.percent(one["uar"]), "clips": one["clips"]}
        for name, one in figures["speakers"].items()
    ]
    return cards.table(rows, {"speaker": "Speaker", "uar": "UAR", "clips": "Clips"})


def _limits(card: Mapping[str, Any]) -> str:
    return (
        "## Limits\n\n"
        f"- Acted German by {len(card['training_speakers'])} speakers in a silent room, recordings at equal peak: "
        "loudness tells it nothing. The intervals say how little so few speakers prove.\n"
        "- Everyday speech, English, and read speech are not what it learned from: expect many more errors.\n"
        "- Anonymized speech is not what it learned from either: a fall of UAR is what *this* listener no longer "
        "hears. A recogniser trained on anonymized speech is another number.\n"
        "- It is meant for judging anonymizers, not people: what an actor shows is not what somebody feels.\n\n"
        + cards.files(card)
    )
