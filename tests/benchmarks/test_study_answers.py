"""What the study benchmarks count: each fault is found."""

from __future__ import annotations

from typing import Any

from benchmarks import study_answers


def row(listener: str, position: int, system: str, **more: Any) -> dict[str, Any]:
    """A rated answer of the long table, as far as it matters here."""
    return {
        "listener": listener,
        "place": int(listener[1:]),
        "replaced": False,
        "position": position,
        "kind": "rated",
        "task": "mos",
        "question": "overall_quality",
        "system": system,
        "truth": {},
        **more,
    }


BALANCED = [row("L0", 3, "a"), row("L0", 4, "b"), row("L1", 3, "b"), row("L1", 4, "a")]


def test_a_balanced_table_has_no_fault():
    assert study_answers.duplicates(BALANCED) == 0
    assert study_answers.shared_places(BALANCED) == 0
    assert study_answers.within_listener_imbalance(BALANCED) == 0
    assert study_answers.position_imbalance(BALANCED) == 0


def test_an_answer_twice_is_a_duplicate():
    assert study_answers.duplicates([*BALANCED, row("L0", 4, "b")]) == 1


def test_two_listeners_at_one_place_are_found_unless_one_was_replaced():
    other = row("L7", 3, "a", place=1)
    assert study_answers.shared_places([*BALANCED, other]) == 1
    assert study_answers.shared_places([*BALANCED, {**other, "replaced": True}]) == 0


def test_a_listener_who_misses_a_system_is_unbalanced():
    assert study_answers.within_listener_imbalance([*BALANCED, row("L2", 3, "a"), row("L2", 4, "a")]) == 2


def test_a_system_that_always_comes_first_is_found():
    first = [row(f"L{i}", n, system) for i in range(5) for n, system in ((3, "a"), (9, "b"))]
    assert study_answers.within_listener_imbalance(first) == 0
    assert study_answers.position_imbalance(first) == 5


def test_practice_and_second_questions_are_not_counted():
    practice = row("L0", 1, "a", kind="practice")
    intensity = row("L0", 3, "a", question="z_second")
    assert study_answers.within_listener_imbalance([*BALANCED, practice, intensity]) == 0


def test_kinds_of_pairs_are_conditions_of_their_own():
    ceiling = {"truth": {"pair": "original-original"}}
    other = {"truth": {"pair": "original-anonymized"}}
    fair = [row("L0", 3, "a", **ceiling), row("L0", 4, "b", **other)]
    assert study_answers.within_listener_imbalance(fair) == 0
    assert study_answers.within_listener_imbalance([*fair, row("L0", 5, "b", **other)]) == 1
