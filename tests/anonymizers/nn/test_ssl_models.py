"""WavLM and HuBERT, with transformers' as referees by the same random weights, and the names of Microsoft's file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers.base import AnonymizerError
from anonymizers.nn import ssl_models
from anonymizers.nn.spans import spans
from anonymizers.nn.ssl_models import TINY

MICROSOFTS = (
    (r"feature_extractor\.conv_layers\.(\d+)\.conv\.weight", r"feature_extractor.conv_layers.\1.0.weight"),
    (r"feature_extractor\.conv_layers\.(\d+)\.layer_norm\.", r"feature_extractor.conv_layers.\1.2.1."),
    (r"feature_projection\.projection\.", "post_extract_proj."),
    (r"feature_projection\.layer_norm\.", "layer_norm."),
    (r"masked_spec_embed", "mask_emb"),
    (r"pos_conv_embed\.conv\.parametrizations\.weight\.original0", "pos_conv.0.weight_g"),
    (r"pos_conv_embed\.conv\.parametrizations\.weight\.original1", "pos_conv.0.weight_v"),
    (r"pos_conv_embed\.conv\.", "pos_conv.0."),
    (r"attention\.gru_rel_pos_const", "self_attn.grep_a"),
    (r"attention\.gru_rel_pos_linear", "self_attn.grep_linear"),
    (r"attention\.rel_attn_embed", "self_attn.relative_attention_bias"),
    (r"attention\.([qkv]|out)_proj", r"self_attn.\1_proj"),
    (r"(layers\.\d+)\.layer_norm", r"\1.self_attn_layer_norm"),
    (r"feed_forward\.intermediate_dense", "fc1"),
    (r"feed_forward\.output_dense", "fc2"),
)
"""From transformers' names to those in Microsoft's checkpoint, as transformers' conversion script pairs them."""


