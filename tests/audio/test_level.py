from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.clip import Clip
from audio.level import integrated_lufs, momentary_lufs, peak_dbfs, playback_gain_db

MONO_LU = 10 * np.log10(0.5)
"""A tone on one channel is 3.01 LU quieter than on the two of the EBU's test signals."""


def tone(parts: list[tuple[float, float]], rate: int, frequency_hz: float = 1000.0) -> Clip:
    """Sines one after another: (peak level in dBFS, duration in s)."""
    level_db = np.concatenate([np.full(round(duration_s * rate), db) for db, duration_s in parts])
    phase = 2 * np.pi * frequency_hz * np.arange(len(level_db)) / rate
    return Clip(10 ** (level_db / 20) * np.sin(phase), rate)


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000])
def test_the_reference_tone_of_the_standard(rate: int) -> None:
    """BS.1770-4, annex 1: 997 Hz at 0 dBFS on one channel gives -3.01 LKFS."""
    clip = tone([(0.0, 3.0)], rate, 997.0)
    assert integrated_lufs(clip) == pytest.approx(-3.01, abs=0.005)
    np.testing.assert_allclose(momentary_lufs(clip).values, -3.01, atol=0.01)


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize(
    ("parts", "stereo_lufs"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
    ids=["1: level", "2: level", "3: relative gate", "4: both gates", "5: no gate"],
)
def test_the_tones_of_ebu_tech_3341(parts: list[tuple[float, float]], stereo_lufs: float, rate: int) -> None:
    """EBU Tech 3341 cases 1 to 5 (tolerance 0.1 LU), on one channel."""
    assert integrated_lufs(tone(parts, rate)) == pytest.approx(stereo_lufs + MONO_LU, abs=0.1)


@pytest.mark.parametrize(
    ("frequency_hz", "gain_db"), [(38.13547, -5.98 + 0.04), (100, -1.13), (3000, 3.81), (6000, 4.0)]
)
def test_k_weighting_is_the_standards_own_at_any_rate(frequency_hz: float, gain_db: float) -> None:
    """Its curve is flat at 4 dB above 4 kHz and falls under 100 Hz; a tone shows one point of it."""
    at_16, at_48 = (integrated_lufs(tone([(-20, 2)], rate, frequency_hz)) for rate in (16_000, 48_000))
    assert at_16 == pytest.approx(at_48, abs=0.02)
    assert at_48 == pytest.approx(-20 + MONO_LU - 0.691 + gain_db, abs=0.15)


def test_pyloudnorm_agrees_at_48_khz(voice: Clip) -> None:
    import pyloudnorm

    clip = Clip(np.tile(voice.samples, 4), 16_000).resampled(48_000)
    expected = pyloudnorm.Meter(48_000, filter_class="DeMan").integrated_loudness(clip.samples.astype(np.float64))
    assert integrated_lufs(clip) == pytest.approx(expected, abs=0.02)


def test_what_has_no_loudness() -> None:
    assert integrated_lufs(Clip(np.zeros(16_000), 16_000)) == float("-inf")
    assert integrated_lufs(tone([(-80, 2)], 16_000)) == float("-inf")
    for length in (0, 1, 6399):
        assert np.isnan(integrated_lufs(Clip(np.ones(length), 16_000)))
        assert not len(momentary_lufs(Clip(np.ones(length), 16_000)).values)
    assert np.isfinite(integrated_lufs(Clip(tone([(-10, 0.4)], 16_000).samples, 16_000)))


def test_momentary_loudness_has_a_window_every_100_ms_timed_at_its_middle() -> None:
    contour = momentary_lufs(tone([(-20, 1.0), (-30, 1.0)], 16_000))
    np.testing.assert_allclose(contour.times_s, 0.2 + 0.1 * np.arange(17))
    assert contour.values[0] == pytest.approx(-20 + MONO_LU, abs=0.1)
    assert contour.values[-1] == pytest.approx(-30 + MONO_LU, abs=0.1)
    # Half of the window at each level: the mean of the powers.
    half = 10 * np.log10((10**-2 + 10**-3) / 2)
    assert contour.values[8] == pytest.approx(half + MONO_LU, abs=0.1)


def test_momentary_loudness_is_undefined_in_silence() -> None:
    clip = Clip(np.concatenate([tone([(-20, 1.0)], 16_000).samples, np.zeros(32_000)]), 16_000)
    values = momentary_lufs(clip).values
    assert np.isfinite(values[:8]).all()
    assert np.isnan(values[-15:]).all()


def test_blocks_leave_no_seam(voice: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = momentary_lufs(voice).values
    monkeypatch.setattr("audio.level.BLOCK", 4800)
    np.testing.assert_allclose(momentary_lufs(voice).values, whole, rtol=1e-12)


def test_peak() -> None:
    assert peak_dbfs(Clip(np.array([0.1, -0.5]), 16_000)) == pytest.approx(-6.0206, abs=1e-4)
    assert peak_dbfs(Clip(np.zeros(10), 16_000)) == float("-inf")
    assert peak_dbfs(Clip(np.zeros(0), 16_000)) == float("-inf")


@settings(max_examples=25, deadline=None)
@given(scale_db=st.floats(-25, 10), target_lufs=st.floats(-40, -10), limit_dbfs=st.floats(-12, 0))
def test_the_gain_reaches_the_target_or_the_peak_limit(
    voice: Clip, scale_db: float, target_lufs: float, limit_dbfs: float
) -> None:
    clip = Clip(voice.samples * 10 ** (scale_db / 20), 16_000)
    gain_db, short_by_db = playback_gain_db(clip, target_lufs=target_lufs, peak_dbfs=limit_dbfs)
    played = Clip(clip.samples * 10 ** (gain_db / 20), 16_000)
    assert peak_dbfs(played) <= limit_dbfs + 1e-4
    assert short_by_db >= 0
    assert integrated_lufs(played) == pytest.approx(target_lufs - short_by_db, abs=0.01)
    if short_by_db > 0:
        assert peak_dbfs(played) == pytest.approx(limit_dbfs, abs=1e-4)


def test_what_has_no_loudness_is_played_as_it_is() -> None:
    for samples in (np.zeros(0), np.zeros(16_000), np.full(100, 0.5), 1e-5 * np.ones(16_000)):
        assert playback_gain_db(Clip(samples, 16_000)) == (0.0, 0.0)
