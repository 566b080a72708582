"""What every recipe needs: the speech and who speaks it, checkpoints that survive a kill, the log and the card."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from training import event_files

SAMPLE_RATE_HZ = 16_000


class TrainingError(Exception):
    """Why a recipe cannot run, in one sentence for whoever started it."""


@dataclass(frozen=True)
class Utterance:
    """One line of a manifest. `session`: the LibriSpeech chapter, else the corpus (not known better); "" is unknown.
    `emotion`: the acted one, "" if none was; `transcript` and `language` (a code such as "en"): "" if not known."""

    path: Path
    corpus: str
    speaker: str
    sex: str
    session: str
    licence: str
    duration_s: float
    emotion: str = ""
    transcript: str = ""
    language: str = ""


@dataclass(frozen=True, eq=False)
class Speech:
    """Utterances and their sound, 16-bit at 16 kHz, one after the other in one array."""

    utterances: tuple[Utterance, ...]
    pcm: npt.NDArray[np.int16]
    starts: npt.NDArray[np.int64]

    def sound(self, index: int) -> npt.NDArray[np.int16]:
        return self.pcm[self.starts[index] : self.starts[index + 1]]

    @property
    def hours(self) -> float:
        return len(self.pcm) / SAMPLE_RATE_HZ / 3600

    def of_speaker(self) -> dict[str, list[int]]:
        """Speaker to the places of their utterances, speakers in order of name; those without a name are left out."""
        places: dict[str, list[int]] = {}
        for place, utterance in sorted(enumerate(self.utterances), key=lambda item: item[1].speaker):
            if utterance.speaker:
                places.setdefault(utterance.speaker, []).append(place)
        return places


def read_manifest(data: Path, keep: Callable[[Mapping[str, str]], bool] = lambda row: True) -> tuple[Utterance, ...]:
    """The utterances of `data`/manifest.csv whose row is kept. Non-commercial speech (nc/) never is.

    Raises:
        TrainingError: if there is no manifest, or nothing of it is kept.
    """
    manifest = data / "manifest.csv"
    if not manifest.is_file():
        raise TrainingError(f"A folder with manifest.csv was expected, but {data} has none: name it with --data.")
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["path"].startswith("nc/") and keep(row)]
    if not rows:
        raise TrainingError(f"Speech to learn from was expected, but nothing in {manifest} may be used.")
    return tuple(_utterance(data, row) for row in rows)


def _utterance(data: Path, row: Mapping[str, str]) -> Utterance:
    path = data / row["path"]
    parts = path.stem.split("-")
    session = parts[1] if row["corpus"].startswith("LibriSpeech") and len(parts) == 3 else ""
    return Utterance(
        path, row["corpus"], row["speaker"], row["sex"], session, row["licence"], float(row["duration_s"] or 0),
        row.get("emotion", ""), row.get("transcript", ""), row.get("language", ""),
    )  # fmt: skip


def load_speech(utterances: Sequence[Utterance]) -> Speech:
    """All sound in memory (2 bytes a sample: 115 MB an hour)."""
    import soundfile

    sounds = []
    for utterance in utterances:
        samples, rate_hz = soundfile.read(utterance.path, dtype="int16")
        if rate_hz != SAMPLE_RATE_HZ or samples.ndim != 1:
            raise TrainingError(f"16 kHz mono was expected, but {utterance.path} is {rate_hz} Hz {samples.shape}.")
        sounds.append(samples)
    starts = np.cumsum([0, *map(len, sounds)])
    return Speech(tuple(utterances), np.concatenate(sounds), starts)


def crop(sound: npt.NDArray[np.int16], length: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """`length` samples in [-1, 1] from a random place, the louder of two drawn; a shorter sound is repeated."""
    if len(sound) < length:
        sound = np.tile(sound, -(-length // len(sound)))
    first, second = (sound[start : start + length] for start in rng.integers(0, len(sound) - length + 1, 2))
    one, other = (np.divide(place, 32768, dtype=np.float32) for place in (first, second))
    return one if one @ one >= other @ other else other


def save_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """`write` a neighbour of `path`, then put it in its place at once: a kill leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def save_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Tensors and plain numbers of a training, whole or not at all."""
    import torch

    save_atomically(path, lambda draft: torch.save(dict(state), draft))


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """What `save_checkpoint` wrote, or None if there is nothing."""
    import torch

    return torch.load(path, weights_only=True, map_location="cpu") if path.is_file() else None


class Log:
    """A CSV of a training: one line a step; a resumed training first forgets the steps after its checkpoint.

    The same for TensorBoard, in a folder beside it (log.csv: log/), where tensorboardX is installed.
    """

    def __init__(self, path: Path, columns: Sequence[str], first_step: int) -> None:
        self.path, self.columns = path, ("step", *columns)
        path.parent.mkdir(parents=True, exist_ok=True)
        kept: list[str] = []
        if path.is_file():
            lines = path.read_text().splitlines()[1:]
            kept = [line for line in lines if line.split(",")[0].isdigit() and int(line.split(",")[0]) < first_step]
        save_text(path, "\n".join([",".join(self.columns), *kept]) + "\n")
        self.events = event_files.opened(path.with_suffix(""), columns, first_step)

    def add(self, step: int, *values: float) -> None:
        with self.path.open("a") as file:
            file.write(",".join([str(step), *(f"{value:.6g}" for value in values)]) + "\n")
        if self.events is not None:
            self.events.add(step, values)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    save_text(path, text)


def save_text(path: Path, text: str) -> None:
    save_bytes(path, text.encode())


def save_bytes(path: Path, content: bytes) -> None:
    save_atomically(path, lambda draft: _write_bytes(draft, content))


def _write_bytes(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """`arrays` by name as a compressed .npz, whole or not at all."""
    save_atomically(path, lambda draft: _write_arrays(draft, dict(arrays)))


def _write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
