"""The demo study: made once, opened by itself, never brought back."""

from __future__ import annotations

from typing import Any

import pytest

from listening_test.study import StudyError
from tests.web.owned_studies import Tones, finish
from web.demo_study import DemoStudy
from web.study_service import DEMO, StudyService


def prepared(studies: StudyService, wanted: bool = True) -> DemoStudy:
    """A demo study that has been prepared as far as it goes."""
    demo = DemoStudy(studies, wanted)
    demo.prepare()
    demo.wait()
    if info := studies.store.find(DEMO):
        studies.renders.wait(info.id)
    return demo


def test_it_is_made_rendered_and_opened_by_itself(studies: StudyService, tones: Tones) -> None:
    shown = prepared(studies).shown()
    (info,) = studies.store.studies()
    assert (shown.state, shown.link, info.state) == ("ready", info.link, "open")
    rendered = list(tones.rendered)
    assert prepared(studies).shown() == shown  # the next start
    assert tones.rendered == rendered


def test_while_it_is_prepared_it_says_how_far_it_is(studies: StudyService, tones: Tones) -> None:
    tones.go_on.clear()
    demo = DemoStudy(studies, True)
    demo.prepare()
    assert demo.shown().state == "preparing"
    assert tones.first.wait(30)
    shown = demo.shown()
    assert shown.state == "preparing"
    assert 0 < shown.done + 1 <= shown.of
    tones.go_on.set()
    demo.wait()
    finish(studies, studies.store.studies()[0].id)
    assert demo.shown().state == "ready"


def test_what_was_deleted_stays_away_and_what_was_closed_stays_closed(studies: StudyService, tones: Tones) -> None:
    prepared(studies)
    (info,) = studies.store.studies()
    studies.close(info.id)
    assert prepared(studies).shown().state == "none"
    studies.delete(info.id, DEMO)
    assert prepared(studies).shown().state == "none"
    assert studies.store.studies() == []


def test_an_interrupted_start_goes_on_at_the_next(studies: StudyService, tones: Tones) -> None:
    tones.fault = StudyError("The computer was switched off.")
    shown = prepared(studies).shown()
    assert (shown.state, shown.problem) == ("none", "The computer was switched off.")
    tones.fault = None
    assert prepared(studies).shown().state == "ready"
    assert len(tones.rendered) == len(set(tones.rendered))


def test_an_owner_s_second_version_is_left_alone(studies: StudyService, tones: Tones) -> None:
    prepared(studies)
    second = studies.save(studies.examples()[DEMO])
    shown = prepared(studies).shown()
    assert shown.state == "ready"
    assert studies.store.study(second.id).state == "draft"


def test_unwanted_it_is_not_made(studies: StudyService) -> None:
    assert prepared(studies, wanted=False).shown().state == "none"
    assert studies.store.studies() == []


def test_a_broken_example_is_told(studies: StudyService, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise StudyError("The file is damaged.")

    monkeypatch.setattr(studies, "save", broken)
    assert prepared(studies).shown().problem == "The file is damaged."
