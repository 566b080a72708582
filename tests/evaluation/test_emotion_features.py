"""Functionals of a clip: closed forms on sounds that are known, and what must hold for any voice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from anonymizers import registry
from audio.clip import Clip, decode
from audio.vad import segments
from evaluation.emotion_features import TooLittleSpeech, features, functionals, spoken_part
from evaluation.emotion_frames import F0_REFERENCE_HZ, frames_of, mel_bands

RATE = 16_000
VOICES = sorted((Path(__file__).resolve().parents[2] / "assets" / "showcase").glob("*.flac"))
FORMANTS_HZ = (600.0, 1700.0, 2700.0)


def voice(name: str = "vera_plain") -> Clip:
    clip = decode(next(path for path in VOICES if path.stem == name)).clip
    return Clip(clip.samples[: int(1.6 * clip.sample_rate)], clip.sample_rate)


def buzz(f0_hz: float = 125.0, seconds: float = 1.5, noise: float = 0.0, envelope: object = 1.0) -> Clip:
    """Pulses through three resonances: a vowel whose pitch and formants are known."""
    sound = np.zeros(int(seconds * RATE))
    sound[(np.arange(0, seconds, 1 / f0_hz) * RATE).astype(int)[1:]] = 1.0
    sound = lfilter([1.0], [1.0, -0.95], sound)
    for hz in FORMANTS_HZ:
        radius = np.exp(-np.pi * 80 / RATE)
        sound = lfilter([1.0], [1.0, -2 * radius * np.cos(2 * np.pi * hz / RATE), radius**2], sound)
    sound = sound / np.abs(sound).max() + noise * np.random.default_rng(0).standard_normal(len(sound))
    return Clip(0.3 * sound * envelope, RATE)


def of(clip: Clip) -> dict[str, float]:
    """Functionals of the whole sound, speech or not."""
    return {name: float(value) for name, value in functionals(frames_of(clip))}


def swell(rate_hz: float, seconds: float = 3.0) -> np.ndarray:
    return 0.55 - 0.45 * np.cos(2 * np.pi * rate_hz * np.arange(int(seconds * RATE)) / RATE)


@pytest.mark.parametrize("f0_hz", [100.0, 200.0, 320.0])
def test_pitch_is_in_semitones(f0_hz: float) -> None:
    assert of(buzz(f0_hz))["f0_st_p50"] == pytest.approx(12 * np.log2(f0_hz / F0_REFERENCE_HZ), abs=0.2)


def test_formants_are_the_resonances() -> None:
    found = of(buzz(100.0))
    for place, hz in enumerate(FORMANTS_HZ, start=1):
        assert found[f"formant{place}_khz_p50"] == pytest.approx(hz / 1000, rel=0.08)


def test_breath_lowers_the_harmonics_to_noise_ratio() -> None:
    clear, breathy = of(buzz()), of(buzz(noise=0.1))
    assert clear["hnr_db_p50"] > 20 > breathy["hnr_db_p50"] + 5
    assert clear["cpp_db_p50"] > breathy["cpp_db_p50"]
    assert clear["jitter"] <= breathy["jitter"]


@pytest.mark.parametrize(("rate_hz", "band"), [(1.0, "0.5_2"), (5.0, "4_8"), (11.0, "8_16")])
def test_movement_lies_in_its_band_of_modulation(rate_hz: float, band: str) -> None:
    found = of(buzz(seconds=3.0, envelope=swell(rate_hz)))
    bands = {name: value for name, value in found.items() if name.startswith("modulation_loudness")}
    assert max(bands, key=bands.__getitem__) == f"modulation_loudness_{band}"


def test_loudness_peaks_are_counted() -> None:
    assert of(buzz(seconds=3.0, envelope=swell(4.0)))["loudness_peaks_per_s"] == pytest.approx(4.0, abs=0.4)


def test_runs_and_pauses() -> None:
    times_s = np.arange(3 * RATE) / RATE
    found = of(buzz(seconds=3.0, envelope=(times_s % 1.0 < 0.6).astype(float)))
    assert found["voiced_per_s"] == pytest.approx(1.0, abs=0.1)
    assert found["voiced_length_mean"] == pytest.approx(0.6, abs=0.08)
    assert found["pause_length_mean"] == pytest.approx(0.4, abs=0.08)


def test_a_rising_melody_has_a_trend() -> None:
    rising = Clip(np.concatenate([buzz(hz, 0.3).samples for hz in (100, 120, 145, 175)]), RATE)
    found, level = of(rising), of(buzz())
    assert found["f0_st_trend"] > 5 > abs(level["f0_st_trend"])
    assert found["run_f0_last_first"] >= 0 == pytest.approx(level["run_f0_last_first"])


def test_mel_bands_cover_everything_between_the_outer_middles() -> None:
    total = mel_bands().sum(axis=0)[4:-12]
    assert total.min() > 0.2
    assert mel_bands().shape == (26, 257)


def test_any_voice_gives_the_same_names_and_finite_numbers() -> None:
    clip = voice()
    whisper = Clip(np.random.default_rng(1).normal(0, 0.1, RATE), RATE)
    sounds = [features(clip), of(whisper), of(buzz()), of(Clip(clip.samples[:RATE], clip.sample_rate))]
    assert len({tuple(one) for one in sounds}) == 1
    assert len(sounds[0]) == 750
    assert all(np.isfinite(list(one.values())).all() for one in sounds)


@pytest.mark.parametrize("key", ["mcadams", "pitch-formant", "devoiced"])
def test_anonymized_speech_is_described_too(key: str) -> None:
    clip = voice("noel_plain").resampled(RATE)
    system = registry.load(key)
    params = {one.name: one.default for one in system.info.params}
    assert np.isfinite(list(features(system.anonymize(clip, seed=3, **params).clip).values())).all()


def test_level_plays_no_part_and_the_same_clip_gives_the_same() -> None:
    clip = voice()
    loud, quiet = features(clip), features(Clip(clip.samples * 0.01, clip.sample_rate))
    assert features(clip) == loud
    assert np.allclose(list(loud.values()), list(quiet.values()), rtol=1e-2, atol=2e-2)


def test_silence_around_speech_is_not_heard() -> None:
    clip = voice().resampled(RATE)
    padded = Clip(np.concatenate([np.zeros(RATE), clip.samples, np.zeros(RATE)]), RATE)
    found, speech = spoken_part(padded), segments(padded)
    assert found.duration_s == pytest.approx(speech[-1].end_s - speech[0].start_s, abs=0.05)
    assert found.duration_s < clip.duration_s + 0.2


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.2, 2.0])
def test_too_little_speech_is_said(seconds: float) -> None:
    with pytest.raises(TooLittleSpeech, match=r"At least 0\.3 s of speech was expected, but 0\.00 s"):
        features(Clip(np.zeros(int(seconds * RATE)), RATE))


def test_long_speech_is_heard_for_half_a_minute() -> None:
    clip = voice().resampled(RATE)
    assert spoken_part(Clip(np.tile(clip.samples, 20), RATE)).duration_s == pytest.approx(30.0, abs=0.01)


def test_a_voice_that_the_detector_does_not_know_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.emotion_features.segments", lambda clip: ())
    pause = np.zeros(RATE // 2)
    sound = Clip(np.concatenate([pause, buzz(seconds=0.8).samples, pause]), RATE)
    assert spoken_part(sound).duration_s == pytest.approx(0.8, abs=0.1)
    for other in (buzz(seconds=0.25), Clip(np.random.default_rng(0).normal(0, 0.1, 10 * RATE), RATE)):
        with pytest.raises(TooLittleSpeech):
            features(other)
