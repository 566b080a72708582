"""ContentVec2Mel: its networks against transformers' and closed forms, and whole with small random networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from anonymizers import contentvec2mel_networks as own
from anonymizers import ecapa, registry, runner, target_speech, weights
from anonymizers.base import AnonymizerError, Result, silent
from anonymizers.contentvec2mel import ContentVec2Mel, as_loud_as
from anonymizers.nn import contentvec, ecapa_voxceleb, hifigan, mel, mel_transformer, ssl_models
from anonymizers.nn.ssl_models import TINY
from audio.clip import Clip
from tests.anonymizers import tiny_contentvec2mel as tiny

KEY = "contentvec2mel"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda key: tiny.tiny() if key == KEY else load(key))
    monkeypatch.setattr(registry, "needs", lambda key, params: ())


def run(clip: Clip, seed: int = 0, **params: object) -> Result:
    return runner.run(clip, KEY, seed=seed, params=params)


def referee() -> torch.nn.Module:
    """transformers' HubertModel of the same size, with the final projection as the published file has it."""
    from transformers import HubertConfig, HubertModel

    config = HubertConfig(
        hidden_size=TINY.width, num_hidden_layers=TINY.layers, num_attention_heads=TINY.heads,
        intermediate_size=TINY.inner, conv_dim=(TINY.channels,) * 7,
        num_conv_pos_embeddings=TINY.position_kernel, num_conv_pos_embedding_groups=TINY.position_groups,
    )  # fmt: skip
    torch.manual_seed(0)
    module = HubertModel(config).eval()
    module.final_proj = torch.nn.Linear(TINY.width, 8)
    return module


def test_content_is_that_of_transformers(spoken: Clip):
    theirs = referee()
    module = contentvec.network(TINY, 8)
    module.load_state_dict(contentvec.from_transformers(theirs.state_dict()))
    module.eval()
    samples = spoken.samples[:16_123]
    found = contentvec.content(module, samples)
    padded = np.pad(samples, (80, 320 * 51 - len(samples)))
    with torch.inference_mode():
        expected = theirs.final_proj(theirs(torch.from_numpy(padded)[None]).last_hidden_state)[0]
    assert found.shape == (51, 8)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_weight_norm_as_older_files_have_it_fits_too(spoken: Clip):
    """The published file was saved before torch renamed weight norm's tensors."""
    theirs = referee().state_dict()
    before = "encoder.pos_conv_embed.conv."
    old = {
        name.replace(f"{before}parametrizations.weight.original0", f"{before}weight_g").replace(
            f"{before}parametrizations.weight.original1", f"{before}weight_v"
        ): tensor
        for name, tensor in theirs.items()
    }
    assert set(old) != set(theirs)
    one, other = (contentvec.network(TINY, 8) for _ in range(2))
    for module, state in ((one, theirs), (other, old)):
        module.load_state_dict(contentvec.from_transformers(state))
    np.testing.assert_array_equal(*(contentvec.content(m.eval(), spoken.samples[:8_000]) for m in (one, other)))


