"""Where the house system fails, as clips that may be passed on: made from the project's own synthetic voices (CC0).

python -m experiments.house_failures --out docs/audio --facts runs/house/failures.json
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from anonymizers import runner
from audio.clip import Clip, decode
from evaluation.metrics.words import wer
from evaluation.recognisers import registry

DEMO = Path(__file__).resolve().parents[1] / "assets" / "demo"
RECOGNISER = "pocketsphinx"
RATE_HZ = 16_000
SEED = 0


@dataclass(frozen=True)
class Failure:
    """A kind of input with which it fails.

    Attributes:
        name: of the file; what: in a sentence. clips: demo clips, mixed where there are several.
        through: systems before it, by key. said: words that a recogniser of English can look for.
    """

    name: str
    what: str
    clips: tuple[str, ...]
    through: tuple[str, ...] = ()
    said: str = ""


MORNING = "the morning train was late again so we sat on the bench shared some bread and watched the children play"
FAILURES = (
    Failure(
        "two-people",
        "Two people at once: there is one content and one melody for both, so that neither is understood.",
        ("morning-train.flac", "garden-letter.flac"),
    ),
    Failure(
        "whisper",
        "Speech without a voice (made by the system devoiced): no F0 is found, and what is said stays a whisper.",
        ("morning-train.flac",),
        ("devoiced",),
        said=MORNING,
    ),
)


def source(failure: Failure) -> Clip:
    """What goes in, at 16 kHz; of several clips, as long as the shortest."""
    parts = [decode((DEMO / name).read_bytes()).clip.resampled(RATE_HZ).samples for name in failure.clips]
    length = min(len(part) for part in parts)
    mixed = sum((part[:length] for part in parts), start=np.zeros(length, np.float32)) / len(parts)
    clip = Clip(mixed.astype(np.float32), RATE_HZ)
    for key in failure.through:
        clip = runner.run(clip, key, seed=SEED).clip
    return clip


def made(failure: Failure) -> tuple[Clip, Clip]:
    """What goes in, and what the house system makes of it."""
    clip = source(failure)
    return clip, runner.run(clip, "house", seed=SEED).clip


def write(failure: Failure, out: Path) -> dict[str, Any]:
    """Both clips as Opus in `out`; what there is to be said of them, JSON-ready."""
    before, after = made(failure)
    names = {}
    for kind, clip in (("before", before), ("after", after)):
        names[kind] = f"house-{failure.name}-{kind}.opus"
        save(clip, out / names[kind])
    heard = {kind: registry.load(RECOGNISER).transcribe(clip) for kind, clip in (("before", before), ("after", after))}
    return {"what": failure.what, **names, **{f"heard_{kind}": words for kind, words in heard.items()},
            **_errors(failure, heard)}  # fmt: skip


def _errors(failure: Failure, heard: dict[str, str]) -> dict[str, float]:
    """WER before and after, where it is known what was said."""
    if not failure.said:
        return {}
    return {f"wer_{kind}": round(float(wer([failure.said], [words]).value), 3) for kind, words in heard.items()}


def save(clip: Clip, path: Path) -> None:
    """Ogg Opus, mono."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    with soundfile.SoundFile(
        str(path), "w", RATE_HZ, 1, format="OGG", subtype="OPUS", compression_level=0.95
    ) as file:  # fmt: skip
        file.write(np.clip(clip.samples, -1, 1))


def main(argv: Sequence[str] | None = None) -> int:
    """Make them."""
    made_by = argparse.ArgumentParser(prog="python -m experiments.house_failures")
    made_by.add_argument("--out", type=Path, required=True, help="a folder for the clips")
    made_by.add_argument("--facts", type=Path, help="a file for what is heard in them (.json)")
    options = made_by.parse_args(argv)
    told = [write(failure, options.out) for failure in FAILURES]
    text = json.dumps(told, indent=1, ensure_ascii=False)
    print(text)
    if options.facts:
        options.facts.parent.mkdir(parents=True, exist_ok=True)
        options.facts.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
