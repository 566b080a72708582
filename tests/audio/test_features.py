from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.clip import Clip
from audio.features import FEATURES, Contour, delta_f0, f0, spectral_centroid, spectral_kurtosis, within
from audio.vad import Segment

RATE = 16_000
FREQUENCIES_HZ = np.arange(257) * 31.25


def sine(frequency_hz: float, duration_s: float = 0.5, rate: int = RATE) -> Clip:
    return Clip(0.5 * np.sin(2 * np.pi * frequency_hz * np.arange(int(duration_s * rate)) / rate), rate)


def noise(n: int, seed: int = 0) -> Clip:
    return Clip(0.1 * np.random.default_rng(seed).standard_normal(n), RATE)


def hann_leakage(frequency_hz: float) -> np.ndarray:
    """|W(f - f0)| at the bins, in closed form: the transform of a periodic Hann window of 400 samples."""

    def dirichlet(turns: np.ndarray) -> np.ndarray:
        return np.exp(-1j * np.pi * turns * 399) * 400 * np.sinc(400 * turns) / np.sinc(turns)

    turns = (FREQUENCIES_HZ - frequency_hz) / RATE
    return np.abs(dirichlet(turns) / 2 - dirichlet(turns - 1 / 400) / 4 - dirichlet(turns + 1 / 400) / 4)


def moments(weights: np.ndarray) -> tuple[float, float]:
    p = weights / weights.sum()
    centroid = float(p @ FREQUENCIES_HZ)
    squares = (FREQUENCIES_HZ - centroid) ** 2
    return centroid, float(p @ squares**2 / (p @ squares) ** 2)


@pytest.mark.parametrize("bin_number", [16, 32, 64, 100, 128, 200])
def test_a_sine_at_a_bin_has_that_centroid(bin_number: int) -> None:
    frequency_hz = bin_number * 31.25
    values = spectral_centroid(sine(frequency_hz)).values
    expected_hz, _ = moments(hann_leakage(frequency_hz))
    assert np.abs(values - frequency_hz).max() < 6
    assert np.abs(values - expected_hz).max() < 0.5


@pytest.mark.parametrize(("middle", "expected"), [(0.0, 1.0), (1.0, 1.5), (2.0, 2.0), (6.0, 4.0)])
def test_three_tones_have_the_kurtosis_of_three_points(middle: float, expected: float) -> None:
    """Weights w, 1 - 2w, w at equal distances give 1 / (2w), whatever the distance."""
    clip = Clip((sine(1000).samples + middle * sine(4000).samples + sine(7000).samples) / 10, RATE)
    assert np.median(spectral_kurtosis(clip).values) == pytest.approx(expected, rel=0.03)
    assert np.median(spectral_centroid(clip).values) == pytest.approx(4000, abs=1)


def test_an_impulse_has_a_flat_spectrum() -> None:
    samples = np.zeros(400)
    samples[200] = 1
    clip = Clip(samples, RATE)
    assert spectral_centroid(clip).values == pytest.approx([4000], abs=1e-6)
    # The discrete uniform distribution over n = 257 bins; 1.8 in the limit.
    assert spectral_kurtosis(clip).values == pytest.approx([3 - 1.2 * (257**2 + 1) / (257**2 - 1)], abs=1e-9)
    assert spectral_kurtosis(clip).values == pytest.approx([1.8], abs=1e-4)


def test_white_noise_is_nearly_flat() -> None:
    assert np.median(spectral_centroid(noise(5 * RATE)).values) == pytest.approx(4000, abs=60)
    assert np.median(spectral_kurtosis(noise(5 * RATE)).values) == pytest.approx(1.8, abs=0.05)


def test_weights_are_magnitudes_not_powers() -> None:
    """Two tones, one at half the amplitude: the centroid lies at a third of the way, not at a fifth."""
    clip = Clip(sine(2000).samples + 0.5 * sine(5000).samples, RATE)
    assert np.median(spectral_centroid(clip).values) == pytest.approx(3000, abs=30)


def test_silence_is_undefined_where_it_is_silent() -> None:
    clip = Clip(np.concatenate([noise(1600).samples, np.zeros(1600)]), RATE)
    for feature in (spectral_centroid, spectral_kurtosis):
        contour = feature(clip)
        silent = contour.times_s - 0.0125 >= 0.1
        assert np.isnan(contour.values[silent]).all()
        assert np.isfinite(contour.values[~silent]).all()


@pytest.mark.parametrize("feature", [spectral_centroid, spectral_kurtosis])
@pytest.mark.parametrize("length", [0, 1, 399, 400, 559, 560, 4321])
def test_frames_lie_wholly_inside_and_are_timed_at_their_middle(feature, length: int) -> None:
    contour = feature(noise(length))
    assert len(contour.values) == max(0, 1 + (length - 400) // 160)
    np.testing.assert_allclose(contour.times_s, 0.0125 + 0.01 * np.arange(len(contour.values)))


def test_long_clips_go_through_in_blocks_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = noise(3 * RATE)
    whole = spectral_kurtosis(clip).values
    monkeypatch.setattr("audio.features.BLOCK_FRAMES", 7)
    np.testing.assert_allclose(spectral_kurtosis(clip).values, whole, rtol=1e-12)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), length=st.integers(0, 3000), doublings=st.integers(-40, 3))
