from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audio.__main__ import main
from audio.clip import Clip, encode_wav
from audio.features import FEATURES

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def voice_file(voice: Clip, tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    path.write_bytes(encode_wav(voice))
    return path


def test_a_table_for_people(voice_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["features", str(voice_file)]) == 0
    printed, errors = capsys.readouterr()
    assert errors == ""
    lines = printed.splitlines()
    assert "1.50 s at 16000 Hz" in lines[0]
    for name, unit in (("Spectral centroid", "Hz"), ("Spectral kurtosis", "1"), ("Loudness", "LUFS"), ("ΔF0", "Hz/s")):
        assert any(line.startswith(name) and line.endswith(f"  {unit}") for line in lines)


def test_json_holds_every_frame_and_no_nan(voice_file: Path, capsys: pytest.CaptureFixture[str], voice: Clip) -> None:
    assert main(["features", str(voice_file), "--json"]) == 0
    report = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert report["features"].keys() == FEATURES.keys()
    centroid, pitch = report["features"]["spectral_centroid"], report["features"]["f0"]
    assert len(centroid["values"]) == len(centroid["times_s"]) == 1 + (len(voice.samples) - 400) // 160
    assert centroid["unit"] == "Hz"
    assert None in pitch["values"]
    assert report["integrated_lufs"] == pytest.approx(-20, abs=15)
    assert report["peak_dbfs"] == pytest.approx(20 * np.log10(0.3), abs=0.1)


def test_silence_is_measured_as_undefined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "silence.wav"
    path.write_bytes(encode_wav(Clip(np.zeros(16_000), 16_000)))
    assert main(["features", str(path)]) == 0
    assert "–" in capsys.readouterr().out
    assert main(["features", str(path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert report["integrated_lufs"] is None
    assert report["peak_dbfs"] is None
    assert report["speech_s"] == 0
    assert report["features"]["spectral_centroid"]["median"] is None


@pytest.mark.parametrize("content", [b"", b"no sound at all", None], ids=["empty", "text", "missing"])
def test_what_is_no_sound_file_gives_one_sentence_and_status_1(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "voice.wav"
    if content is not None:
        path.write_bytes(content)
    assert main(["features", str(path)]) == 1
    printed, errors = capsys.readouterr()
    assert printed == ""
    assert errors.count("\n") == 1
    assert str(path) in errors
    assert "expected" in errors


@pytest.mark.parametrize("arguments", [[], ["features"], ["measure", "x.wav"]])
def test_bad_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: python -m audio" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["features", "--help"]])
def test_help_has_an_example(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 0
    assert "example: python -m audio features" in capsys.readouterr().out


def test_the_command_itself(voice_file: Path) -> None:
    command = [sys.executable, "-m", "audio", "features", str(voice_file), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["sample_rate_hz"] == 16_000
