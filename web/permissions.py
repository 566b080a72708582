"""What pages of this app may use of a browser's devices: the microphone, for themselves alone."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import MutableHeaders

POLICY = "microphone=(self), camera=(), geolocation=(), display-capture=()"


class Permissions:
    """ASGI middleware: puts a Permissions-Policy on every page. A page that embeds the app (a Space does) must still
    pass the microphone on to it, with allow="microphone"."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sender(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Permissions-Policy", POLICY)
            await send(message)

        await self._app(scope, receive, sender if scope["type"] == "http" else send)
