"""Phones and words by PocketSphinx, heard in speech that is synthesised on the spot."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizers import phones
from anonymizers.base import AnonymizerError
from anonymizers.phones import Phone, align, allphone, pieces, transcribe
from anonymizers.speech_synthesis import Voice, synthesise
from audio.clip import Clip

SENTENCE = "The morning train was late again, so we watched the children play."
VOICE = Voice("en-us", "m6", 50, 55, 160)


@pytest.fixture(scope="module")
def spoken() -> Clip:
    return synthesise(SENTENCE, VOICE).resampled(16_000)


def odd_clips() -> list[Clip]:
    rng, times_s = np.random.default_rng(0), np.arange(4000) / 16_000
    sounds = [
        np.zeros(0), np.zeros(8000), np.ones(1), np.full(399, 0.5), 1e-9 * rng.standard_normal(4000),
        0.1 * rng.standard_normal(4000), 0.5 * np.sin(2 * np.pi * 440 * times_s), np.sign(rng.standard_normal(4000)),
    ]  # fmt: skip
    return [Clip(sound.astype(np.float32), 16_000) for sound in sounds]


def follow_one_another(found: list[Phone]) -> bool:
    return all(earlier.end_s == later.start_s for earlier, later in pairwise(found))


def test_most_words_of_a_plain_sentence_are_heard(spoken):
    heard = transcribe(spoken)
    content = {"morning", "train", "late", "again", "watched", "children", "play"}
    assert len(content & set(heard.text.split())) >= 4
    assert heard.text == " ".join(word.text for word in heard.words)
    assert all(0 <= word.confidence <= 1 and word.start_s < word.end_s for word in heard.words)
    assert heard.words[-1].end_s <= spoken.duration_s


def test_what_is_heard_depends_neither_on_level_nor_on_what_was_heard_before(spoken):
    expected = allphone(spoken), transcribe(spoken).text, align(spoken, SENTENCE)
    for other in odd_clips()[3:6]:
        allphone(other)
        transcribe(other)
        with pytest.raises(AnonymizerError):
            align(other, SENTENCE)
    quiet = Clip(spoken.samples * np.float32(1 / 64), spoken.sample_rate)
    assert (allphone(quiet), transcribe(quiet).text, align(quiet, SENTENCE)) == expected


def test_allphone_covers_the_clip_without_gaps(spoken):
    found = allphone(spoken)
    assert found[0].start_s == 0
    assert follow_one_another(found)
    assert spoken.duration_s - 0.05 < found[-1].end_s <= spoken.duration_s
    assert 25 < len(found) < 70


def test_alignment_places_the_phones_of_the_text(spoken):
    found = align(spoken, SENTENCE)
    labels = [phone.label for phone in found if phone.label != "SIL"]
    assert follow_one_another(found)
    assert " ".join(labels[2:11]) == "M AO R N IH NG T R EY"  # "mornin(g) trai(n)", after "the"
    assert labels[-3:] == ["P", "L", "EY"]
    silent_s = sum(phone.end_s - phone.start_s for phone in found if phone.label == "SIL")
    assert silent_s < 0.3 * spoken.duration_s


def test_alignment_names_the_words_it_does_not_know(spoken):
    with pytest.raises(AnonymizerError, match=r"does not have \(qwyx, zzyzx\)"):
        align(spoken, "The zzyzx qwyx train")


def test_alignment_refuses_a_text_that_is_not_in_the_clip(spoken):
    with pytest.raises(AnonymizerError, match="400 words could not be placed"):
        align(spoken, "something else " * 200)


@pytest.mark.parametrize("text", ["", " ", "?!", "…"])
def test_alignment_needs_words(spoken, text):
    with pytest.raises(AnonymizerError, match="no words"):
        align(spoken, text)


@pytest.mark.parametrize("clip", odd_clips(), ids=lambda clip: f"{len(clip.samples)}@{clip.sample_rate}")
def test_odd_clips_have_phones_or_none_and_no_words(clip):
    assert follow_one_another(allphone(clip))
    assert len(transcribe(clip).words) <= 2


@settings(max_examples=20, deadline=None)
@given(count=st.integers(0, 4000), scale=st.sampled_from([1e-6, 0.01, 1.0]), seed=st.integers(0, 99))
def test_short_noise_never_breaks_the_recogniser(count, scale, seed):
    noise = scale * np.random.default_rng(seed).standard_normal(count)
    assert follow_one_another(allphone(Clip(noise.astype(np.float32), 16_000)))


def test_long_clips_are_cut_where_they_are_quiet():
    rng = np.random.default_rng(0)
    samples = 0.1 * rng.standard_normal(40 * 16_000).astype(np.float32)
    for pause_s in (11.0, 20.0, 34.0):
        samples[int(pause_s * 16_000) : int((pause_s + 0.4) * 16_000)] = 0
    cuts = pieces(Clip(samples, 16_000))
    assert [cut.start for cut in cuts[1:]] == [cut.stop for cut in cuts[:-1]]
    assert cuts[-1].stop == len(samples)
    assert all(cut.stop - cut.start <= 15 * 16_000 for cut in cuts)
    assert all(any(0 <= cut.start / 16_000 - pause_s <= 0.4 for pause_s in (11, 20, 34)) for cut in cuts[1:])


def test_words_of_a_long_clip_keep_their_times(spoken):
    gap = np.zeros(10 * 16_000, dtype=np.float32)
    long = Clip(np.concatenate([spoken.samples, gap, spoken.samples]), 16_000)
    told = []
    heard = transcribe(long, progress=lambda fraction, doing: told.append(fraction))
    later = [word for word in heard.words if word.start_s > spoken.duration_s + 9]
    assert "train" in [word.text for word in later]
    assert len(told) > 1
    assert told == sorted(told)
    assert heard.words[-1].end_s <= long.duration_s


def test_a_missing_package_is_named(monkeypatch, spoken):
    phones._recogniser.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "pocketsphinx", None)
    with pytest.raises(AnonymizerError, match="pocketsphinx"):
        allphone(spoken)
    phones._recogniser.cache_clear()


def test_real_speech_is_aligned_and_mostly_understood(shared_dir):
    folder = shared_dir / "data" / "dev" / "read" / "librispeech" / "1462"
    path = folder / "1462-170138-0015.flac"
    if not path.is_file():
        pytest.skip("no LibriSpeech clip 1462-170138-0015 in the shared data")
    from audio.clip import decode

    clip, said = decode(path).clip, "i dare say it's quite true that there's never been any one else"
    assert len({*said.split()} & {*transcribe(clip).text.split()}) >= 7
    assert 35 < len(align(clip, said)) < 50
