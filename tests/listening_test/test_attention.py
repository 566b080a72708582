from __future__ import annotations

import numpy as np
import pytest

from audio.clip import Clip
from audio.level import integrated_lufs
from listening_test.attention import PAUSE_S, interrupted, least_s, parse, wordings
from listening_test.finishing import Levelled, finished, length_class_s, levelled
from listening_test.study import StudyError
from tests.conftest import synthetic_voice
from tests.listening_test.rendering import heard, study

pytest.importorskip("espeakng_loader", reason="attention checks are spoken by the package espeakng-loader")
STUDY = study(
    tasks=[{"type": "mos"}, {"type": "same-different"}, {"type": "speaker-similarity"}, {"type": "line-up"}],
    clip_min_s=1.0,
)


def recording(duration_s: float) -> Levelled:
    return levelled(synthetic_voice(duration_s), STUDY.limits, warnings=[])


def said_in(check: Levelled, original: Levelled) -> tuple[np.ndarray, np.ndarray]:
    """The recording's part of an attention check and the voice's, told apart by the silent pause between them."""
    samples, pause = check.clip.samples, round(PAUSE_S * 16_000)
    runs = np.lib.stride_tricks.sliding_window_view(samples == 0, pause).all(axis=1)
    (start, *_) = np.flatnonzero(runs)
    assert np.array_equal(samples[: start - 200], original.clip.samples[: start - 200])
    return samples[:start], samples[start + pause :]


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("en|overall_quality|4", "This is an interruption. Please select the answer Good to confirm"),
        ("de|overall_quality|4", "Dies ist eine Unterbrechung. Bitte wählen Sie jetzt die Antwort Gut, um"),
        ("en|same_different|-3", "the answer Definitely different people to"),
        ("en|similarity|2", "the answer 2 to"),
        ("en|line_up|3", "the answer Voice 3 to"),
    ],
)
def test_the_answer_is_said_as_it_stands_on_the_page(detail, said):
    assert said in wordings(parse(detail, STUDY), STUDY)["spoken"]


@pytest.mark.parametrize(
    "detail", ["", "en", "en|overall_quality", "fr|overall_quality|4", "en|naturalness|4", "en|overall_quality|6"]
)
def test_what_the_study_does_not_ask_is_refused(detail):
    with pytest.raises(StudyError, match=r"language\|question\|value"):
        interrupted(recording(1.5), detail, 2.0, STUDY)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize(("duration_s", "length_s"), [(8.0, 8.5), (7.1, 7.5), (3.2, 3.5), (5.0, 8.0)])
def test_a_check_is_in_a_file_of_the_recordings_own_length(language, duration_s, length_s):
    original = recording(duration_s)
    check = interrupted(original, f"{language}|overall_quality|5", length_s, STUDY)
    lead, said = said_in(check, original)
    assert len(lead) / 16_000 >= 0.5
    assert len(said) / 16_000 > 1.0
    assert finished(check, length_s, STUDY.limits).facts["duration_s"] == length_s


def test_the_long_wording_is_used_where_there_is_room():
    short, long = (
        said_in(interrupted(r := recording(s), "en|overall_quality|5", s + 0.5, STUDY), r)[1] for s in (4.0, 8.0)
    )
    assert len(long) > 2 * len(short)


@pytest.mark.parametrize("detail", ["en|overall_quality|5", "de|same_different|-3"])
@pytest.mark.parametrize("duration_s", [1.0, 1.2, 3.0])
def test_least_is_enough_and_half_a_second_less_is_not(detail, duration_s):
    original, length_s = recording(duration_s), length_class_s(least_s(detail, STUDY))
    check = interrupted(original, detail, length_s, STUDY)
    lead, _ = said_in(check, original)
    assert len(lead) >= 7_999  # the last sample of the fade may be zero
    finished(check, length_s, STUDY.limits)
    with pytest.raises(StudyError, match=r"a file of at least \d\.\d s was expected, but .* came"):
        interrupted(original, detail, length_s - 0.5, STUDY)


def test_a_recording_shorter_than_the_lead_is_heard_whole():
    short = study(clip_min_s=0.3)
    original = levelled(synthetic_voice(0.41), short.limits, warnings=[])
    check = interrupted(original, "en|overall_quality|5", length_class_s(least_s("en|overall_quality|5", short)), short)
    assert np.array_equal(check.clip.samples[:6_000], original.clip.samples[:6_000])


def test_the_voice_is_as_loud_as_the_recording():
    original = recording(8.0)
    check = interrupted(original, "en|overall_quality|5", 8.5, STUDY)
    assert integrated_lufs(heard(finished(check, 8.5, STUDY.limits).wav)) == pytest.approx(-26, abs=0.5)
    lead, said = (Clip(part, 16_000) for part in said_in(check, original))
    assert integrated_lufs(lead) == pytest.approx(integrated_lufs(said), abs=1.5)


def test_the_voice_does_not_need_the_length_of_a_recording():
    long_clips = study(clip_min_s=5.0)
    original = levelled(synthetic_voice(5.5), long_clips.limits, warnings=[])
    assert interrupted(original, "en|overall_quality|5", 6.0, long_clips).clip.duration_s <= 5.8
