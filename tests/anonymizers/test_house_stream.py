"""The live house system: the same sound however it is cut, the latency that it states, and no growth."""

from __future__ import annotations

import pickle
import tracemalloc
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonymizers import house_stream, registry, runner
from anonymizers.base import AnonymizerError, Stream, Streaming
from audio.clip import Clip

KEY = "house-stream"
RATE_HZ = 16_000


def opened(seed: int = 5, **params: object) -> Stream:
    system = registry.load(KEY)
    assert isinstance(system, Streaming)
    return system.open_stream(RATE_HZ, seed=seed, **runner.check_params(system.info, params))


def streamed(samples: np.ndarray, sizes: Sequence[int], **params: object) -> np.ndarray:
    """What comes of pieces of these sizes, the last one of what is left, and of the end."""
    stream, parts = opened(**params), []
    for size in sizes:
        piece, samples = samples[:size], samples[size:]
        parts.append(stream.push(piece))
    return np.concatenate((*parts, stream.push(samples), stream.flush()))


@pytest.fixture(scope="module")
def sound(spoken: Clip) -> np.ndarray:
    """A second and a half that ends amid a frame."""
    return spoken.samples[4_000:27_977]


@pytest.fixture(scope="module")
def whole(sound: np.ndarray) -> np.ndarray:
    system = registry.load(KEY)
    params = runner.check_params(system.info, {})
    return system.anonymize(Clip(sound, RATE_HZ), seed=5, **params).clip.samples


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.integers(0, 2_000), st.sampled_from([1, 159, 160, 161, 320])), max_size=30))
def test_any_pieces_give_the_sound_of_the_whole_file(sound: np.ndarray, whole: np.ndarray, sizes: list[int]):
    assert np.abs(whole).max() > 0.01
    np.testing.assert_allclose(streamed(sound, sizes), whole, atol=1e-4)


@pytest.mark.parametrize("push", [160, 320])
def test_blocks_of_a_sound_card_too(sound: np.ndarray, whole: np.ndarray, push: int):
    np.testing.assert_allclose(streamed(sound, [push] * (len(sound) // push)), whole, atol=1e-4)


@pytest.mark.parametrize("length", [0, 1, 160, 161, 1_319, 1_320, 1_321, 5_000])
def test_as_many_samples_come_back_as_went_in(sound: np.ndarray, length: int):
    assert len(streamed(sound[:length], [length // 2])) == length


def held(stream: Stream, samples: np.ndarray) -> Iterator[int]:
    """How many samples are inside after each one."""
    given = 0
    for place, sample in enumerate(samples, 1):
        given += len(stream.push(np.array([sample], np.float32)))
        yield place - given


def test_the_latency_is_what_is_held_back_at_most(sound: np.ndarray):
    """A sample at the start of a frame leaves with the last one that its frame needs: that one is counted, too."""
    stream = opened()
    most = max(held(stream, sound[:8_000]))
    assert most + 1 == pytest.approx(stream.latency_ms * RATE_HZ / 1_000, abs=1e-6)
    assert stream.latency_ms <= 120


def test_nothing_that_comes_after_the_latency_is_known(sound: np.ndarray):
    """Another sound from t on leaves all before t - latency as it was, and changes what comes later."""
    latency = round(opened().latency_ms * RATE_HZ / 1_000)
    sizes = [3_000] * 7
    expected = streamed(sound, sizes)
    other = np.random.default_rng(0).uniform(-1, 1, len(sound)).astype(np.float32)
    for at in (8_000, 12_345):
        changed = streamed(np.concatenate((sound[:at], other[at:])), sizes)
        np.testing.assert_array_equal(changed[: at - latency], expected[: at - latency])
        assert np.abs(changed[at:] - expected[at:]).max() > 1e-3


def test_seeds_are_voices(sound: np.ndarray):
    first, again, other = (streamed(sound[:8_000], [], seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


@pytest.mark.parametrize(("voice", "sexes"), [("female", {"F"}), ("male", {"M"})])
def test_the_voice_asked_for_is_mixed_of_those(voice: str, sexes: set[str], spoken: Clip):
    short = Clip(spoken.samples[:8_000], RATE_HZ)
    told = runner.run(short, KEY, params={"voice": voice}).pseudo_speaker
    assert {one["sex"] for one in told["speakers"]} == sexes
    assert told["algorithmic_latency_ms"] == pytest.approx(opened().latency_ms)


def test_another_rate_is_refused():
    system = house_stream.HouseStream()
    with pytest.raises(AnonymizerError, match="16000 Hz was expected, but 48000 Hz came"):
        system.open_stream(48_000, seed=0, **runner.check_params(system.info, {}))


def test_a_pause_and_a_shout_do_not_stop_it(spoken: Clip):
    speech = spoken.samples[:16_000]
    parts = [np.zeros(32_000, np.float32), np.sign(speech), np.zeros(16_000, np.float32), speech]
    found = streamed(np.concatenate(parts), [4_000] * 20)
    assert np.isfinite(found).all()
    rms = lambda samples: float(np.sqrt(np.mean(samples**2)))  # noqa: E731
    assert rms(found[-16_000:]) > 0.1 * rms(speech)
    assert rms(found[16_000:30_000]) < 0.1 * rms(speech)


def test_what_is_kept_does_not_grow(spoken: Clip):
    """All that a stream holds, as bytes: its states, what waits, and nothing of what was."""
    stream, sizes = opened(), []
    for place in range(40):
        stream.push(spoken.samples[(place * 1_600) % 80_000 :][:1_600])
        sizes.append(len(pickle.dumps(stream)))
    assert max(sizes[30:]) <= max(sizes[5:15]) + 500


@pytest.mark.slow
def test_five_minutes_leave_nothing_behind(spoken: Clip):
    """What the stream holds is as much as after a minute; what the process holds grows by less than a byte a sample."""
    stream = opened()
    blocks = np.array_split(spoken.samples, round(len(spoken.samples) / 8_000))
    held, traced = [], []
    tracemalloc.start()
    for _ in range(5):
        for place in range(120):
            assert np.isfinite(stream.push(blocks[place % len(blocks)])).all()
        held.append(len(pickle.dumps(stream)))
        traced.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert max(held) <= held[0] + 2_000, held
    assert traced[-1] - traced[0] < 1_000_000, traced
