"""How far the phones of one sound are from another's: none from itself, and what is learned goes to the given sound."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from anonymizers.nn import mel, phone_encoder
from training.phone_distance import log_mel, phone_distance

SOUND = np.random.default_rng(0).standard_normal((2, 4_800)).astype(np.float32) * 0.1


def test_log_mel_is_what_the_encoder_hears() -> None:
    expected = np.stack([(heard := mel.log_mel(one)) - heard.mean(0) for one in SOUND])
    np.testing.assert_allclose(log_mel(torch.from_numpy(SOUND)).numpy(), expected, atol=2e-4)


def test_none_to_itself_and_some_to_another() -> None:
    torch.manual_seed(0)
    encoder = phone_encoder.network().eval().requires_grad_(False)
    target, given = torch.from_numpy(SOUND), torch.from_numpy(SOUND[::-1].copy()).requires_grad_(True)
    assert float(phone_distance(target, target, encoder)) == pytest.approx(0, abs=1e-6)
    distance = phone_distance(given, target, encoder)
    assert float(distance.detach()) > 1e-6
    distance.backward()
    assert torch.isfinite(given.grad).all()
    assert given.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in encoder.parameters())
