"""The house speaker encoder as the app hears with it: features, vectors, card, refusals."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import speaker_encoder
from anonymizers.base import AnonymizerError
from anonymizers.nn import ecapa
from audio.clip import Clip, decode

SHOWCASE = Path(__file__).resolve().parents[2] / "assets" / "showcase"


def voices(*names: str) -> list[Clip]:
    return [decode(SHOWCASE / f"{name}.flac").clip for name in names]


@given(st.integers(512, 4000), st.floats(0.01, 100))
@settings(max_examples=25)
def test_features_do_not_hear_the_level_and_have_no_mean(length: int, gain: float):
    samples = np.random.default_rng(length).normal(0, 0.1, length).astype(np.float32)
    mel = ecapa.features(samples)
    assert mel.dtype == np.float32
    assert mel.shape == ((length - 512) // 240 + 1, 64)
    assert np.abs(mel.mean(axis=0)).max() < 1e-4
    assert np.allclose(ecapa.features(np.float32(gain) * samples), mel, atol=1e-3)


def test_a_batch_hears_what_each_alone_hears():
    samples = np.random.default_rng(0).normal(0, 0.1, (3, 8000)).astype(np.float32)
    together = ecapa.features(samples)
    assert np.allclose(together, [ecapa.features(one) for one in samples], atol=1e-5)


def test_silence_has_finite_features():
    assert not ecapa.features(np.zeros(2000, np.float32)).any()


def test_mel_bands_are_those_of_librosa():
    from librosa.filters import mel

    theirs = mel(sr=16_000, n_fft=512, n_mels=64, fmin=20, fmax=7_600, htk=True, norm=None)
    assert np.allclose(ecapa._mel_bands(), theirs.T, atol=1e-5)
    assert (theirs.sum(axis=1) > 0).all()


def test_a_vector_of_unit_length_that_is_the_same_every_time(spoken: Clip):
    first, again = speaker_encoder.embed(spoken), speaker_encoder.embed(spoken)
    assert first.shape == (192,)
    assert first.dtype == np.float32
    assert np.linalg.norm(first) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(first, again)
    louder = speaker_encoder.embed(Clip(0.1 * spoken.samples, 16_000))
    assert first @ louder > 0.999


@pytest.mark.parametrize("duration_s", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_short_clips_at_any_rate(voice: Clip, duration_s: float, rate_hz: int):
    clip = voice.resampled(rate_hz)
    short = Clip(clip.samples[: int(np.ceil(duration_s * rate_hz))], rate_hz)
    assert np.linalg.norm(speaker_encoder.embed(short)) == pytest.approx(1, abs=1e-5)


def test_a_long_clip_is_heard_in_pieces_and_sounds_like_its_parts(spoken: Clip):
    times = int(np.ceil(45 / spoken.duration_s))
    long = Clip(np.tile(spoken.samples, times), 16_000)
    assert long.duration_s > 2 * speaker_encoder.LONGEST_S
    assert speaker_encoder.embed(long) @ speaker_encoder.embed(spoken) > 0.8


@pytest.mark.parametrize(
    ("clip", "came"),
    [
        (Clip(np.zeros(16_000), 16_000), "silence"),
        (Clip(np.ones(800), 16_000), "0.05 s"),
        (Clip(np.ones(0), 8), "0.00 s"),
    ],
)
def test_too_little_sound_is_refused_in_a_sentence(clip: Clip, came: str):
    with pytest.raises(AnonymizerError, match=rf"At least 0.1 s of sound was expected, but {came} came"):
        speaker_encoder.embed(clip)


def test_a_missing_model_is_named_with_the_mend(tmp_path: Path, voice: Clip, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(speaker_encoder, "MODEL", tmp_path / "speaker_encoder.onnx")
    assert not speaker_encoder.available()
    with pytest.raises(AnonymizerError, match=r"speaker_encoder\.onnx, which is not here.*python -m training"):
        speaker_encoder.embed(voice)
    with pytest.raises(AnonymizerError, match=r"speaker_encoder\.json, which is not here"):
        speaker_encoder.card()


def test_a_network_without_its_weights_is_as_good_as_missing(
    tmp_path: Path, voice: Clip, monkeypatch: pytest.MonkeyPatch
):
    alone = tmp_path / "speaker_encoder.onnx"
    alone.write_bytes(speaker_encoder.MODEL.read_bytes())
    monkeypatch.setattr(speaker_encoder, "MODEL", alone)
    assert not speaker_encoder.available()
    with pytest.raises(AnonymizerError, match=r"speaker_encoder\.safetensors, which is not here"):
        speaker_encoder.embed(voice)


def test_the_network_holds_no_weights_of_its_own_and_names_the_file_that_does():
    network, weights = speaker_encoder._files(speaker_encoder.MODEL)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert digest.encode() in network.read_bytes()
    assert network.stat().st_size < 100_000
    assert weights.stat().st_size < 2.1 * speaker_encoder.card()["parameters"]


def test_one_voice_is_more_like_itself_than_like_another():
    vera, again, edie, noel = map(
        speaker_encoder.embed, voices("vera_plain", "vera_lively", "edie_plain", "noel_plain")
    )
    assert vera @ again > max(vera @ edie, vera @ noel)


def test_the_card_is_of_these_files_and_within_the_bounds():
    card = speaker_encoder.card()
    for name, digest in card["sha256"].items():
        assert hashlib.sha256((speaker_encoder.MODEL.parent / name).read_bytes()).hexdigest() == digest, name
    assert card["parameters"] <= 2_500_000
    assert card["eer"] <= 0.09
    assert card["eer_interval_95"][0] <= card["eer"] <= card["eer_interval_95"][1]
    assert len(card["training_speakers"]) > 200
    assert not set(card["training_speakers"]) & set(card["test_speakers"])
    assert not any(speaker.startswith("ravdess") for speaker in card["training_speakers"])
    assert all(entry["licence"] and "NC" not in entry["licence"] for entry in card["training_data"])


@pytest.mark.slow
def test_the_cards_figure_on_voices_it_never_heard(shared_dir: Path):
    from training.common import read_manifest
    from training.speaker_encoder import is_read_speech
    from training.verification import figures

    card = speaker_encoder.card()
    test = read_manifest(
        shared_dir / "data" / "dev", lambda row: is_read_speech(row) and row["speaker"] in card["test_speakers"]
    )
    found = np.stack([speaker_encoder.embed(decode(utterance.path).clip) for utterance in test])
    assert figures(found, test)["all"]["eer"] == pytest.approx(card["eer"], abs=0.002)


def test_hearing_imports_no_torch():
    code = (
        "import sys, anonymizers.speaker_encoder; sys.exit(bool({'torch', 'onnxruntime', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
