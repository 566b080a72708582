"""The soft content head against the reference, and files of weights whose names are not known for certain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torchaudio.models import wav2vec2_model

from anonymizers.base import AnonymizerError
from anonymizers.nn import hubert, soft_content

UNITS, WIDTH = 10, 16


def small_hubert() -> Any:
    """HuBERT's kind of network, tiny: the same hop, three layers."""
    kernels = ((10, 5), (3, 2), (3, 2), (3, 2), (3, 2), (2, 2), (2, 2))
    torch.manual_seed(0)
    return wav2vec2_model(
        extractor_mode="group_norm",
        extractor_conv_layer_config=[(8, kernel, stride) for kernel, stride in kernels],
        extractor_conv_bias=False,
        encoder_embed_dim=WIDTH,
        encoder_projection_dropout=0.0,
        encoder_pos_conv_kernel=8,
        encoder_pos_conv_groups=2,
        encoder_num_layers=3,
        encoder_num_heads=2,
        encoder_attention_dropout=0.0,
        encoder_ff_interm_features=16,
        encoder_ff_interm_dropout=0.0,
        encoder_dropout=0.0,
        encoder_layer_norm_first=False,
        encoder_layer_drop=0.0,
        aux_num_out=None,
    ).eval()


def test_logits_are_the_references(shared_dir) -> None:
    folder = shared_dir / "golden" / "ssl_sas"
    weight = load_file(folder / "state.safetensors")["soft200.latent_encoder.W"]
    given, wanted = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
    found = soft_content.logits(torch.from_numpy(given["hubert_feat"])[None], weight)[0]
    np.testing.assert_allclose(found, wanted["soft_logits"], atol=1e-6)


def test_layers_are_counted_from_one_and_the_last_is_the_output() -> None:
    module, sound = small_hubert(), torch.randn(2, 3_200)
    with torch.inference_mode():
        found = [hubert.layer(module, sound, number) for number in (1, 2, 3)]
        np.testing.assert_allclose(found[2], module(sound)[0], atol=1e-6)
    assert found[0].shape == (2, 9, WIDTH)
    assert not torch.allclose(found[0], found[1])


def named(prefix: str, nested: bool) -> dict[str, Any]:
    """A file of weights as a publisher might have named them."""
    torch.manual_seed(1)
    head = torch.randn(UNITS, WIDTH)
    state = small_hubert().state_dict()
    if nested:
        return {"hubert": state, "head": {"W": head}, "steps": 7}
    return {**{f"{prefix}{name}": tensor for name, tensor in state.items()}, "W": head}


@pytest.mark.parametrize(
    ("prefix", "nested"), [("", False), ("ssl_model.", False), ("encoder_of_speech.", False), ("", True)]
)
def test_files_fit_whatever_their_prefixes(prefix: str, nested: bool) -> None:
    network = soft_content.network(small_hubert(), UNITS, WIDTH, 3)
    network.load_state_dict(soft_content.tensors(named(prefix, nested), UNITS, WIDTH))
    torch.manual_seed(1)
    torch.testing.assert_close(network.weight, torch.nn.Parameter(torch.randn(UNITS, WIDTH)))
    assert network(torch.randn(1, 3_200)).shape == (1, 9, UNITS)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"W": torch.zeros(UNITS, WIDTH)}, "A HuBERT under torchaudio's names"),
        ({"encoder.x": torch.zeros(2)}, "one tensor of 10 x 16"),
        ({"encoder.x": torch.zeros(2), "a": torch.zeros(UNITS, WIDTH), "b": torch.zeros(UNITS, WIDTH)}, "holds 2"),
    ],
)
def test_other_files_are_a_sentence(state: dict[str, Any], said: str) -> None:
    with pytest.raises(AnonymizerError, match=said):
        soft_content.tensors(state, UNITS, WIDTH)
