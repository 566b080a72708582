"""What machines hear in one sound: done in a process of its own, which gives way to those that make sounds."""

from __future__ import annotations

from typing import Any, NamedTuple

from anonymizers.base import Fidelity
from audio.clip import Clip
from evaluation import attackers, voice_likeness
from evaluation.recognisers import registry
from evaluation.recognisers.base import Kind

__all__ = ["KINDS", "Ear", "ears", "hear"]

KINDS: tuple[Kind, ...] = ("speaker", "emotion", "words")
"""In this order they are heard: words take longest."""
UNTRAINED = "It was never trained: the least that a machine can do."
OFFLINE: dict[Kind, str] = {"words": "pocketsphinx", "emotion": "house-emotion"}


class Ear(NamedTuple):
    """One machine, as the page names it; `version` tells its weights from all others."""

    kind: Kind
    key: str
    title: str
    fidelity: Fidelity
    version: str
    trained_on: str
    caution: str


def ears() -> dict[Kind, Ear]:
    """The machines of the Compare page, those that need no network, in the order of KINDS. Loads no model."""
    return {kind: _ear(kind) for kind in KINDS if kind == "speaker" or OFFLINE[kind] in registry.keys()}


def _ear(kind: Kind) -> Ear:
    if kind == "speaker":
        return _attacker(voice_likeness.attacker())
    about = registry.info(OFFLINE[kind])
    return Ear(
        kind, about.key, about.title, about.fidelity, registry.version(about.key), about.trained_on, about.caution
    )


def _attacker(key: str) -> Ear:
    info, version = attackers.ATTACKERS[key].info, voice_likeness.version(key)
    if key == voice_likeness.UNTRAINED:
        return Ear("speaker", key, info.title, "exact", version, "nothing", UNTRAINED)
    about = registry.info("house-speaker")
    return Ear("speaker", key, about.title, about.fidelity, version, about.trained_on, about.caution)


def hear(one: Ear, clip: Clip, *, speaker: str = "") -> Any:
    """An embedding (d,), the probability of each emotion, or the words; by the kind of machine.

    `speaker` names who speaks, where that is known (see EmotionRecogniser).

    Raises:
        RecogniserError, AttackerError: if there is too little to hear, or the machine cannot run.
    """
    if one.kind == "speaker":
        return attackers.ATTACKERS[one.key]().embed(clip)
    recogniser = registry.load(one.key)
    if one.kind == "emotion":
        return {name: float(share) for name, share in recogniser.probabilities(clip, speaker=speaker).items()}
    return recogniser.transcribe(clip)
