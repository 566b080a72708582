"""The card of emotion boundaries: from whom they were learnt, and how often the largest decision is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from anonymizers.emotion_compensation import EMOTIONS, SIGNS
from evaluation.metrics.bootstrap import Interval
from evaluation.metrics.recognition import confusion, recall_intervals, uar, uar_interval
from training import cards
from training.common import Utterance

PROTOCOL = (
    "Original clips; the emotion with the largest decision, by boundaries that were learnt without the clip's speaker; "
    "no setting was chosen. UAR: mean of the recalls over all clips together. Intervals: 95 %, for other speakers, "
    "bootstrap."
)
TITLES = {
    "house": "the house speaker encoder",
    "ecapa": "SpeechBrain's ECAPA-TDNN (VoxCeleb)",
    "ssl-sas": "SSL-SAS's ECAPA-TDNN",
}
Words = npt.NDArray[np.str_]


def made(encoder: str, utterances: Sequence[Utterance], making: Mapping[str, Any], note: str) -> dict[str, Any]:
    """What is known when the boundaries are fitted; JSON-ready."""
    return {
        "model": f"Emotion boundaries, {encoder}",
        "architecture": "one linear support vector machine an emotion, against all others",
        "encoder": encoder,
        "emotions": list(EMOTIONS),
        "signs": list(SIGNS[encoder]),
        "licence": "Apache-2.0" if encoder == "house" else "of the speech that they are trained on",
        "training_speakers": sorted({one.speaker for one in utterances}),
        "training_data": cards.data(utterances),
        "note": note,
        **making,
    }


def judged(truth: Words, said: Sequence[str], speakers: Words, rng: np.random.Generator) -> dict[str, Any]:
    """What a test of the written file adds to the card."""
    right, who = truth.tolist(), speakers.tolist()
    recalls = recall_intervals(right, said, who, rng=rng)
    return {
        "uar": round(uar(right, said), 4),
        "uar_interval_95": _ends(uar_interval(right, said, who, rng=rng)),
        "recalls": {name: {"recall": round(one.value, 4), "interval_95": _ends(one)} for name, one in recalls.items()},
        "confusion": confusion(right, said, EMOTIONS).counts.tolist(),
        "clips": len(right),
        "protocol": PROTOCOL,
    }


def _ends(interval: Interval) -> list[float | None]:
    return [round(end, 4) if np.isfinite(end) else None for end in (interval.low, interval.high)]


def markdown(card: Mapping[str, Any]) -> str:
    """The card for people."""
    return "\n\n".join([_opening(card), _training(card), _accuracy(card), _limits(card)]) + "\n"


def _opening(card: Mapping[str, Any]) -> str:
    return (
        f"# {card['model']}\n\n"
        f"Where among the vectors of {TITLES[card['encoder']]} voices sound {', '.join(EMOTIONS)}: a hyperplane for "
        "each, by which emotion compensation (`anonymizers/emotion_compensation.py`) moves a pseudo-speaker's vector. "
        "After arXiv 2408.05928, with boundaries of our own. The file holds one set for each group of speakers, learnt "
        "without them, and one of all speakers for everybody else: a clip that was learnt from is only ever moved by "
        "boundaries that did not hear its speaker."
    )


def _training(card: Mapping[str, Any]) -> str:
    columns = {"corpus": "Corpus", "clips": "Clips", "hours": "Hours", "speakers": "Speakers", "licence": "Licence"}
    text = (
        f"## Training\n\n{cards.table(card['training_data'], columns)}\n\n"
        f"Speakers: {', '.join(card['training_speakers'])}. Boundaries: {card['licence']}, trained by this project. "
        "Support vector machines with scikit-learn's defaults (C = 1), as published; nothing was tuned. Recipe: "
        f"`python -m training emotion-boundaries --encoder {card['encoder']}`, commit {card['commit'] or 'unknown'}; "
        f"scikit-learn {card['versions']['scikit-learn']}, numpy {card['versions']['numpy']}."
    )
    return f"{text}\n\n{card['note']}" if card["note"] else text


def _accuracy(card: Mapping[str, Any]) -> str:
    ends = lambda interval: " – ".join(cards.percent(end) for end in interval)  # noqa: E731
    rows = [{"what": "UAR", "share": cards.percent(card["uar"]), "interval": ends(card["uar_interval_95"])}]
    for name, one in card["recalls"].items():
        share, interval = cards.percent(one["recall"]), ends(one["interval_95"])
        rows.append({"what": f"Recall, {name}", "share": share, "interval": interval})
    figures = cards.table(rows, {"what": "Figure", "share": "Value", "interval": "95 % interval"})
    counts = [
        {"truth": name, **dict(zip(EMOTIONS, row, strict=True))}
        for name, row in zip(EMOTIONS, card["confusion"], strict=True)
    ]
    table = cards.table(counts, {"truth": "", **{name: name for name in EMOTIONS}})
    return (
        f"## How often the prediction is right\n\n{card['protocol']} Chance is 25 %.\n\n{figures}\n\n"
        f"Truth in rows, answer in columns, {card['clips']} clips:\n\n{table}"
    )


def _limits(card: Mapping[str, Any]) -> str:
    return (
        "## Limits\n\n"
        f"- {len(card['training_speakers'])} speakers, all of them acting. Everyday speech, and other languages, are "
        "not what was learnt from.\n"
        "- That a vector can be told angry does not mean that a vocoder says it angrily: what compensation does to a "
        "system is measured with the system (docs/systems/emotion-compensation.md).\n"
        "- It is meant for anonymizers, not for judging people: what an actor shows is not what somebody feels.\n\n"
        + cards.files(card)
    )
