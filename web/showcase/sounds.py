"""One sound of the gallery: made in a worker, kept in a folder under a name that says all that made it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers import registry, runner
from anonymizers.report import describe, versions
from audio.clip import Clip, decode, encode_wav
from audio.level import playback_gain_db
from web.showcase.gallery import Cell

ROOT = Path(__file__).resolve().parents[2]
CODE = ("anonymizers/**/*.py", "audio/**/*.py", "web/showcase/sounds.py")
LONGEST_S = 60.0
PEAKS = 40
"""Stretches of a sound whose peaks are kept for a small waveform."""


def made_with() -> dict[str, str]:
    """The versions of the project and of the packages that compute, and a hash of the code that makes sounds."""
    return {**versions(), "code_sha256": _code_digest()}


@cache
def _code_digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in CODE for path in ROOT.glob(pattern)):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def identity(cell: Cell, made: Mapping[str, str]) -> str:
    """SHA-256, hex, of what makes the sound: the clip's bytes, system, parameters, seed, level, loudness, software."""
    info = registry.info(cell.column.system)
    asked = {
        "clip": cell.row.sha256,
        "system": cell.column.system,
        "params": runner.check_params(info, cell.column.params),
        "seed": cell.seed,
        "level": cell.level,
        "speaker": cell.row.utterance.speaker if cell.level == "speaker" else "",
        "loudness_lufs": cell.loudness_lufs,
        "made_with": {name: value for name, value in made.items() if name != "platform"},
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def make(cell: Cell) -> tuple[bytes, dict[str, Any]]:
    """A cell's sound as a 16-bit WAV at the gallery's loudness, and JSON-ready facts about it.

    facts: those of report.describe, gain_db, short_by_db (how far the peak guard, at -1 dBFS, keeps it from the
    loudness), and peaks: 40 numbers 0 to 1, the largest magnitude in each stretch of the sound as played.

    Raises:
        ClipError, AnonymizerError: if there is no such sound.
    """
    clip = decode(cell.row.path, max_duration_s=LONGEST_S).clip
    how: dict[str, Any] = {"seed": cell.seed, "level": cell.level, "speaker": cell.row.utterance.speaker}
    result = runner.run(clip, cell.column.system, params=cell.column.params, **how)
    gain_db, short_by_db = playback_gain_db(result.clip, target_lufs=cell.loudness_lufs)
    played = Clip(result.clip.samples * 10 ** (gain_db / 20), result.clip.sample_rate)
    facts = {**describe(result), "gain_db": gain_db, "short_by_db": short_by_db, "peaks": _peaks(played)}
    return encode_wav(played), facts


def _peaks(clip: Clip) -> list[float]:
    stretches = np.array_split(np.abs(clip.samples), PEAKS)
    return [round(float(stretch.max(initial=0.0)), 2) for stretch in stretches]


class Shelf:
    """A folder of sounds by identity: `<identity>.wav` and, written last, `<identity>.json` with its facts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def facts(self, identity: str) -> dict[str, Any] | None:
        """What is known of a sound, or None if it is not (wholly) there."""
        try:
            facts = json.loads((self.folder / f"{identity}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return facts if isinstance(facts, dict) and self.path(identity).is_file() else None

    def path(self, identity: str) -> Path:
        """Where the WAV of a sound is, or would be."""
        return self.folder / f"{identity}.wav"

    def put(self, identity: str, wav: bytes, facts: Mapping[str, Any]) -> None:
        """Keep a sound.

        Raises:
            OSError: if the folder cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write(self.path(identity), wav)
        self.write(self.folder / f"{identity}.json", json.dumps(facts).encode())

    def write(self, path: Path, data: bytes | Callable[[Path], object]) -> None:
        """A file, there as a whole or not at all, however many processes write it."""
        part = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            if callable(data):
                data(part)
            else:
                part.write_bytes(data)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    def keep_only(self, identities: Collection[str]) -> None:
        """Delete the sounds of galleries that are no longer shown, and their archives."""
        for path in self.folder.glob("*"):
            if path.suffix in {".wav", ".json", ".zip", ".part"} and path.stem not in identities:
                path.unlink(missing_ok=True)
