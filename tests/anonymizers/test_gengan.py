"""GenGAN: its spectrogram against the reference with the published weights; windows, phases and judgements."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from anonymizers import gengan_networks, gengan_spectrogram, registry, runner
from anonymizers.base import AnonymizerError
from anonymizers.gengan import GenGan
from anonymizers.gengan_networks import GENERATOR, JUDGE, VOCODER, Networks
from anonymizers.nn import gender_net, melgan, unet_filter
from audio.clip import Clip
from tests.anonymizers.filled import filled
from tests.anonymizers.tiny_gengan import networks, tiny

DEFAULTS = {"phase": "auto", "pitch": "as published", "iterations": 2, "fill": "silence"}


@pytest.mark.parametrize("voice", ["F", "M"])
def test_the_spectrogram_is_the_references(voice: str, shared_dir) -> None:
    folder = shared_dir / "golden" / "gengan"
    given, wanted = np.load(folder / "inputs.npz"), np.load(folder / "outputs.npz")
    state = load_file(folder / "state.safetensors")
    generator = filled(
        unet_filter.network(), {name[5:]: part for name, part in state.items() if name.startswith("netG.")}
    )
    with torch.inference_mode():
        mel = gengan_spectrogram.heard(given[f"wav_{voice}"])
        scaled, mean, deviation = gengan_spectrogram.normalised(mel)
        made = gengan_spectrogram.neutral(mel, generator, torch.from_numpy(given[f"z_{voice}"]))
    np.testing.assert_allclose(mel, wanted[f"logmel_{voice}"], atol=1e-4)
    np.testing.assert_allclose([mean, deviation], wanted[f"mean_std_{voice}"], atol=1e-5)
    np.testing.assert_allclose(scaled, wanted[f"norm_{voice}"], atol=1e-4)
    np.testing.assert_allclose(made, wanted[f"den_{voice}"], atol=3e-4)


@pytest.mark.parametrize("phase", ["melgan", "griffin-lim"])
@pytest.mark.parametrize("duration_s", [0.05, 3.0, 16.7, 16.71, 20.0, 40.0])
def test_any_length_comes_back_as_long(duration_s: float, phase: str) -> None:
    samples = np.random.default_rng(3).uniform(-0.3, 0.3, round(16_000 * duration_s)).astype(np.float32)
    result = tiny().anonymize(Clip(samples, 16_000), seed=1, **{**DEFAULTS, "phase": phase})
    assert 0 <= len(samples) - len(result.clip.samples) < 256
    assert np.isfinite(result.clip.samples).all()
    assert not result.clip.is_silent


@pytest.mark.parametrize(
    ("frames", "starts"), [(1_043, [0]), (1_044, [0, 1]), (1_961, [0, 918]), (2_000, [0, 478, 957])]
)
def test_windows_reach_from_the_first_frame_to_the_last(frames: int, starts: list[int]) -> None:
    assert gengan_spectrogram.window_starts(frames) == pytest.approx(starts, abs=1)


def test_windows_overlap_by_two_seconds_or_more() -> None:
    for frames in range(1_044, 12_000, 61):
        starts = gengan_spectrogram.window_starts(frames)
        assert starts[0] == 0
        assert starts[-1] == frames - 1_043
        assert max(np.diff(starts)) <= 1_043 - 125


def test_what_windows_say_alike_is_cross_faded_unchanged() -> None:
    """A generator that gives back what it got: the spectrogram is the same but for the clipping at 3 deviations."""
    mel = torch.rand(80, 2_500, generator=torch.Generator().manual_seed(0)) - 3
    told: list[float] = []
    found = gengan_spectrogram.neutral(mel, lambda scaled, noise: scaled, torch.zeros(1, 325), told.append)
    torch.testing.assert_close(found, mel, atol=1e-4, rtol=0)
    assert told == sorted(told)
    assert told[-1] == 1


def test_the_fade_between_two_windows_is_gradual() -> None:
    answers = iter([0.0, 1.0])
    made = gengan_spectrogram.neutral(
        torch.rand(80, 1_800), lambda scaled, noise: torch.full_like(scaled, next(answers)), torch.zeros(1, 325)
    )
    assert float(made.diff(dim=1).abs().max()) < 0.02


def test_the_seed_draws_the_noise_and_all_windows_get_the_same() -> None:
    given: list[torch.Tensor] = []

    def generator(scaled: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        given.append(noise.clone())
        return scaled

    long = Clip(np.random.default_rng(0).uniform(-1, 1, 280_000).astype(np.float32), 16_000)
    for seed in (1, 1, 2):
        GenGan(lambda phase: Networks(generator)).anonymize(long, seed=seed, **DEFAULTS)
    assert len(given) == 6
    assert torch.equal(given[0], given[1])
    assert torch.equal(given[0], given[2])
    assert not torch.equal(given[0], given[4])


def test_the_result_says_which_vocoder_ran(voice: Clip) -> None:
    vocoded = tiny().anonymize(voice, seed=1, **{**DEFAULTS, "phase": "melgan", "fill": "repeat"})
    assert "MelGAN" in vocoded.pseudo_speaker["phase"]
    assert vocoded.warnings == ()
    inverted = tiny().anonymize(voice, seed=1, **DEFAULTS)
    assert inverted.pseudo_speaker["phase"] == "Griffin-Lim, 2 iterations"
    assert "not the reference's vocoder" in inverted.warnings[0]


def test_the_judgement_is_over_the_same_windows_and_only_with_a_judge(voice: Clip) -> None:
    judged = tiny().anonymize(voice, seed=1, **DEFAULTS).intermediates
    before, after = judged["before"], judged["after"]
    np.testing.assert_array_equal(before.times_s, after.times_s)
    assert ((before.values >= 0) & (before.values <= 1) | np.isnan(before.values)).all()
    without = GenGan(lambda phase: Networks(networks(phase).generator))
    assert without.anonymize(voice, seed=1, **DEFAULTS).intermediates == {}


def test_progress_only_grows(voice: Clip) -> None:
    told: list[float] = []
    tiny().anonymize(voice, seed=1, progress=lambda fraction, doing: told.append(fraction), **DEFAULTS)
    assert told == sorted(told)
    assert 0 <= told[0] < told[-1] <= 1


def test_melgan_is_needed_only_by_name() -> None:
    assert GenGan.needs({"phase": "auto"}) == GenGan.needs({"phase": "griffin-lim"}) == (GENERATOR,)
    assert GenGan.needs({"phase": "melgan"}) == (GENERATOR, VOCODER)
    assert set(GenGan.every_weight) == {GENERATOR, VOCODER, JUDGE}
    assert GenGan.info.weights == (GENERATOR,)


def stored(folder, ref, module) -> None:
    """Put the weights of a small network where the published ones would be, as the publishers saved them."""
    path = folder / ref.place / ref.files[0].name
    path.parent.mkdir(parents=True, exist_ok=True)
    state = module.state_dict()
    saved = {"classifier": state, "optimizer": {}, "epoch": 90} if ref.id == JUDGE.id else state
    torch.save(saved, path, _use_new_zipfile_serialization=False)  # the publishers' PyTorch had no other


def test_published_files_are_read_where_the_store_has_them(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    monkeypatch.setattr(gengan_networks, "models", lambda: Unkept())
    refs = (replace(ref, files=(replace(ref.files[0], bytes=0),)) for ref in (GENERATOR, VOCODER, JUDGE))
    generator, vocoder, judge = refs
    published = partial(gengan_networks.published, generator=generator, vocoder=vocoder, judge=judge)
    stored(tmp_path, GENERATOR, unet_filter.network())
    alone = published("auto")
    assert alone.vocoder is None
    assert alone.judge is None
    stored(tmp_path, JUDGE, gender_net.network())
    stored(tmp_path, VOCODER, melgan.network())
    assert published("griffin-lim").vocoder is None
    whole = published("auto")
    assert whole.vocoder is not None
    assert whole.judge is not None


class Unkept:
    """A model cache that keeps nothing."""

    device = "cpu"

    def get(self, name, load, half_allowed=False):
        return load()


def test_the_registry_has_it(voice: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "load", lambda key: tiny())
    monkeypatch.setattr(registry, "needs", lambda key, params: ())
    result = runner.run(voice, "gengan", params={"iterations": 2})
    assert result.fidelity == "original-weights"
    assert len(result.clip.samples) == len(voice.samples)


def test_a_short_clip_is_warned_of_unless_it_is_repeated(voice: Clip) -> None:
    assert any("Under 6 s" in said for said in tiny().anonymize(voice, seed=1, **DEFAULTS).warnings)
    assert not any("6 s" in said for said in tiny().anonymize(voice, seed=1, **{**DEFAULTS, "fill": "repeat"}).warnings)
    six = Clip(np.resize(voice.samples, 96_000), 16_000)
    assert not any("6 s" in said for said in tiny().anonymize(six, seed=1, **DEFAULTS).warnings)


def test_a_repeated_clip_stands_where_it_stood(voice: Clip) -> None:
    alone, again = (gengan_spectrogram.heard(voice.samples, fill) for fill in ("silence", "repeat"))
    torch.testing.assert_close(alone[:, :90], again[:, :90])
    assert float(alone[:, 200:].max()) == -5
    assert float(again[:, 200:].max()) > -1
    long = np.resize(voice.samples, 300_000)
    torch.testing.assert_close(*(gengan_spectrogram.heard(long, fill) for fill in ("silence", "repeat")))


def test_griffin_lim_lowers_low_sounds_as_the_published_vocoder_does() -> None:
    """Below 1 kHz bands are equally spaced: 80 to 45.2 mel at 16 kHz, to 49.9 at 22.05, played at 16: to 0.80."""
    tone = Clip(0.3 * np.sin(2 * np.pi * 500 * np.arange(96_000) / 16_000).astype(np.float32), 16_000)
    same = GenGan(lambda phase: Networks(lambda scaled, noise: scaled))
    for pitch, wanted_hz in (("kept", 500), ("as published", 400)):
        found = same.anonymize(tone, seed=1, **{**DEFAULTS, "pitch": pitch, "iterations": 8}).clip.samples
        strongest = np.argmax(np.abs(np.fft.rfft(found * np.hanning(len(found))))) * 16_000 / len(found)
        assert strongest == pytest.approx(wanted_hz, abs=20)  # bins are 15.6 Hz wide


def test_what_gender_net_says_is_among_the_facts(voice: Clip) -> None:
    result = tiny().anonymize(voice, seed=1, **DEFAULTS)
    said = result.pseudo_speaker["sounds_female_to_gender_net"]
    assert said["before"] == pytest.approx(float(np.nanmean(result.intermediates["before"].values)), abs=0.006)
    assert 0 <= said["after"] <= 1


class Enough(Exception):
    """What whoever stops a run raises."""


@pytest.mark.parametrize("phase", ["melgan", "griffin-lim"])
def test_whoever_stops_it_is_obeyed_while_the_waveform_is_made(phase: str, voice: Clip) -> None:
    def progress(fraction: float, doing: str) -> None:
        if doing == "making the waveform":
            raise Enough

    with pytest.raises(Enough):
        tiny().anonymize(voice, seed=1, progress=progress, **{**DEFAULTS, "phase": phase})


@pytest.mark.parametrize(("content", "sentence"), [(b"<html>", "tensors and nothing else"), (None, "another network")])
def test_a_file_that_is_not_the_published_one_is_named(content, sentence, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("VOICEVEIL_MODELS", str(tmp_path))
    monkeypatch.setattr(gengan_networks, "models", lambda: Unkept())
    generator = replace(GENERATOR, files=(replace(GENERATOR.files[0], bytes=0),))
    stored(tmp_path, GENERATOR, gender_net.network())
    if content:
        (tmp_path / GENERATOR.place / GENERATOR.files[0].name).write_bytes(content)
    with pytest.raises(AnonymizerError, match=rf"netG_epoch_25.pt: .*{sentence}"):
        gengan_networks.published("griffin-lim", generator=generator)
