"""Simulated listeners take a study through its real HTTP routes; the owner's side tells them what is true.

What they answer has the origin "simulation", is never analysed with participants, and is watermarked in every export.
"""

from __future__ import annotations

import asyncio
import math
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import numpy as np

from listening_test.simulated_listener import Ability, SimulatedListener, SimulationError

if TYPE_CHECKING:
    from listening_test.store import Store, StudyInfo

Result = TypeVar("Result")
TIMEOUT_S = 30.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
START_LIMIT_S = 30.0


@dataclass(frozen=True)
class Told:
    """What a simulated listener knows of a page: what for, what is true, how long its sounds are together in s."""

    kind: str
    truth: Mapping[str, Any]
    heard_s: float


@dataclass
class Taken:
    """How one listener fared.

    Attributes:
        token: of the personal link, "" if the listener could not enrol.
        end: finished, screened_out, closed; "" if the study was not taken to an end.
        acknowledged: (page, answers) that the server said it has saved, in order.
        answer_s: seconds from sending an answer to its acknowledgement, without those that had to be sent again.
        sent_again: requests that had to be repeated, for a lost connection or a server that asked for patience.
        error: why the listener gave up, "" if not.
    """

    token: str = ""
    end: str = ""
    acknowledged: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    answer_s: list[float] = field(default_factory=list)
    sent_again: int = 0
    error: str = ""


@dataclass(frozen=True)
class Crowd:
    """Who takes the study, and how.

    Attributes:
        listeners: how many.
        ability: of each of them.
        inattentive: share of listeners who answer at random, in [0, 1].
        seed: of their answers.
        at_once: how many take the study at the same time.
        think_s: mean pause before an answer, in s; each is drawn between half of it and one and a half.
        patience_s: how long a request is repeated while the server is away, in s.
        language: of the pages.
    """

    listeners: int
    ability: Ability
    inattentive: float = 0.0
    seed: int = 0
    at_once: int = 20
    think_s: float = 0.0
    patience_s: float = 10.0
    language: str = "en"

    def rngs(self) -> list[tuple[np.random.Generator, bool]]:
        """A generator for each listener, and whether the listener is inattentive; their share is met exactly."""
        away = round(self.inattentive * self.listeners)
        chosen = set(np.random.default_rng(self.seed).permutation(self.listeners)[:away].tolist())
        return [(np.random.default_rng([self.seed, i]), i in chosen) for i in range(self.listeners)]


def truths(store: Store) -> Callable[[str], dict[str, Told]]:
    """What tells a simulated listener, by personal token, what is true of each page.

    Raises (when called):
        SimulationError: for the token of anybody who is not simulated.
    """

    def tell(token: str) -> dict[str, Told]:
        listener = store.listener(token)
        if listener is None or listener.origin != "simulation":
            raise SimulationError("Only simulated listeners are told the truth: enrol with the study's simulation key.")
        return {
            trial.page: Told(trial.kind, trial.truth, sum(sound.duration_s for sound in trial.sounds))
            for trial in store.trials(listener.id)
        }

    return tell


def run(
    store: Store,
    info: StudyInfo,
    crowd: Crowd,
    base_url: str,
    *,
    done: Callable[[Taken], None] = lambda taken: None,
) -> list[Taken]:
    """Have a crowd take a study served at `base_url`; `done` is called as each listener ends."""

    async def all_of_them() -> list[Taken]:
        limits = httpx.Limits(max_connections=crowd.at_once, max_keepalive_connections=crowd.at_once)
        async with httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, limits=limits) as client:
            return await take_all(client, info.link, info.simulation_key, crowd, truths(store), done=done)

    return apart(all_of_them())


def apart(work: Coroutine[Any, Any, Result]) -> Result:
    """What a coroutine returns, run in a thread of its own: the caller's may run an event loop already."""
    with ThreadPoolExecutor(1, thread_name_prefix="simulate") as threads:
        return threads.submit(asyncio.run, work).result()


async def take_all(
    client: httpx.AsyncClient,
    link: str,
    simulation_key: str,
    crowd: Crowd,
    tell: Callable[[str], dict[str, Told]],
    *,
    done: Callable[[Taken], None] = lambda taken: None,
) -> list[Taken]:
    """Everybody of a crowd, `crowd.at_once` at a time."""
    gate, meeting = asyncio.Semaphore(crowd.at_once), secrets.token_hex(8)

    async def one(i: int, rng: np.random.Generator, inattentive: bool) -> Taken:
        listener = SimulatedListener(crowd.ability, inattentive=inattentive, rng=rng)
        visit = _Visit(client, link, simulation_key, f"{meeting}-{i}", crowd, random.Random(f"{crowd.seed}-{i}"))
        async with gate:
            taken = await visit.take(listener, tell)
        done(taken)
        return taken

    return list(await asyncio.gather(*(one(i, *how) for i, how in enumerate(crowd.rngs()))))


