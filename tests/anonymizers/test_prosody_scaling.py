"""Per-phone pitch and energy scaling: its arithmetic against the reference's, its sound on voices and on odd clips."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import runner
from anonymizers.base import AnonymizerError
from anonymizers.phones import Phone
from anonymizers.prosody_scaling import CROSSFADE_S, RANGES, ProsodyScaling, draw_multipliers, frame_multipliers, scaled
from anonymizers.speech_synthesis import Voice, synthesise
from anonymizers.world import World, analyse
from anonymizers.world import synthesise as put_together
from audio.clip import Clip

KEY = "prosody-scaling"
SENTENCE = "The morning train was late again."


@pytest.fixture(scope="module")
def spoken() -> Clip:
    return synthesise(SENTENCE, Voice("en-us", "m6")).resampled(16_000)


@pytest.fixture
def flat() -> World:
    """One second at 200 Hz, unvoiced in its last fifth, with a flat spectrum."""
    f0_hz = np.where(np.arange(200) < 160, 200.0, 0.0)
    return World(f0_hz, np.full((200, 5), 4.0), np.full((200, 5), 0.1), 0.005, 16_000)


def three_phones() -> list[Phone]:
    return [Phone("AH", 0.0, 0.3), Phone("SIL", 0.3, 0.6), Phone("IY", 0.6, 1.0)]


@pytest.mark.parametrize("name", ["0.6-1.4", "0.7-1.3", "0.8-1.2", "0.9-1.1"])
def test_multipliers_are_hundredths_below_the_upper_end(name):
    low, high = RANGES[name]
    energy, pitch = draw_multipliers(np.random.default_rng(0), 20_000, name)
    for drawn in (energy, pitch):
        assert set(np.rint(100 * drawn).astype(int)) == set(range(low, high))
        assert np.allclose(100 * drawn, np.rint(100 * drawn), atol=1e-9)
        assert drawn.mean() == pytest.approx((low + high - 1) / 200, abs=0.01)
    assert abs(np.corrcoef(energy, pitch)[0, 1]) < 0.03


def test_off_draws_ones():
    assert all((drawn == 1).all() for drawn in draw_multipliers(np.random.default_rng(0), 50, "off"))


def test_pitch_is_multiplied_within_the_phone_and_energy_as_an_amplitude(flat):
    changed = scaled(flat, three_phones(), np.array([1.2, 1.0, 0.7]), np.array([0.5, 1.0, 1.3]))
    middle = [30, 90, 140]
    assert changed.f0_hz[middle] == pytest.approx([240.0, 200.0, 140.0])
    assert np.sqrt(changed.envelope[[*middle, 190]][:, 0]) == pytest.approx([1.0, 2.0, 2.6, 2.6])
    assert (changed.voiced == flat.voiced).all()
    assert changed.aperiodicity is flat.aperiodicity


def test_between_phones_the_multiplier_runs_without_a_step(flat):
    gain = frame_multipliers(flat.times_s, np.array([0.0, 0.3, 0.6]), np.array([0.6, 1.4, 0.6]), CROSSFADE_S)
    assert np.abs(np.diff(gain)).max() <= 0.8 * flat.hop_s / CROSSFADE_S + 1e-9
    assert (gain[:59] == 0.6).all()
    assert gain[62:119] == pytest.approx(1.4)
    assert gain[60] == pytest.approx(1.0)


def test_ramps_never_meet_in_phones_shorter_than_the_crossfade():
    times_s = np.arange(0, 0.1, 0.001)
    gain = frame_multipliers(times_s, np.array([0.0, 0.05, 0.06]), np.array([1.0, 2.0, 1.0]), 0.015)
    assert gain.max() == pytest.approx(2.0)
    assert gain[55] == pytest.approx(2.0)


def test_no_phones_leave_everything_as_it_is(flat):
    none = np.ones(0)
    changed = scaled(flat, [], none, none)
    assert (changed.f0_hz == flat.f0_hz).all()
    assert (changed.envelope == flat.envelope).all()


@pytest.mark.parametrize("name", ["60_140", "70_130", "90_110"])
def test_scaling_matches_the_reference(shared_dir, name):
    """The reference's stored factors on its stored tracks give, phone by phone, its anonymized pitch and energy."""
    golden = {**np.load(shared_dir / "golden/sttts/inputs.npz"), **np.load(shared_dir / "golden/sttts/outputs.npz")}
    durations, hop_s = golden["durations_frames"], 256 / 16_000
    ends = np.cumsum(durations)
    segments = [Phone("", a * hop_s, b * hop_s) for a, b in zip(ends - durations, ends, strict=True)]
    pitch, energy = golden[f"scale_pitch_{name}"][:, 0], golden[f"scale_energy_{name}"][:, 0]
    times_s, starts_s = hop_s * (np.arange(ends[-1]) + 0.5), np.array([segment.start_s for segment in segments])
    f0_hz = golden["pitch_frames_hz"] * frame_multipliers(times_s, starts_s, pitch, 0.0)
    gain = frame_multipliers(times_s, starts_s, energy, 0.0)
    mean_hz = mean_of_nonzero([voiced_mean(golden["pitch_frames_hz"][a:b]) for a, b in spans(ends, durations)])
    for phone, (start, end) in enumerate(spans(ends, durations)):
        expected = golden[f"anon_pitch_{name}"][phone, 0]
        assert voiced_mean(f0_hz[start:end]) / mean_hz == pytest.approx(expected, abs=1e-6)
        if end > start:
            got = golden["energy_phone_norm"][phone, 0] * gain[start:end]
            assert got == pytest.approx(golden[f"anon_energy_{name}"][phone, 0], abs=1e-6)
    low, high = (int(part) for part in name.split("_"))
    assert (low, high) in RANGES.values()
    assert low <= round(100 * float(pitch.min())) <= round(100 * float(pitch.max())) < high


