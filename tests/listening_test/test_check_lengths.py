"""How long files will last is foreseen as rendering makes them."""

from __future__ import annotations

import pytest

from listening_test import attention, plan, questions
from listening_test.check_lengths import attention_s, file_lengths_s
from listening_test.finishing import length_class_s
from listening_test.trial import Sound
from tests.listening_test import planning
from tests.listening_test.checking import ENOUGH, faults, found
from tests.listening_test.planning import LINE_UP, MOS, SAME, SIMILAR


def with_one(duration_s: float, usual_s: float = 3.0):
    voices = [clip.model_copy(update={"duration_s": usual_s}) for clip in planning.clips(14, 6)]
    return [voices[0].model_copy(update={"duration_s": duration_s}), *voices[1:]]


def test_files_last_the_class_of_their_clip():
    voices = with_one(9.0)
    study = planning.study([MOS], design=ENOUGH, screening={"attention_checks": 0})
    lengths_s = file_lengths_s(study, voices, plan.sounds(study, voices))
    assert lengths_s[voices[0].key] == length_class_s(9.0)
    assert set(lengths_s.values()) == {length_class_s(9.0), length_class_s(3.0)}


def test_in_a_study_with_line_ups_all_last_like_the_longest():
    voices = with_one(9.0)
    study = planning.study([LINE_UP, MOS], design=ENOUGH)
    assert set(file_lengths_s(study, voices, plan.sounds(study, voices)).values()) == {length_class_s(9.0)}


def test_clips_that_are_not_heard_count_for_nothing():
    study, voices = planning.study([LINE_UP]), with_one(9.0)
    sounds = [Sound("speech", clip.key, "original") for clip in voices[1:4]]
    assert set(file_lengths_s(study, voices, sounds).values()) == {length_class_s(3.0)}
    assert file_lengths_s(study, voices, [Sound("level")]) == {}


def test_clips_with_an_attention_check_leave_room_for_it():
    voices = with_one(1.5, usual_s=1.5)
    study = planning.study([MOS], design=ENOUGH)
    sounds = [
        Sound("attention", voices[0].key, detail="en|overall_quality|5"),
        Sound("speech", voices[1].key, "mcadams"),
    ]
    lengths_s = file_lengths_s(study, voices, sounds)
    assert lengths_s[voices[0].key] > lengths_s[voices[1].key] == length_class_s(1.5)


@pytest.mark.parametrize("key", ["overall_quality", "same_different", "line_up", "similarity"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_attention_checks_last_about_as_long_as_foreseen(key, language):
    study = planning.study([MOS, SAME, LINE_UP, SIMILAR])
    longest = max(questions.of(study)[key].words[language].labels.items(), key=lambda item: len(item[1]))[0]
    detail = f"{language}|{key}|{longest}"
    assert attention_s(detail, study) == pytest.approx(attention.least_s(detail, study), abs=0.5)


def test_line_ups_of_uneven_clips_are_mostly_silence():
    voices = with_one(9.0)
    said = found("warning", "clips", [LINE_UP, MOS], voices=voices, design=ENOUGH)
    assert "usually last 3.0 s and the longest 9.0 s" in said
    assert faults(planning.study([MOS], design=ENOUGH), voices) == []
    assert faults(planning.study([LINE_UP, MOS], design=ENOUGH), with_one(4.4)) == []
