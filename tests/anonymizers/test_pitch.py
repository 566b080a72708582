"""The pitch tracker against sounds of known F0, against itself in pieces, and against other trackers on speech."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import pitch
from anonymizers.nn.mel import HOP, SAMPLE_RATE_HZ, log_mel
from anonymizers.pitch import LiveTracker, Pitch, track, track_causal
from audio.clip import decode

VOWELS = {"a": (700, 1200, 2600), "i": (300, 2200, 3000), "e": (500, 1500, 2500)}
SECOND = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ


def sung(f0_hz: np.ndarray, vowel: str = "a", noise: float = 0.01, seed: int = 0) -> np.ndarray:
    """A vowel of harmonics k with amplitude 1 / k, F0 given per sample, and white noise of `noise` times its RMS."""
    phase = 2 * np.pi * (np.cumsum(f0_hz) - f0_hz) / SAMPLE_RATE_HZ
    return shaped(sum(np.cos(k * phase) / k for k in range(1, int(5000 / f0_hz.min()))), vowel, noise, seed)


def shaped(source: np.ndarray, vowel: str = "a", noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """`source` through three formants, at an RMS of 0.05."""
    from scipy.signal import lfilter

    for formant_hz in VOWELS[vowel]:
        radius = np.exp(-np.pi * 90 / SAMPLE_RATE_HZ)
        poles = [1, -2 * radius * np.cos(2 * np.pi * formant_hz / SAMPLE_RATE_HZ), radius**2]
        source = lfilter([1 - radius], poles, source)
    rng = np.random.default_rng(seed)
    return (0.05 * (source / source.std() + noise * rng.standard_normal(len(source)))).astype(np.float32)


def telephone(samples: np.ndarray) -> np.ndarray:
    """300 to 3400 Hz."""
    from scipy.signal import butter, sosfilt

    band = butter(8, [300, 3400], "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    return sosfilt(band, samples).astype(np.float32)


def cents(found: Pitch, f0_hz: np.ndarray, edge: int = 5) -> np.ndarray:
    """Errors of voiced frames in cents, without `edge` frames at either end, whose windows reach beyond the sound."""
    heard, true = found.f0_hz[edge:-edge], f0_hz[::HOP][edge:-edge]
    return 1200 * np.log2(heard[heard > 0] / true[heard > 0])


def voiced_share(found: Pitch, edge: int = 5) -> float:
    return float(np.mean(found.f0_hz[edge:-edge] > 0))


def assert_same(one: Pitch, other: Pitch) -> None:
    np.testing.assert_array_equal(one.f0_hz, other.f0_hz)
    np.testing.assert_array_equal(one.harmonicity, other.harmonicity)


@pytest.mark.parametrize("follow", [track, track_causal])
@pytest.mark.parametrize("vowel", VOWELS)
@pytest.mark.parametrize("f0_hz", [62.0, 90.0, 140.0, 240.0, 400.0, 590.0])
def test_a_steady_voice(f0_hz, vowel, follow):
    true = np.full(SAMPLE_RATE_HZ // 2, f0_hz)
    found = follow(sung(true, vowel))
    assert voiced_share(found) == 1.0
    assert np.abs(cents(found, true)).max() < 20
    assert np.median(found.harmonicity) > 0.8


@pytest.mark.parametrize("follow", [track, track_causal])
@pytest.mark.parametrize(
    ("f0_hz", "worst_cents"),
    [
        (80 * 2 ** (1.5 * SECOND), 8),
        (400 * 2 ** (-2 * SECOND), 12),
        (200 * 2 ** (np.sin(2 * np.pi * 5 * SECOND) / 12), 8),
        (120 * 2 ** (1.5 * np.sin(2 * np.pi * 6 * SECOND) / 12), 15),
    ],
    ids=["rising", "falling two octaves", "vibrato of a semitone", "wide vibrato"],
)
def test_a_moving_voice_is_followed_without_delay(f0_hz, worst_cents, follow):
    found = follow(sung(f0_hz))
    assert voiced_share(found) == 1.0
    assert np.abs(cents(found, f0_hz)).max() < worst_cents


def test_pulses_that_come_irregularly():
    periods = np.round(SAMPLE_RATE_HZ / 110 * (1 + 0.02 * np.random.default_rng(3).standard_normal(100))).astype(int)
    starts = np.cumsum(periods)
    source = np.zeros(starts[-1])
    source[starts[:-1]] = 1.0
    found = track(shaped(source, noise=0.01))
    assert voiced_share(found) > 0.98
    errors = np.abs(cents(found, np.full(len(source), 110.0)))
    assert np.quantile(errors, 0.9) < 60  # one period deviates by 35 cents (standard deviation)
    assert errors.max() < 200


@pytest.mark.parametrize("follow", [track, track_causal])
def test_noise_ten_decibels_below(follow):
    true = 160 * 2 ** (0.5 * SECOND)
    found = follow(sung(true, noise=10 ** (-10 / 20)))
    assert voiced_share(found) > 0.98
    assert np.abs(cents(found, true)).max() < 50


@pytest.mark.parametrize("follow", [track, track_causal])
@pytest.mark.parametrize("f0_hz", [90.0, 130.0, 220.0])
def test_a_fundamental_that_the_telephone_cuts_off(f0_hz, follow):
    true = np.full(SAMPLE_RATE_HZ // 2, f0_hz)
    found = follow(telephone(sung(true)))
    assert voiced_share(found) == 1.0
    assert np.abs(cents(found, true)).max() < 30


def test_pauses_are_unvoiced_even_with_hum_in_them():
    voice = sung(np.full(SAMPLE_RATE_HZ, 150.0))
    voice[6_000:10_000] = 1e-4 * np.sin(2 * np.pi * 120 * SECOND[:4_000])
    for found in (track(voice), track_causal(voice)):
        assert not found.f0_hz[40:60].any()
        assert found.f0_hz[5:35].all()


@pytest.mark.parametrize("follow", [track, track_causal])
def test_a_whisper_is_unvoiced(follow):
    whisper = shaped(np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE_HZ))
    assert np.mean(follow(whisper).f0_hz > 0) < 0.05


@pytest.mark.parametrize("follow", [track, track_causal])
@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(SAMPLE_RATE_HZ),
        np.full(8_000, 0.7),
        np.eye(1, 8_000, 4_000)[0],
        np.full(1_000, np.nan),
        np.sign(np.sin(2 * np.pi * 30 * SECOND)),
        0.2 * sum(np.sin(2 * np.pi * f * SECOND) for f in (261.6, 329.6, 392.0, 65.4)),
        np.random.default_rng(0).standard_normal(1_600),
        np.full(1, 0.5),
        np.zeros(0),
    ],
    ids=["silence", "offset", "click", "NaN", "30 Hz", "chord", "100 ms", "one sample", "nothing"],
)
def test_any_sound_gives_a_track(samples, follow):
    found = follow(samples.astype(np.float32))
    assert len(found) == len(found.harmonicity) == -(-len(samples) // HOP)
    assert found.f0_hz.dtype == found.harmonicity.dtype == np.float32
    assert np.all((found.f0_hz == 0) | ((found.f0_hz >= 60) & (found.f0_hz <= 600)))
    assert np.all((found.harmonicity >= 0) & (found.harmonicity <= 1))


@pytest.mark.parametrize("follow", [track, track_causal])
def test_silence_and_an_offset_have_no_pitch(follow):
    for level in (0.0, 0.7):
        assert not follow(np.full(8_000, level, np.float32)).f0_hz[5:-5].any()


@pytest.mark.parametrize("follow", [track, track_causal])
def test_the_level_is_of_no_account(spoken, follow):
    samples = spoken.samples[:32_000]
    found = follow(samples)
    assert_same(follow(samples * np.float32(2**-10)), found)
    for gain in (0.001, 0.3):
        other = follow(samples * np.float32(gain))
        np.testing.assert_allclose(other.f0_hz, found.f0_hz, rtol=1e-3)


def test_as_many_frames_as_the_encoder_hears(spoken):
    for length in (1, 159, 160, 161, 20_000):
        samples = spoken.samples[:length]
        assert len(track(samples)) == len(track_causal(samples)) == len(log_mel(samples))


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(0, 9_600), max_size=30), lag=st.integers(0, 3), length=st.integers(0, 9_600))
def test_live_sound_gives_the_same_in_any_pieces(cuts, lag, length):
    samples = sung(130 * 2 ** SECOND[:9_600])[:length]
    tracker = LiveTracker(lag)
    pieces = [tracker.push(piece) for piece in np.split(samples, sorted(min(cut, length) for cut in cuts))]
    pieces.append(tracker.flush())
    joined = Pitch(np.concatenate([p.f0_hz for p in pieces]), np.concatenate([p.harmonicity for p in pieces]))
    assert_same(joined, track_causal(samples, lag))


@pytest.mark.parametrize("lag", range(4))
def test_a_frame_is_decided_as_soon_as_the_latency_says(lag, spoken):
    tracker = LiveTracker(lag)
    assert tracker.latency_s == pytest.approx(0.020 + 0.010 * lag)
    ahead = round(tracker.latency_s * SAMPLE_RATE_HZ)
    assert len(tracker.push(spoken.samples[: ahead - 1])) == 0
    for t in range(20):
        assert len(tracker.push(spoken.samples[ahead - 1 + t * HOP : ahead + t * HOP])) == 1
        assert len(tracker.push(spoken.samples[ahead + t * HOP : ahead - 1 + (t + 1) * HOP])) == 0


def test_live_and_whole_agree_on_speech(spoken):
    whole, live = track(spoken.samples).f0_hz, track_causal(spoken.samples, 2).f0_hz
    both = (whole > 0) & (live > 0)
    assert np.mean((whole > 0) == (live > 0)) > 0.95
    assert np.mean(np.isclose(whole[both], live[both], rtol=1e-4)) > 0.98


def test_blocks_leave_no_seams(spoken, monkeypatch):
    at_once = track(spoken.samples)
    monkeypatch.setattr(pitch, "BLOCK_FRAMES", 7)
    in_blocks = track(spoken.samples)
    np.testing.assert_allclose(in_blocks.f0_hz, at_once.f0_hz, rtol=1e-4)
    np.testing.assert_allclose(in_blocks.harmonicity, at_once.harmonicity, atol=1e-4)


def test_what_it_cannot_take_is_said():
    with pytest.raises(ValueError, match=r"0 to 3 frames is expected, but 4 came"):
        LiveTracker(4)
    for take in (track, LiveTracker().push):
        with pytest.raises(ValueError, match=r"One channel.*shape \(2, 160\) came"):
            take(np.zeros((2, 160), np.float32))


def test_a_longer_file_takes_little_more_memory():
    import tracemalloc

    samples = np.tile(sung(np.full(SAMPLE_RATE_HZ, 150.0)), 20)
    peaks = []
    for seconds in (10, 20):
        tracemalloc.start()
        track(samples[: seconds * SAMPLE_RATE_HZ])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 200 * 1_000  # bytes for 1,000 frames more


@pytest.mark.slow
def test_real_voices_against_two_other_trackers(shared_dir: Path):
    """Frames on which WORLD's Harvest and pYIN agree within 50 cents; read and acted speech, every 20th clip."""
    import librosa
    import pyworld

    with (shared_dir / "data/dev/manifest.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith(("read/", "emotional/"))][::20]
    errors: dict[str, list[np.ndarray]] = {"whole": [], "live": []}
    for row in rows:
        samples = decode(shared_dir / "data/dev" / row["path"]).clip.resampled(SAMPLE_RATE_HZ).samples[:80_000]
        exact = samples.astype(np.float64)
        coarse, times_s = pyworld.harvest(exact, SAMPLE_RATE_HZ, f0_floor=55, f0_ceil=650, frame_period=10)
        harvest = pyworld.stonemask(exact, coarse, times_s, SAMPLE_RATE_HZ)
        pyin = librosa.pyin(samples, fmin=55, fmax=650, sr=SAMPLE_RATE_HZ, frame_length=1024, hop_length=HOP)[0]
        for name, found in (("whole", track(samples)), ("live", track_causal(samples))):
            count = min(len(found), len(harvest), len(pyin))
            true, other = harvest[:count], np.nan_to_num(pyin[:count])
            sure = (true > 0) & (np.abs(1200 * np.log2(np.maximum(other, 1) / np.maximum(true, 1))) < 50)
            errors[name].append(found.f0_hz[:count][sure] / true[sure])
    for ratio in (np.concatenate(each) for each in errors.values()):
        assert np.mean(ratio == 0) < 0.05
        assert np.mean(np.abs(ratio[ratio > 0] - 1) > 0.2) < 0.02
