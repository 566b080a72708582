"""YAAPT: the reference's values, and a track of the right length for whatever comes."""

from __future__ import annotations

import numpy as np
import pytest

from anonymizers import yaapt
from tests.conftest import synthetic_voice


def test_f0_is_the_references(shared_dir):
    """The stored track was made by the same package: another machine's arithmetic may move single frames."""
    given = np.load(shared_dir / "golden" / "ssl_sas" / "inputs.npz")
    found = yaapt.track(given["audio"])
    assert found.shape == given["f0"][0].shape
    np.testing.assert_allclose(found, given["f0"][0], atol=0.7)
    assert np.mean(np.abs(found - given["f0"][0]) < 1e-3) > 0.95


def test_f0_is_the_voices():
    found = yaapt.track(synthetic_voice(f0_hz=150).samples)
    assert np.median(found[found > 0]) == pytest.approx(150, rel=0.1)


@pytest.mark.parametrize(("space_ms", "hop"), [(10.0, 160), (20.0, 320)])
@pytest.mark.parametrize("length", [0, 1, 959, 3_200, 16_001])
def test_a_frame_each_hop_whatever_comes(length: int, hop: int, space_ms: float):
    samples = synthetic_voice(1.5).samples[:length]
    found = yaapt.track(samples, frame_ms=35.0 if hop == 320 else 20.0, space_ms=space_ms)
    assert (found.shape, found.dtype) == ((length // hop,), np.float32)
    assert np.isfinite(found).all()


@pytest.mark.parametrize("samples", [np.eye(1, 16_000, 500)[0], np.full(16_000, 0.95), np.zeros(16_000)])
def test_what_is_no_voice_has_hardly_a_voiced_frame(samples: np.ndarray):
    assert np.mean(yaapt.track(samples.astype(np.float32)) > 0) < 0.05
