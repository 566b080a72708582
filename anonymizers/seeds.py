"""A seed is a pseudo-speaker: who gets which, decided by names and never by the order of a list."""

from __future__ import annotations

import hashlib

from anonymizers.base import Level
from audio.clip import Clip


def pseudo_speaker_seed(system: str, level: Level, clip: Clip, speaker: str, user_seed: int) -> int:
    """The seed a system gets: 64 bits of sha256("system|level|speaker or clip|user seed").

    At level "speaker" all clips of one speaker (`speaker`, any name) share it; at level "utterance" each clip,
    known by its samples, has its own.
    """
    who = speaker if level == "speaker" else clip.digest
    text = f"{system}|{level}|{who}|{user_seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