def sound(samples: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(samples).astype(np.float32) * 0.1


def shaken(module: torch.nn.Module) -> torch.nn.Module:
    """The module with random numbers in every tensor, norms and biases too."""
    generator = torch.Generator().manual_seed(0)
    for parameter in module.parameters():
        parameter.data = 0.3 * torch.randn(parameter.shape, generator=generator) + (parameter.ndim == 1)
    return module.eval()


@pytest.fixture(scope="module")
def referee() -> torch.nn.Module:
    from transformers import WavLMConfig, WavLMModel

    sizes = {"num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2, "num_buckets": 8}
    config = WavLMConfig(
        hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32, conv_dim=(8,) * 7, **sizes,
        feat_extract_norm="layer", do_stable_layer_norm=True, conv_bias=False, max_bucket_distance=800,
    )  # fmt: skip
    return shaken(WavLMModel(config))


@pytest.fixture(scope="module")
def microsofts(referee: torch.nn.Module) -> dict[str, torch.Tensor]:
    state = {}
    for name, tensor in referee.state_dict().items():
        for old, new in MICROSOFTS:
            name = re.sub(old, new, name)
        state[name] = tensor
    return state


def test_wavlm_with_microsofts_names_hears_what_transformers_hears(referee, microsofts) -> None:
    module = ssl_models.wavlm_large(TINY)
    module.load_state_dict(ssl_models.from_microsoft(microsofts, TINY.layers))
    samples = sound(16_000)
    with torch.inference_mode():
        wanted = referee(torch.from_numpy(samples)[None], output_hidden_states=True).hidden_states
    for layer in (1, 2):  # transformers puts a norm after the last one
        found = ssl_models.features(module.eval(), samples, layer)
        assert found.shape == (49, 16)
        np.testing.assert_allclose(found, wanted[layer][0].numpy(), atol=1e-4 * float(wanted[layer].std()))


def test_the_first_blocks_alone_hear_the_same(microsofts) -> None:
    whole, part = ssl_models.wavlm_large(TINY), ssl_models.wavlm_large(replace(TINY, layers=2))
    whole.load_state_dict(ssl_models.from_microsoft(microsofts, 3))
    part.load_state_dict(ssl_models.from_microsoft(microsofts, 2))
    samples = sound(4_000)
    two, three = ssl_models.several(whole.eval(), samples, (2, 3))
    np.testing.assert_array_equal(ssl_models.features(part.eval(), samples, 2), two)
    assert not np.allclose(two, three)


def test_a_checkpoint_as_the_release_of_knn_vc_has_it_is_read(monkeypatch, microsofts, tmp_path: Path) -> None:
    monkeypatch.setattr(ssl_models, "LARGE", TINY)
    torch.save({"cfg": {"encoder_layers": 24}, "model": microsofts}, tmp_path / "WavLM-Large.pt")
    module = ssl_models.load_wavlm_large(tmp_path / "WavLM-Large.pt", 2)
    assert not module.training
    assert ssl_models.features(module, sound(4_000), 2).shape == (12, 16)


def test_another_networks_weights_are_refused_in_a_sentence(tmp_path: Path) -> None:
    torch.save({"model": {"something.else": torch.zeros(3)}}, tmp_path / "WavLM-Large.pt")
    with pytest.raises(AnonymizerError, match="weights of another network"):
        ssl_models.load_wavlm_large(tmp_path / "WavLM-Large.pt", 1)


def test_hubert_base_hears_what_transformers_hears() -> None:
    from transformers import HubertConfig, HubertModel

    config = HubertConfig(
        hidden_size=16, num_hidden_layers=3, num_attention_heads=2, intermediate_size=32, conv_dim=(8,) * 7,
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2, feat_extract_norm="group", conv_bias=False,
    )  # fmt: skip
    referee = shaken(HubertModel(config))
    module = ssl_models.hubert_base(TINY)
    module.feature_extractor.load_state_dict(referee.feature_extractor.state_dict())
    module.encoder.feature_projection.load_state_dict(referee.feature_projection.state_dict())
    module.encoder.transformer.load_state_dict(referee.encoder.state_dict())
    samples = sound(8_000)
    with torch.inference_mode():
        wanted = referee(torch.from_numpy(samples)[None], output_hidden_states=True).hidden_states
    for layer in (1, 2, 3):
        found = ssl_models.features(module.eval(), samples, layer)
        np.testing.assert_allclose(found, wanted[layer][0].numpy(), atol=1e-4 * float(wanted[layer].std()))


@pytest.mark.parametrize("samples", [400, 719, 720, 5_001, 16_000])
def test_a_frame_every_20_ms_without_padding(samples: int) -> None:
    module = ssl_models.wavlm_large(TINY).eval()
    assert len(ssl_models.features(module, sound(samples), 1)) == (samples - 80) // 320


def test_less_than_one_frame_is_said_so() -> None:
    with pytest.raises(AnonymizerError, match=r"25 ms of sound, one frame of the encoder, was expected, but 24\.9 ms"):
        ssl_models.features(ssl_models.wavlm_large(TINY), sound(399), 1)


def test_long_sounds_in_pieces_have_as_many_frames_and_nearly_the_same_ones(monkeypatch) -> None:
    module = shaken(ssl_models.wavlm_large(TINY))
    samples = sound(16_123)
    whole = ssl_models.features(module, samples, 1)
    monkeypatch.setattr(ssl_models, "LONGEST_FRAMES", 20)
    monkeypatch.setattr(ssl_models, "CONTEXT_FRAMES", 10)
    pieces = ssl_models.features(module, samples, 1)
    assert pieces.shape == whole.shape
    likeness = np.sum(pieces * whole, axis=1) / np.linalg.norm(pieces, axis=1) / np.linalg.norm(whole, axis=1)
    assert np.median(likeness) > 0.95


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 50), st.integers(0, 20))
def test_pieces_keep_every_frame_once(count: int, longest: int, context: int) -> None:
    kept = [list(range(one.start, one.stop))[one.own] for one in spans(count, longest, context)]
    assert [frame for piece in kept for frame in piece] == list(range(count))
    assert max(map(len, kept)) <= longest
