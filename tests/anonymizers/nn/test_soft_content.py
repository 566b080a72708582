"""The soft content head against the reference, and files of weights whose names are not known for certain."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anonymizers.base import AnonymizerError
from anonymizers.nn import soft_content, ssl_models

UNITS, WIDTH = 10, ssl_models.TINY.width


def small_hubert() -> Any:
    torch.manual_seed(0)
    return ssl_models.hubert_base(ssl_models.TINY).eval()


def test_logits_are_the_references(shared_dir) -> None:
    folder = shared_dir / "golden" / "ssl_sas"
    weight = load_file(folder / "state.safetensors")["soft200.latent_encoder.W"]
    given, wanted = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
    found = soft_content.logits(torch.from_numpy(given["hubert_feat"])[None], weight)[0]
    np.testing.assert_allclose(found, wanted["soft_logits"], atol=1e-6)


def test_layers_are_counted_from_one_and_the_last_is_the_output() -> None:
    module, sound = small_hubert(), torch.randn(2, 3_200)
    with torch.inference_mode():
        found = [soft_content.layer(module, sound, number) for number in (1, 2, 3)]
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
    ("prefix", "nested"), [("", False), ("ssl_model.", False), ("model.hubert.", False), ("", True)]
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
        ({"W": torch.zeros(UNITS, WIDTH)}, "0 tensors of HuBERT"),
        ({"encoder.x": torch.zeros(2)}, "and 0 of that shape"),
        (
            {"encoder.x": torch.zeros(2), "a": torch.zeros(UNITS, WIDTH), "b": torch.zeros(UNITS, WIDTH)},
            "and 2 of that shape",
        ),
    ],
)
def test_other_files_are_a_sentence(state: dict[str, Any], said: str) -> None:
    with pytest.raises(AnonymizerError, match=said):
        soft_content.tensors(state, UNITS, WIDTH)
