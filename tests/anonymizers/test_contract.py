"""What every registered system promises, whatever it does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymizers import registry, runner
from anonymizers.base import Anonymizer, AnonymizerError, Result
from anonymizers.report import describe, versions
from audio.clip import Clip
from tests.conftest import synthetic_voice

SYSTEMS = registry.keys()
FETCHED = [key for key in SYSTEMS if registry.info(key).weights]
"""Systems whose weights come from elsewhere: here they run with small random networks."""
CHANGING = [key for key in SYSTEMS if key != "original"]
KEEPING_TIME = [key for key in CHANGING if registry.info(key).keeps_timing]
FEW_PSEUDO_SPEAKERS = {"private-knn-vc"}
"""Two seeds may draw the same of its four published targets."""
RATES_HZ = (8_000, 44_100)
SETTINGS = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module", autouse=True)
def small_networks() -> Iterator[None]:
    """Systems that need weights run whole, with small random networks of the same kind."""
    load = registry.load
    small: dict[str, Anonymizer] = {}

    def loaded(key: str) -> Anonymizer:
        if key in FETCHED and key not in small:
            small[key] = import_module(f"tests.anonymizers.tiny_{key.replace('-', '_')}").tiny()
        return small.get(key) or load(key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "load", loaded)
        patch.setattr(registry, "needs", lambda key, params: ())
        yield


def attempt(clip: Clip, key: str, **how) -> Result | str:
    """The result, or the sentence; anything else fails the test."""
    try:
        return runner.run(clip, key, **how)
    except AnonymizerError as error:
        sentence = str(error)
        assert re.match(r"([A-Z]|kNN).*\.$", sentence, re.DOTALL), sentence
        return sentence


def assert_sound(result: Result, clip: Clip) -> None:
    assert result.clip.sample_rate == clip.sample_rate
    assert np.isfinite(result.clip.samples).all()
    assert np.abs(result.clip.samples).max(initial=0) <= 1
    if registry.info(result.key).keeps_timing:
        assert len(result.clip.samples) == len(clip.samples)


@pytest.mark.parametrize("key", SYSTEMS)
def test_info_is_whole(key: str) -> None:
    info = registry.info(key)
    assert info.key == key
    assert len(info.title) <= 20
    assert info.summary.endswith(".")
    assert info.reference
    assert info.hides <= {"speaker", "emotion", "gender"}
    assert key in FETCHED or registry.status(key).state == "ready"
    for param in info.params:
        assert param.parse(param.default) == param.default
        assert param.help
        assert param.label
        if param.kind in ("float", "int"):
            assert param.minimum <= param.default <= param.maximum


def test_colours_differ_and_the_original_is_grey_and_first() -> None:
    looks = [(registry.entry(key).colour, registry.entry(key).dash) for key in SYSTEMS]
    assert len(set(looks)) == len(looks)
    assert SYSTEMS[0] == "original"
    red, green, blue = (int(looks[0][0][i : i + 2], 16) for i in (1, 3, 5))
    assert max(red, green, blue) - min(red, green, blue) < 20


@pytest.mark.parametrize("key", CHANGING)
def test_the_same_seed_gives_the_same_samples_and_another_gives_others(key: str, spoken: Clip) -> None:
    first, again = (runner.run(spoken, key, seed=1) for _ in range(2))
    np.testing.assert_array_equal(first.clip.samples, again.clip.samples)
    others = range(2, 10) if key in FEW_PSEUDO_SPEAKERS else (2,)
    assert any(runner.run(spoken, key, seed=seed).clip.digest != first.clip.digest for seed in others)
    assert first.clip.digest != spoken.digest
    assert_sound(first, spoken)


@pytest.mark.parametrize("key", CHANGING)
def test_level_speaker_keeps_one_pseudo_speaker(key: str, spoken: Clip) -> None:
    half = Clip(spoken.samples[: len(spoken.samples) // 2], spoken.sample_rate)
    drawn = [dict(runner.run(clip, key, level="speaker", speaker="ann").pseudo_speaker) for clip in (spoken, half)]
    by_seed = DRAWN_BY_SEED[key]
    assert {name: drawn[0][name] for name in by_seed} == {name: drawn[1][name] for name in by_seed}


DRAWN_BY_SEED = {
    "mcadams": ("alpha",),
    "pitch-formant": ("formant_factor",),
    "f0-mean-reversion": (),  # the seed draws noise, frame by frame
    "prosody-scaling": (),  # and here multipliers, phone by phone
    "devoiced": (),
    "cascade-offline": ("variant", "pitch", "rate_wpm"),
    "ssl-sas": (),  # the seed draws among those who are farthest from each clip's own vector
    "house": ("speakers", "median_f0_hz"),
    "house-knn": ("speakers", "median_f0_hz"),
    "house-stream": ("speakers", "median_f0_hz"),
    "knn-vc": ("target", "target_sex"),
    "private-knn-vc": ("target", "target_sex"),
    "contentvec2mel": ("speakers", "median_f0_hz"),
    "gengan": ("noise",),
}


def test_every_system_says_what_its_seed_draws() -> None:
    assert set(DRAWN_BY_SEED) == set(CHANGING)


@pytest.mark.parametrize("key", SYSTEMS)
def test_a_result_tells_how_it_came_about(key: str, spoken: Clip) -> None:
    result = runner.run(spoken, key, seed=5)
    told = json.loads(json.dumps({**describe(result), "versions": versions()}, allow_nan=False))
    assert told["system"] == key
    assert told["fidelity"] == registry.info(key).fidelity
    assert told["seed"] == 5
    assert set(told["params"]) == {param.name for param in registry.info(key).params}
    assert told["versions"]["numpy"] == np.__version__


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("key", CHANGING)
def test_other_rates_come_back_as_they_went(key: str, rate_hz: int, spoken: Clip) -> None:
    clip = spoken.resampled(rate_hz)
    clip = Clip(np.clip(clip.samples, -1, 1), rate_hz)
    result = attempt(clip, key)
    assert isinstance(result, Result), result
    assert_sound(result, clip)


@pytest.mark.parametrize("key", SYSTEMS)
def test_silence_stays_silence(key: str) -> None:
    result = runner.run(Clip(np.zeros(16_000), 16_000), key)
    assert result.clip.is_silent
    assert result.warnings == (runner.SILENCE,)


@pytest.mark.parametrize("duration_s", [0.0005, 0.01, 0.05, 0.2])
@pytest.mark.parametrize("key", SYSTEMS)
def test_short_clips_are_done_or_refused_in_a_sentence(key: str, duration_s: float, voice: Clip) -> None:
    clip = Clip(voice.samples[2000 : 2000 + int(duration_s * 16_000)], 16_000)
    result = attempt(clip, key)
    if isinstance(result, Result):
        assert_sound(result, clip)


@pytest.mark.parametrize("key", KEEPING_TIME)
def test_fifty_milliseconds_are_enough_for_systems_that_do_not_say_otherwise(key: str, voice: Clip) -> None:
    clip = Clip(voice.samples[2000:2800], 16_000)
    needs_phones = key == "prosody-scaling"
    needs_more = registry.info(key).min_duration_s > 0.05
    assert isinstance(attempt(clip, key), Result) or needs_phones or needs_more


@st.composite
def odd_clips(draw) -> Clip:
    """Noise, tones, clicks, steps, in any level and length up to half a second."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    length = draw(st.integers(1, 8_000))
    level = 10.0 ** draw(st.floats(-7, 0))
    kind = draw(st.sampled_from(["noise", "tone", "click", "step", "voice"]))
    if kind == "noise":
        samples = rng.uniform(-1, 1, length)
    elif kind == "tone":
        samples = np.sin(2 * np.pi * rng.uniform(20, 7_900) * np.arange(length) / 16_000)
    elif kind == "click":
        samples = np.eye(1, length, int(rng.integers(length)))[0]
    elif kind == "step":
        samples = np.where(np.arange(length) < rng.integers(length + 1), 0.0, 1.0)
    else:
        samples = synthetic_voice(length / 16_000, f0_hz=rng.uniform(70, 350)).samples
    return Clip(level * np.asarray(samples), 16_000)


@pytest.mark.parametrize("key", CHANGING)
@SETTINGS
@given(clip=odd_clips(), seed=st.integers(0, 2**31))
def test_any_clip_is_a_sound_or_a_sentence(key: str, clip: Clip, seed: int) -> None:
    result = attempt(clip, key, seed=seed)
    if isinstance(result, Result):
        assert_sound(result, clip)


@pytest.mark.slow
@pytest.mark.parametrize("key", CHANGING)
def test_a_minute_and_a_half(key: str, spoken: Clip) -> None:
    clip = Clip(np.tile(spoken.samples, int(90 / spoken.duration_s)), spoken.sample_rate)
    assert_sound(runner.run(clip, key), clip)


@pytest.mark.parametrize("key", CHANGING)
def test_real_voices(key: str, shared_dir) -> None:
    from audio.clip import decode

    paths = sorted((shared_dir / "data" / "dev" / "read").rglob("*.flac"))[::150]
    for path in paths[:2]:
        clip = decode(path).clip
        clip = Clip(clip.samples[: 5 * clip.sample_rate], clip.sample_rate)
        result = attempt(clip, key)
        if isinstance(result, Result):
            assert_sound(result, clip)
        else:
            assert key == "cascade-offline", result
