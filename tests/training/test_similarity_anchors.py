"""The recipe of the anchors, end to end on a few made voices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from anonymizers import speaker_encoder
from audio.clip import encode_wav
from tests.conftest import synthetic_voice
from training.__main__ import main

HEAD = "path,corpus,speaker,sex,licence,duration_s\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two people of one sex, two utterances each; and one clip that is no read speech."""
    rows = []
    for number, f0_hz in enumerate((100, 104, 210, 218)):
        path = tmp_path / "read" / f"{number}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(encode_wav(synthetic_voice(1.0, f0_hz=f0_hz, seed=number)))
        rows.append(f"read/{path.name},Made,made-{number // 2},F,CC0-1.0,1.0\n")
    (tmp_path / "manifest.csv").write_text(HEAD + "".join(rows) + "emotional/x.wav,Made,made-9,F,CC0-1.0,1.0\n")
    return tmp_path


def run(data: Path, out: Path) -> int:
    return main(["similarity-anchors", "--data", str(data), "--out", str(out)])


def test_anchors_of_made_voices(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "anchors.json"
    assert run(data, out) == 0
    made = json.loads(out.read_text())
    assert made["speakers"] == 2
    assert made["data"][0]["clips"] == 4
    for key, size in (("house", speaker_encoder.EMBEDDING_SIZE), ("mfcc", 24)):
        one = made["attackers"][key]
        assert (one["same_trials"], one["different_trials"]) == (2, 4)
        assert len(one["same"]) == len(one["different"]) == 101
        assert len(one["centre"]) == len(one["spread"]) == size
        assert np.median(one["same"]) > np.median(one["different"])
    first = out.read_bytes()
    assert run(data, out) == 0
    assert out.read_bytes() == first


def test_one_speaker_has_no_pairs_of_two(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = data / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("made-1", "made-0"))
    assert run(data, tmp_path / "anchors.json") == 1
    assert "Two speakers of one sex" in capsys.readouterr().err
