"""Seconds of the project's own synthetic voices, with what they say, as data that a recipe can learn from."""

from __future__ import annotations

import csv
from pathlib import Path

from audio.clip import decode

SHOWCASE = Path(__file__).resolve().parents[2] / "assets" / "showcase"
FIELDS = ("path", "corpus", "speaker", "sex", "licence", "duration_s", "speaker_in_dev", "transcript", "language")


def put(folder: Path, styles: tuple[str, ...] = ("plain", "lively")) -> Path:
    """A folder with manifest.csv: three voices and one clip of nobody's, in German, as the manifest has it."""
    import soundfile

    with (SHOWCASE / "manifest.csv").open(encoding="utf-8") as file:
        spoken = [row for row in csv.DictReader(file) if row["style"] in styles]
    rows = []
    for one in [*spoken, {**spoken[0], "speaker": "", "transcript": "", "language": "German", "copy": "de_"}]:
        path = folder / "read" / f"{one.get('copy', '')}{one['file']}"
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = decode(SHOWCASE / one["file"]).clip.resampled(16_000).samples
        soundfile.write(path, samples, 16_000, subtype="PCM_16")
        language = {"English": "en", "German": "de"}[one["language"]]
        corpus = "LibriSpeech train-clean-100" if one["speaker"] else "nameless"
        rows.append((f"read/{path.name}", corpus, one["speaker"], one["sex"], one["licence"], len(samples) / 16_000,
                     "no", one["transcript"], language))  # fmt: skip
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([FIELDS, *rows])
    return folder
