"""Fixtures every test may use: a voice made on the spot, and the shared data when it is there."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from audio.clip import Clip

settings.register_profile("voiceveil", deadline=None)  # no timed checks: a busy machine is not a fault
settings.load_profile("voiceveil")

ROOT = Path(__file__).resolve().parents[1]


def synthetic_voice(duration_s: float = 1.5, sample_rate: int = 16_000, f0_hz: float = 120.0, seed: int = 0) -> Clip:
    """Vowel-like sound: a gliding pulse train through three formants, with a pause in the middle and a little noise."""
    from scipy.signal import lfilter

    rng = np.random.default_rng(seed)
    times_s = np.arange(int(duration_s * sample_rate)) / sample_rate
    phase = np.cumsum(f0_hz * (1 + 0.15 * np.sin(2 * np.pi * 1.3 * times_s))) / sample_rate
    sound = np.diff(np.floor(phase), prepend=0.0) + 0.01 * rng.standard_normal(len(times_s))
    for formant_hz, width_hz in ((700, 90), (1220, 110), (2600, 160)):
        radius = np.exp(-np.pi * width_hz / sample_rate)
        sound = lfilter([1 - radius], [1, -2 * radius * np.cos(2 * np.pi * formant_hz / sample_rate), radius**2], sound)
    sound[int(0.45 * len(sound)) : int(0.55 * len(sound))] *= 0.001
    return Clip((0.3 * sound / np.abs(sound).max()).astype(np.float32), sample_rate)


@pytest.fixture(autouse=True, scope="module")
def speechbrain_leaves_no_placeholders() -> Iterator[None]:
    """SpeechBrain's placeholders of modules that are not installed break whoever walks through sys.modules afterwards,
    such as hypothesis in the next file of the same process."""
    yield
    if "speechbrain.utils.importutils" in sys.modules:
        from speechbrain.utils.importutils import LazyModule

        for name in [name for name, module in sys.modules.items() if isinstance(module, LazyModule)]:
            del sys.modules[name]


@pytest.fixture(scope="session")
def voice() -> Clip:
    """A short synthetic voice, 16 kHz."""
    return synthetic_voice()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of golden files and real voices; the test is skipped, saying so, when it is absent."""
    folder = Path(os.environ.get("VOICEVEIL_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip("no ../shared (golden files and real voices): set VOICEVEIL_SHARED to check against them")
    return folder


@pytest.fixture(scope="session")
def spoken() -> Clip:
    """A sentence, 16 kHz: the shortest of the project's English demo clips."""
    from audio.clip import decode

    folder = ROOT / "assets" / "demo"
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file) if row["language"] == "English"]
    return min((decode(folder / name).clip for name in names), key=lambda clip: clip.duration_s).resampled(16_000)
