"""Small corpora on the disk, for tests: empty recordings for those that read lists, synthetic voices for the others."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from audio.clip import encode_wav
from evaluation.corpus import Corpus, Utterance
from tests.conftest import synthetic_voice


def kaldi(folder: Path, files: Mapping[str, Sequence[str]], *, recordings: Sequence[str] = ()) -> Path:
    """A directory with these lists, and empty recordings at these paths in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return touch(folder, recordings)


def touch(folder: Path, paths: Sequence[str]) -> Path:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    return folder


def manifest(folder: Path, rows: Sequence[Mapping[str, str]], *, delimiter: str = ",") -> Path:
    """A manifest.csv with the columns of the first row."""
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return folder


def voices(folder: Path, *, speakers: int = 4, each: int = 3, duration_s: float = 0.6) -> Path:
    """Synthetic voices with a manifest: half of the speakers are women, emotions by turns, two sessions each."""
    rows = []
    for speaker in range(speakers):
        sex = "FM"[speaker % 2]
        for take in range(each):
            clip = synthetic_voice(
                duration_s, f0_hz=(200 if sex == "F" else 110) + 9 * speaker, seed=10 * speaker + take
            )
            path = f"spk{speaker}/spk{speaker}-{take}.wav"
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(encode_wav(clip))
            rows.append({
                "path": path, "speaker": f"spk{speaker}", "sex": sex, "session": f"s{take % 2}",
                "emotion": ("angry", "happy", "neutral", "sad")[take % 4], "transcript": "one two three",
                "language": "en", "corpus": "Synthetic",
            })  # fmt: skip
    return manifest(folder, rows)


def corpus(speakers: Mapping[str, Sequence[str]], *, sexes: Mapping[str, str] | None = None) -> Corpus:
    """A corpus that is on no disk: the session of each utterance of each speaker."""
    every = [
        Utterance(f"{name}-{take}", Path(f"{name}-{take}.wav"), name, (sexes or {}).get(name, "F"), session=session)  # type: ignore[arg-type]
        for name, sessions in speakers.items()
        for take, session in enumerate(sessions)
    ]
    return Corpus("Nowhere", "dev", Path("nowhere"), tuple(every))
