from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from audio.clip import Clip
from audio.spectrogram import CEILING_DB, FLOOR_DB, LEVELS, colours, scale_db, spectrogram_db, spectrogram_png

RATE = 16_000


def sine(frequency_hz: float, n: int = RATE, level_db: float = 0.0) -> np.ndarray:
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * np.arange(n) / RATE)


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def test_a_full_scale_sine_is_0_db_at_its_row() -> None:
    db = spectrogram_db(Clip(sine(2000), RATE), width_px=20, height_px=257)
    assert db.shape == (257, 20)
    assert db[64] == pytest.approx(0.0, abs=0.01)
    assert (db.argmax(axis=0) == 64).all()
    assert db[96:].max() < -60


def test_loudness_of_the_clip_is_kept() -> None:
    db = spectrogram_db(Clip(sine(2000, level_db=-30), RATE), width_px=20, height_px=257)
    assert db.max() == pytest.approx(-30.0, abs=0.01)


def test_time_runs_right_and_frequency_runs_up() -> None:
    clip = Clip(np.concatenate([sine(1000), sine(7000)]), RATE)
    pixels = np.asarray(opened(spectrogram_png(clip, width_px=100, height_px=80, floor_db=-80, ceiling_db=0)))
    assert pixels.shape == (80, 100)
    assert abs(pixels[:, 20].argmax() - 70) <= 1
    assert abs(pixels[:, 80].argmax() - 10) <= 1


@pytest.mark.parametrize("height_px", [1, 64, 128, 256, 257, 400])
@pytest.mark.parametrize("width_px", [1, 7, 600])
def test_any_size(voice: Clip, width_px: int, height_px: int) -> None:
    image = opened(spectrogram_png(voice, width_px=width_px, height_px=height_px))
    assert (image.format, image.mode, image.size) == ("PNG", "P", (width_px, height_px))


def test_ten_seconds_weigh_at_most_60_kb() -> None:
    """White noise across the whole scale: nothing compresses worse."""
    clip = Clip(0.1 * np.random.default_rng(0).standard_normal(10 * RATE), RATE)
    floor_db, ceiling_db = scale_db(clip)
    assert len(spectrogram_png(clip, floor_db=floor_db, ceiling_db=ceiling_db)) <= 60_000


@pytest.mark.parametrize("length", [0, 1, 399])
def test_clips_without_a_frame_are_all_floor(length: int) -> None:
    clip = Clip(np.ones(length), RATE)
    assert not np.asarray(opened(spectrogram_png(clip))).any()
    assert scale_db(clip) == (FLOOR_DB, CEILING_DB)


def test_silence_is_all_floor() -> None:
    clip = Clip(np.zeros(RATE), RATE)
    assert not np.asarray(opened(spectrogram_png(clip))).any()
    assert scale_db(clip) == (FLOOR_DB, CEILING_DB)


@settings(max_examples=25, deadline=None)
@given(length=st.integers(400, 5000), width_px=st.integers(1, 50), height_px=st.integers(1, 300))
def test_no_column_is_left_out(length: int, width_px: int, height_px: int) -> None:
    clip = Clip(0.1 * np.random.default_rng(length).standard_normal(length), RATE)
    assert np.isfinite(spectrogram_db(clip, width_px=width_px, height_px=height_px)).all()


def test_averaging_keeps_the_power() -> None:
    clip = Clip(0.1 * np.random.default_rng(0).standard_normal(RATE), RATE)
    fine = 10 ** (spectrogram_db(clip, width_px=98, height_px=257) / 10)
    coarse = 10 ** (spectrogram_db(clip, width_px=1, height_px=1) / 10)
    assert coarse[0, 0] == pytest.approx(fine.mean(), rel=1e-9)


def test_the_scale_fits_the_clip(voice: Clip) -> None:
    floor_db, ceiling_db = scale_db(voice)
    pixels = np.asarray(opened(spectrogram_png(voice, floor_db=floor_db, ceiling_db=ceiling_db)))
    assert ceiling_db - floor_db == 70
    assert pixels.max() >= LEVELS - 5
    assert np.mean(pixels == LEVELS - 1) < 0.02


def test_lightness_of_the_colours_climbs_evenly() -> None:
    """In CIE L*, measured from the 8-bit colours: monotone, from near black to near white, no step out of line."""
    encoded = colours().astype(float) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)
    steps = np.diff(lightness)
    assert lightness[0] < 3
    assert lightness[-1] > 95
    assert (steps > 0).all()
    assert steps.max() < 2.5 * steps.mean()
