"""HiFi-GAN's critics and losses, and the loop that trains a generator with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from anonymizers.nn import hifigan
from tests.anonymizers.filled import filled
from training import hifigan_losses
from training.hifigan_training import Settings, VocoderLoop

SMALL = Settings(steps=6, batch=2, segment=1_600, critics_width=64, channels=32)
SIZES = hifigan.Sizes(5, channels=SMALL.channels, rates=(5, 4, 2, 2, 2), kernels=(11, 8, 4, 4, 4))


def test_the_critics_are_as_large_as_the_published_ones() -> None:
    """41.1 and 29.6 million parameters (weight norm has one more a channel than a plain layer)."""
    with torch.device("meta"):
        critics = hifigan_losses.critics()
    counts = [sum(one.numel() for one in part.parameters()) for part in (critics.periods, critics.scales)]
    assert counts[0] == pytest.approx(41.1e6, rel=0.005)
    assert counts[1] == pytest.approx(29.6e6, rel=0.005)


def test_critics_hear_any_length() -> None:
    critics = hifigan_losses.critics(64)
    for length in (1_600, 8_959, 8_960):
        found = critics(torch.randn(2, length))
        assert len(found) == 8
        assert [len(one) for one in found] == [6] * 5 + [8] * 3


def test_losses_are_their_formulas() -> None:
    real = [[torch.ones(2), torch.tensor([1.0, 0.5])], [torch.zeros(2), torch.tensor([1.0])]]
    made = [[torch.zeros(2), torch.tensor([0.0, 0.5])], [torch.zeros(2), torch.tensor([1.0])]]
    assert hifigan_losses.critics_loss(real, made).item() == pytest.approx(0.125 + 0.125 + 0 + 1)
    assert hifigan_losses.adversarial_loss(made).item() == pytest.approx((1 + 0.25) / 2)
    assert hifigan_losses.feature_loss(real, made).item() == pytest.approx(1 + 0.5)
    sound = torch.randn(2, 8_960)
    assert hifigan_losses.mel_loss(sound, sound).item() == 0
    assert hifigan_losses.mel_loss(sound, 10 * sound).item() == pytest.approx(np.log(10), rel=1e-3)
    assert hifigan_losses.log_mel(sound).shape == (2, 35, 80)


def test_mel_spectra_are_librosas() -> None:
    librosa = pytest.importorskip("librosa")
    sound = np.random.default_rng(0).standard_normal(8_960).astype(np.float32)
    padded = np.pad(sound, 384, "reflect")
    magnitude = np.abs(librosa.stft(padded, n_fft=1024, hop_length=256, center=False))
    wanted = np.log(np.maximum(librosa.filters.mel(sr=16_000, n_fft=1024, n_mels=80) @ magnitude, 1e-5)).T
    np.testing.assert_allclose(hifigan_losses.log_mel(torch.from_numpy(sound)[None])[0], wanted, atol=1e-3)


def examples(step: int) -> tuple[Any, Any]:
    """A tone whose level the frames tell."""
    generator = torch.Generator().manual_seed(step)
    level = torch.rand((2, 1), generator=generator)
    sound = level * torch.sin(torch.arange(SMALL.segment) / 10)
    return level[:, None].expand(2, SMALL.segment // 160, 5), sound


def loop(folder: Path, settings: Settings = SMALL) -> VocoderLoop:
    return VocoderLoop(lambda: hifigan.network(SIZES), examples, settings, 2, folder)


@pytest.mark.slow
def test_a_resumed_training_is_the_same_training(tmp_path: Path) -> None:
    whole = loop(tmp_path / "whole")
    whole.run(stop_after=4)
    first = loop(tmp_path / "parts")
    first.run(stop_after=2)
    second = loop(tmp_path / "parts")
    assert second.step == 2
    second.run(stop_after=2)
    for name, tensor in hifigan_losses.plain_state(whole.module).items():
        torch.testing.assert_close(hifigan_losses.plain_state(second.module)[name], tensor, msg=name)
    lines = (tmp_path / "parts" / "log.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["step", "0", "1", "2", "3"]
    rates = [float(line.split(",")[5]) for line in lines[1:]]
    np.testing.assert_allclose(rates, [2e-4, 2e-4, 2e-4 * 0.999, 2e-4 * 0.999], rtol=1e-5)


def test_what_is_shipped_is_what_was_trained(tmp_path: Path) -> None:
    training = loop(tmp_path)
    training.run(stop_after=1)
    plain = filled(hifigan.network(SIZES), hifigan_losses.plain_state(training.module))
    frames = torch.randn(1, 7, 5)
    with torch.inference_mode():
        torch.testing.assert_close(plain(frames), training.module(frames))
