"""A publisher's server on this machine, which can be slow, break off, send something else, or be busy."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = Callable[["Handler", "Served"], None]


@dataclass
class Served:
    """A file: its bytes, its ETag, more headers, and what is done at the next requests instead of sending it."""

    data: bytes
    etag: str = '"1"'
    headers: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)


@dataclass
class Hub:
    """`address` + "/name" is where `files[name]` is; `asked` has each request's path and headers."""

    address: str = ""
    files: dict[str, Served] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"

    def ranges(self) -> list[str]:
        """The Range of each request so far, "" for none."""
        return [headers.get("range", "") for _, headers in self.asked]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.hub.asked.append((name, {key.lower(): value for key, value in self.headers.items()}))
        served = self.hub.files.get(name)
        if served is None:
            status(404)(self, Served(b""))
        elif served.steps:
            served.steps.pop(0)(self, served)
        else:
            send(self, served)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def send(handler: Handler, served: Served, *, ignore_range: bool = False, stop_at: int | None = None) -> None:
    """The file, or the rest of it that is asked for; broken off at byte `stop_at` of what is sent."""
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    same = handler.headers.get("If-Range", served.etag) == served.etag
    begin = int(asked[1]) if asked and same and not ignore_range else 0
    body = served.data[begin:]
    headers = {"ETag": served.etag, "Content-Type": "application/octet-stream", **served.headers}
    if begin:
        headers["Content-Range"] = f"bytes {begin}-{len(served.data) - 1}/{len(served.data)}"
    reply(handler, 206 if begin else 200, body, headers, stop_at=stop_at)


def reply(
    handler: Handler,
    code: int,
    body: bytes,
    headers: dict[str, str],
    *,
    stop_at: int | None = None,
    chunks: bool = False,
) -> None:
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Connection", "close")
    if not chunks:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[:stop_at])
    handler.close_connection = True


def cut(at: int) -> Step:
    """The connection breaks off after `at` bytes."""
    return lambda handler, served: send(handler, served, stop_at=at)


def status(code: int, **headers: str) -> Step:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, served: reply(handler, code, b"no", named)


def redirect(to: str, **headers: str) -> Step:
    return status(302, Location=to, **headers)


def whole(handler: Handler, served: Served) -> None:
    """The file from its beginning, whatever was asked for."""
    send(handler, served, ignore_range=True)


def without_length(data: bytes) -> Step:
    """These bytes, until the connection ends."""
    return lambda handler, served: reply(handler, 200, data, {"ETag": served.etag}, chunks=True)


def web_page(handler: Handler, served: Served) -> None:
    reply(handler, 200, b"<html>Please log in</html>", {"Content-Type": "text/html; charset=utf-8"})


def held(at: int, asked: threading.Event, go_on: threading.Event) -> Step:
    """Send `at` bytes, tell so, and the rest once `go_on` is set."""

    def step(handler: Handler, served: Served) -> None:
        handler.send_response(200)
        handler.send_header("ETag", served.etag)
        handler.send_header("Content-Length", str(len(served.data)))
        handler.end_headers()
        handler.wfile.write(served.data[:at])
        asked.set()
        if go_on.wait(60):
            handler.wfile.write(served.data[at:])

    return step


@contextmanager
def running() -> Iterator[Hub]:
    """A hub on a free port of this machine."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hangs up is part of the game
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
