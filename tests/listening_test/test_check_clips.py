"""What can be wrong with the clips of a study."""

from __future__ import annotations

import pytest

from tests.listening_test import planning
from tests.listening_test.checking import ENOUGH, changed, faults, found
from tests.listening_test.planning import EMOTION, LINE_UP, MOS, SAME, SIMILAR


@pytest.mark.parametrize(("duration_s", "wrong"), [(0.9, True), (1.0, False), (12.0, False), (12.1, True)])
def test_durations_keep_to_the_limits(duration_s, wrong):
    voices = planning.clips()
    voices[3] = voices[3].model_copy(update={"duration_s": duration_s})
    errors = [one for one in faults(planning.study([MOS]), voices) if one.severity == "error"]
    assert [one.where for one in errors] == (["clips"] if wrong else [])
    assert all(voices[3].key in one.sentence and f"{duration_s} s" in one.sentence for one in errors)


def test_of_many_faults_the_first_are_named_and_the_others_counted():
    said = found("error", "clips", voices=changed(planning.clips(), duration_s=30.0))
    assert "F00-0 (30.0 s), F00-1 (30.0 s), F00-2 (30.0 s) and 77 more" in said


@pytest.mark.parametrize("task", [SAME, LINE_UP, SIMILAR], ids=lambda task: task["type"])
def test_comparing_voices_takes_two_speakers_of_one_sex_with_two_texts(task):
    couple = [planning.clip(name, sex, take) for name, sex in (("ann", "F"), ("bob", "M")) for take in (1, 2)]
    assert "each, but there is one" in found("error", "clips", [task], voices=couple)
    same_words = [planning.clip(f"s{n}", "F", take, transcript="Always this.") for n in range(9) for take in range(4)]
    assert "but there are none" in found("error", "clips", [task], voices=same_words)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"transcript": ""}, "go by the words"),
        ({"session": "only"}, "one session only"),
    ],
)
def test_what_may_give_a_person_away_is_warned_of_where_voices_are_compared(parts, words):
    voices = changed(planning.clips(14, 6), **parts)
    assert words in found("warning", "clips", [SAME], voices=voices, design=ENOUGH)
    assert faults(planning.study([MOS]), voices) == []


def test_speakers_of_unknown_sex_are_warned_of_where_voices_are_compared():
    voices = planning.clips(14, 6, sexes="FMX")
    assert "sex of some speakers is not known" in found("warning", "clips", [SAME], voices=voices, design=ENOUGH)
    assert faults(planning.study([MOS]), voices) == []


def test_emotions_are_those_of_the_clips():
    more, fewer = ({**EMOTION, "emotions": words} for words in (["anger", "neutral", "boredom"], ["anger", "neutral"]))
    assert "boredom" in found("warning", "tasks[0].emotions", [more])
    assert "sadness" in found("note", "tasks[0].emotions", [fewer])
    voices = changed(planning.clips(), emotion="")
    assert "column emotion" in found("error", "tasks[0].emotions", [EMOTION], voices=voices)
