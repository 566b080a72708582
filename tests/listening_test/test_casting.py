"""Who may be heard how: everybody in each part equally often, and both sexes wherever there are enough of them."""

from __future__ import annotations

from collections import Counter

from listening_test.casting import Needs, cast
from listening_test.voices import Voices
from tests.listening_test import planning
from tests.listening_test.planning import MOS, SAME

SINGLE = Needs(False, clear=1, veiled=1, both=1, clear_uses=4, veiled_uses=4)
PAIRS = Needs(True, clear=2, veiled=1, both=2, switch=2, clear_uses=6, veiled_uses=2)


def casts(needs, per_sex=6, lists=60, **design):
    voices = Voices.of(planning.clips(per_sex))
    return voices, cast(planning.study([MOS, SAME], design=design), voices, needs, lists)


def test_nobody_has_two_parts():
    for needs in ({"mos": SINGLE}, {"mos": SINGLE, "pairs": PAIRS}, {"pairs": PAIRS, "more": PAIRS}):
        voices, made = casts(needs)
        for one in made:
            everybody = [*one.clear, *one.veiled, *(name for names in one.switch.values() for name in names)]
            assert sorted(everybody) == sorted(voices.speakers)


def test_everybody_has_every_part_about_equally_often():
    voices, made = casts({"mos": SINGLE, "pairs": PAIRS})
    switched = Counter(name for one in made for name in one.switch["pairs"])
    clear = Counter(name for one in made for name in one.clear)
    veiled = Counter(name for one in made for name in one.veiled)
    assert planning.spread(switched, voices.speakers) <= 1
    assert planning.spread(clear, voices.speakers) <= 1
    assert planning.spread(veiled, voices.speakers) <= 2


def test_two_speakers_change_places():
    voices, made = casts({"mos": SINGLE}, per_sex=1)
    assert Counter(one.clear for one in made) == {("F00",): 30, ("M00",): 30}
    assert voices.speakers == ("F00", "M00")


def test_a_sex_too_few_for_a_task_is_left_out_of_that_task():
    voices = Voices.of(planning.clips(6, sexes="F") + planning.clips(2, sexes="M"))
    made = cast(planning.study([MOS]), voices, {"mos": SINGLE, "pairs": PAIRS}, 12)
    for one in made:
        assert {voices.sex(name) for name in one.compared["pairs"]} == {"F"}
        assert {voices.sex(name) for name in one.switch["pairs"]} == {"F"}
    heard = {name for one in made for name in one.clear} & {name for one in made for name in one.veiled}
    assert {"M00", "M01"} <= heard


def test_without_the_rule_everybody_may_be_heard_anyhow():
    voices, made = casts({"mos": SINGLE, "pairs": PAIRS}, original_after_anonymized=True)
    for one in made:
        assert one.clear == one.veiled == one.switch["pairs"] == voices.speakers
