"""The recipe of the speaker pool, on seconds of synthesised voices: from a manifest to a pool with a card."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from anonymizers import pool, speaker_encoder
from audio.clip import decode
from training import common
from training.__main__ import main
from training.speaker_pool import chosen

SHOWCASE = Path(__file__).resolve().parents[2] / "assets" / "showcase"
FIELDS = ("path", "corpus", "speaker", "sex", "licence", "duration_s", "speaker_in_dev")
SPOKEN = (
    ("vera_plain", "vera", "F", "no"),
    ("vera_lively", "vera", "F", "no"),
    ("edie_plain", "edie", "F", "no"),
    ("noel_plain", "noel", "M", "no"),
    ("noel_lively", "noel", "M", "no"),
    ("edie_hurried", "nameless sex", "", "no"),
    ("vera_hurried", "", "F", "no"),
    ("noel_hurried", "ls-4088", "M", "yes"),
)


def put(folder: Path, spoken: tuple[tuple[str, str, str, str], ...], mute: bool = True) -> Path:
    """Seconds of the project's own voices with a manifest, and somebody who is silent."""
    import soundfile

    rows = []
    for name, speaker, sex, in_dev in spoken:
        samples = decode(SHOWCASE / f"{name}.flac").clip.resampled(16_000).samples[8_000:24_000]
        path = folder / "read" / f"{name}.flac"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, 16_000, subtype="PCM_16")
        rows.append((f"read/{name}.flac", "showcase", speaker, sex, "Apache-2.0", 1.0, in_dev))
    if mute:
        soundfile.write(folder / "read" / "silence.flac", np.zeros(16_000), 16_000)
        rows.append(("read/silence.flac", "showcase", "mute", "F", "Apache-2.0", 1.0, "no"))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([FIELDS, *rows])
    return folder


def test_the_command_makes_a_pool_and_judges_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data, out = put(tmp_path / "data", SPOKEN), tmp_path / "models"
    assert main(["speaker-pool", "--data", str(data), "--out", str(out), "--note", "A note."]) == 0
    assert "3 speakers; written" in capsys.readouterr().out
    made, card = pool.load(out / "speaker_pool.npz"), json.loads((out / "speaker_pool.json").read_text("utf-8"))
    assert made.speakers == ("edie", "noel", "vera") == tuple(card["training_speakers"])
    assert made.sexes == ("F", "M", "F")
    assert made.unit_length
    clips = [decode(data / "read" / f"noel_{how}.flac").clip for how in ("plain", "lively")]
    mean = np.mean([speaker_encoder.embed(clip) for clip in clips], axis=0)
    assert made.vectors[1] @ mean / np.linalg.norm(mean) == pytest.approx(1, abs=1e-4)
    assert made.median_f0_hz[1] < 150 < made.median_f0_hz[2]
    assert card["clips_of_speaker"] == {"edie": 1, "noel": 2, "vera": 2}
    assert card["sha256"]["speaker_pool.npz"] == common.sha256(out / "speaker_pool.npz")
    assert card["training_data"][0]["speakers"] == 3

    heard = put(
        tmp_path / "test",
        tuple((f"{who}_{how}", f"other {who}", sex, "no")
              for who, sex in (("vera", "F"), ("edie", "F"), ("noel", "M")) for how in ("plain", "lively")),
        mute=False,
    )  # fmt: skip
    assert main(["speaker-pool", "--evaluate", str(heard), "--out", str(out)]) == 0
    judged = json.loads((out / "speaker_pool.json").read_text("utf-8"))
    fixed = judged["rules"]["fixed, same sex"]
    assert fixed["eer"] == 0.5
    assert set(judged["sex_guessed"]) == {"speaker vector", "median F0, boundary 165 Hz"}
    assert judged["training_speakers"] == card["training_speakers"]
    text = (out / "speaker_pool.md").read_text("utf-8")
    for expected in ("3 people (2 women, 1 men)", "A note.", "selec-anon, cross sex", "50.0 %", "These are people"):
        assert expected in text


def test_many_clips_are_thinned_evenly():
    spoken = [
        common.Utterance(Path(f"{place:03}"), "c", name, "F", "", "", 1.0)
        for name, count in (("much", 101), ("little", 2))
        for place in range(count)
    ]
    kept = chosen(spoken, 5)
    assert [one.path.name for one in kept["much"]] == ["000", "025", "050", "075", "100"]
    assert len(kept["little"]) == 2
    assert len(chosen(spoken, 1)["much"]) == 1


def test_what_no_pool_can_be_made_of_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["speaker-pool"]) == 1
    assert "--data is missing" in capsys.readouterr().err
    for name, spoken in (("one", SPOKEN[:2]), ("none", SPOKEN[5:])):
        assert main(["speaker-pool", "--data", str(put(tmp_path / name, spoken)), "--out", str(tmp_path)]) == 1
        assert "At least 2 speakers" in capsys.readouterr().err
