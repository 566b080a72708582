"""Intonation by two trackers: a sound's own is kept wholly, another melody is not, a copy by WORLD nearly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.clip import Clip
from experiments import house_melody, house_tables
from experiments.house_figures import Study
from experiments.house_plan import ORIGINAL, Cell, Job
from tests.experiments.test_house_study import simulated

RATE_HZ = 16_000
LIKE, UNLIKE = Cell("house", "house"), Cell("mcadams", "mcadams")


def sung(contour_hz: np.ndarray) -> np.ndarray:
    """Harmonics of F0 given every 10 ms, with silence in the middle."""
    f0_hz = np.repeat(contour_hz, 160)
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE_HZ
    sound = sum(np.sin(number * phase) / number for number in range(1, 12))
    sound[len(sound) // 2 - 1_600 : len(sound) // 2 + 1_600] = 0
    return (0.1 * sound).astype(np.float32)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    found = Study(tmp_path)
    for cell in (ORIGINAL, LIKE, UNLIKE):
        simulated(Job("words", cell), tmp_path)
    keys = found.table("files", "words", [ORIGINAL])["utterance"].unique()[:2]
    rising = 140 + 50 * np.arange(120) / 120
    for cell, contour_hz in ((ORIGINAL, rising), (LIKE, 1.3 * rising), (UNLIKE, rising[::-1])):
        folder = Job("words", cell).folder(tmp_path) / "audio" / cell.system / "trial"
        folder.mkdir(parents=True)
        for key in keys:
            soundfile.write(folder / f"{key}.flac", sung(contour_hz), RATE_HZ)
    return found


@pytest.mark.parametrize("tracker", house_melody.TRACKERS)
def test_a_transposed_melody_is_kept_and_a_reversed_one_is_not(study: Study, tracker: str):
    whole, melody = house_melody.of_cell(study, LIKE, tracker)
    assert whole.value > 0.9
    assert melody.value > 0.98
    assert house_melody.of_cell(study, UNLIKE, tracker)[1].value < 0
    copy, _ = house_melody.of_copies(study, tracker)
    assert copy.value > 0.9


def test_tracks_are_measured_once(study: Study, monkeypatch: pytest.MonkeyPatch):
    first = house_melody.of_cell(study, LIKE, "DIO")

    def again(clip: Clip) -> np.ndarray:
        raise AssertionError("This sound's F0 is known.")

    monkeypatch.setattr(house_melody, "TRACKERS", {"DIO": again})
    assert house_melody.of_cell(study, LIKE, "DIO") == first


def test_the_table_has_the_copy_and_whatever_was_run(study: Study):
    lines = house_tables.intonation(study, [LIKE, Cell("not run", "house-knn")]).splitlines()
    assert lines[0].startswith("| System | ρF0, DIO | melody alone, DIO |")
    assert [line.split(" | ")[0] for line in lines[2:]] == ["| copy by WORLD", "| house"]
    nothing = house_melody.of_cell(study, Cell("not run", "house-knn"), "DIO")
    assert np.isnan(nothing[0].value)
