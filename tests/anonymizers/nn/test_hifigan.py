"""HiFi-GAN's generator against the reference implementations of kNN-VC and SSL-SAS, with the same random weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anonymizers.base import AnonymizerError
from anonymizers.nn import hifigan
from tests.anonymizers.filled import filled

KNN = hifigan.Sizes(192, 64, channels=64)
SSL_RATES = {"rates": (5, 4, 2, 2, 2), "kernels": (11, 8, 4, 4, 4)}
TOLERANCE = 1e-5


def heard(module: hifigan.Module, frames: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return module(torch.from_numpy(frames)).numpy()


@pytest.mark.parametrize("form", ["state", "state_folded"])
def test_the_generator_of_knn_vc_gives_the_references_sound(form: str, shared_dir) -> None:
    folder = shared_dir / "golden" / "knn_vc"
    module = filled(hifigan.network(KNN), load_file(folder / f"{form}.safetensors"))
    given, wanted = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
    np.testing.assert_allclose(heard(module, given["gen_in_b2"]), wanted["gen_out_b2"][:, 0], atol=TOLERANCE)


@pytest.mark.parametrize(("name", "inputs", "channels"), [("soft200", 393, 64), ("ssl768", 961, 32)])
def test_the_generator_of_ssl_sas_gives_the_references_sound(name: str, inputs: int, channels: int, shared_dir) -> None:
    folder = shared_dir / "golden" / "ssl_sas"
    state = {
        key.removeprefix(f"{name}."): tensor
        for key, tensor in load_file(folder / "state.safetensors").items()
        if key.startswith(f"{name}.") and "latent_encoder" not in key
    }
    module = filled(hifigan.network(hifigan.Sizes(inputs, channels=channels, **SSL_RATES)), state)
    wanted = np.load(folder / "outputs.npz")
    found = heard(module, wanted[f"{name}_gen_in"].T[None])[0]
    np.testing.assert_allclose(found, wanted[f"{name}_wav"], atol=TOLERANCE)


def test_a_frame_becomes_as_many_samples_as_the_rates_say() -> None:
    sizes = hifigan.Sizes(6, channels=32, **SSL_RATES)
    assert sizes.hop == 160
    assert heard(hifigan.network(sizes), np.zeros((2, 7, 6), np.float32)).shape == (2, 7 * 160)


def test_weight_norm_is_folded_as_torch_does_it() -> None:
    plain = torch.nn.utils.parametrizations.weight_norm(torch.nn.Conv1d(3, 4, 5))
    found = hifigan.folded(
        {
            "a.weight_g": plain.parametrizations.weight.original0,
            "a.weight_v": plain.parametrizations.weight.original1,
            "a.bias": plain.bias,
        }
    )
    assert set(found) == {"a.weight", "a.bias"}
    torch.testing.assert_close(found["a.weight"], plain.weight)


def test_weights_of_another_network_are_refused() -> None:
    other = hifigan.network(hifigan.Sizes(6, channels=16)).state_dict()
    with pytest.raises(AnonymizerError, match=r"another network.*size mismatch"):
        filled(hifigan.network(hifigan.Sizes(7, channels=16)), other)
