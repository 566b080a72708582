"""Pulses and noise through filters of minimum phase: known answers, and the same samples however they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers.nn import source_filter as sf
from anonymizers.nn.mel import HOP, SAMPLE_RATE_HZ

BANDS = sf.HARMONIC_BANDS + sf.NOISE_BANDS


def frames_of(seed: int, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """A gliding F0 with pauses, and random gains."""
    rng = np.random.default_rng(seed)
    f0_hz = 120 * 2 ** np.clip(np.cumsum(0.05 * rng.standard_normal(frames)), -1, 2)
    f0_hz[rng.random(frames) < 0.3] = 0
    return f0_hz.astype(np.float32), rng.normal(-4, 1, (frames, BANDS)).astype(np.float32)


@pytest.mark.parametrize("pole", [0.9, -0.5])
def test_a_one_pole_filter_is_found_from_its_magnitude_alone(pole: float):
    """1 / (1 - a / z) is of minimum phase."""
    z = np.exp(2j * np.pi * np.arange(sf.N_FFT // 2 + 1) / sf.N_FFT)
    wanted = 1 / (1 - pole / z)
    found = sf.minimum_phase(np.log(np.abs(wanted))[None])
    np.testing.assert_allclose(found[0], wanted, rtol=1e-4, atol=1e-4)
    response = np.fft.irfft(found[0], sf.N_FFT)
    np.testing.assert_allclose(response[:100], pole ** np.arange(100), atol=1e-4)


def test_gains_are_interpolated_between_bands():
    weights = sf.interpolation(sf.NOISE_BANDS)
    np.testing.assert_allclose(weights.sum(0), 1, atol=1e-5)
    gains = np.random.default_rng(0).normal(-4, 2, (3, sf.NOISE_BANDS)).astype(np.float32)
    np.testing.assert_allclose(np.log(np.abs(sf.responses(gains))), gains @ weights, atol=1e-4)
    np.testing.assert_allclose(sf.responses(np.full((1, 80), np.log(2), np.float32)), 2, atol=1e-4)


def test_windows_add_up_to_one():
    np.testing.assert_allclose(sf.window()[:HOP] + sf.window()[HOP:], 1, atol=1e-6)


@pytest.mark.parametrize("f0_hz", [80.0, 125.0, 310.0, 570.0])
def test_pulses_have_power_one_and_all_harmonics(f0_hz: float):
    sound, phase = sf.pulses(np.full(101, f0_hz, np.float32), 0.25)
    assert len(sound) == SAMPLE_RATE_HZ
    assert np.mean(sound**2) == pytest.approx(1, abs=0.03)
    assert phase == pytest.approx((0.25 + f0_hz) % 1, abs=1e-6)
    magnitude = np.abs(np.fft.rfft(sound)) / len(sound)  # one bin is 1 Hz
    lines = magnitude[np.round(f0_hz * np.arange(1, int(sf.HIGHEST_HARMONIC_HZ / f0_hz) + 1)).astype(int)]
    np.testing.assert_allclose(lines, lines[0], rtol=0.02)
    lines_hz = np.flatnonzero(magnitude > 0.5 * lines[0])
    np.testing.assert_allclose(np.diff(lines_hz), f0_hz)


def test_pulses_follow_a_glide():
    sound, _ = sf.pulses(np.linspace(100, 200, 101).astype(np.float32), 0.0)
    peaks = np.flatnonzero((sound[1:-1] > sound[:-2]) & (sound[1:-1] >= sound[2:]) & (sound[1:-1] > 4)) + 1
    hz = SAMPLE_RATE_HZ / np.diff(peaks)
    expected = 100 + 100 * (peaks[1:] + peaks[:-1]) / 2 / SAMPLE_RATE_HZ
    np.testing.assert_allclose(hz, expected, rtol=0.03)


def test_unvoiced_frames_go_on_at_the_last_pitch():
    np.testing.assert_array_equal(
        sf.carried_on(np.array([0, 0, 90, 0, 80, 0], np.float32), 150), [150, 150, 90, 90, 80, 80]
    )
    assert len(sf.carried_on(np.zeros(0, np.float32), 150)) == 0


@settings(max_examples=10)
@given(st.integers(0, 9), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_pieces_of_any_size_give_the_same_samples(seed: int, sizes: list[tuple[int, int]]):
    f0_hz, gains = frames_of(seed, 40)
    whole = sf.SourceFilter(np.random.default_rng(seed))
    expected = np.concatenate((whole.push(f0_hz, gains), whole.flush()))
    assert len(expected) == (40 + 1) * HOP
    voice, parts, ready = sf.SourceFilter(np.random.default_rng(seed)), [], 0
    heard = said = 0
    for more_f0, more_gains in [*sizes, (40, 40)]:
        more_gains = min(more_gains, heard + more_f0 - said)
        parts.append(voice.push(f0_hz[heard : heard + more_f0], gains[said : said + more_gains]))
        heard, said = min(40, heard + more_f0), min(40, said + more_gains)
        ready += len(parts[-1])
        assert ready == HOP * max(0, min(said, heard - 1))
    np.testing.assert_allclose(np.concatenate((*parts, voice.flush())), expected, atol=1e-5)


def test_the_last_frame_fades_out():
    """Its second half, for which no further frame is there; then nothing."""
    voice = sf.SourceFilter(np.random.default_rng(0))
    loud = np.zeros((20, BANDS), np.float32)
    sound = np.concatenate((voice.push(np.full(20, 100, np.float32), loud), voice.flush()))
    assert np.sqrt(np.mean(sound[-HOP : -HOP // 2] ** 2)) > 0.3
    assert np.abs(sound[-3:]).max() < 0.05


def test_nothing_gives_nothing():
    voice = sf.SourceFilter(np.random.default_rng(0))
    assert len(voice.push(np.zeros(0, np.float32), np.zeros((0, BANDS), np.float32))) == 0
    assert len(voice.flush()) == 0


def test_the_same_sound_as_the_one_that_is_learned_from():
    """numpy here, torch in the training: the same excitations and gains, the same samples."""
    torch = pytest.importorskip("torch")
    from anonymizers.nn import decoder

    f0_hz, gains = frames_of(3, 50)
    voice = sf.SourceFilter(np.random.default_rng(7))
    sound = np.concatenate((voice.push(f0_hz, gains), voice.flush()))
    steady = sf.carried_on(f0_hz, sf.FIRST_F0_HZ)
    pulse, _ = sf.pulses(np.append(steady, steady[-1:]), 0.0)
    hiss = np.random.default_rng(7).standard_normal(len(pulse), dtype=np.float32)
    given = [torch.from_numpy(np.pad(one, (HOP, 0))[None]) for one in (pulse, hiss)]
    learned = decoder.sound(torch.from_numpy(gains[None]), *given)[0].numpy()
    np.testing.assert_allclose(sound[HOP : HOP * 50], learned, atol=1e-5)
