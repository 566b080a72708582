"""Which recordings may stand beside each other, and who is kept apart for practice."""

from __future__ import annotations

import pytest

from listening_test.study import StudyError
from listening_test.voices import Voices, interleaved, practice_options
from tests.listening_test import planning
from tests.listening_test.planning import LINE_UP, MOS, SAME, clip


def test_beside_a_recording_stands_another_text():
    said = [clip("a", "F", 0, transcript="Good morning"), clip("a", "F", 1, transcript="good  MORNING")]
    voices = Voices.of([*said, clip("b", "F", 0, transcript="Good morning"), clip("b", "F", 1, transcript="No")])
    assert voices.partners(said[0]) == ()
    assert [c.key for c in voices.beside(said[0], "b")] == ["b-1"]
    assert voices.pairable == {"F": ("b",)}


def test_unknown_texts_may_stand_beside_each_other_but_never_one_recording_beside_itself():
    voices = Voices.of([clip("a", "F", take, transcript="") for take in range(3)])
    first = voices.clips["a"][0]
    assert [c.key for c in voices.partners(first)] == ["a-1", "a-2"]


def test_another_session_is_taken_where_there_is_one():
    takes = [clip("a", "F", 0, session="1"), clip("a", "F", 1, session="1"), clip("a", "F", 2, session="2")]
    voices = Voices.of([*takes, clip("b", "F", 0, session="1"), clip("b", "F", 1, session="1")])
    assert [c.key for c in voices.partners(takes[0])] == ["a-2"]
    assert [c.key for c in voices.partners(takes[2])] == ["a-0", "a-1"]
    assert [c.key for c in voices.partners(voices.clips["b"][0])] == ["b-1"]


def test_a_speaker_has_one_sex():
    with pytest.raises(StudyError, match="Speaker a should have one sex in all clips, but F and M came"):
        Voices.of([clip("a", "F", 0), clip("a", "M", 1)])


def test_interleaving_mixes_every_stretch():
    mixed = interleaved([list("aaaa"), list("bb")])
    assert sorted(mixed) == list("aaaabb")
    assert all("b" in mixed[at : at + 4] for at in range(3))


def options(tasks, voices, **design):
    study = planning.study(tasks, design=design)
    kinds = {task["type"] for task in tasks}
    return practice_options(study, Voices.of(voices), in_pairs=kinds != {"mos"}, line_up="line-up" in kinds)


def test_as_few_as_do_are_kept_apart_for_practice():
    voices = planning.clips(10)
    assert [len(names) for names in options([MOS], voices)] == [1]
    assert [len(names) for names in options([SAME], voices)] == [2]
    assert [len(names) for names in options([LINE_UP], voices)] == [3, 2]
    assert options([SAME], voices, practice_trials=0) == [()]
    for names in options([LINE_UP], voices):
        assert len({name[0] for name in names}) == 1


def test_who_trains_on_systems_meets_several_people_of_each_sex():
    (many, some, least) = options([SAME], planning.clips(20), rungs=["system-trained"], practice_trials=0)
    assert [len(many), len(some), len(least)] == [10, 4, 2]
    assert {name[0] for name in many} == {name[0] for name in some} == {"F", "M"}


def test_who_has_the_fewest_recordings_practises():
    voices = planning.clips(4, 5) + [clip("F99", "F", take) for take in range(2)]
    assert options([MOS], voices) == [("F99",)]
