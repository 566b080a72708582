"""Make the demo clips of this folder and their manifest: python -m assets.demo.make_demo"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from anonymizers.speech_synthesis import Voice, synthesise
from audio.clip import Clip

HERE = Path(__file__).parent
SAMPLE_RATE_HZ = 16_000
PEAK = 0.7
LEAD_S, TAIL_S = 0.05, 0.15
"""Silence kept before and after the words."""
SILENCE = 0.01
"""Share of the peak below which a sample counts as silence."""
LICENCE = "CC0-1.0"
SOURCE = "made by the VoiceVeil project with espeak-ng; see LICENSE.md"


@dataclass(frozen=True)
class Demo:
    """One clip: where it goes, what is said, and by whom."""

    name: str
    title: str
    language: str
    voice: Voice
    transcript: str

    @property
    def file(self) -> str:
        return f"{self.name}.flac"


DEMOS = (
    Demo(
        "morning-train", "Morning train (synthetic, American)", "English", Voice("en-us", "m6", 50, 55, 160),
        "The morning train was late again, so we sat on the bench, shared some bread, and watched the children play.",
    ),
    Demo(
        "garden-letter", "Garden letter (synthetic, American)", "English", Voice("en-us", "f5", 50, 55, 160),
        "My sister wrote me a letter about the garden. She says the yellow roses are open, and the boys love the pond.",
    ),
    Demo(
        "thursday-choir", "Thursday choir (synthetic, British)", "English", Voice("en-gb-x-rp", "f2", 45, 65, 155),
        "Could you both join the choir on Thursday? We are short of voices, and the music is a joy to sing.",
    ),
    Demo(
        "frozen-orchard", "Frozen orchard (synthetic, Scottish)", "English", Voice("en-gb-scotland", "m7", 50, 60, 150),
        "The usual bus was late, so Ruth and I walked through the frozen orchard and watched the geese fly south.",
    ),
    Demo(
        "junger-fuchs", "Junger Fuchs (synthetic, German)", "German", Voice("de", "m1", 55, 55, 145),
        "Gestern früh stand plötzlich ein junger Fuchs vor der Küchentür und schaute neugierig durch das Glas.",
    ),
)  # fmt: skip


def make(demo: Demo) -> Clip:
    """The clip of a demo: 16 kHz, at one peak, with little silence around the words."""
    clip = synthesise(demo.transcript, demo.voice).resampled(SAMPLE_RATE_HZ)
    level = np.abs(clip.samples) / np.abs(clip.samples).max()
    loud = np.flatnonzero(level > SILENCE)
    start = max(0, int(loud[0]) - int(LEAD_S * SAMPLE_RATE_HZ))
    kept = clip.samples[start : int(loud[-1]) + int(TAIL_S * SAMPLE_RATE_HZ)]
    return Clip(kept * (PEAK / np.abs(kept).max()), SAMPLE_RATE_HZ)


def row(demo: Demo) -> dict[str, str]:
    """A demo's line in the manifest."""
    return {
        "file": demo.file,
        "title": demo.title,
        "speaker": f"espeak-ng {demo.voice.name}",
        "sex": demo.voice.sex,
        "language": demo.language,
        "emotion": "",
        "transcript": demo.transcript,
        "licence": LICENCE,
        "source": SOURCE,
    }


def write(folder: Path) -> None:
    """All clips, as 16-bit FLAC, and manifest.csv into `folder`."""
    import soundfile

    for demo in DEMOS:
        clip = make(demo)
        pcm = np.rint(32767.0 * clip.samples).astype(np.int16)
        soundfile.write(folder / demo.file, pcm, clip.sample_rate, format="FLAC", subtype="PCM_16")
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as out:
        lines = csv.DictWriter(out, list(row(DEMOS[0])), lineterminator="\n")
        lines.writeheader()
        lines.writerows(row(demo) for demo in DEMOS)


if __name__ == "__main__":
    write(HERE)
    sys.exit(0)
