"""What every signal-processing system keeps on any sound: length, finite samples, repeatability, a voice per seed."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers.base import Result
from anonymizers.devoiced import Devoiced
from anonymizers.f0_mean_reversion import F0MeanReversion
from anonymizers.mcadams import McAdams
from anonymizers.pitch_formant import PitchFormant
from audio.clip import Clip

SYSTEMS = [McAdams(), PitchFormant(), F0MeanReversion(), Devoiced()]
every_system = pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.info.key)
seeds = st.integers(0, 2**64 - 1)


@st.composite
def sounds(draw) -> Clip:
    """50 to 500 ms at 16 kHz: noise, sines, DC, impulses, steps, full-scale squares; loud to hardly there."""
    n = draw(st.integers(800, 8000))
    t = np.arange(n)
    kind = draw(st.sampled_from(["noise", "sine", "constant", "impulse", "step", "square"]))
    hz, place = draw(st.floats(20.0, 8000.0)), draw(st.integers(0, n - 1))
    sine = np.sin(2 * np.pi * hz * t / 16_000)
    shapes = {
        "noise": np.random.default_rng(place).uniform(-1.0, 1.0, n),
        "sine": sine,
        "constant": np.ones(n),
        "impulse": (t == place).astype(np.float64),
        "step": (t >= place).astype(np.float64),
        "square": np.where(sine >= 0, 1.0, -1.0),
    }
    return Clip(shapes[kind] * draw(st.sampled_from([1.0, -0.3, 1e-4])), 16_000)


def run(system, clip: Clip, seed: int) -> Result:
    return system.anonymize(clip, seed=seed, **{param.name: param.default for param in system.info.params})


@every_system
@settings(max_examples=15, deadline=None)
@given(clip=sounds(), seed=seeds)
def test_any_sound_keeps_its_length_and_stays_finite(system, clip, seed):
    result = run(system, clip, seed)
    assert result.clip.samples.shape == clip.samples.shape
    assert np.isfinite(result.clip.samples).all()
    assert result.clip.sample_rate == clip.sample_rate
    json.dumps(dict(result.pseudo_speaker), allow_nan=False)


@every_system
@settings(max_examples=3, deadline=None)
@given(pair=st.lists(seeds, min_size=2, max_size=2, unique=True))
def test_a_seed_is_a_pseudo_speaker(system, voice, pair):
    once, again, other = run(system, voice, pair[0]), run(system, voice, pair[0]), run(system, voice, pair[1])
    np.testing.assert_array_equal(once.clip.samples, again.clip.samples)
    assert once.pseudo_speaker == again.pseudo_speaker
    assert np.abs(once.clip.samples - other.clip.samples).max() > 1e-3


@pytest.mark.slow
@every_system
def test_a_minute_of_silence_with_a_word_in_it(system, voice):
    samples = np.zeros(60 * 16_000, dtype=np.float32)
    samples[400_000 : 400_000 + len(voice.samples)] = voice.samples
    result = run(system, Clip(samples, 16_000), 7)
    assert len(result.clip.samples) == len(samples)
    assert np.abs(result.clip.samples).max() > 0.01


@every_system
def test_what_it_says_of_itself(system):
    info = system.info
    assert info.summary.endswith(".")
    assert info.caution
    assert info.hides
    assert all(param.parse(param.default) == param.default for param in info.params)