class _GaveUp(Exception):
    """Why a listener cannot go on."""


class _Visit:
    """One listener's requests, each repeated while the server is away."""

    def __init__(
        self, client: httpx.AsyncClient, link: str, key: str, name: str, crowd: Crowd, pauses: random.Random
    ) -> None:
        self._client, self._link, self._key, self._name, self._crowd = client, link, key, name, crowd
        self._pauses = pauses
        self.taken = Taken()

    async def take(self, listener: SimulatedListener, tell: Callable[[str], dict[str, Told]]) -> Taken:
        try:
            self.taken.token = await self._enrol()
            told = await asyncio.to_thread(tell, self.taken.token)
            page = (await self._send("GET", f"/take/{self.taken.token}/page")).json()
            while not page["end"]:
                page = await self._answer(page, listener, told[page["page"]])
            self.taken.end = page["end"]["kind"]
        except _GaveUp as error:
            self.taken.error = str(error)
        return self.taken

    async def _enrol(self) -> str:
        about = await self._send(
            "GET", f"/study/{self._link}/about", params={"lang": self._crowd.language, "simulation": self._key}
        )
        message = {
            "language": about.json()["language"],
            "consent_version": about.json()["consent"]["version"],
            "age_ok": True,
            "device": "pointer",
            "platform": "simulation",
            "platform_id": self._name,  # an enrolment whose answer was lost resumes instead of taking a second place
            "preview": "",
            "simulation": self._key,
        }
        return (await self._send("POST", f"/study/{self._link}/enrol", json=message)).json()["token"]

    async def _answer(self, page: Mapping[str, Any], listener: SimulatedListener, told: Told) -> dict[str, Any]:
        for sound in page["sounds"]:
            await self._send("GET", f"/take/{self.taken.token}/{sound['url']}")
        answers = listener.answers(page["questions"], told.kind, told.truth)
        message = {
            "page": page["page"],
            "answers": answers,
            "heard": [{"plays": 1, "coverage": 1.0} for _ in page["sounds"]],
            "response_time_s": listener.response_time_s(told.heard_s),
        }
        await asyncio.sleep(self._crowd.think_s * self._pauses.uniform(0.5, 1.5))
        before, began = self.taken.sent_again, time.perf_counter()
        reply = await self._send("POST", f"/take/{self.taken.token}/answer", json=message)
        if self.taken.sent_again == before:
            self.taken.answer_s.append(time.perf_counter() - began)
        self.taken.acknowledged.append((page["page"], answers))
        return reply.json()["next"]

    async def _send(self, method: str, url: str, **more: Any) -> httpx.Response:
        deadline, pause_s = time.monotonic() + self._crowd.patience_s, FIRST_PAUSE_S
        while True:
            try:
                response = await self._client.request(method, url, **more)
                away = response.status_code == 503
                trouble = response.text
            except httpx.TransportError as error:
                away, trouble = True, f"no answer ({type(error).__name__})"
            if not away:
                break
            if time.monotonic() > deadline:
                raise _GaveUp(f"The server was away for {self._crowd.patience_s:g} s: {trouble}")
            self.taken.sent_again += 1
            await asyncio.sleep(pause_s)
            pause_s = min(LONGEST_PAUSE_S, 2 * pause_s)
        if response.is_error:
            raise _GaveUp(f"{method} {_shape(url)} was refused with {response.status_code}: {_sentence(response)}")
        return response


def _shape(url: str) -> str:
    """A path without its secrets."""
    parts = url.split("/")
    return "/".join(part if i < 2 or len(part) < 12 else "…" for i, part in enumerate(parts))


def _sentence(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200]


def percentile(seconds: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed, NaN without values."""
    ordered = sorted(seconds)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else math.nan


@contextmanager
def serving(database_url: str) -> Iterator[str]:
    """The participation routes on a free port of the loopback; yields their address.

    Raises:
        SimulationError: if they do not start.
    """
    import uvicorn

    from listening_test.http.app import create

    config = uvicorn.Config(create(database_url), log_level="warning", access_log=False, server_header=False)
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            _wait_for(server, thread)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _wait_for(server: Any, thread: threading.Thread) -> None:
    pause, deadline = threading.Event(), time.monotonic() + START_LIMIT_S
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise SimulationError(f"The study's pages were expected to start within {START_LIMIT_S:g} s: they did not.")
        pause.wait(0.02)
