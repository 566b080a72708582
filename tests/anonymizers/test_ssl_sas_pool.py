"""The pool of SSL-SAS: made once of a folder of speech, and made anew when the folder or the encoder is another."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from anonymizers import runner, ssl_sas, ssl_sas_pool, target_speech
from anonymizers.base import AnonymizerError
from anonymizers.pool import Floats
from audio.clip import Clip
from tests.anonymizers.tiny_ssl_sas import networks
from tests.conftest import synthetic_voice

SPEAKERS = {"1": 100.0, "22": 120.0, "303": 210.0, "4": 230.0}


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    """Four speakers as LibriSpeech has them, two clips each."""
    folder = tmp_path / "LibriSpeech" / "dev"
    for name, f0_hz in SPEAKERS.items():
        for clip in range(2):
            path = folder / name / "9" / f"{name}-9-{clip}.flac"
            path.parent.mkdir(parents=True, exist_ok=True)
            voice = synthetic_voice(0.6, f0_hz=f0_hz, seed=clip)
            soundfile.write(path, voice.samples, voice.sample_rate)
    return folder


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


class Heard:
    """An encoder that counts what it hears."""

    def __init__(self) -> None:
        self.clips = 0

    def __call__(self, clip: Clip) -> Floats:
        self.clips += 1
        return np.array([len(clip.samples), self.clips, 1], np.float32)


def test_vectors_are_means_and_sexes_are_guessed(speech: Path) -> None:
    made = ssl_sas_pool.made(speech, Heard())
    assert made.speakers == ("1", "22", "303", "4")
    assert made.sexes == ("M", "M", "F", "F")
    np.testing.assert_allclose(made.vectors[:, 1], [1.5, 3.5, 5.5, 7.5])


def test_sexes_are_the_corpuss_own_where_it_lists_them(speech: Path) -> None:
    (speech.parent / "SPEAKERS.TXT").write_text("; ID |SEX| SUBSET\n1   | F | dev\n22  | M | dev\n99 | F | dev\n")
    made = ssl_sas_pool.made(speech, Heard())
    assert made.sexes == ("F", "M", "F", "F")


def test_a_pool_is_made_once(speech: Path, store: Path) -> None:
    hear, told = Heard(), []
    first = ssl_sas_pool.kept(speech, "encoder", hear, lambda done, doing: told.append((done, doing)))
    assert hear.clips == 8
    assert told[-1] == (0.75, "hearing the speakers of the pool, 4 of 4")
    again = ssl_sas_pool.kept(speech, "encoder", hear)
    assert hear.clips == 8
    np.testing.assert_array_equal(again.vectors, first.vectors)
    assert len(list((store / "pools").glob("*.npz"))) == 1


def test_other_speech_or_weights_are_another_pool(speech: Path, store: Path) -> None:
    hear = Heard()
    ssl_sas_pool.kept(speech, "encoder", hear)
    ssl_sas_pool.kept(speech, "another", hear)
    assert hear.clips == 16
    shutil.rmtree(speech / "4")
    assert ssl_sas_pool.kept(speech, "encoder", hear).speakers == ("1", "22", "303")


def test_one_speaker_is_a_sentence(speech: Path, store: Path) -> None:
    for name in ("22", "303", "4"):
        shutil.rmtree(speech / name)
    with pytest.raises(AnonymizerError, match=r"Speech of at least 2 speakers was expected in dev.*but 1 can be heard"):
        ssl_sas_pool.kept(speech, "encoder", Heard())
    assert not list((store / "pools").glob("*.npz"))


def test_speakers_that_cannot_be_read_are_left_out(speech: Path) -> None:
    for path in (speech / "4").rglob("*.flac"):
        path.write_bytes(b"no sound")
    assert ssl_sas_pool.made(speech, Heard()).speakers == ("1", "22", "303")


def test_a_store_that_cannot_be_written_is_a_sentence(speech: Path, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path / "file"))
    with pytest.raises(AnonymizerError, match=r"The speaker pool is kept in .*, but it cannot be written there"):
        ssl_sas_pool.kept(speech, "encoder", Heard())


def test_the_system_makes_its_pool_of_the_target_speech(speech: Path, store: Path, monkeypatch, spoken: Clip) -> None:
    monkeypatch.setenv(target_speech.VARIABLE, str(speech))
    monkeypatch.setattr(ssl_sas_pool, "encoder_of", lambda path: "tiny")
    monkeypatch.setattr(ssl_sas.weights, "path_of", lambda ref: Path("ecapa.ckpt"))
    system = ssl_sas.SslSas(networks)
    params = runner.check_params(system.info, {"gender": "any"})
    soundfile.write(speech / "4" / "9" / "4-9-2.flac", np.full(300, 0.1), 16_000)  # too short: left out
    clip = Clip(spoken.samples[8_000:24_000], 16_000)
    result = system.anonymize(clip, seed=1, **params)
    assert {one["speaker"] for one in result.pseudo_speaker["speakers"]} <= set(SPEAKERS)
    again = system.anonymize(clip, seed=1, **params)
    np.testing.assert_array_equal(again.clip.samples, result.clip.samples)


def test_an_encoder_is_told_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "ecapa.ckpt"
    path.write_bytes(b"one")
    first = ssl_sas_pool.encoder_of(path)
    path.write_bytes(b"another")
    assert ssl_sas_pool.encoder_of(path) != first
