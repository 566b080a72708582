"""Global style tokens against the reference implementation, with the same random weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anonymizers.nn import gst


@pytest.fixture(scope="module")
def module(shared_dir) -> gst.Module:
    state = load_file(shared_dir / "golden" / "sttts" / "state.safetensors")
    network = gst.network()
    network.load_state_dict({name.removeprefix("gst."): one for name, one in state.items() if name.startswith("gst.")})
    return network.eval()


@pytest.fixture(scope="module")
def golden(shared_dir) -> tuple:
    folder = shared_dir / "golden" / "sttts"
    return np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")


def test_styles_are_the_references(module: gst.Module, golden: tuple) -> None:
    given, wanted = golden
    with torch.inference_mode():
        found = module(torch.from_numpy(given["gst_in_rand"])).numpy()
    np.testing.assert_allclose(found, wanted["gst_out_rand"], atol=1e-4)


@pytest.mark.parametrize("clip", ["F", "EF"])
def test_a_clips_style_is_the_references(module: gst.Module, golden: tuple, clip: str) -> None:
    given, wanted = golden
    mel = gst.log_mel(torch.from_numpy(given[f"wav_{clip}"] / np.abs(given[f"wav_{clip}"]).max()))
    np.testing.assert_allclose(mel.numpy(), wanted[f"logmel_{clip}"], atol=1e-3)
    start = int(wanted[f"style_crop_start_{clip}"][0])
    where = type("Fixed", (), {"integers": lambda self, low, high: start})()
    cut = gst.crop(mel, where)
    np.testing.assert_allclose(cut.numpy(), wanted[f"style_crop_{clip}"], atol=1e-3)
    with torch.inference_mode():
        exact = module(torch.from_numpy(wanted[f"style_crop_{clip}"])[None])[0].numpy()
        ours = module(cut[None])[0].numpy()
    np.testing.assert_allclose(exact, wanted[f"style_{clip}"], atol=1e-4)
    np.testing.assert_allclose(ours, wanted[f"style_{clip}"], atol=1e-3)


@pytest.mark.parametrize("length", [1, 300, 2_000, 80_000])
def test_any_length_has_a_style_that_the_generator_decides(length: int) -> None:
    torch.manual_seed(0)
    network = gst.network(gst.Sizes(convolutions=(4,) * 6, recurrent=8, tokens=3, heads=2)).eval()
    samples = np.random.default_rng(0).standard_normal(length).astype(np.float32)
    first, again, other = (gst.style(network, samples, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (first.shape, first.dtype) == ((8,), np.float32)
    np.testing.assert_array_equal(first, again)
    louder = gst.style(network, 0.1 * samples, np.random.default_rng(1))
    np.testing.assert_allclose(louder, first, atol=1e-4)
    assert np.isfinite(other).all()
