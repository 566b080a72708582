"""One WebSocket: listens, works in a thread, watches the clock; whichever ends first ends it, with a sentence."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import anyio
import anyio.to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from anonymizers.base import AnonymizerError
from web.live.service import Live
from web.live.session import BlockError, Inbox, Session, audible, parsed
from web.live.stream import Asked, opened

WATCH_S = 0.25
STRANGE = "The page and the server do not understand each other: reload the page."
MAX_TEXT = 10_000
CLOSED, TRY_LATER = 1000, 1013
log = logging.getLogger(__name__)


class Opening(BaseModel):
    """What a page says first, and again for another voice or system; the rate stays that of the first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["open"]
    system: str = Field(max_length=100)
    seed: int = Field(ge=0, lt=2**32)
    sample_rate_hz: int = Field(ge=8_000, le=192_000)
    params: dict[str, bool | float | str] = Field(default_factory=dict, max_length=50)

    @property
    def asked(self) -> Asked:
        return Asked(self.system, self.seed, self.sample_rate_hz, self.params)


class Over(Exception):
    """It is over: one sentence for the person."""


async def serve(socket: WebSocket, live: Live) -> None:
    """Speak with an accepted socket until it is over. The place is given back whatever happens."""
    try:
        with anyio.fail_after(live.limits.hello_s):
            first = await _opening(socket)
    except (TimeoutError, ValidationError, Over):
        return await _end(socket, STRANGE, CLOSED)
    except WebSocketDisconnect:
        return None
    if not live.enter():
        return await _end(socket, live.full, TRY_LATER, full=live.limit > 0)
    try:
        sentence = await _Talk(socket, live, first).until_over()
    finally:
        live.leave()
    return await _end(socket, sentence, CLOSED) if sentence else None


async def _opening(socket: WebSocket) -> Asked:
    message = await _received(socket)
    if not isinstance(message, str):
        raise Over(STRANGE)
    return Opening.model_validate_json(message).asked


async def _received(socket: WebSocket) -> str | bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text: str | None = message.get("text")
    if text is None:
        return bytes(message.get("bytes") or b"")
    if len(text) > MAX_TEXT:
        raise Over(STRANGE)
    return text


async def _end(socket: WebSocket, sentence: str, code: int, *, full: bool = False) -> None:
    try:
        await socket.send_json({"type": "ended", "sentence": sentence, "full": full})
        await socket.close(code)
    except (WebSocketDisconnect, RuntimeError):
        pass  # they left first


class _Talk:
    """What a connection that has a place does."""

    def __init__(self, socket: WebSocket, live: Live, first: Asked) -> None:
        self._socket, self._live = socket, live
        self._rate = first.sample_rate_hz
        self._wanted: Asked | None = first
        self._inbox = Inbox(self._rate, live.clock)
        self._news = anyio.Event()
        self._news.set()
        self._sentence = ""
        self._begun = self._heard = self._came = live.clock()

    async def until_over(self) -> str:
        """The sentence to end with; "" when the other side has left."""
        async with anyio.create_task_group() as group:
            for part in (self._listen, self._work, self._watch):
                group.start_soon(self._do, part, group.cancel_scope)
        return self._sentence

    async def _do(self, part: Callable[[], Awaitable[None]], scope: anyio.CancelScope) -> None:
        try:
            await part()
        except WebSocketDisconnect:
            self._sentence = ""
        except (Over, AnonymizerError, BlockError) as error:
            self._sentence = str(error)
        except Exception as error:
            log.exception("a live stream failed")
            self._sentence = (
                f"The system failed in a way nobody expected ({type(error).__name__}): press Start to try again, and "
                "please report it."
            )
        scope.cancel()

    async def _listen(self) -> None:
        while True:
            message = await _received(self._socket)
            if isinstance(message, str):
                self._ask(message)
            else:
                self._take(message)
            self._news.set()

    def _ask(self, message: str) -> None:
        try:
            asked = Opening.model_validate_json(message).asked
        except ValidationError:
            raise Over(STRANGE) from None
        if asked.sample_rate_hz != self._rate:
            raise Over(STRANGE)
        self._wanted = asked

    def _take(self, message: bytes) -> None:
        block = parsed(message, self._rate)
        self._came = self._live.clock()
        if audible(block):
            self._heard = self._came
        self._inbox.put(block)

    async def _work(self) -> None:
        session: Session | None = None
        while True:
            await self._news.wait()
            self._news = anyio.Event()
            if self._wanted:
                session = await self._open(self._wanted)
            blocks = self._inbox.take()
            if session and blocks and (reply := await self._in_thread(session.push, blocks, self._inbox.dropped)):
                await self._socket.send_bytes(reply)

    async def _open(self, asked: Asked) -> Session:
        stream = await self._in_thread(opened, asked)
        if self._wanted is asked:
            self._wanted = None
        self._inbox.clear()  # what was spoken while a model was loading
        about = {"algorithmic_ms": stream.latency_ms, "resampling_ms": stream.resampling_ms}
        await self._socket.send_json({"type": "open", "system": asked.system, "seed": asked.seed, **about})
        return Session(stream, self._live.clock)

    async def _in_thread(self, function: Callable[..., Any], *args: Any) -> Any:
        threads = self._live.threads
        return await anyio.to_thread.run_sync(function, *args, abandon_on_cancel=True, limiter=threads)

    async def _watch(self) -> None:
        limits = self._live.limits
        while True:
            await anyio.sleep(min(WATCH_S, *(each for each in vars(limits).values())))
            now = self._live.clock()
            if now - self._begun > limits.session_s:
                raise Over(
                    f"Live ends after {_span(limits.session_s)}, so that others get a place: press Start to go on."
                )
            if now - self._came > limits.nothing_s:
                raise Over(f"No sound came from this browser for {_span(limits.nothing_s)}: press Start to go on.")
            if now - self._heard > limits.silence_s:
                raise Over(
                    f"Nobody spoke for {_span(limits.silence_s)}, so the place was given back: press Start to go on."
                )


def _span(seconds: float) -> str:
    return f"{seconds / 60:g} minutes" if seconds >= 120 else f"{seconds:g} seconds"