@pytest.mark.parametrize("length", [1, 319, 320, 321, 5_000])
def test_a_frame_of_content_for_every_begun_20_ms(length: int):
    samples = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    content = tiny.networks().content(samples)
    assert content.shape == (-(-length // 320), tiny.CONTENT)
    frames = tiny.networks().mel(content, np.ones(tiny.VECTOR, np.float32))
    assert frames.shape == (2 * len(content), mel.N_MELS)
    assert tiny.networks().vocoder(frames).shape == (320 * len(content),)


def test_mel_depends_on_the_speakers_direction_and_not_on_the_vectors_length():
    rng = np.random.default_rng(0)
    content = rng.standard_normal((10, tiny.CONTENT)).astype(np.float32)
    one, other = rng.standard_normal((2, tiny.VECTOR)).astype(np.float32)
    mel_of = tiny.networks().mel
    np.testing.assert_allclose(mel_of(content, 30 * one), mel_of(content, one), atol=1e-4)
    assert np.abs(mel_of(content, other) - mel_of(content, one)).max() > 0.01


def test_mel_of_a_long_sound_in_pieces_is_as_in_one(monkeypatch: pytest.MonkeyPatch):
    content = np.random.default_rng(0).standard_normal((300, tiny.CONTENT)).astype(np.float32)
    frames = tiny.networks().mel(content, np.ones(tiny.VECTOR, np.float32))
    whole = tiny.networks().vocoder(frames)
    monkeypatch.setattr(own, "SPOKEN_FRAMES", 100)
    np.testing.assert_allclose(tiny.networks().vocoder(frames), whole, atol=1e-5)
    monkeypatch.setattr(own, "LONGEST_FRAMES", 100)
    assert tiny.networks().mel(content, np.ones(tiny.VECTOR, np.float32)).shape == frames.shape


def test_the_published_sizes():
    assert own.VOCODER.hop == mel.HOP
    with torch.device("meta"):
        transformer, vocoder, hears = (
            mel_transformer.network(own.TRANSFORMER), hifigan.network(own.VOCODER), contentvec.network()
        )  # fmt: skip
    count = {one: sum(p.numel() for p in one.parameters()) for one in (transformer, vocoder, hears)}
    assert 11e6 < count[transformer] < 13e6
    assert 13e6 < count[vocoder] < 15e6
    assert abs(4 * count[hears] - contentvec.WEIGHTS.bytes) < 500_000  # float32, as large as the published file


def test_another_speaker_speaks_and_is_told(spoken: Clip):
    short = Clip(spoken.samples[:16_000], 16_000)
    result = run(short, seed=3)
    assert result.fidelity == "house-weights"
    assert {one["speaker"] for one in result.pseudo_speaker["speakers"]} <= set(tiny.speakers().speakers)
    assert run(short, speaker="original").pseudo_speaker == {"speaker": "original"}
    sounds = {
        run(short, seed=3, **params).clip.digest
        for params in ({}, {"speaker": "original"}, {"gender": "cross"}, {"rule": "fixed"}, {"vector_noise_db": 0.0})
    }
    assert len(sounds) == 5
    moved = run(short, seed=3, emotion_compensation="sad")
    assert moved.pseudo_speaker["emotion_distance"] == -30
    assert moved.clip.digest not in sounds


@pytest.mark.parametrize("gain", [1.0, 0.001])
def test_it_is_as_loud_as_the_source_and_hears_any_level_alike(spoken: Clip, gain: float):
    clip = Clip(spoken.samples[:16_000] * np.float32(gain), 16_000)
    said, plain = run(clip).clip.samples, run(Clip(spoken.samples[:16_000], 16_000)).clip.samples
    np.testing.assert_allclose(said, gain * plain, atol=1e-4 * gain)
    assert np.sqrt(np.mean(said**2)) == pytest.approx(np.sqrt(np.mean(clip.samples**2)), rel=1e-3)
    np.testing.assert_array_equal(as_loud_as(np.zeros(5, np.float32), clip.samples[:5]), 0)


def test_what_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    params = runner.check_params(ContentVec2Mel.info, {})
    assert ContentVec2Mel.needs(params) == (*own.WEIGHTS, target_speech.DEV_CLEAN)
    assert ContentVec2Mel.needs({**params, "speaker": "original"}) == own.WEIGHTS
    monkeypatch.setenv("VOICEVEIL_TARGETS", str(tmp_path))
    (last,) = set(ContentVec2Mel.needs({**params, "emotion_compensation": "predicted"})) - set(own.WEIGHTS)
    assert last.id == "emotion-boundaries-ecapa"
    assert set(ContentVec2Mel.needs({**params, "emotion_compensation": "sad"})) <= set(ContentVec2Mel.every_weight)
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    told = weights.status(ContentVec2Mel.info.weights)
    assert told.state == "needs training"
    assert "python -m training contentvec2mel --data DIR" in told.detail


def test_without_weights_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    with pytest.raises(AnonymizerError, match="ContentVec"):
        own.published()
    with pytest.raises(AnonymizerError, match="ECAPA-TDNN"):
        own._pool(silent)


def test_ecapa_hears_long_clips_in_pieces(spoken: Clip):
    torch.manual_seed(0)
    sizes = ecapa_voxceleb.Sizes(20, (8, 8, 8, 8, 24), attention_channels=4, se_channels=4, res2net_scale=2)
    network = ecapa_voxceleb.network(sizes).eval()
    twice = Clip(np.tile(np.resize(spoken.samples, 15 * 16_000), 2), 16_000)
    once = Clip(twice.samples[: len(twice.samples) // 2], 16_000)
    np.testing.assert_allclose(ecapa.embed_by(network, twice), ecapa.embed_by(network, once), rtol=1e-3, atol=1e-4)
    assert ecapa.WIDTH == ecapa_voxceleb.Sizes().lin_neurons == own.TRANSFORMER.speaker
    assert ssl_models.BASE.width == 768
