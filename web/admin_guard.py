"""The door of /admin: whoever is not logged in gets the login page, or 401 where no page was asked for.

Who is logged in is refused what another site's page asks in their name: Gradio itself tells browsers to allow it.
"""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response

from web.admin_login import Login

ADMIN = "/admin"
COOKIE = "voiceveil_admin"
OPEN = frozenset({ADMIN, f"{ADMIN}/login"})
NEVER_KEEP = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
GUARDED = {
    **NEVER_KEEP,
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
CODE = (f"{ADMIN}/assets/", f"{ADMIN}/static/", f"{ADMIN}/svelte/")
"""Files of the page itself, which browsers may keep."""
OTHER_SITE = "Another site asked for this in your name, so it was not done: do it on the page at /admin itself."
LOGIN_FIRST = "This page is for the owner of the studies: log in at /admin first."


def session_of(headers: Headers) -> str:
    """The session in a request's cookies, "" without one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def from_elsewhere(headers: Headers, public_url: str = "") -> bool:
    """Whether a page of another site sent this, as the browser says: Sec-Fetch-Site, or over plain HTTP Origin."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        return site not in {"same-origin", "none"}
    return origin is not None and _host(origin) not in {_host(f"//{headers.get('host', '')}"), _host(public_url)} - {""}


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class Guard:
    """ASGI middleware: everything below /admin but the login itself needs a session, whatever route would answer."""

    def __init__(self, app: Any, login: Login, root_path: str = "", public_url: str = "") -> None:
        self._app, self._login, self._root, self._public_url = app, login, root_path, public_url

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = self._path(scope) if scope["type"] in {"http", "websocket"} else ""
        if path in OPEN or not path.startswith(f"{ADMIN}/"):
            await self._app(scope, receive, send)
        elif not self._login.knows(session_of(Headers(scope=scope))):
            await self._refusal(scope)(scope, receive, send)
        elif self._is_foreign(scope):
            refusal = JSONResponse({"error": OTHER_SITE}, 403, NEVER_KEEP)
            await (_closed_socket if scope["type"] == "websocket" else refusal)(scope, receive, send)
        else:
            await self._app(scope, receive, send if path.startswith(CODE) else _guarded(send))

    def _path(self, scope: Any) -> str:
        path = "/" + scope["path"].lstrip("/")
        for prefix in {self._root, scope.get("root_path", "")} - {""}:  # some proxies leave the prefix on
            path = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
        return path

    def _is_foreign(self, scope: Any) -> bool:
        """Asked by another site; a link that leads here is none of it."""
        headers = Headers(scope=scope)
        followed = scope.get("method") in {"GET", "HEAD"} and headers.get("sec-fetch-dest") == "document"
        return not followed and from_elsewhere(headers, self._public_url)

    def _refusal(self, scope: Any) -> Any:
        if scope["type"] == "websocket":
            return _closed_socket
        headers = Headers(scope=scope)
        if scope["method"] in {"GET", "HEAD"} and "text/html" in headers.get("accept", ""):
            return RedirectResponse(f"{self._root}{ADMIN}/login", 303, NEVER_KEEP)
        response: Response = JSONResponse({"error": LOGIN_FIRST}, 401, NEVER_KEEP)
        return response


def _guarded(send: Any) -> Any:
    """Replies with headers that keep them out of caches and of other sites' pages, where they say nothing else."""

    async def sender(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in GUARDED.items():
                headers.setdefault(name, value)
        await send(message)

    return sender


async def _closed_socket(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 1008})
