"""The recipe of the emotion boundaries: what is learnt, who is left out, and the file that a system reads."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from anonymizers import emotion_compensation as compensation
from anonymizers.emotion_compensation import EMOTIONS, scaled
from audio.clip import Clip, decode, encode_wav
from tests.conftest import synthetic_voice
from training import common, emotion_boundaries
from training.__main__ import main
from training.emotion_boundaries import Acted


def acted(speakers: int = 4, each: int = 6, d: int = 16, seed: int = 0) -> Acted:
    """Vectors that were never sound: speakers differ, and so do emotions."""
    rng = np.random.default_rng(seed)
    who, how = np.divmod(np.arange(speakers * each * 4), each * 4)
    people, moods = rng.normal(size=(speakers, d)), 3 * rng.normal(size=(4, d))
    vectors = people[who] + moods[how % 4] + 0.3 * rng.normal(size=(len(who), d))
    names = np.array([f"s{place:02}" for place in who])
    return Acted(vectors, np.array(EMOTIONS)[how % 4], names, np.array([f"{place:016x}" for place in range(len(who))]))


def test_each_speaker_is_left_out_once():
    for count in (3, 10, 11, 23):
        names = [f"s{place:02}" for place in range(count)]
        left_out = emotion_boundaries.groups(np.array(names * 2))
        assert sorted(name for group in left_out for name in group) == names
        assert len(left_out) == (count if count <= 10 else 5)


def test_normals_point_at_their_emotion(tmp_path: Path):
    clips = acted()
    path = tmp_path / "out" / "boundaries.npz"
    emotion_boundaries.write(path, "ecapa", clips, emotion_boundaries.trained(clips))
    own = compensation.of(None, path)
    for place, emotion in enumerate(EMOTIONS):
        along = scaled(clips.vectors) @ own.normal(emotion)
        assert along[clips.emotions == emotion].mean() > along[clips.emotions != emotion].mean()
        decisions = own.decisions(clips.vectors)[:, place]
        assert np.all((decisions > 0) == (clips.emotions == emotion))
    np.testing.assert_array_equal(own.signs, compensation.SIGNS["ecapa"])
    assert not own.unit_length
    said = emotion_boundaries.predicted(path, clips)
    assert np.mean(np.array(said) == clips.emotions) > 0.9


def test_a_fold_never_heard_its_speaker(tmp_path: Path):
    """A speaker whose emotions are labelled at random changes every fold but the one without that speaker."""
    clips = acted()
    mixed = clips.emotions.copy()
    own = clips.speakers == "s01"
    mixed[own] = np.random.default_rng(3).permutation(mixed[own])
    before, after = (
        emotion_boundaries.trained(Acted(clips.vectors, labels, clips.speakers, clips.digests))
        for labels in (clips.emotions, mixed)
    )
    same = {name for name in before if np.array_equal(before[name][0], after[name][0])}
    assert same == {"s01"}


def put(folder: Path, speakers: int = 3) -> Path:
    folder.mkdir()
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["path", "corpus", "speaker", "sex", "licence", "duration_s", "emotion"])
        writer.writeheader()
        for number in range(speakers):
            for place, emotion in enumerate(EMOTIONS):
                name = f"{number}-{emotion}.wav"
                voice = synthetic_voice(0.6, f0_hz=90 + 40 * number + 25 * place, seed=number)
                (folder / name).write_bytes(encode_wav(Clip(voice.samples * (0.3 + 0.2 * place), 16_000)))
                writer.writerow({
                    "path": name, "corpus": "made", "speaker": f"s{number}", "licence": "CC0-1.0", "duration_s": 0.6,
                    "emotion": emotion,
                })  # fmt: skip
    return folder


def test_from_a_manifest_to_a_file_that_knows_its_clips(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    data, out = put(tmp_path / "data"), tmp_path / "out"
    asked = ["emotion-boundaries", "--data", str(data), "--out", str(out), "--note", "A note."]
    assert main(asked) == 0
    assert "held-out UAR" in capsys.readouterr().out
    folds, heard = compensation.load(out / compensation.FILE)
    assert list(folds) == ["s0", "s1", "s2", "all"]
    clip = decode(data / "1-sad.wav").clip
    assert heard[clip.digest[:16]] == "s1"
    assert compensation.of(clip, out / compensation.FILE) is folds["s1"]
    card = json.loads((out / compensation.FILE).with_suffix(".json").read_text(encoding="utf-8"))
    assert card["training_speakers"] == ["s0", "s1", "s2"]
    assert 0 <= card["uar"] <= 1
    assert np.sum(card["confusion"]) == 12
    assert card["sha256"][compensation.FILE] == common.sha256(out / compensation.FILE)
    text = (out / compensation.FILE).with_suffix(".md").read_text(encoding="utf-8")
    for expected in ("A note.", "CC0-1.0", "UAR", "--encoder house", "Limits"):
        assert expected in text


def test_too_few_speakers_and_no_emotions_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["emotion-boundaries", "--data", str(put(tmp_path / "data", speakers=2))]) == 1
    assert "At least 3 speakers who act" in capsys.readouterr().err
