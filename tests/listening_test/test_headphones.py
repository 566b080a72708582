from __future__ import annotations

import numpy as np
import pytest

from listening_test.finishing import stereo
from listening_test.headphones import ORDERS, level_noise, softest, speech_spectrum_db, tones
from listening_test.study import StudyError
from tests.listening_test.rendering import opened

RATES_HZ = (16_000, 24_000, 48_000)


def dbfs(samples: np.ndarray) -> float:
    return 20 * float(np.log10(np.sqrt(np.square(samples).mean())))


def parts(order: str, rate_hz: int) -> dict[str, np.ndarray]:
    """The tones of a finished trial by name, as they come out of its file: shape (1 s, 2)."""
    pcm, rate = opened(stereo(tones(order, rate_hz), rate_hz).wav)
    assert rate == rate_hz
    assert pcm.shape == (4 * rate_hz, 2)
    samples = pcm.astype(np.float64) / 32_767
    starts = (0, 3 * rate_hz // 2, 3 * rate_hz)
    for gap in (samples[rate_hz : starts[1]], samples[starts[1] + rate_hz : starts[2]]):
        assert len(gap) == rate_hz // 2
        assert not gap.any()
    return {name: samples[start : start + rate_hz] for name, start in zip(order.split("-"), starts, strict=True)}


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("order", ORDERS)
def test_levels_and_phases_are_those_of_woods_2017(order, rate_hz):
    steady = slice(rate_hz // 10, -rate_hz // 10)
    found = parts(order, rate_hz)
    left, right = ({name: tone[steady, side] for name, tone in found.items()} for side in (0, 1))
    assert dbfs(left["reference"]) == pytest.approx(-17, abs=0.01)
    assert dbfs(left["target"]) == pytest.approx(-23, abs=0.01)
    assert dbfs(left["foil"]) == pytest.approx(-17, abs=0.01)
    for name, sign in (("reference", 1), ("target", 1), ("foil", -1)):
        assert np.array_equal(right[name], sign * left[name])


@pytest.mark.parametrize("order", ORDERS)
def test_only_the_foil_cancels_over_loudspeakers(order):
    together = {name: tone.sum(axis=1) for name, tone in parts(order, 16_000).items()}
    assert not together["foil"].any()
    assert dbfs(together["target"][1600:-1600]) == pytest.approx(-23 + 6.02, abs=0.01)
    assert dbfs(together["reference"][1600:-1600]) == pytest.approx(-17 + 6.02, abs=0.01)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_tones_are_at_200_hz_and_nowhere_else(rate_hz):
    for tone in parts(ORDERS[0], rate_hz).values():
        power = np.square(np.abs(np.fft.rfft(tone[:, 0])))  # 1 s long: bins of 1 Hz
        assert int(power.argmax()) == 200
        assert power[180:221].sum() / power.sum() > 0.99999


def test_ramps_last_a_tenth_of_a_second():
    tone = parts("reference-target-foil", 48_000)["reference"][:, 0]
    envelope = np.abs(tone).reshape(-1, 240).max(axis=1)  # over one period, 5 ms
    top = np.sqrt(2) * 10 ** (-17 / 20)
    assert envelope[0] < 0.03 * top
    assert envelope[9:11].mean() == pytest.approx(top / 2, rel=0.12)  # half way after 50 ms
    assert np.all(envelope[20:-20] == pytest.approx(top, rel=0.001))
    assert envelope[18] < 0.999 * top
    assert np.all(np.diff(envelope[:20]) > 0)
    assert np.allclose(envelope, envelope[::-1], rtol=0.02, atol=1e-3)


def test_there_are_six_orders_of_one_size_and_the_target_is_the_answer():
    assert len(set(ORDERS)) == 6
    assert [softest(order) for order in ORDERS].count("2") == 2
    assert softest("target-foil-reference") == "1"
    assert softest("foil-reference-target") == "3"
    assert len({len(stereo(tones(order, 16_000), 16_000).wav) for order in ORDERS}) == 1


@pytest.mark.parametrize("order", ["", "target", "target-foil", "target-foil-foil", "1"])
def test_other_orders_are_refused(order):
    with pytest.raises(StudyError, match="one of the orders"):
        tones(order, 16_000)
    with pytest.raises(StudyError, match="one of the orders"):
        softest(order)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_noise_for_the_level_has_the_spectrum_of_speech(rate_hz):
    noise = level_noise(rate_hz)
    assert noise.duration_s == 5.0
    assert np.abs(noise.samples).max() <= 1
    power = np.square(np.abs(np.fft.rfft(noise.samples.astype(np.float64))))
    hz = np.fft.rfftfreq(len(noise.samples), 1 / rate_hz)
    bands_hz = [(low, low * 2) for low in (125, 250, 500, 1000, 2000)]
    found = [10 * np.log10(power[(hz >= low) & (hz < high)].mean()) for low, high in bands_hz]
    inside = [np.arange(low, high, 1.0) for low, high in bands_hz]
    wanted = [10 * np.log10((10 ** (speech_spectrum_db(band) / 10)).mean()) for band in inside]
    assert np.diff(found) == pytest.approx(np.diff(wanted), abs=0.6)
    assert power[(hz < 95)].sum() / power.sum() < 1e-3


def test_the_spectrum_of_speech_is_that_of_p50():
    """Values of the formula by hand: at 1 kHz log10 f = 3."""
    at_1_khz = -376.44 + 465.439 * 3 - 157.745 * 9 + 16.7124 * 27
    assert speech_spectrum_db(np.array([1000.0])) == pytest.approx(at_1_khz)
    spectrum_db = speech_spectrum_db(np.array([50.0, 100.0, 250.0, 500.0, 1000.0, 4000.0, 9000.0]))
    assert spectrum_db[0] == spectrum_db[-1] == -np.inf
    assert int(spectrum_db.argmax()) == 2
    assert np.all(np.diff(spectrum_db[2:]) < 0)
