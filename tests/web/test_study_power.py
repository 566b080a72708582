"""The planner on the owner's page: every goal in a row, in words, and never a traceback."""

from __future__ import annotations

import re

from listening_test import power
from tests.listening_test import planning
from web import study_power

ROOM = {"max_trials_per_speaker": 60}


def test_every_row_is_there_in_words():
    study = planning.study([planning.MOS, planning.SAME], design=ROOM)
    table = power.expected(study, planning.clips())
    shown = list(study_power.rows(table))
    html = study_power.panel(study, planning.clips())
    assert len(shown) == len(table.rows)
    assert html.count("<tr>") == len(shown) + 1
    assert "With 24 listeners who finish, 22 of them with answers that count:" in html
    first, row = shown[0], table.rows[0]
    assert first == (
        "overall quality, mean rating",
        "interval of ± 0.25 or narrower",
        f"± {row['half_width']:.2f}",
        "–",
        str(row["listeners_needed"]),
    )
    assert re.fullmatch(r"\d+ %", shown[1][3])
    assert "Assumed: rating 3.2" in html


def test_too_few_speakers_and_nothing_to_compare_are_said():
    few = planning.study([planning.MOS], design=ROOM, analysis={"mos_difference": 0.05})
    assert study_power.panel(few, planning.clips(4, 6)).count(f">{study_power.MORE_SPEAKERS}<") > 1
    once = planning.study([{**planning.SAME, "trials_per_system": 1}], design=ROOM)
    html = study_power.panel(once, planning.clips())
    assert "raise trials_per_system" in html
    assert f">{study_power.MORE_SPEAKERS}<" not in html


def test_other_numbers_of_listeners_may_be_asked_for():
    study = planning.study([planning.MOS], design=ROOM)
    assert "With 60 listeners who finish" in study_power.panel(study, planning.clips(), listeners=60)


def test_a_study_that_is_not_feasible_gets_a_sentence():
    html = study_power.panel(planning.study([planning.MOS]), [])
    assert html.startswith('<p class="vv-reading">Nothing can be said')
    assert "A study needs clips" in html
