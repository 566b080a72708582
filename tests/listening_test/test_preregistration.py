"""What is written down before a study opens: all of it, the same each time, and honest about being late."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from listening_test import preregistration
from listening_test.reporting import card, design_words, screening_words
from listening_test.study import digest
from tests.listening_test import analysed, known_tables, planning

STUDY = planning.study(analysed.EVERY_TASK, design=analysed.ROOM)
CLIPS = planning.clips()


def made(**changes: Any) -> dict[str, Any]:
    return preregistration.of(STUDY, CLIPS, made_s=1_700_000_000.0, **changes)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return made(yaml="name: planned\n# why: `ticks`\n")


def test_the_digest_is_the_studys(document: dict[str, Any]):
    assert document["digest"] == digest(STUDY, CLIPS)
    assert document["digest"] in preregistration.markdown(document)


def test_the_same_study_at_the_same_time_gives_the_same_document(document: dict[str, Any]):
    again = made(yaml="name: planned\n# why: `ticks`\n")
    assert preregistration.encode(again) == preregistration.encode(document)
    assert preregistration.markdown(again) == preregistration.markdown(document)


def test_another_margin_is_another_document(document: dict[str, Any]):
    other = STUDY.model_copy(update={"analysis": STUDY.analysis.model_copy(update={"auc_margin": 0.05})})
    found = preregistration.of(other, CLIPS, made_s=0.0)
    assert found["digest"] != document["digest"]
    assert "0.45 to 0.55" in preregistration.markdown(found)


def test_json_holds_the_whole_definition_but_no_path_of_this_machine(document: dict[str, Any]):
    found = json.loads(preregistration.encode(document))
    assert found["definition"]["analysis"]["auc_margin"] == STUDY.analysis.auc_margin
    assert found["definition"]["design"]["seed"] == STUDY.design.seed
    assert len(found["clips"]) == len(CLIPS)
    assert all("path" not in clip for clip in found["clips"])
    assert found["definition"]["clips"]["folder"] is None


def test_each_task_has_a_primary_measure(document: dict[str, Any]):
    assert set(document["primary_measures"]) == set(STUDY.task_keys())


def test_trials_of_one_listener_are_those_of_the_plan(document: dict[str, Any]):
    rated = planning.rated(planning.plans(STUDY, CLIPS, 1)[0])
    assert sum(row["trials"] for row in document["trials_per_listener"]) == len(rated)


def test_the_plan_of_analysis_is_what_the_software_does(document: dict[str, Any]):
    text = preregistration.markdown(document)
    for table in document["analysis_plan"]:
        assert table["method"] in text
    assert document["software"]["statsmodels"] in text


@pytest.mark.parametrize("state", ["open", "closed"])
def test_made_after_opening_it_says_so(state: str):
    late = made(state=state, frozen=digest(STUDY, CLIPS))
    assert f"Made after opening: the study is {state}" in preregistration.markdown(late)
    assert late["digest_matches_frozen"] is True


@pytest.mark.parametrize("state", ["draft", "ready"])
def test_made_before_opening_it_does_not(state: str):
    assert "after opening" not in preregistration.markdown(made(state=state))


def test_a_changed_study_does_not_match_what_was_frozen():
    assert made(state="closed", frozen="0" * 64)["digest_matches_frozen"] is False


def test_the_file_stands_whole_in_the_document(document: dict[str, Any]):
    assert "````yaml\nname: planned\n# why: `ticks`\n````" in preregistration.markdown(document)


def test_what_the_study_will_be_able_to_show_stands_in_it():
    rows = [{"task": "mos", "goal": "a difference of 0.5", "power": 0.83, "note": "By assumption."}]
    text = preregistration.markdown(made(expected=known_tables.table("power", rows)))
    assert "## Power" in text
    assert "| a difference of 0.5 | 0.830 |" in text
    assert "[1] By assumption." in text
    assert "How power is computed." in text


def test_a_study_that_is_not_feasible_says_why_and_is_written_all_the_same():
    found = preregistration.of(STUDY, CLIPS[:2], made_s=0.0)
    assert found["trials_per_listener"] == []
    assert "Not known:" in preregistration.markdown(found)


def test_the_card_names_every_system_with_every_setting():
    facts = {fact.term: fact.text for section in card.sections(STUDY, CLIPS) for fact in section.facts}
    assert set(STUDY.labels) <= set(facts)
    assert "alpha_min = 0.5" in facts["mcadams"]
    assert "Anchor: strong" in facts["devoiced"]


@pytest.mark.parametrize(
    ("screening", "words"),
    [
        ({"headphones": "off"}, "Not checked."),
        ({"headphones": "recorded"}, "nobody is sent back"),
        ({"headphones": "required", "headphones_pass": 6}, "6 of 6 to pass"),
        ({"attention_checks": 0}, "None."),
        ({"attention_checks": 3, "attention_pass": 2}, "3 spoken checks; at least 2"),
        ({"min_rating_variance": 0.25}, "less than 0.25"),
        ({"fluency": "required"}, "does not understand"),
        ({"hearing": False}, "Not asked."),
    ],
)
def test_screening_rules_are_said_as_they_are_set(screening: dict[str, Any], words: str):
    study = planning.study([planning.MOS], screening=screening)
    assert words in " ".join(fact.text for fact in screening_words.rules(study))


def test_tasks_are_said_with_the_questions_as_asked():
    text = " ".join(fact.text for fact in design_words.tasks(STUDY))
    assert "Are these two recordings of the same person?" in text
    assert "in 50% of line-ups the person is not there" in text
    assert "anger, neutral and sadness" in text


def test_sentences_of_the_card_read_as_sentences():
    for section in card.sections(STUDY, CLIPS):
        for fact in section.facts:
            assert fact.text.strip(), fact.term
            assert "  " not in fact.text, fact.text
            assert not re.search(r"None\b(?!\.| of|: volunteers)", fact.text), fact.text
