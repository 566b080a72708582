"""Make the voices of the shipped gallery and their manifest: python -m assets.showcase.make_voices

Three speakers say one sentence each in four speaking styles: settings of the synthesiser, not acted emotions.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from anonymizers.speech_synthesis import Voice, synthesise
from audio.clip import Clip

HERE = Path(__file__).parent
SAMPLE_RATE_HZ = 16_000
PEAK = 0.17
"""Low, for small files: the gallery plays every sound at one level anyway."""
LEAD_S, TAIL_S = 0.05, 0.1
"""Silence kept before and after the words."""
SILENCE = 0.01
"""Share of the peak below which a sample counts as silence."""
LICENCE = "CC0-1.0"

STYLES = {
    "plain": {},
    "lively": {"pitch": 14, "pitch_range": 38, "rate_wpm": 12},
    "subdued": {"pitch": -12, "pitch_range": -38, "rate_wpm": -32},
    "hurried": {"pitch": 5, "pitch_range": 8, "rate_wpm": 70},
}
"""What each style adds to a voice: espeak-ng's pitch and pitch range (0 to 100), and words a minute."""


@dataclass(frozen=True)
class Speaker:
    """Who speaks, and the sentence."""

    name: str
    voice: Voice
    sentence: str

    def styled(self, style: str) -> Voice:
        """The voice in a style."""
        return replace(self.voice, **{name: getattr(self.voice, name) + more for name, more in STYLES[style].items()})


SPEAKERS = (
    Speaker("vera", Voice("en-us", "f3", 50, 50, 160), "I had no idea that you were coming home today."),
    Speaker("noel", Voice("en-gb-x-rp", "m4", 48, 52, 158), "They told me on the phone that we should wait outside."),
    Speaker("edie", Voice("en", "f5", 54, 50, 156), "Nobody in the room knew what to say about it."),
)


def make(speaker: Speaker, style: str) -> Clip:
    """One clip: 16 kHz, at one peak, with little silence around the words."""
    clip = synthesise(speaker.sentence, speaker.styled(style)).resampled(SAMPLE_RATE_HZ)
    level = np.abs(clip.samples) / np.abs(clip.samples).max()
    loud = np.flatnonzero(level > SILENCE)
    start = max(0, int(loud[0]) - int(LEAD_S * SAMPLE_RATE_HZ))
    kept = clip.samples[start : int(loud[-1]) + int(TAIL_S * SAMPLE_RATE_HZ)]
    return Clip(kept * (PEAK / np.abs(kept).max()), SAMPLE_RATE_HZ)


def row(speaker: Speaker, style: str) -> dict[str, str]:
    """A clip's line in the manifest."""
    return {
        "file": f"{speaker.name}_{style}.flac",
        "speaker": speaker.name,
        "sex": speaker.voice.sex,
        "language": "English",
        "style": style,
        "transcript": speaker.sentence,
        "licence": LICENCE,
    }


def write(folder: Path) -> None:
    """All clips, as 16-bit FLAC, and manifest.csv into `folder`."""
    import soundfile

    every = [(speaker, style) for style in STYLES for speaker in SPEAKERS]
    for speaker, style in every:
        clip = make(speaker, style)
        pcm = np.rint(32767.0 * clip.samples).astype(np.int16)
        path = folder / row(speaker, style)["file"]
        soundfile.write(path, pcm, clip.sample_rate, format="FLAC", subtype="PCM_16")
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as out:
        lines = csv.DictWriter(out, list(row(*every[0])), lineterminator="\n")
        lines.writeheader()
        lines.writerows(row(*one) for one in every)


if __name__ == "__main__":
    write(HERE)
    sys.exit(0)
