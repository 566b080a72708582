"""Downloads in the background: shared by those who wait, ended when nobody does, for strangers only if allowed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from anonymizers.base import AnonymizerError
from anonymizers.weight_lock import stopped
from anonymizers.weights import WeightFile, WeightRef
from anonymizers.workers import Stopped
from tests.anonymizers.weights_here import DATA, bare_machine, ref_of
from web.weight_work import WeightWork


class Publisher:
    """Plays download.fetch: tells how far it is, waits until it may go on, and puts the file where it belongs."""

    def __init__(self, store: Path) -> None:
        self.store, self.count = store, 0
        self.begun, self.go_on, self.problem = threading.Event(), threading.Event(), ""

    def __call__(self, ref: WeightRef, *, progress: Any, cancelled: threading.Event) -> Path:
        self.count += 1
        progress(0.5, f"{ref.title}: 1.0 of 2.0 MB")
        self.begun.set()
        while not self.go_on.wait(0.01):
            if cancelled.is_set():
                raise stopped(ref)
        if self.problem:
            raise AnonymizerError(self.problem)
        folder = self.store / ref.place
        folder.mkdir(parents=True, exist_ok=True)
        for file in ref.files:
            (folder / file.name).write_bytes(DATA)
        return folder


class Visitor:
    """Waits for weights in a thread of its own."""

    def __init__(self, work: WeightWork, ref: WeightRef) -> None:
        self.stop, self.told, self.ended = threading.Event(), queue.Queue[str](), queue.Queue[str]()
        self.thread = threading.Thread(target=self._wait, args=(work, ref), daemon=True)
        self.thread.start()

    def _wait(self, work: WeightWork, ref: WeightRef) -> None:
        try:
            work.obtain([ref], lambda share, doing: self.told.put(doing), self.stop)
            self.ended.put("here")
        except Stopped:
            self.ended.put("left")
        except AnonymizerError as error:
            self.ended.put(str(error))

    def end(self) -> str:
        return self.ended.get(timeout=30)


@pytest.fixture
def ref() -> WeightRef:
    return ref_of(WeightFile("model.bin", "http://127.0.0.1:9/model.bin", len(DATA)))


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    publisher = Publisher(bare_machine(tmp_path, monkeypatch))
    yield publisher
    publisher.go_on.set()


@pytest.fixture
def work(publisher: Publisher) -> Iterator[WeightWork]:
    work = WeightWork(fetch=publisher, verify=lambda ref, progress: progress(0.5, f"{ref.title}: checking"))
    yield work
    work.close()


def state(work: WeightWork, ref: WeightRef) -> str:
    seen = work.seen(ref.id)
    assert seen is not None
    seen.over.wait(30)
    return seen.state


def test_two_who_want_the_same_share_one_download(work: WeightWork, publisher: Publisher, ref: WeightRef) -> None:
    visitors = [Visitor(work, ref), Visitor(work, ref)]
    assert publisher.begun.wait(30)
    for visitor in visitors:
        while visitor.told.get(timeout=30) != "Downloading Tiny: 1.0 of 2.0 MB":
            pass
    publisher.go_on.set()
    assert [visitor.end() for visitor in visitors] == ["here", "here"]
    assert publisher.count == 1
    work.obtain([ref], lambda share, doing: None, threading.Event())
    assert publisher.count == 1


def test_it_goes_on_while_one_waits_and_ends_with_the_last(
    work: WeightWork, publisher: Publisher, ref: WeightRef
) -> None:
    first, second = Visitor(work, ref), Visitor(work, ref)
    second.told.get(timeout=30)
    first.stop.set()
    assert first.end() == "left"
    assert work.is_busy(ref.id)
    second.stop.set()
    assert second.end() == "left"
    assert state(work, ref) == "stopped"


def test_what_the_owner_began_goes_on_without_anybody(work: WeightWork, publisher: Publisher, ref: WeightRef) -> None:
    work.download(ref)
    visitor = Visitor(work, ref)
    visitor.told.get(timeout=30)
    visitor.stop.set()
    assert visitor.end() == "left"
    publisher.go_on.set()
    assert state(work, ref) == "done"


def test_what_the_owner_stops_is_told_to_those_who_wait(work: WeightWork, publisher: Publisher, ref: WeightRef) -> None:
    visitor = Visitor(work, ref)
    assert publisher.begun.wait(30)
    work.stop(ref.id)
    assert visitor.end() == "The download of Tiny was stopped on the page Models; the next one goes on from there."
    again = Visitor(work, ref)
    publisher.go_on.set()
    assert again.end() == "here"
    assert publisher.count == 2


@pytest.mark.parametrize("problem", ["It is no longer there.", ""])
def test_a_failure_is_a_sentence_for_all(
    work: WeightWork, publisher: Publisher, ref: WeightRef, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    if not problem:
        publisher.store.mkdir(parents=True)
        (publisher.store / "us").write_text("a file where a folder should be")  # an error nobody expected
    publisher.problem = problem
    publisher.go_on.set()
    said = Visitor(work, ref).end()
    assert said == problem or "nobody expected" in said
    assert state(work, ref) == "failed"


def test_checks_do_not_meet_downloads(work: WeightWork, publisher: Publisher, ref: WeightRef) -> None:
    work.download(ref)
    assert publisher.begun.wait(30)
    work.verify(ref)
    seen = work.seen(ref.id)
    assert seen is not None
    assert seen.kind == "download"
    work.forget(ref.id)
    assert work.is_busy(ref.id)
    publisher.go_on.set()
    assert state(work, ref) == "done"
    work.verify(ref)
    assert state(work, ref) == "done"
    work.stop(ref.id)  # nothing to stop
    work.forget(ref.id)
    assert work.seen(ref.id) is None


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"strangers": False}, "The owner of this app has to fetch Tiny first"),
        ({"offline": True}, "VOICEVEIL_OFFLINE=1 forbids it"),
    ],
)
def test_not_everybody_may(publisher: Publisher, ref: WeightRef, how: dict[str, bool], words: str) -> None:
    work = WeightWork(fetch=publisher, **how)
    assert words in Visitor(work, ref).end()
    assert publisher.count == 0


def test_what_must_be_trained_is_not_fetched(work: WeightWork, publisher: Publisher, ref: WeightRef) -> None:
    ours = replace(ref, source="here", recipe="tiny --data DIR")
    assert "python -m training tiny" in Visitor(work, ours).end()
    assert publisher.count == 0


def test_closing_ends_what_goes_on(publisher: Publisher, ref: WeightRef) -> None:
    work = WeightWork(fetch=publisher)
    work.download(ref)
    assert publisher.begun.wait(30)
    work.close()
    assert state(work, ref) == "stopped"
