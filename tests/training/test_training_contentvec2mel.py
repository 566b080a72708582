"""The recipe of ContentVec2Mel: crops that fit together, losses that fall, and a system that speaks with the result."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from anonymizers import contentvec2mel_networks as networks
from anonymizers import ecapa, registry, runner, weights
from anonymizers.contentvec2mel import ContentVec2Mel
from anonymizers.models import Models
from anonymizers.nn import contentvec, mel_transformer, ssl_models
from anonymizers.weights import WeightRef
from audio.clip import Clip
from tests.anonymizers import tiny_contentvec2mel as tiny
from tests.training.house_speech import put
from training import common, contentvec2mel
from training.__main__ import main
from training.contentvec2mel_data import Crops, Hearing, Known, known
from training.contentvec2mel_training import Settings, Spoken, TransformerLoop
from training.hifigan_training import Settings as VocoderSettings


@dataclass(frozen=True)
class SmallTransformer(Settings):
    batch: int = 4
    frames: int = 20
    learning_rate: float = 1e-2


@dataclass(frozen=True)
class SmallVocoder(VocoderSettings):
    batch: int = 2
    segment: int = 3_200
    critics_width: int = 64


HEARING = Hearing(tiny.networks().content, tiny.networks().speaker, "tiny")


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> common.Speech:
    return common.load_speech(common.read_manifest(put(tmp_path_factory.mktemp("speech") / "data", ("plain",))))


@pytest.fixture(scope="module")
def heard(speech: common.Speech, tmp_path_factory: pytest.TempPathFactory) -> Known:
    return known(speech, HEARING, tmp_path_factory.mktemp("heard"))


def test_what_was_heard_is_kept(speech: common.Speech, heard: Known, tmp_path: Path):
    for _ in range(2):
        again = known(speech, HEARING, tmp_path)
        np.testing.assert_array_equal(again.vectors, heard.vectors)
    deaf = Hearing(lambda samples: pytest.fail("heard again"), lambda clip: pytest.fail("heard again"), "tiny")
    np.testing.assert_array_equal(known(speech, deaf, tmp_path).means, heard.means)
    assert len(list(tmp_path.iterdir())) == len({one.digest for one in map(clip_of(speech), range(len(heard.gains)))})
    for places in speech.of_speaker().values():
        np.testing.assert_allclose(heard.means[places], np.tile(heard.vectors[places].mean(0), (len(places), 1)))


def clip_of(speech: common.Speech):
    return lambda place: Clip(speech.sound(place) / np.float32(32768), 16_000)


def test_silence_is_said(speech: common.Speech, tmp_path: Path):
    silent = common.Speech(speech.utterances, np.zeros_like(speech.pcm), speech.starts)
    with pytest.raises(common.TrainingError, match="is silent"):
        known(silent, HEARING, tmp_path)


def test_crops_are_content_mel_and_sound_of_one_moment(speech: common.Speech, heard: Known):
    crops = Crops(speech, heard, batch=6, frames=12, seed=1)
    batch, again = crops.of_step(3), crops.of_step(3)
    assert batch.content.shape == (6, 12, tiny.CONTENT)
    assert batch.mel.shape == (6, 24, 80)
    assert batch.sound.shape == (6, 320 * 12)
    np.testing.assert_array_equal(batch.content, again.content)
    assert not np.array_equal(batch.content, crops.of_step(4).content)
    inner = networks.normalised_mel(batch.sound[0])[2:-2]  # the edges of a crop hear nothing beyond it
    np.testing.assert_allclose(batch.mel[0, 2:-2], inner, atol=1e-4)
    known_vectors = {row.tobytes() for row in (*heard.vectors, *heard.means)}
    assert {row.tobytes() for row in batch.vectors} <= known_vectors
    whole = [content.astype(np.float32) for content in heard.content]
    assert any(np.array_equal(one[i : i + 12], batch.content[0]) for one in whole for i in range(len(one)))


def test_the_transformers_loss_falls_and_a_killed_training_is_the_same(
    speech: common.Speech, heard: Known, tmp_path: Path
):
    def loop(folder: str) -> TransformerLoop:
        settings = SmallTransformer(steps=16)
        crops = Crops(speech, heard, batch=settings.batch, frames=settings.frames, seed=0)
        return TransformerLoop(crops, tiny.TRANSFORMER, settings, tmp_path / folder, "cpu")

    whole, part = loop("whole"), loop("part")
    whole.run()
    part.run(stop_after=6)
    resumed = loop("part")
    assert resumed.step == 6
    resumed.run()
    for name, tensor in whole.module.state_dict().items():
        torch.testing.assert_close(resumed.module.state_dict()[name], tensor, rtol=0, atol=0)
    losses = np.genfromtxt(tmp_path / "whole" / "log.csv", delimiter=",", names=True)["loss"]
    assert losses[-5:].mean() < 0.8 * losses[:5].mean()


def test_the_vocoder_hears_both_mels_and_their_sound(speech: common.Speech, heard: Known):
    crops = Crops(speech, heard, batch=2, frames=10, seed=0)
    torch.manual_seed(0)
    drawing = mel_transformer.network(tiny.TRANSFORMER)
    examples = Spoken(crops, drawing)
    own = 0
    for step in range(12):
        frames, sound = examples.at(step)
        batch = crops.of_step(step)
        drawn = drawing(torch.from_numpy(batch.content), torch.from_numpy(batch.vectors))
        assert not frames.requires_grad
        np.testing.assert_array_equal(sound, batch.sound)
        for place in range(2):
            is_own = np.array_equal(frames[place], batch.mel[place])
            own += is_own
            assert is_own or torch.allclose(frames[place], drawn[place], atol=1e-5)
    assert 4 < own < 20


def words(folder: Path) -> list[str]:
    places = ["--data", str(folder / "data"), "--work", str(folder / "work")]
    return ["contentvec2mel", *places, "--steps", "3", "--vocoder-steps", "2", "--device", "cpu", "--note", "A note."]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tiny networks of our own in place of the full ones; a store of their own."""
    put(tmp_path / "data", ("plain",))
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path / "store"))
    monkeypatch.setattr(networks, "TRANSFORMER", tiny.TRANSFORMER)
    monkeypatch.setattr(networks, "VOCODER", tiny.VOCODER)
    monkeypatch.setattr(contentvec2mel, "Settings", SmallTransformer)
    monkeypatch.setattr(contentvec2mel.hifigan_training, "Settings", SmallVocoder)
    return tmp_path