def test_features_do_not_depend_on_the_gain(seed: int, length: int, doublings: int) -> None:
    clip = noise(length, seed)
    scaled = Clip(clip.samples * np.float32(2.0**doublings), RATE)
    for feature in (spectral_centroid, spectral_kurtosis):
        np.testing.assert_allclose(feature(scaled).values, feature(clip).values, rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(samples=st.lists(st.floats(-1, 1, width=32), max_size=1200), rate=st.sampled_from([8000, 16_000, 44_100]))
def test_values_are_in_range_or_undefined(samples: list[float], rate: int) -> None:
    clip = Clip(np.array(samples, np.float32), rate)
    centroids, kurtoses = spectral_centroid(clip).values, spectral_kurtosis(clip).values
    assert ((centroids >= 0) & (centroids <= 8000) | np.isnan(centroids)).all()
    assert ((kurtoses >= 1 - 1e-9) & np.isfinite(kurtoses) | np.isnan(kurtoses)).all()


def test_the_rate_of_the_clip_does_not_matter() -> None:
    for rate in (8000, 44_100, 48_000):
        values = spectral_centroid(sine(1000, rate=rate)).values[2:-2]
        assert np.median(values) == pytest.approx(1000, abs=5)


@pytest.mark.slow
def test_librosa_finds_the_same_centroid(voice: Clip) -> None:
    import librosa

    # librosa centres the 400-sample window in 512 samples: 56 more in front put the frames in the same place.
    expected = librosa.feature.spectral_centroid(
        y=np.pad(voice.samples.astype(np.float64), 56), sr=RATE, n_fft=512, win_length=400, hop_length=160, center=False
    )[0]
    np.testing.assert_allclose(spectral_centroid(voice).values, expected, rtol=1e-6)


def test_scipy_finds_the_same_kurtosis(voice: Clip) -> None:
    from scipy.signal import get_window

    frame = voice.samples[3200:3600] * get_window("hann", 400)
    _, expected = moments(np.abs(np.fft.rfft(frame, 512)))
    assert spectral_kurtosis(voice).values[20] == pytest.approx(expected, rel=1e-9)


def test_segments_leave_the_rest_undefined(voice: Clip) -> None:
    spoken = (Segment(0.1, 0.2), Segment(0.5, 0.6))
    free, gated = spectral_centroid(voice), spectral_centroid(voice, segments=spoken)
    inside = (free.times_s >= 0.1) & (free.times_s < 0.2) | (free.times_s >= 0.5) & (free.times_s < 0.6)
    np.testing.assert_array_equal(gated.values[inside], free.values[inside])
    assert np.isnan(gated.values[~inside]).all()
    assert np.isnan(spectral_centroid(voice, segments=()).values).all()


def test_within_takes_the_start_and_not_the_end() -> None:
    contour = Contour("x", "1", np.array([0.0, 1.0, 2.0]), np.ones(3))
    np.testing.assert_array_equal(within(contour, [Segment(1.0, 2.0)]).values, [np.nan, 1.0, np.nan])


def harmonics(f0_hz: np.ndarray) -> Clip:
    """Twelve harmonics of `f0_hz`, shape (samples,), falling as a throat's do."""
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE
    return Clip(0.2 * sum(np.cos(k * phase) / k for k in range(1, 13)), RATE)


def test_f0_and_its_slope_follow_a_glide() -> None:
    times_s = np.arange(2 * RATE) / RATE
    clip = harmonics(100 + 50 * times_s)
    pitch = f0(clip)
    voiced = np.isfinite(pitch.values)
    assert voiced.mean() > 0.8
    np.testing.assert_allclose(pitch.values[voiced][5:-5], 100 + 50 * pitch.times_s[voiced][5:-5], rtol=0.02)
    assert np.nanmedian(delta_f0(clip).values) == pytest.approx(50, abs=5)


def test_delta_f0_needs_voice_on_both_sides(voice: Clip) -> None:
    pitch, slope = f0(voice).values, delta_f0(voice).values
    defined = np.isfinite(slope)
    assert defined.any()
    assert np.isfinite(pitch[:-2][defined[1:-1]]).all()
    assert np.isfinite(pitch[2:][defined[1:-1]]).all()
    assert np.isfinite(pitch[defined]).all()


def test_f0_of_a_long_clip_goes_through_in_pieces_without_a_seam(voice: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = Clip(np.tile(voice.samples, 6), RATE)
    whole = f0(clip)
    monkeypatch.setattr("audio.features.F0_PIECE_S", 2.0)
    pieces = f0(clip)
    np.testing.assert_array_equal(pieces.times_s, whole.times_s)
    assert np.mean(np.isclose(pieces.values, whole.values, atol=0.5, equal_nan=True)) > 0.99


@pytest.mark.parametrize("name", FEATURES)
@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.zeros(8000), np.ones(8000), np.full(300, 0.1)])
def test_every_feature_takes_every_clip(name: str, samples: np.ndarray) -> None:
    contour = FEATURES[name](Clip(samples, RATE))
    assert contour.times_s.dtype == contour.values.dtype == np.float64
    assert contour.times_s.shape == contour.values.shape
    assert not np.isinf(contour.values).any()
    assert contour.name
    assert contour.unit


@pytest.mark.parametrize("name", FEATURES)
def test_every_feature_says_something_of_a_voice(name: str, voice: Clip) -> None:
    contour = FEATURES[name](voice)
    assert np.isfinite(contour.values).mean() > 0.2
    assert contour.times_s[0] >= 0
    assert contour.times_s[-1] <= voice.duration_s + 0.01
