"""A bench for the participants' routes: the tiny study, a clock that a test turns, and listeners who take the study."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from listening_test.http.routes import router
from listening_test.store import Store
from listening_test.texts import texts
from tests.listening_test import rendered_study


class Clock:
    """Seconds since 1970 that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1_900_000_000.0

    def __call__(self) -> float:
        return self.now_s


@cache
def database() -> bytes:
    """A database with the tiny study, open: made once, because copying a file is quicker."""
    return _database(rendered_study.opened)


def _database(fill: Callable[[Store], Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.db"
        with Store.open(f"sqlite:///{path}", clock=Clock()) as store:
            fill(store)
        return path.read_bytes()


@dataclass
class Lab:
    """An open study behind its routes."""

    store: Store
    info: Any = field(repr=False)
    clock: Clock
    client: TestClient

    def enrol(self, **changes: Any) -> Listener:
        """A listener with a personal link."""
        reply = self.client.post(f"/study/{self.info.link}/enrol", json=enrolment(**changes))
        assert reply.status_code == 201, reply.text
        return Listener(self, reply.json()["token"])

    def truth(self, listener: Listener, page: dict[str, Any]) -> Any:
        """What the database knows about a page."""
        known = self.store.listener(listener.token)
        return next(trial for trial in self.store.trials(known.id) if trial.page == page["page"])


def enrolment(**changes: Any) -> dict[str, Any]:
    """What the browser sends when somebody agrees to take part."""
    usual = {"language": "en", "consent_version": "1", "age_ok": True, "device": "pointer"}
    return {**usual, **changes}


@dataclass
class Listener:
    """Somebody who takes a study, as a browser would."""

    lab: Lab
    token: str

    def url(self, rest: str = "") -> str:
        return f"/take/{self.token}/{rest}".rstrip("/")

    def page(self) -> dict[str, Any]:
        reply = self.lab.client.get(self.url("page"))
        assert reply.status_code == 200, reply.text
        return reply.json()

    def hear(self, page: dict[str, Any]) -> None:
        """Fetch every sound of a page and let the time pass that they last."""
        for sound in page["sounds"]:
            assert self.lab.client.get(self.url(sound["url"])).status_code == 200
            self.lab.clock.now_s += rendered_study.SOUND_S

    def values(self, page: dict[str, Any]) -> dict[str, str]:
        """Some answer to each question; the right one where the study goes on only with that."""
        found = {one["key"]: one["options"][0]["value"] if one["options"] else "" for one in page["questions"]}
        if page["block"] == "headphones":
            found = self.lab.truth(self, page).truth["correct"]
        return found

    def message(self, page: dict[str, Any], values: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
        """What the browser sends for a page."""
        return {
            "page": page["page"],
            "answers": self.values(page) if values is None else values,
            "heard": [{"plays": 1, "coverage": 1.0} for _ in page["sounds"]],
            "response_time_s": 2.5,
            **changes,
        }

    def send(self, message: dict[str, Any]) -> Any:
        return self.lab.client.post(self.url("answer"), json=message)

    def answer(self, page: dict[str, Any], values: dict[str, str] | None = None) -> dict[str, Any]:
        """Hear a page, answer it; the reply."""
        self.hear(page)
        reply = self.send(self.message(page, values))
        assert reply.status_code == 200, reply.text
        return reply.json()

    def pages(self) -> Iterator[dict[str, Any]]:
        """Take the study to its end; each page as it comes, the last one too."""
        page = self.page()
        while page["end"] is None:
            yield page
            page = self.answer(page)["next"]
        yield page

    def go_to(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Answer pages up to the first that is wanted."""
        page = next((page for page in self.pages() if wanted(page)), None)
        assert page is not None, "the study has no such page"
        return page


@dataclass(frozen=True)
class Saved:
    """A listener on the way, to go on from again and again."""

    data: bytes
    token: str
    page: dict[str, Any]
    now_s: float


def saved(folder: Path, wanted: Callable[[dict[str, Any]], bool]) -> Saved:
    """A listener at the first page that is wanted, which is heard already."""
    with lab(folder) as made:
        listener = made.enrol()
        page = listener.go_to(wanted)
        listener.hear(page)
    return Saved((folder / "study.db").read_bytes(), listener.token, page, made.clock.now_s)


@contextmanager
def again(folder: Path, state: Saved) -> Iterator[tuple[Listener, dict[str, Any]]]:
    """The listener and the page that were saved."""
    with lab(folder, state.data) as made:
        made.clock.now_s = state.now_s
        yield Listener(made, state.token), state.page


@contextmanager
def lab(folder: Path, data: bytes | None = None) -> Iterator[Lab]:
    """The tiny study in a database of its own, behind its routes."""
    path, clock = folder / "study.db", Clock()
    path.write_bytes(database() if data is None else data)
    with Store.open(f"sqlite:///{path}", clock=clock) as store:
        app = FastAPI()
        app.include_router(router(store, clock=clock))
        with TestClient(app) as client:
            yield Lab(store, store.studies()[0], clock, client)


def changed(**changes: Any) -> bytes:
    """A database with the tiny study, changed, open."""
    return _database(lambda store: rendered_study.opened(store, **changes))


def said(reply: Any, code: str, status: int, language: Any = "en", **values: object) -> dict[str, Any]:
    """The reply is that refusal, in a sentence, and nothing of the program's inside."""
    body = reply.json()
    assert (reply.status_code, body["code"]) == (status, code), reply.text
    assert body["error"] == texts(language).format(f"errors.{code}", **values)
    assert "Traceback" not in reply.text
    return body


def rated(page: dict[str, Any]) -> bool:
    """Whether a page belongs to a task; attention and gold look the same."""
    return page["block"] == "task"
