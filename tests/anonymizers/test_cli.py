"""The command line: results as files, mistakes as one sentence on stderr."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anonymizers import registry
from anonymizers.__main__ import main
from audio.clip import Clip, decode, encode_wav


@pytest.fixture
def wav(tmp_path: Path, voice: Clip) -> Path:
    path = tmp_path / "in.wav"
    path.write_bytes(encode_wav(voice))
    return path


def test_list_names_every_system(capsys: pytest.CaptureFixture) -> None:
    assert main(["list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [system["key"] for system in listed] == list(registry.keys())
    assert main(["list"]) == 0
    assert "alpha_min" in capsys.readouterr().out


def test_run_writes_a_file_and_says_how(wav: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "out.wav"
    assert (
        main(
            [
                "run",
                "mcadams",
                str(wav),
                str(out),
                "--seed",
                "3",
                "--set",
                "alpha_min=0.8",
                "--set",
                "alpha_max=0.8",
                "--json",
            ]
        )
        == 0
    )
    described = json.loads(capsys.readouterr().out)
    assert described["pseudo_speaker"]["alpha"] == pytest.approx(0.8)
    assert described["seed"] == 3
    assert described["versions"]["voiceveil"]
    assert decode(out).clip.duration_s == pytest.approx(decode(wav).clip.duration_s)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["run", "nobody", "IN", "OUT"], "no system 'nobody'"),
        (["run", "mcadams", "IN", "OUT", "--set", "alpha_min"], "NAME=VALUE"),
        (["run", "mcadams", "IN", "OUT", "--set", "alpha_min=9"], "alpha_min lies between"),
        (["run", "mcadams", "MISSING", "OUT"], "could not be used"),
        (["run", "mcadams", "TEXT", "OUT"], "sound file was expected"),
        (["batch", "--systems", "mcadams", "--input", "MISSING", "--output", "OUT"], "is a folder"),
        (["batch", "--systems", "mcadams,nobody", "--input", "DIR", "--output", "OUT"], "no system 'nobody'"),
    ],
)
def test_mistakes_are_one_sentence(
    args: list[str], words: str, wav: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    names = {"IN": wav, "OUT": tmp_path / "out", "MISSING": tmp_path / "missing", "TEXT": text, "DIR": tmp_path}
    assert main([str(names.get(arg, arg)) for arg in args]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_wrong_usage_is_status_2(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run"])
    assert caught.value.code == 2


def test_batch_keeps_speakers_together_resumes_and_reports(
    tmp_path: Path, voice: Clip, capsys: pytest.CaptureFixture
) -> None:
    voices, out = tmp_path / "voices", tmp_path / "out"
    for path, gain in (("ann/1.wav", 0.5), ("ann/2.wav", 0.6), ("bob/1.wav", 0.7)):
        (voices / path).parent.mkdir(parents=True, exist_ok=True)
        (voices / path).write_bytes(encode_wav(Clip(voice.samples * gain, 16_000)))
    (voices / "bob" / "broken.wav").write_text("no sound")
    args = [
        "batch",
        "--systems",
        "mcadams",
        "--input",
        str(voices),
        "--output",
        str(out),
        "--level",
        "speaker",
        "--jobs",
        "2",
    ]
    assert main(args) == 1
    error = capsys.readouterr().err
    assert "broken.wav" in error
    assert "3 done, 0 were there already, 1 failed" in error
    alpha = {
        path: json.loads((out / "mcadams" / path).read_text())["pseudo_speaker"]["alpha"]
        for path in ("ann/1.json", "ann/2.json", "bob/1.json")
    }
    assert alpha["ann/1.json"] == alpha["ann/2.json"] != alpha["bob/1.json"]
    assert main(args) == 1
    assert "0 done, 3 were there already, 1 failed" in capsys.readouterr().err
    assert main([*args, "--seed", "1"]) == 1
    assert "3 done, 0 were there already, 1 failed" in capsys.readouterr().err
