"""The F0 chain: closed forms, odd tracks, and the numbers of the published chain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymizers.f0 import (
    AddedNoise,
    MeanReversion,
    Noise,
    Quantise,
    Scale,
    Standardised,
    apply_chain,
    moving_sum,
    resample_nearest,
    standardise,
    to_hz,
)

RNG = np.random.default_rng
CHAINS = {
    "quant_16": ("quantise", 16),
    "quant_8": ("quantise", 8),
    "awgn_2": ("noise",),
    "awgn_10": ("noise",),
    "awgn_-5": ("noise",),
    "mean-reverv_0.75n32": ("revert", 0.75, 32),
    "mean-reverv_0.5n16": ("revert", 0.5, 16),
    "mean-reverv_0.75n7": ("revert", 0.75, 7),
    "quant_16_awgn_2": ("quantise", 16, "noise"),
    "awgn_10_mean-reverv_0.75n32": ("noise", "revert", 0.75, 32),
    "mean-reverv_0.75n32_awgn_10": ("noise", "revert", 0.75, 32),
    "quant_16_awgn_2_mean-reverv_0.75n32": ("quantise", 16, "noise", "revert", 0.75, 32),
}
TOLERANCES = {"F": 1e-6, "M": 1e-6, "EF": 1e-6, "short10": 1.5e-6}
"""In z. The reference takes its mean in float32; on the 10-frame track (mean 179.8 Hz, deviation 11.4 Hz) that mean is
one float32 step, 1.5e-5 Hz, above the float64 mean: 1.35e-6 in z on every frame, and float32 sums on top."""
f0_tracks = st.lists(st.one_of(st.just(0.0), st.floats(50.0, 600.0)), max_size=200).map(np.array)


def steps_of(words: tuple, noise: np.ndarray | None) -> list:
    steps: list = []
    for place, word in enumerate(words):
        if word == "quantise":
            steps.append(Quantise(words[place + 1]))
        elif word == "noise":
            assert noise is not None
            steps.append(AddedNoise(noise))
        elif word == "revert":
            steps.append(MeanReversion(words[place + 1], words[place + 2]))
    return steps


@pytest.fixture(scope="module")
def golden(shared_dir):
    folder = shared_dir / "golden" / "f0_chain"
    return dict(np.load(folder / "inputs.npz")), dict(np.load(folder / "outputs.npz"))


@pytest.mark.parametrize("clip", TOLERANCES)
def test_z_is_the_reference_z(golden, clip):
    inputs, outputs = golden
    np.testing.assert_allclose(
        standardise(inputs[f"f0_hz_{clip}"]).z, outputs[f"z_{clip}"], rtol=0, atol=TOLERANCES[clip]
    )


@pytest.mark.parametrize("clip", TOLERANCES)
@pytest.mark.parametrize("chain", CHAINS)
def test_chain_is_the_reference_chain(golden, chain, clip):
    inputs, outputs = golden
    track = standardise(inputs[f"f0_hz_{clip}"])
    ours = apply_chain(track, steps_of(CHAINS[chain], inputs.get(f"noise__{chain}__{clip}")), RNG(0))
    np.testing.assert_allclose(ours.z, outputs[f"{chain}__{clip}"], rtol=0, atol=TOLERANCES[clip])


def test_resampling_is_the_reference_resampling(golden):
    inputs, outputs = golden
    stored = [name for name in outputs if name.startswith("z_interp_")]
    assert len(stored) == 8
    for name in stored:
        clip, length = name.removeprefix("z_interp_").split("_len")
        ours = resample_nearest(standardise(inputs[f"f0_hz_{clip}"]).z, int(length))
        np.testing.assert_allclose(ours, outputs[name], rtol=0, atol=TOLERANCES[clip])


def test_z_by_hand():
    track = standardise(np.array([100.0, 0.0, 120.0, 140.0]))
    assert track.mean_hz == pytest.approx(120.0)
    assert track.std_hz == pytest.approx(20.0, rel=1e-8)
    np.testing.assert_allclose(track.z, [-1.0, 0.0, 0.0, 1.0], atol=1e-8)


@pytest.mark.parametrize("f0_hz", [[], [0.0], [np.nan, 0.0], [0.0, 110.0, 0.0], [110.0, 110.0]])
def test_tracks_with_hardly_a_voiced_frame_stay_finite(f0_hz):
    f0_hz = np.array(f0_hz, dtype=np.float64)
    track = standardise(f0_hz)
    steps = [Quantise(16), Noise(10.0), MeanReversion(0.75), MeanReversion(0.75, voiced_only=True), Scale(2.0)]
    ours = apply_chain(track, steps, RNG(1))
    assert np.isfinite(ours.z).all()
    assert not ours.z.any()
    np.testing.assert_allclose(to_hz(ours, f0_hz > 0), np.nan_to_num(f0_hz))


@given(f0_tracks)
def test_inverse_restores_the_track(f0_hz):
    np.testing.assert_allclose(to_hz(standardise(f0_hz), f0_hz > 0), f0_hz, rtol=1e-9)


@given(f0_tracks, st.integers(0, 2**64 - 1), st.permutations([Quantise(8), Noise(3.0), MeanReversion(0.5, 16)]))
def test_any_order_is_finite_and_repeatable(f0_hz, seed, steps):
    once = apply_chain(standardise(f0_hz), steps, RNG(seed))
    again = apply_chain(standardise(f0_hz), steps, RNG(seed))
    assert len(once.z) == len(f0_hz)
    assert np.isfinite(once.z).all()
    np.testing.assert_array_equal(once.z, again.z)


def test_order_matters():
    track = standardise(100.0 + 40.0 * RNG(3).random(200))
    noise_first = apply_chain(track, [Noise(10.0), MeanReversion(0.75)], RNG(0)).z
    noise_last = apply_chain(track, [MeanReversion(0.75), Noise(10.0)], RNG(0)).z
    assert noise_first.std() < 0.5 * noise_last.std()


@pytest.mark.parametrize(("reading", "sigma"), [("variance", 10**0.5), ("snr", 10**-0.5)])
def test_ten_db_of_noise(reading, sigma):
    track = Standardised(np.r_[np.full(100_000, 1.0), np.zeros(100)], 100.0, 10.0)
    z = Noise(10.0, reading).apply(track, RNG(0)).z
    assert z[:-100].std() == pytest.approx(sigma, rel=0.01)
    assert not z[-100:].any()


def test_scales():
    f0_hz = np.array([90.0, 0.0, 100.0, 130.0])
    track, voiced = standardise(f0_hz), f0_hz > 0
    np.testing.assert_allclose(
        to_hz(Scale(0.0).apply(track, RNG(0)), voiced), np.where(voiced, f0_hz[voiced].mean(), 0)
    )
    np.testing.assert_allclose(to_hz(Scale(1.5, "hz").apply(track, RNG(0)), voiced), 1.5 * f0_hz)


def test_voiced_only_mean_reversion_of_a_constant_is_that_constant():
    z = np.array([0.0, 2.0, 2.0, 0.0, 0.0, 2.0])
    track = Standardised(z, 100.0, 10.0)
    np.testing.assert_allclose(MeanReversion(1.0, 4, voiced_only=True).apply(track, RNG(0)).z, z)
    assert MeanReversion(1.0, 4).apply(track, RNG(0)).z[3] == pytest.approx(1.0)


def test_moving_sum_looks_further_back_than_ahead():
    np.testing.assert_allclose(moving_sum(np.array([0.0, 0.0, 1.0, 0.0, 0.0, 0.0]), 4), [0, 1, 1, 1, 1, 0])
    assert moving_sum(np.array([]), 4).shape == (0,)


def test_settings_out_of_range_are_refused():
    track = standardise(np.array([100.0, 110.0]))
    with pytest.raises(ValueError, match="at least 1 level"):
        Quantise(0).apply(track, RNG(0))
    with pytest.raises(ValueError, match="alpha in"):
        MeanReversion(1.5).apply(track, RNG(0))
    with pytest.raises(ValueError, match="frames was expected"):
        AddedNoise(np.zeros(3)).apply(track, RNG(0))
    with pytest.raises(ValueError, match="At least one frame"):
        resample_nearest(np.array([]), 3)
