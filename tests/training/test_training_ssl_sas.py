"""The recipe of SSL-SAS's vocoders from a folder of speech to a system that speaks with what was trained."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from anonymizers import registry, runner, ssl_sas, ssl_sas_networks, weights, yaapt
from anonymizers.nn import hifigan
from anonymizers.ssl_sas_networks import Networks
from audio.clip import Clip
from tests.anonymizers import tiny_ssl_sas
from tests.conftest import synthetic_voice
from training import common, speech_folder, ssl_sas_data
from training.__main__ import main
from training.hifigan_training import Settings

CHANNELS = 32


@dataclass(frozen=True)
class Small(Settings):
    batch: int = 2
    segment: int = 3_200
    channels: int = CHANNELS
    critics_width: int = 64


def small_sizes(content: str, kind: str, channels: int = CHANNELS) -> hifigan.Sizes:
    inputs = tiny_ssl_sas.WIDTHS[content] + 1 + tiny_ssl_sas.VECTORS[kind]
    return hifigan.Sizes(inputs, channels=channels, rates=ssl_sas_networks.RATES, kernels=ssl_sas_networks.KERNELS)


def small_heard(content: str, kind: str, device: str) -> ssl_sas_data.Heard:
    from anonymizers.nn import ecapa_voxceleb

    vectors = tiny_ssl_sas.seeded(lambda: ecapa_voxceleb.network(tiny_ssl_sas.TINY_ECAPA)) if kind == "ecapa" else None
    style = tiny_ssl_sas.speaker_of("gst") if kind == "gst" else None
    return ssl_sas_data.Heard(tiny_ssl_sas.content_of(content), vectors, style, device)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two speakers as LibriTTS has them, at 24 kHz; one clip is shorter than a crop, one file holds no sound."""
    folder = tmp_path / "train"
    for name, f0_hz in (("100", 110.0), ("200", 210.0)):
        for place, duration_s in enumerate((0.6, 0.15)):
            path = folder / name / "7" / f"{name}_7_{place}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, synthetic_voice(duration_s, 24_000, f0_hz).samples, 24_000)
    (folder / "200" / "7" / "broken.wav").write_bytes(b"no sound")
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Tiny networks in place of the real ones; the folder in which the system looks for what is trained."""
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr("training.ssl_sas.Settings", Small)
    monkeypatch.setattr("training.ssl_sas._heard", small_heard)
    monkeypatch.setattr(ssl_sas_networks, "sizes", small_sizes)
    return tmp_path / "models"


def words(data: Path, content: str, kind: str) -> list[str]:
    places = ["--data", str(data), "--work", str(data.parent / "work")]
    return ["ssl-sas", "--content", content, "--speaker", kind, *places, "--steps", "3", "--device", "cpu"]


def speaks(content: str, speaker: str, spoken: Clip) -> None:
    """The system, with tiny networks in front, says something with the vocoder that was trained."""

    def networks(content: str, kind: str) -> Networks:
        vocoder = ssl_sas_networks._vocoder(content, kind)
        return Networks(tiny_ssl_sas.content_of(content), tiny_ssl_sas.speaker_of(kind), vocoder)

    system = ssl_sas.SslSas(networks, tiny_ssl_sas.pool)
    params = runner.check_params(system.info, {"content": content, "speaker": speaker})
    result = system.anonymize(Clip(spoken.samples[8_000:16_000], 16_000), seed=1, **params)
    assert result.fidelity == "house-weights"
    assert np.isfinite(result.clip.samples).all()
    assert result.clip.samples.any()


@pytest.mark.parametrize(
    ("content", "speaker"),
    [
        ("t12-soft", "gst"),
        pytest.param("t6", "anonymised", marks=pytest.mark.slow),
        pytest.param("t1", "none", marks=pytest.mark.slow),
    ],
)
def test_from_speech_to_a_system_that_speaks(data: Path, small: Path, content: str, speaker: str, spoken: Clip) -> None:
    kind = ssl_sas.KIND_OF[speaker]
    ref = ssl_sas_networks.vocoder(content, kind)
    assert weights.status((ref,)).state == "needs training"
    assert main(words(data, content, kind)) == 0
    assert weights.status((ref,)).state == "ready"
    card = json.loads((small / ref.id / "vocoder.json").read_text(encoding="utf-8"))
    assert card["training_steps"] == 3
    assert card["training_speakers"] == ["100", "200"]
    assert card["sha256"]["vocoder.safetensors"] == common.sha256(small / ref.id / "vocoder.safetensors")
    text = (small / ref.id / "vocoder.md").read_text(encoding="utf-8")
    assert f"`python -m training ssl-sas --content {content} --speaker {kind}`" in text
    ssl_sas_networks.models().clear()
    speaks(content, speaker, spoken)
    asked = {"content": content, "speaker": speaker}
    assert ref in registry.needs("ssl-sas", runner.check_params(ssl_sas.SslSas.info, asked))


def test_a_variant_with_a_public_vocoder_is_refused(data: Path, small: Path, capsys) -> None:
    assert main(words(data, "t12-soft", "ecapa")) == 1
    assert "has one (QKTheoNguyen/psst1)" in capsys.readouterr().err


def test_frozen_networks_that_cannot_be_had_are_a_sentence(data: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("VOICEVEIL_OFFLINE", "1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert main(words(data, "t1", "none")) == 1
    assert "VOICEVEIL_OFFLINE=1 forbids" in capsys.readouterr().err


def test_an_empty_folder_is_a_sentence(small: Path, tmp_path: Path, capsys) -> None:
    (tmp_path / "empty").mkdir()
    assert main(words(tmp_path / "empty", "t1", "none")) == 1
    assert "Recordings" in capsys.readouterr().err


def test_a_corpus_is_brought_to_16_khz_once(data: Path, tmp_path: Path) -> None:
    speech = speech_folder.speech(data, tmp_path / "work")
    assert [one.speaker for one in speech.utterances] == ["100", "100", "200", "200"]
    assert [len(speech.sound(place)) for place in range(4)] == [9_600, 2_400, 9_600, 2_400]
    kept = next((tmp_path / "work").glob("*.pcm"))
    before = kept.stat().st_mtime_ns
    again = speech_folder.speech(data, tmp_path / "work")
    np.testing.assert_array_equal(again.pcm, speech.pcm)
    assert kept.stat().st_mtime_ns == before
    assert np.abs(speech.sound(0)).max() / 32768 == pytest.approx(0.3, rel=0.05)


def test_crops_depend_on_the_step_alone_and_f0_belongs_to_them(data: Path, tmp_path: Path) -> None:
    speech = speech_folder.speech(data, tmp_path / "work")
    heard = small_heard("t6", "ecapa", "cpu")
    settings = Small(seed=5, batch=4)
    examples = ssl_sas_data.Examples(speech, heard, settings, tmp_path / "work")
    frames, sound = examples.at(3)
    assert frames.shape == (4, 20, tiny_ssl_sas.WIDTHS["t6"] + 1 + tiny_ssl_sas.VECTOR)
    assert sound.shape == (4, settings.segment)
    again = ssl_sas_data.Examples(speech, heard, settings, tmp_path / "work").at(3)
    torch.testing.assert_close(again, (frames, sound))
    assert examples.steps_a_pass == 1
    f0_hz = frames[..., tiny_ssl_sas.WIDTHS["t6"]]
    assert ((f0_hz == 0) | (f0_hz > 50)).all()
    assert (f0_hz > 0).any()
    whole = yaapt.track(speech.sound(0).astype(np.float32) / 32768 * np.float32(ssl_sas_data.gain(speech.sound(0))))
    np.testing.assert_allclose(examples.tracks[0], whole)
    assert float(sound.abs().max()) <= 0.9501
