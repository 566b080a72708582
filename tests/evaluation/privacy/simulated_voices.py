"""Embeddings of speakers who do not exist, put through systems of which it is known what they hide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from evaluation import protocol
from evaluation.corpus import Corpus, Utterance
from evaluation.heard import About, Embedded, Heard
from evaluation.run_tables import EMOTIONS, TRANSCRIPTS

SIZE, MOVED = 24, 16
"""Dimensions, and in how many of them `moving` moves a voice."""
EMOTION_NAMES = ("angry", "happy", "neutral", "sad")
System = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Originals, (n, d), to what comes out."""


def nothing(voices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Changes nothing."""
    return voices


def moving(voices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each utterance gets a pseudo-speaker in a few of the dimensions: who knows which ones still hears the voice."""
    moved = voices.copy()
    moved[:, :MOVED] += 12 * rng.normal(size=(len(voices), MOVED))
    return moved


def swapping(voices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each utterance gets the voice of somebody drawn anew."""
    return voices[rng.integers(len(voices), size=len(voices))] + rng.normal(size=voices.shape)


def tied(voices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Everybody comes out the same."""
    return np.ones_like(voices)


SYSTEMS: Mapping[str, System] = {"same": nothing, "moving": moving, "swapping": swapping}


def corpus(speakers: int = 20, utterances: int = 6, *, emotions: bool = False, name: str = "s") -> Corpus:
    """Half women, half men; two sessions each."""
    rng = np.random.default_rng(1)
    words = [f"word{number}" for number in range(40)]
    made = [
        Utterance(
            f"{name}{person:02}-{take}", Path("gone.wav"), f"{name}{person:02}", "FM"[person % 2], f"s{take % 2}",
            transcript=" ".join(rng.choice(words, 8)), corpus="simulated", language="en",
            emotion=EMOTION_NAMES[take % 4] if emotions else "",
        )
        for person in range(speakers) for take in range(utterances)
    ]  # fmt: skip
    return Corpus("simulated", "dev", Path("."), tuple(made))


def voices(of: Corpus, rng: np.random.Generator) -> np.ndarray:
    """A direction for each speaker, with women and men and emotions apart, and noise: (n, SIZE)."""
    people = sorted({one.speaker for one in of.utterances})
    faces = dict(zip(people, 2 * rng.normal(size=(len(people), SIZE)), strict=True))
    found = np.stack([faces[one.speaker] for one in of.utterances]) + rng.normal(size=(len(of.utterances), SIZE))
    found[:, -1] += [8 * (one.sex == "F") for one in of.utterances]
    found[:, -2] += [3 * EMOTION_NAMES.index(one.emotion) if one.emotion else 0 for one in of.utterances]
    return found


def heard(
    of: Corpus,
    systems: Mapping[str, System] = SYSTEMS,
    *,
    attackers: tuple[str, ...] = ("house",),
    train: Corpus | None = None,
    told: bool = True,
    seed: int = 0,
) -> Heard:
    """What attackers heard in a corpus and all its systems; at level "utterance"."""
    embeddings: dict[tuple[str, str, str], Embedded] = {}
    files: list[dict[str, object]] = []
    for side, whose in (("trial", of), ("train", train)):
        if whose is None:
            continue
        keys = tuple(one.key for one in whose.utterances)
        for number, attacker in enumerate(attackers):
            rng = np.random.default_rng([seed, number, len(side)])
            plain = voices(whose, rng)
            for system, change in {"original": nothing, **systems}.items():
                embeddings[attacker, system, side] = Embedded(keys, change(plain, rng))
                if side == "trial" and told and system != "original":
                    embeddings[attacker, system, "told"] = Embedded(keys, plain)
        files += [_row(one, system, side) for system in ("original", *systems) for one in whose.utterances]
    empty = {table: [column.name for column in columns]
             for table, columns in (("transcripts", TRANSCRIPTS), ("emotions", EMOTIONS))}  # fmt: skip
    return Heard(
        pd.DataFrame(files), pd.DataFrame(columns=empty["transcripts"]), pd.DataFrame(columns=empty["emotions"]),
        embeddings,
    )  # fmt: skip


def _row(one: Utterance, system: str, side: str) -> dict[str, object]:
    return {
        "system": system, "side": side, "utterance": one.key, "speaker": one.speaker, "sex": one.sex,
        "session": one.session, "emotion": one.emotion, "corpus": one.corpus, "language": "en", "duration_s": 3.0,
        "state": "done", "error": "", "f0_hz": np.nan,
    }  # fmt: skip


def about(*systems: str, attackers: tuple[str, ...] = ("house",), level: str = "utterance") -> About:
    return About(level, ("original", *systems), "simulated", "dev", attackers)


def protocols(of: Corpus, *kinds: str) -> list[protocol.Protocol]:
    return protocol.make(of, kinds or ("single",), seed=0)