def test_a_few_steps_and_the_system_speaks_with_them(
    small: Path, monkeypatch: pytest.MonkeyPatch, spoken: Clip, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(contentvec2mel, "hearing", lambda: HEARING)
    assert weights.status((networks.OWN,)).state == "needs training"
    assert main(words(small)) == 0
    assert weights.status((networks.OWN,)).state == "ready"
    assert main([*words(small), "--seed", "9"]) == 1
    assert "is under way there" in capsys.readouterr().err

    hears = contentvec.network(ssl_models.TINY, tiny.CONTENT)
    monkeypatch.setattr(networks, "models", lambda: store)
    monkeypatch.setattr(networks, "load_contentvec", lambda: hears)
    monkeypatch.setattr(networks, "_pool", lambda progress: tiny.speakers())
    monkeypatch.setattr(ecapa, "embed", tiny.vector_of)
    monkeypatch.setattr(registry, "load", lambda key: ContentVec2Mel())
    monkeypatch.setattr(registry, "needs", lambda key, params: (networks.OWN,))
    store = Models(10**9)
    result = runner.run(Clip(spoken.samples[:16_000], 16_000), "contentvec2mel")
    assert result.fidelity == "house-weights"
    assert result.clip.samples.any()
    assert set(store.kept) == {"contentvec", "contentvec2mel-transformer", "contentvec2mel-vocoder"}


def test_the_card_tells_of_what_and_how(small: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contentvec2mel, "hearing", lambda: HEARING)
    assert main([*words(small), "--out", str(small / "out")]) == 0
    card = json.loads((small / "out" / "contentvec2mel.json").read_text(encoding="utf-8"))
    assert card["training_speakers"] == ["edie", "noel", "vera"]
    assert {name: one["steps"] for name, one in card["trainings"].items()} == {
        networks.TRANSFORMER_FILE: 3, networks.VOCODER_FILE: 2,
    }  # fmt: skip
    for name in card["trainings"]:
        assert card["sha256"][name] == common.sha256(small / "out" / name)
    text = (small / "out" / "contentvec2mel.md").read_text(encoding="utf-8")
    for expected in ("Our own reading", "A note.", "CC0-1.0", "No proof of anonymity", "python -m training"):
        assert expected in text


def test_without_published_weights_and_network_it_says_so(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def refused(refs: tuple[WeightRef, ...]) -> None:
        raise contentvec2mel.AnonymizerError("the weights cannot be had.")

    monkeypatch.setattr(contentvec2mel.weights_ready, "prepare_weights", refused)
    assert main(words(small)) == 1
    assert "cannot be had" in capsys.readouterr().err
