from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio.clip import Clip
from audio.vad import Segment
from evaluation.clip_scores import (
    SCORES,
    Score,
    Speech,
    clip_scores,
    pitch_correlation,
    pitch_correlation_of_tracks,
    pitch_track,
    voice_change,
)

RATE = 16_000
ALL = (Segment(0.0, 60.0),)
SPEECH = Speech(ALL, ALL)


def scaled(clip: Clip, factor: float) -> Clip:
    return Clip(clip.samples * np.float32(factor), clip.sample_rate)


def brighter(clip: Clip) -> Clip:
    return Clip(np.diff(clip.samples, prepend=0), clip.sample_rate)


def harmonics(f0_hz: np.ndarray) -> Clip:
    phase = 2 * np.pi * np.cumsum(f0_hz) / RATE
    return Clip(0.2 * sum(np.cos(k * phase) / k for k in range(1, 13)), RATE)


def test_a_clip_beside_itself(voice: Clip) -> None:
    scores = clip_scores(voice, voice, original_speech=ALL)
    assert scores.keys() == SCORES.keys()
    expected = {name: 1.0 if name == "pitch_correlation" else 0.0 for name in SCORES}
    assert {name: score.value for name, score in scores.items()} == pytest.approx(expected, abs=1e-9)
    assert all(score.unit and score.name and not score.note for score in scores.values())


def test_loudness_changes_alone_when_the_gain_does(voice: Clip) -> None:
    scores = clip_scores(voice, scaled(voice, 0.5), original_speech=ALL)
    assert scores["loudness_change"] == Score("Δloudness", "LU", pytest.approx(-6.0206, abs=0.01), None)
    for name in ("duration_change", "centroid_change", "kurtosis_change", "voice_change"):
        assert scores[name].value == pytest.approx(0, abs=1e-3)
    assert scores["pitch_correlation"].value == pytest.approx(1, abs=1e-3)


def test_brightness_raises_the_centroid_and_moves_the_voice(voice: Clip) -> None:
    scores = clip_scores(voice, brighter(voice), original_speech=ALL)
    assert scores["centroid_change"].value > 200
    assert scores["voice_change"].value > 0.1


def test_more_change_is_a_larger_distance(voice: Clip) -> None:
    once = voice_change(voice, brighter(voice), speech=SPEECH).value
    twice = voice_change(voice, brighter(brighter(voice)), speech=SPEECH).value
    assert 0 < once < twice


def test_the_distance_is_symmetric(voice: Clip) -> None:
    other = brighter(voice)
    assert voice_change(voice, other, speech=SPEECH).value == pytest.approx(
        voice_change(other, voice, speech=SPEECH).value
    )


def test_the_distance_follows_its_formula(voice: Clip) -> None:
    """Against cepstra computed step by step with scipy."""
    from scipy.fft import dct
    from scipy.signal import get_window

    def statistics(clip: Clip) -> tuple[np.ndarray, np.ndarray]:
        frames = np.lib.stride_tricks.sliding_window_view(clip.samples.astype(float), 400)[::160] * get_window(
            "hann", 400
        )
        power = np.abs(np.fft.rfft(frames, 512)) ** 2
        edges_hz = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 28) / 2595) - 1)
        f = np.arange(257) * 31.25
        bands = [np.interp(f, edges_hz[i : i + 3], [0, 1, 0]) for i in range(26)]
        cepstra = dct(log_with_floor(power @ np.array(bands).T), norm="ortho", axis=1)[:, 1:13]
        return cepstra.mean(axis=0), cepstra.std(axis=0)

    def log_with_floor(energies: np.ndarray) -> np.ndarray:
        return np.log(np.maximum(energies, 1e-8 * energies.max()))

    (m, s), (n, t) = statistics(voice), statistics(brighter(voice))
    expected = np.sqrt(np.mean((m - n) ** 2 / ((s**2 + t**2) / 2) + np.log(s / t) ** 2))
    assert voice_change(voice, brighter(voice), speech=SPEECH).value == pytest.approx(expected, rel=1e-9)


def test_only_what_is_spoken_counts(voice: Clip) -> None:
    samples = voice.samples.copy()
    samples[RATE:] = 0.1 * np.random.default_rng(0).standard_normal(len(samples) - RATE)
    first_second = Speech((Segment(0.0, 0.98),), (Segment(0.0, 0.98),))
    assert voice_change(voice, Clip(samples, RATE), speech=first_second).value == pytest.approx(0, abs=1e-9)
    assert voice_change(voice, Clip(samples, RATE), speech=SPEECH).value > 0.1


