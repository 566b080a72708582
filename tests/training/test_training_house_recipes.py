"""The recipes of the house networks from a manifest to files that the house systems speak with; a few steps each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from anonymizers import house_knn, house_model, house_voice, pool, registry, runner, speaker_encoder
from anonymizers.nn import decoder, mel, phone_encoder
from anonymizers.nn.postfilter import sharpened, voiced_only
from anonymizers.pool import Pool
from audio.clip import Clip
from tests.training.house_speech import put
from tests.training.test_training_house import SmallCausal, SmallDecoder, SmallPhones
from training import common
from training.__main__ import main

pytestmark = pytest.mark.slow
RECIPES = {
    "house_encoder": "phone-encoder",
    "house_encoder_causal": "phone-encoder-causal",
    "house_decoder": "house-decoder",
}
SHIPPED = house_model.FOLDER
OWN = {"phone-encoder": [], "phone-encoder-causal": ["--teacher"], "house-decoder": ["--encoder"]}


def words(recipe: str, folder: Path) -> list[str]:
    own = [word for option in OWN[recipe] for word in (option, str(folder / "out"))]
    places = ["--data", str(folder / "data"), "--out", str(folder / "out"), "--work", str(folder / recipe)]
    return [recipe, *places, "--steps", "3", "--device", "cpu", "--note", "A note.", *own]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Data, and what the recipes make of it in out/; the systems use it while these tests run."""
    folder = tmp_path_factory.mktemp("house")
    put(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(phone_encoder, "BLOCKS", 1)
        patch.setattr(decoder, "BLOCKS", 1)
        patch.setattr("training.phone_encoder.Settings", SmallPhones)
        patch.setattr("training.phone_encoder_causal.Settings", SmallCausal)
        patch.setattr("training.house_decoder.Settings", SmallDecoder)
        patch.setattr(house_model, "FOLDER", folder / "out")
        for recipe in RECIPES.values():
            assert main(words(recipe, folder)) == 0
        for name in house_model.WHO_SPEAKS:  # not of these recipes: as shipped
            shutil.copyfile(SHIPPED / name, folder / "out" / name)
        yield folder


@pytest.mark.parametrize("name", RECIPES)
def test_a_card_tells_of_what_and_how(folder: Path, name: str):
    card = json.loads((folder / "out" / f"{name}.json").read_text(encoding="utf-8"))
    assert card["model"] == name
    assert card["training_speakers"] == ["edie", "noel", "vera"]
    assert card["training_steps"] == 3
    assert card["seed"] == 7
    assert card["training_hours"] > 0
    assert {one["licence"] for one in card["training_data"]} == {"CC0-1.0"}
    for kind in (".onnx", ".safetensors"):
        assert card["sha256"][name + kind] == common.sha256(folder / "out" / (name + kind))
    text = (folder / "out" / f"{name}.md").read_text(encoding="utf-8")
    for expected in ("No proof of anonymity", "A note.", f"`python -m training {RECIPES[name]}`", "CC0-1.0", "seed 7"):
        assert expected in text
    assert (folder / "out" / f"{name}.safetensors").stat().st_mode & 0o044 == 0o044


def test_more_is_told_where_there_is_more(folder: Path):
    cards = {name: json.loads((folder / "out" / f"{name}.json").read_text(encoding="utf-8")) for name in RECIPES}
    weights = common.sha256(folder / "out" / "house_encoder.safetensors")
    assert 0 < cards["house_encoder"]["aligned_share"] < 1  # German is not aligned
    assert cards["house_encoder_causal"]["teacher_sha256"] == weights
    assert len(cards["house_encoder_causal"]["ordinary_mel"]) == mel.N_MELS
    assert cards["house_decoder"]["encoder_sha256"] == weights


def test_the_encoder_in_onnx_is_the_one_in_torch(folder: Path):
    frames = np.random.default_rng(0).standard_normal((101, mel.N_MELS)).astype(np.float32)
    content = house_model.encoded(frames)
    module = phone_encoder.load(folder / "out" / "house_encoder.safetensors", causal=False)
    with torch.inference_mode():
        soft, phones = module.whole(torch.from_numpy(frames[None]))
        codes, _ = phone_encoder.quantised(soft, module.codebook)
    np.testing.assert_allclose(content.soft, soft[0], atol=1e-3)
    np.testing.assert_allclose(content.phones, phones[0], atol=1e-3)
    assert np.mean(np.abs(content.codes - codes[0].numpy()).max(1) < 1e-3) > 0.95


def test_the_causal_encoder_in_onnx_too(folder: Path):
    frames = np.random.default_rng(0).standard_normal((60, mel.N_MELS)).astype(np.float32)
    module = phone_encoder.load(folder / "out" / "house_encoder_causal.safetensors", causal=True)
    with torch.inference_mode():
        soft, _ = module.whole(torch.from_numpy(frames[None]))
    live = house_model.LiveEncoder()
    after = np.zeros((phone_encoder.STRIDE * phone_encoder.DELAY, mel.N_MELS), np.float32)
    pieces = np.split(np.concatenate((frames, after)), [1, 2, 9, 40])
    np.testing.assert_allclose(np.concatenate([live.push(piece).soft for piece in pieces]), soft[0], atol=1e-3)


def test_the_decoder_in_onnx_too(folder: Path):
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((40, decoder.INPUTS)).astype(np.float32)
    speaker = (rng.standard_normal(decoder.SPEAKER) / decoder.SPEAKER**0.5).astype(np.float32)
    module = decoder.load(folder / "out" / "house_decoder.safetensors")
    with torch.inference_mode():
        gains = module.whole(torch.from_numpy(frames[None]), torch.from_numpy(speaker[None]))[0]
    live = house_model.LiveDecoder(speaker)
    found = [live.push(piece) for piece in np.split(frames, [1, 3, 20])]
    wanted = voiced_only(sharpened(gains.numpy()), frames[:, house_model.VOICED] > 0)
    np.testing.assert_allclose(np.concatenate((*found, live.flush())), wanted, atol=1e-3)


@pytest.mark.parametrize("recipe", RECIPES.values())
def test_another_training_in_the_same_place_is_refused(folder: Path, recipe: str, capsys: pytest.CaptureFixture[str]):
    assert main([*words(recipe, folder), "--seed", "8"]) == 1
    assert "is under way there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("recipe", "why"), [("phone-encoder-causal", "A teacher was"), ("house-decoder", "An encoder was")]
)
def test_without_an_encoder_there_is_nothing_to_teach(
    folder: Path, recipe: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    asked = words(recipe, folder)
    asked[-1] = str(tmp_path)
    assert main(asked) == 1
    assert f"{why} expected at" in capsys.readouterr().err


def test_frames_of_other_speakers_are_kept_and_found(
    folder: Path, spoken: Clip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    vectors = np.eye(4, speaker_encoder.EMBEDDING_SIZE, dtype=np.float32)
    known = Pool(("edie", "noel", "vera", "zoe"), ("F", "M", "F", "F"), vectors,
                 np.float32([200, 110, 190, 220]), np.full(4, 2, np.float32))  # fmt: skip
    monkeypatch.setattr(pool, "load", lambda: known)
    asked = ["house-frames", "--data", str(folder / "data"), "--out", str(folder / "out")]
    assert main(asked) == 0
    frames = house_knn.load(folder / "out" / "house_frames.npz")
    assert frames.pool.speakers == ("edie", "noel", "vera")
    soft = house_voice.hear(spoken.samples).content.soft
    assert frames.content.shape[1] == soft.shape[1]
    card = json.loads((folder / "out" / "house_frames.json").read_text(encoding="utf-8"))
    assert card["encoder_sha256"] == common.sha256(folder / "out" / "house_encoder.safetensors")
    assert card["frames"] == len(frames.content)
    assert card["sha256"]["house_frames.npz"] == common.sha256(folder / "out" / "house_frames.npz")
    result = runner.run(Clip(spoken.samples[:16_000], 16_000), "house-knn")
    assert {one["speaker"] for one in result.pseudo_speaker["speakers"]} <= {"edie", "noel", "vera"}
    assert main([*asked, "--corpus", "nameless"]) == 1
    assert "nothing in" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["house", "house-stream"])
def test_systems_speak_with_what_was_trained(folder: Path, key: str, spoken: Clip):
    assert registry.status(key).state == "ready"
    result = runner.run(Clip(spoken.samples[:16_000], 16_000), key)
    assert np.isfinite(result.clip.samples).all()
    assert result.clip.samples.any()
