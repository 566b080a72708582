"""Speech to text to speech: the words come back, the voice does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import runner
from anonymizers.base import AnonymizerError
from anonymizers.cascade_offline import CascadeOffline
from anonymizers.speech_synthesis import Voice, synthesise
from audio.clip import Clip

KEY = "cascade-offline"


@pytest.fixture(scope="module")
def spoken() -> Clip:
    return synthesise("The morning train was late again and the children play.", Voice("en-us", "m6")).resampled(16_000)


def test_what_is_heard_is_what_is_spoken(spoken):
    result = runner.run(spoken, KEY, seed=4)
    text, voice = result.intermediates["transcript"], result.pseudo_speaker
    assert {"morning", "train"} <= set(text.split())
    assert " ".join(word.text for word in result.intermediates["words"]) == text
    again = Voice(*(voice[name] for name in ("language", "variant", "pitch", "pitch_range", "rate_wpm")))
    expected = synthesise(text, again).resampled(16_000)
    assert np.abs(result.clip.samples - expected.samples).max() < 1e-6
    assert voice["sex"] == again.sex


def test_only_the_words_pass():
    """Two voices that say the same words become one and the same sound: nothing else of them is left."""
    said = "hello there"
    one, other = (synthesise(said, Voice("en-us", variant)).resampled(16_000) for variant in ("f2", "m6"))
    system, params = CascadeOffline(), {"transcript": said}
    first, second = (system.anonymize(clip, seed=1, **params).clip for clip in (one, other))
    assert np.array_equal(first.samples, second.samples)


def test_the_seed_is_the_voice(spoken):
    params = {"transcript": "one two three"}
    first, again, other = (runner.run(spoken, KEY, params=params, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.clip.samples, again.clip.samples)
    assert first.pseudo_speaker != other.pseudo_speaker
    assert first.clip.digest != other.clip.digest
    assert first.intermediates["transcript"] == "one two three"


def test_progress_goes_from_hearing_to_speaking(spoken):
    told = []
    runner.run(spoken, KEY, progress=lambda fraction, doing: told.append((fraction, doing)))
    assert [fraction for fraction, _ in told] == sorted(fraction for fraction, _ in told)
    assert [doing for _, doing in told] == ["hearing words", "speaking", "done"]


def test_no_words_are_a_sentence_and_not_a_sound():
    sine = Clip((0.3 * np.sin(np.arange(16_000) / 8)).astype(np.float32), 16_000)
    with pytest.raises(AnonymizerError, match="none were heard"):
        runner.run(sine, KEY)


def test_it_says_what_it_is():
    info = CascadeOffline.info
    assert info.keeps_timing is False
    assert info.hides == {"speaker", "emotion"}
    assert info.fidelity == "own-design"
    assert "English only" in info.caution
    assert "changes words" in info.caution


@pytest.mark.parametrize("package", ["pocketsphinx", "espeakng-loader"])
def test_status_names_the_missing_package(monkeypatch, package):
    assert CascadeOffline.status().state == "ready"
    where = {
        "pocketsphinx": "anonymizers.phones.find_spec",
        "espeakng-loader": "anonymizers.speech_synthesis.find_spec",
    }
    monkeypatch.setattr(where[package], lambda name: None)
    assert CascadeOffline.status().state == "unavailable"
    assert package in CascadeOffline.status().detail


@settings(max_examples=12, deadline=None)
@given(kind=st.sampled_from(["noise", "sine", "clicks"]), duration_s=st.floats(0.05, 1.0), seed=st.integers(0, 2**63))
def test_odd_clips_give_finite_sound_or_a_sentence(kind, duration_s, seed):
    rng, times_s = np.random.default_rng(0), np.arange(int(duration_s * 16_000)) / 16_000
    sounds = {
        "noise": rng.standard_normal(len(times_s)) / 4,
        "sine": np.sin(2 * np.pi * 300 * times_s),
        "clicks": (rng.random(len(times_s)) < 0.002).astype(float),
    }
    try:
        result = runner.run(Clip(sounds[kind].astype(np.float32), 16_000), KEY, seed=seed)
    except AnonymizerError as error:
        said = str(error)
    else:
        said = "spoken." if np.isfinite(result.clip.samples).all() and len(result.clip.samples) else ""
    assert said.endswith(".")