def test_duration(voice: Clip) -> None:
    longer = Clip(np.append(voice.samples, np.zeros(len(voice.samples) // 2)), RATE)
    assert clip_scores(voice, longer, original_speech=ALL)["duration_change"].value == pytest.approx(50)


@pytest.mark.parametrize("samples", [np.zeros(0), np.zeros(1), np.zeros(RATE), np.full(100, 0.2)])
def test_what_is_not_defined_is_nan_with_a_reason(voice: Clip, samples: np.ndarray) -> None:
    nothing = Clip(samples, RATE)
    for pair in ((voice, nothing), (nothing, voice), (nothing, nothing)):
        for name, score in clip_scores(*pair).items():
            assert np.isfinite(score.value) or (np.isnan(score.value) and score.note), name


def test_own_segments_when_the_timing_is_the_systems_own(voice: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    spoken = {voice.digest: (Segment(0.0, 0.5),)}
    monkeypatch.setattr("evaluation.clip_scores.segments", lambda clip: spoken.get(clip.digest, (Segment(0.7, 1.4),)))
    oracle = Speech.of(voice, brighter(voice))
    assert oracle.original == oracle.processed == (Segment(0.0, 0.5),)
    own = Speech.of(voice, brighter(voice), keeps_timing=False)
    assert (own.original, own.processed) == ((Segment(0.0, 0.5),), (Segment(0.7, 1.4),))


def test_intonation_kept_at_another_pitch_correlates() -> None:
    times_s = np.arange(3 * RATE) / RATE
    melody_hz = 150 + 40 * np.sin(2 * np.pi * times_s)
    assert pitch_correlation(harmonics(melody_hz), harmonics(1.4 * melody_hz)).value > 0.95


def test_a_voiceless_clip_has_no_pitch_correlation(voice: Clip) -> None:
    score = pitch_correlation(voice, Clip(np.zeros(len(voice.samples)), RATE))
    assert np.isnan(score.value)
    assert "voiced" in score.note


def test_tracks_are_aligned_and_stretched() -> None:
    rng = np.random.default_rng(0)
    track = np.where(rng.uniform(size=300) > 0.5, rng.uniform(80, 400, 300), 0.0)
    assert pitch_correlation_of_tracks(track, np.roll(track, 25)) == pytest.approx(1)
    smooth = 200 + 50 * np.sin(np.linspace(0, 6, 300))
    assert pitch_correlation_of_tracks(smooth, smooth[::2]) > 0.99


def test_pitch_out_of_range_counts_as_unvoiced() -> None:
    track = np.array([100.0, 74.9, 500.1, 200.0, 0.0])
    assert pitch_correlation_of_tracks(track, np.array([100.0, 0.0, 0.0, 200.0, 0.0])) == pytest.approx(1)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.one_of(st.just(0.0), st.floats(50, 600)), max_size=80),
    st.lists(st.one_of(st.just(0.0), st.floats(50, 600)), max_size=80),
)
def test_pitch_correlation_is_in_range_or_undefined(first: list[float], second: list[float]) -> None:
    value = pitch_correlation_of_tracks(np.array(first), np.array(second))
    assert np.isnan(value) or -1 <= value <= 1


def test_the_references_own_pitch_correlations(shared_dir: Path) -> None:
    folder = shared_dir / "golden" / "metrics"
    expected = json.loads((folder / "meta.json").read_text())["numbers"]["pitch_corr"]
    tracks = np.load(folder / "outputs.npz")
    pairs = [key.split("|") for key in expected if "silence" not in key]
    assert len(pairs) >= 7
    for first, second in pairs:
        value = pitch_correlation_of_tracks(tracks[f"pitch_track_{first}"], tracks[f"pitch_track_{second}"])
        assert value == pytest.approx(expected[f"{first}|{second}"], abs=1e-4)


def test_our_tracker_comes_near_the_references(shared_dir: Path) -> None:
    """DIO is not Praat: near, as the docstring says, and in the same order."""
    folder = shared_dir / "golden" / "metrics"
    expected = json.loads((folder / "meta.json").read_text())["numbers"]["pitch_corr"]
    waves = np.load(folder / "inputs.npz")
    values = {}
    for key in ("F|F_mcadams080", "F|M", "F|F_shift50ms", "F|F_cut"):
        first, second = (Clip(waves[f"pitch_wav_{name}"], RATE) for name in key.split("|"))
        values[key] = pitch_correlation(first, second).value
        assert values[key] == pytest.approx(expected[key], abs=0.1)
    assert sorted(values, key=values.__getitem__) == sorted(values, key=expected.__getitem__)


def test_known_tracks_spare_finding_them_again(voice: Clip) -> None:
    changed = brighter(voice)
    tracks = (pitch_track(voice), pitch_track(changed))
    assert pitch_correlation(voice, changed, tracks=tracks) == pitch_correlation(voice, changed)
