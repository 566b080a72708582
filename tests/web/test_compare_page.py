"""What comes late on the Compare page: numbers of a run that another one has replaced are never shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import gradio as gr
import pytest

from audio.clip import Clip, encode_wav
from listening_test.simulate import apart
from web import hearing, quality
from web.pages.compare import ComparePage
from web.services import Services
from web.settings import Settings

KNOWN = {"token": "", "said": "", "language": "", "speaker": ""}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComparePage]:
    settings = Settings(offline=True, data_dir=tmp_path_factory.mktemp("data"), demo_study=False, workers=1)
    services = Services.start(settings)
    with gr.Blocks(analytics_enabled=False):
        yield ComparePage(services)
    services.close()


class Heard:
    """A hearing of two rounds; a new comparison begins during the first, if `replaced` says so."""

    def __init__(self, page: ComparePage, run: str, *, replaced: bool) -> None:
        self.report: dict[str, Any] = {}
        self._page, self._run, self._replaced = page, run, replaced

    def rounds(self, stop: threading.Event) -> Iterator[None]:
        if self._replaced:
            self._page.services.runs.replace(self._run)
            assert stop.is_set()
        yield
        yield


def all_of(generator: Any) -> list[Any]:
    async def collect() -> list[Any]:
        return [value async for value in generator]

    return apart(collect())


@pytest.mark.parametrize(("replaced", "shown"), [(False, 2), (True, 0)])
def test_what_is_heard_of_a_replaced_run_is_not_shown(
    page: ComparePage, monkeypatch: pytest.MonkeyPatch, replaced: bool, shown: int
) -> None:
    run = f"heard-{replaced}"
    monkeypatch.setattr(hearing, "of", lambda services, run, *_: Heard(page, run, replaced=replaced))
    monkeypatch.setattr("web.components.hearing_panel.shown", lambda found: "shown")
    assert all_of(page.hear(run, KNOWN)) == ["shown"] * shown
    if replaced:
        assert all_of(page.hear(run, KNOWN)) == []


def test_a_run_is_heard_once(page: ComparePage, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard(page, "x", replaced=False)
    heard.report["hearing"] = {}
    monkeypatch.setattr(hearing, "of", lambda *_: heard)
    assert all_of(page.hear("x", KNOWN)) == []
    assert all_of(page.hear("", KNOWN)) == []


@pytest.mark.parametrize("when", ["before", "meanwhile", "never"])
def test_predicted_quality_of_a_replaced_run_is_not_shown(
    page: ComparePage, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def predict(services: Services, run: str) -> list[dict[str, Any]]:
        assert when != "before"
        if when == "meanwhile":
            services.runs.replace(run)
        return []

    monkeypatch.setattr(quality, "predict", predict)
    if when == "before":
        page.services.runs.replace(when)
    said = page.predict_quality(when)
    assert isinstance(said, str) == (when == "never")


def test_a_new_run_replaces_the_one_before_and_a_fault_does_not(page: ComparePage, voice: Clip) -> None:
    services = page.services
    token, _ = services.receive(encode_wav(voice))
    values = page.form.values([])
    refused = page.prepare("first", KNOWN, {"token": token}, 0, "utterance", "", *values)
    assert refused[0] == ""
    assert not services.runs.is_replaced("first")
    ticked = [field.value for field in page.form.inputs]
    run = page.prepare("first", KNOWN, {"token": token}, 0, "utterance", "", *ticked)[0]
    assert services.runs.is_replaced("first")
    assert not services.runs.cancelled(run).is_set()
    again = page.prepare(run, KNOWN, {"token": token}, 0, "utterance", "", *ticked)[0]
    assert services.runs.cancelled(run).is_set()
    assert not services.runs.is_replaced(again)


def test_the_finished_run_stays_the_one_to_tell_of_when_nothing_was_begun(page: ComparePage) -> None:
    assert page.finish("a")[2] == "a"
    assert page.finish("")[2] == gr.skip()
