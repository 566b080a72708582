"""Pitch and formants: what is drawn, and that it is what comes out, on made and on real voices."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers.pitch_formant import PitchFormant, crossed, draw, estimated_sex
from anonymizers.world import analyse
from audio.clip import Clip

DEFAULTS = {param.name: param.default for param in PitchFormant.info.params}
medians = st.one_of(st.just(float("nan")), st.floats(70.0, 350.0))


def warp_between(before: np.ndarray, after: np.ndarray) -> float:
    """Factor along frequency that best lays one mean log envelope (bins,) on another, between 200 and 5000 Hz."""
    bins = np.arange(13, 320)
    factors = np.exp(np.linspace(np.log(0.7), np.log(1.45), 151))

    def fit(factor: float) -> float:
        return float(np.corrcoef(np.interp(bins / factor, np.arange(len(before)), before), after[bins])[0, 1])

    return float(max(factors, key=fit))


def mean_log_envelope(clip: Clip) -> np.ndarray:
    apart = analyse(clip)
    return np.log(apart.envelope[apart.voiced]).mean(axis=0)


def check_drawn_is_heard(clip: Clip, seed: int, gender: str) -> None:
    result = PitchFormant().anonymize(clip, seed=seed, **{**DEFAULTS, "gender": gender})
    before, after = analyse(clip), analyse(result.clip)
    both = before.voiced & after.voiced
    shift = 12 * np.median(np.log2(after.f0_hz[both] / before.f0_hz[both]))
    assert shift == pytest.approx(result.pseudo_speaker["pitch_shift_semitones"], abs=0.3)
    warp = warp_between(mean_log_envelope(clip), mean_log_envelope(result.clip))
    assert warp == pytest.approx(result.pseudo_speaker["formant_factor"], rel=0.05)


@given(medians, st.floats(1.0, 9.0), st.floats(4.0, 25.0), st.integers(0, 2**64 - 1))
def test_never_nearly_the_same_voice(median_f0_hz, semitones, percent, seed):
    shift, formants = draw(median_f0_hz, semitones, percent, np.random.default_rng(seed))
    assert 0.5 * semitones <= abs(shift) <= semitones
    assert 1 + 0.005 * percent - 1e-9 <= max(formants, 1 / formants) <= 1 + 0.01 * percent + 1e-9


@given(medians, st.integers(0, 2**64 - 1))
def test_same_gender_stays_on_its_side(median_f0_hz, seed):
    shift, _ = draw(median_f0_hz, 5.0, 16.0, np.random.default_rng(seed))
    assert estimated_sex(median_f0_hz * 2 ** (shift / 12)) == estimated_sex(median_f0_hz)


@given(medians, st.floats(1.0, 9.0), st.floats(4.0, 25.0), st.integers(0, 2**64 - 1))
def test_cross_gender_goes_to_the_other_side(median_f0_hz, semitones, percent, seed):
    drawn = draw(median_f0_hz, semitones, percent, np.random.default_rng(seed))
    shift, formants = crossed(drawn, median_f0_hz)
    assert (shift > 0) == (formants > 1)
    assert abs(shift) > 4.5
    if estimated_sex(median_f0_hz) != "unknown":
        assert (shift > 0) == (estimated_sex(median_f0_hz) == "male")


def test_sex_from_f0():
    assert [estimated_sex(f0_hz) for f0_hz in (100.0, 164.9, 165.0, 250.0)] == ["male", "male", "female", "female"]
    assert estimated_sex(float("nan")) == "unknown"


@pytest.mark.parametrize("gender", ["same", "cross"])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_drawn_is_heard(voice, gender, seed):
    check_drawn_is_heard(voice, seed, gender)


@pytest.mark.parametrize("sex", ["F", "M"])
def test_what_is_drawn_is_heard_on_real_voices(shared_dir, sex):
    import soundfile

    folder = shared_dir / "data" / "dev"
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["corpus"].startswith("LibriSpeech") and row["sex"] == sex]
    for seed, (row, gender) in enumerate(zip(rows[::20], ("same", "cross"), strict=False)):
        samples, rate = soundfile.read(folder / row["path"], dtype="float32", frames=64_000)
        check_drawn_is_heard(Clip(samples, rate), seed, gender)


def test_provenance_and_contours(voice):
    result = PitchFormant().anonymize(voice, seed=9, **DEFAULTS)
    said = result.pseudo_speaker
    assert said["source_sex_estimated_from_f0"] == "male"
    assert said["target_median_f0_hz"] == pytest.approx(
        said["source_median_f0_hz"] * 2 ** (said["pitch_shift_semitones"] / 12)
    )
    before, after = result.intermediates["f0_before"], result.intermediates["f0_after"]
    np.testing.assert_array_equal(np.isnan(before.values), np.isnan(after.values))


def test_noise_without_voice_says_so():
    noise = Clip(0.1 * np.random.default_rng(0).standard_normal(8000), 16_000)
    result = PitchFormant().anonymize(noise, seed=0, **{**DEFAULTS, "gender": "cross"})
    if result.pseudo_speaker["source_median_f0_hz"] is None:
        assert "No voiced sound" in result.warnings[0]
    impulse = Clip(np.eye(1, 8000, 4000, dtype=np.float32)[0], 16_000)
    assert "No voiced sound" in PitchFormant().anonymize(impulse, seed=0, **DEFAULTS).warnings[0]