def spans(ends: np.ndarray, durations: np.ndarray) -> list[tuple[int, int]]:
    return list(zip((ends - durations).tolist(), ends.tolist(), strict=True))


def voiced_mean(f0_hz: np.ndarray) -> float:
    return float(f0_hz[f0_hz > 0].mean()) if (f0_hz > 0).any() else 0.0


def mean_of_nonzero(values: list[float]) -> float:
    return float(np.mean([value for value in values if value]))


def test_off_is_world_and_nothing_else(spoken):
    params = runner.check_params(ProsodyScaling.info, {"range": "off"})
    result = ProsodyScaling().anonymize(spoken, seed=1, **params)
    copy = put_together(analyse(spoken), len(spoken.samples))
    assert np.array_equal(result.clip.samples, copy.samples)
    assert result.pseudo_speaker["phones"] == 0


def test_both_flags_off_is_world_and_nothing_else(spoken):
    result = runner.run(spoken, KEY, params={"pitch": False, "energy": False}, seed=1)
    assert np.array_equal(result.clip.samples, runner.run(spoken, KEY, params={"range": "off"}).clip.samples)


def test_each_flag_leaves_the_other_alone(spoken):
    both, pitch_only, energy_only = (
        runner.run(spoken, KEY, params=params, seed=1) for params in ({}, {"energy": False}, {"pitch": False})
    )
    assert pitch_only.pseudo_speaker["mean_pitch_multiplier"] == both.pseudo_speaker["mean_pitch_multiplier"]
    assert pitch_only.pseudo_speaker["mean_energy_multiplier"] == 1.0
    assert np.array_equal(
        pitch_only.intermediates["f0_after"].values, both.intermediates["f0_after"].values, equal_nan=True
    )
    assert np.array_equal(
        energy_only.intermediates["f0_after"].values, both.intermediates["f0_before"].values, equal_nan=True
    )


def test_the_seed_decides(spoken):
    first, again, other = (runner.run(spoken, KEY, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.clip.samples, again.clip.samples)
    assert not np.array_equal(first.clip.samples, other.clip.samples)
    assert first.pseudo_speaker["phones"] == len(first.intermediates["phones"]) > 10


def test_a_transcript_places_its_own_phones(spoken):
    result = runner.run(spoken, KEY, params={"transcript": SENTENCE})
    labels = [phone.label for phone in result.intermediates["phones"] if phone.label != "SIL"]
    assert labels[-4:] == ["AH", "G", "EH", "N"] or labels[-4:] == ["AH", "G", "EY", "N"]
    with pytest.raises(AnonymizerError, match="zzyzx"):
        runner.run(spoken, KEY, params={"transcript": "zzyzx"})


@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from(["noise", "sine", "pulse", "constant"]),
    duration_s=st.floats(0.03, 0.6),
    level=st.sampled_from([1e-5, 0.1, 1.0]),
    scale_range=st.sampled_from(list(RANGES)),
    seed=st.integers(0, 2**63),
)
def test_odd_clips_give_finite_sound_or_a_sentence(kind, duration_s, level, scale_range, seed):
    times_s = np.arange(int(duration_s * 16_000)) / 16_000
    sounds = {
        "noise": np.random.default_rng(0).standard_normal(len(times_s)) / 4,
        "sine": np.sin(2 * np.pi * 300 * times_s),
        "pulse": (times_s == times_s[len(times_s) // 2]).astype(float),
        "constant": np.ones(len(times_s)),
    }
    clip = Clip((level * sounds[kind]).astype(np.float32), 16_000)
    try:
        result = runner.run(clip, KEY, params={"range": scale_range}, seed=seed)
    except AnonymizerError as error:
        fit = str(error).endswith(".") and clip.duration_s < ProsodyScaling.info.min_duration_s
    else:
        fit = np.isfinite(result.clip.samples).all() and len(result.clip.samples) == len(clip.samples)
    assert fit


def test_status_names_the_missing_package(monkeypatch):
    assert ProsodyScaling.status().state == "ready"
    monkeypatch.setattr("anonymizers.phones.find_spec", lambda name: None)
    assert ProsodyScaling.status().state == "unavailable"
    assert "pocketsphinx" in ProsodyScaling.status().detail
