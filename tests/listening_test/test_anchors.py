from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers.base import AnonymizerError
from audio.clip import Clip
from listening_test.anchors import Q_DB, check_params, low_anchor


def noise_of(clip: Clip, noisy: Clip) -> np.ndarray:
    return noisy.samples.astype(np.float64) - clip.samples


@pytest.mark.parametrize("q_db", [0.0, 5.0, 20.0, 35.0])
def test_speech_is_q_db_above_its_noise(voice, q_db):
    noise = noise_of(voice, low_anchor(voice, q_db=q_db, seed=1))
    speech_power, noise_power = np.square(voice.samples.astype(np.float64)).mean(), np.square(noise).mean()
    assert 10 * np.log10(speech_power / noise_power) == pytest.approx(q_db, abs=0.3)


def test_noise_follows_the_speech_at_every_moment(voice):
    noise = noise_of(voice, low_anchor(voice, q_db=10.0, seed=1))
    ratio = noise / np.where(np.abs(voice.samples) > 1e-4, voice.samples, np.nan)
    middle = len(ratio) // 2
    for part in (ratio[: middle // 2], ratio[-middle // 2 :]):  # as strong in soft parts as in loud ones
        assert np.nanstd(part) == pytest.approx(10 ** (-10 / 20), rel=0.05)
    assert np.nanmax(np.abs(ratio)) <= 4 * 10 ** (-10 / 20) * 1.001
    white = np.nan_to_num(ratio)
    assert abs(np.corrcoef(white[1:], white[:-1])[0, 1]) < 0.05


def test_pauses_stay_silent():
    clip = Clip(np.concatenate([np.zeros(800), np.ones(800), np.zeros(800)]), 16_000)
    noisy = low_anchor(clip, seed=3).samples
    assert not noisy[:800].any()
    assert not noisy[1600:].any()
    assert noisy[800:1600].std() == pytest.approx(10 ** (-Q_DB / 20), rel=0.1)


def test_a_seed_is_a_noise(voice):
    assert low_anchor(voice, seed=1).digest == low_anchor(voice, seed=1).digest
    assert low_anchor(voice, seed=1).digest != low_anchor(voice, seed=2).digest
    assert low_anchor(voice, seed=1).sample_rate == voice.sample_rate


@given(st.floats(0, 50))
def test_parameters_in_range_are_taken(q_db):
    assert check_params({"q_db": str(q_db)}) == {"q_db": q_db}


def test_parameters_have_defaults():
    assert check_params({}) == {"q_db": Q_DB}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"q": 5}, "no parameter 'q'; it has: q_db"),
        ({"q_db": -1}, "between 0.0 and 50.0 dB"),
        ({"q_db": "loud"}, "a number"),
        ({"q_db": float("nan")}, "between"),
    ],
)
def test_wrong_parameters_are_refused(params, said):
    with pytest.raises(AnonymizerError, match=said):
        check_params(params)
