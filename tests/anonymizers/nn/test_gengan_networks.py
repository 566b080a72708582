"""GenGAN's networks and MelGAN against the reference implementations: GenGAN's and GenderNet's published weights, and
random ones for MelGAN."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anonymizers.nn import gender_net, griffin_lim, melgan, unet_filter
from anonymizers.nn.hifigan import Module
from tests.anonymizers.filled import filled

VOICES = ["F", "M"]


def published(prefix: str, module: Module, shared_dir) -> Module:
    """`module` with the published weights of that prefix, read where they lie."""
    state = load_file(shared_dir / "golden" / "gengan" / "state.safetensors")
    return filled(
        module, {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    )


def golden(item: str, shared_dir) -> tuple:
    folder = shared_dir / "golden" / item
    return np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")


@pytest.mark.parametrize("voice", VOICES)
def test_the_generator_gives_the_references_spectrogram(voice: str, shared_dir) -> None:
    given, wanted = golden("gengan", shared_dir)
    module = published("netG.", unet_filter.network(), shared_dir)
    with torch.inference_mode():
        found = module(torch.from_numpy(wanted[f"norm_{voice}"])[None, None], torch.from_numpy(given[f"z_{voice}"]))
    np.testing.assert_allclose(found[0, 0], wanted[f"gen_{voice}"], atol=1e-4)


@pytest.mark.parametrize("voice", VOICES)
def test_gender_net_answers_as_the_reference(voice: str, shared_dir) -> None:
    given, wanted = golden("gengan", shared_dir)
    module = published("gendernet.", gender_net.network(), shared_dir)
    cut = gender_net.windows(given[f"wav_{voice}"])[:4]
    with torch.inference_mode():
        np.testing.assert_allclose(module(torch.from_numpy(cut)[:, None]), wanted[f"gendernet_{voice}"], atol=1e-4)
    female = gender_net.femininity(module, cut)
    assert np.median(female) > 0.99 if voice == "F" else np.median(female) < 0.5


@pytest.mark.parametrize("rate_hz", [22_050, 16_000])
def test_log_mel_is_melgans(rate_hz: int, shared_dir) -> None:
    given, wanted = golden("melgan", shared_dir)
    found = melgan.log_mel(torch.from_numpy(given["wav"])[None], rate_hz)[0]
    np.testing.assert_allclose(found, wanted[f"logmel_sr{rate_hz}"], atol=1e-4)


def test_the_bands_are_slaneys(shared_dir) -> None:
    np.testing.assert_allclose(melgan.bands(22_050), golden("melgan", shared_dir)[1]["mel_basis_22050"], atol=1e-6)


def test_melgan_gives_the_references_sound(shared_dir) -> None:
    given, wanted = golden("melgan", shared_dir)
    state = load_file(shared_dir / "golden" / "melgan" / "state.safetensors")
    module = filled(melgan.network(melgan.Sizes(channels=8)), state)
    with torch.inference_mode():
        np.testing.assert_allclose(module(torch.from_numpy(given["mel_in"])[None])[0], wanted["wav_gen"], atol=1e-5)


def test_blocks_of_a_long_spectrogram_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    module, mel, told = melgan.network(melgan.Sizes(channels=2)).eval(), torch.randn(80, 150), []
    with torch.inference_mode():
        whole = module(mel[None])[0]
        monkeypatch.setattr(melgan, "BLOCK_FRAMES", 40)
        torch.testing.assert_close(melgan.spoken(module, mel, told.append), whole, atol=1e-5, rtol=0)
    assert len(whole) == 150 * 256
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_block_hears_less_than_its_context() -> None:
    module = melgan.network(melgan.Sizes(channels=2)).eval()
    mel = torch.zeros(1, 80, 61)
    with torch.inference_mode():
        one, other = module(mel)[0], module(mel.index_fill(2, torch.tensor([30]), 5.0))[0]
    moved = np.flatnonzero(~np.isclose(one, other, atol=0, rtol=0)) // melgan.HOP
    assert 30 - melgan.CONTEXT_FRAMES < moved.min() < 30 < moved.max() < 30 + melgan.CONTEXT_FRAMES


def test_padding_with_zeros_only_changes_the_ends() -> None:
    samples = torch.randn(1, 25_600, generator=torch.Generator().manual_seed(1))
    reflected, zeros = (melgan.log_mel(samples, 16_000, how)[0] for how in ("reflect", "constant"))
    assert reflected.shape == (80, 100)
    torch.testing.assert_close(reflected[:, 2:-2], zeros[:, 2:-2])
    assert not torch.allclose(reflected[:, 0], zeros[:, 0])


def test_phases_are_found_as_torchaudio_finds_them() -> None:
    from torchaudio.functional import griffinlim

    rng = np.random.default_rng(0)
    wanted = torch.from_numpy(rng.random((513, 20), np.float32))
    theirs = griffinlim(wanted, torch.hann_window(1024), 1024, 256, 1024, 1.0, 5, 0.99, None, rand_init=False)
    ours = griffin_lim.with_phases(wanted, torch.ones(513, 20, dtype=torch.complex64), 5)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-3)


def test_magnitudes_give_the_bands_they_were_made_of() -> None:
    weights = melgan.bands(16_000)
    mel = weights @ torch.rand(513, 6, generator=torch.Generator().manual_seed(2)) + melgan.FLOOR
    found = griffin_lim.magnitudes_of(mel, weights)
    assert (found >= 0).all()
    torch.testing.assert_close(weights @ found, mel - melgan.FLOOR, rtol=0.02, atol=1e-4)


def test_griffin_lim_brings_a_spectrogram_back_in_its_place(voice) -> None:
    mel = melgan.log_mel(torch.tensor(voice.samples)[None], 16_000, "constant")[0]
    again = griffin_lim.spoken(mel, 16_000, np.random.default_rng(0))
    assert len(again) == 256 * mel.shape[1]
    found = melgan.log_mel(again[None], 16_000, "constant")[0]
    loud = mel > mel.max() - 1.5
    assert (found - mel)[loud].abs().mean() < 0.15
    early = (found[:, 1:] - mel[:, :-1])[loud[:, :-1]].abs().mean()
    late = (found[:, :-1] - mel[:, 1:])[loud[:, 1:]].abs().mean()
    assert (found - mel)[loud].abs().mean() < min(early, late)


def test_silence_stays_silent() -> None:
    again = griffin_lim.spoken(torch.full((80, 10), -5.0), 16_000, np.random.default_rng(0))
    assert again.abs().max() < 1e-4


@pytest.mark.parametrize(("samples", "windows"), [(10, 1), (8_192, 1), (16_383, 1), (16_384, 2)])
def test_gender_net_hears_whole_windows(samples: int, windows: int) -> None:
    cut = gender_net.windows(np.linspace(-0.1, 0.2, samples, dtype=np.float32))
    assert cut.shape == (windows, 8_192)
    assert np.abs(cut).max() <= 0.9501


def test_a_pause_is_thirty_db_below_the_loudest() -> None:
    cut = np.stack([np.full(8_192, level, np.float32) for level in (1.0, 0.04, 0.03)])
    np.testing.assert_array_equal(gender_net.pauses(cut), [False, False, True])


@pytest.mark.parametrize("voice", VOICES)
def test_the_published_generator_changes_little_and_its_noise_next_to_nothing(voice: str, shared_dir) -> None:
    """What docs/systems/gengan.md says of 15 clips, on the two of the golden file; in log10 of magnitude."""
    given, wanted = golden("gengan", shared_dir)
    module = published("netG.", unet_filter.network(), shared_dir)
    scaled, noise = (torch.from_numpy(one) for one in (wanted[f"norm_{voice}"], given[f"z_{voice}"]))
    unit = 3 * float(wanted[f"mean_std_{voice}"][1])
    spoken = slice(0, len(given[f"wav_{voice}"]) // melgan.HOP)
    with torch.inference_mode():
        one, other = (module(scaled[None, None], z)[0, 0, :, spoken] for z in (noise, -noise))
    assert 0.03 < unit * (one - scaled[:, spoken]).abs().mean() < 0.15
    assert unit * (one - other).abs().mean() < 1e-3
