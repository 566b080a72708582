from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.clip import Clip
from audio.level import integrated_lufs
from listening_test.finishing import TooPeaky, cut, dither_of, finished, length_class_s, levelled, to_pcm
from listening_test.study import Limits, StudyError
from tests.conftest import synthetic_voice
from tests.listening_test.rendering import heard, opened


def longest_run_of(value: int, pcm: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (pcm == value).astype(int), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


@given(st.floats(0.01, 100))
def test_a_length_is_the_next_multiple_of_half_a_second_that_leaves_the_edges(longest_s):
    length_s = length_class_s(longest_s)
    assert length_s % 0.5 == 0
    assert longest_s + 0.2 - 1e-5 <= length_s < longest_s + 0.2 + 0.5


@given(st.floats(0.41, 6), st.floats(0.01, 1), st.sampled_from([16_000, 24_000, 48_000]), st.floats(-40, -24))
def test_a_finished_file_has_its_length_rate_and_level(duration_s, loudness, rate_hz, level_lufs):
    limits = Limits(clip_min_s=0.3, sample_rate_hz=rate_hz, level_lufs=level_lufs)
    clip = synthetic_voice(duration_s, 22_050)
    sound = levelled(Clip(clip.samples * np.float32(loudness), 22_050), limits)
    wav, facts = finished(sound, length_class_s(duration_s) + 0.5, limits)
    pcm, rate = opened(wav)
    assert rate == rate_hz
    assert len(pcm) == round((length_class_s(duration_s) + 0.5) * rate_hz)
    assert facts["duration_s"] == len(pcm) / rate_hz
    assert facts["sound_s"] == pytest.approx(duration_s, abs=1e-3)
    assert integrated_lufs(heard(wav)) == pytest.approx(level_lufs - facts["short_by_db"], abs=0.1)
    assert facts["level_lufs"] == pytest.approx(integrated_lufs(heard(wav)), abs=1e-6)
    assert facts["peak_dbfs"] <= -0.99
    assert np.abs(pcm).max() < 32_767


def test_the_gain_is_what_was_done_to_the_clip(voice):
    limits = Limits()
    facts = finished(levelled(voice, limits), 2.0, limits).facts
    pcm = opened(finished(levelled(voice, limits), 2.0, limits).wav)[0][:, 0]
    inside = voice.samples[200:-200]  # of the fades
    loud = np.abs(inside) > 0.05
    gains_db = 20 * np.log10(pcm[1800 : 1800 + len(inside)][loud] / 32_767 / inside[loud])
    assert np.median(gains_db) == pytest.approx(facts["gain_db"], abs=0.01)
    assert facts["source_lufs"] == pytest.approx(integrated_lufs(voice), abs=0.1)


def test_the_silence_around_a_sound_is_dither_not_zeros(voice):
    limits = Limits()
    pcm = opened(finished(levelled(voice, limits), 3.0, limits).wav)[0][:, 0]
    for silence in (pcm[:1600], pcm[1600 + len(voice.samples) :]):
        assert set(np.unique(silence)) == {-1, 0, 1}
        assert (silence != 0).mean() == pytest.approx(0.25, abs=0.03)  # triangular density over two steps
        assert longest_run_of(0, silence) < 80


def test_no_step_where_the_sound_starts_or_ends():
    hum = Clip(np.full(24_000, 0.2) + 0.1 * np.sin(np.arange(24_000)), 16_000)
    pcm = opened(finished(levelled(hum, Limits()), 2.0, Limits()).wav)[0][:, 0].astype(int)
    step = np.abs(np.diff(pcm[1600 + 200 : 1600 + 23_800])).max()
    for edge in (1600, 1600 + 24_000):
        assert np.abs(np.diff(pcm[edge - 170 : edge + 170])).max() <= step
        assert np.abs(np.diff(pcm[edge - 5 : edge + 5])).max() < step / 10


def test_the_same_sound_gives_the_same_file_and_another_another_dither(voice):
    limits = Limits()
    one, again = (finished(levelled(voice, limits), 2.0, limits).wav for _ in range(2))
    assert one == again
    softer = Clip(voice.samples * np.float32(0.5), voice.sample_rate)
    assert not np.array_equal(
        dither_of(voice.digest, 1000), dither_of(levelled(softer, Limits(level_lufs=-30)).clip.digest, 1000)
    )


def test_dither_is_triangular():
    noise = dither_of("any", 200_000) * 32_767
    assert np.abs(noise).max() <= 1
    assert noise.std() == pytest.approx(np.sqrt(2 / 12), rel=0.01)
    assert noise.mean() == pytest.approx(0, abs=0.005)


def test_samples_beyond_full_scale_do_not_wrap():
    assert to_pcm(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])).tolist() == [-32_767, -32_767, 0, 32_767, 32_767]


@pytest.mark.parametrize(
    ("clip", "said"),
    [
        (Clip(np.zeros(32_000), 16_000), "silence came"),
        (Clip(np.full(32_000, 1e-6), 16_000), "silence came"),
        (synthetic_voice(0.9), "at least 1 s of sound was expected, but 0.90 s came"),
        (Clip(np.zeros(0), 16_000), "0.00 s came"),
    ],
)
def test_what_cannot_be_levelled_is_refused(clip, said):
    with pytest.raises(StudyError, match=said):
        levelled(clip, Limits())


def clicks() -> Clip:
    """Soft noise with a few samples at full scale: a crest that no gain can bring to speech level."""
    samples = 0.001 * np.random.default_rng(0).standard_normal(32_000)
    samples[[9_000, 20_000]] = 1.0
    return Clip(samples, 16_000)


def test_a_sound_too_peaky_for_the_level_is_refused_and_fits_where_it_is_said_to():
    limits = Limits(level_lufs=-16)
    with pytest.raises(TooPeaky, match=r"-16 LUFS was expected, but its peaks allow no more than -\d+") as refused:
        finished(levelled(clicks(), limits), 3.0, limits)
    lower = Limits(level_lufs=refused.value.fits_lufs)
    assert finished(levelled(clicks(), lower), 3.0, lower).facts["short_by_db"] == 0.0
    again = pickle.loads(pickle.dumps(refused.value))
    assert (str(again), again.fits_lufs) == (str(refused.value), refused.value.fits_lufs)


def test_a_sound_longer_than_its_file_is_refused(voice):
    with pytest.raises(StudyError, match=r"at most 0.8 s was expected, but 1.50 s came"):
        finished(levelled(voice, Limits()), 1.0, Limits())


def test_a_cut_ends_softly(voice):
    short = cut(voice, 0.3)
    assert len(short.samples) == 4_800
    assert short.samples[-1] == 0
    assert np.array_equal(short.samples[200:-200], voice.samples[200:4_600])
