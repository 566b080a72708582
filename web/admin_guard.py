"""The door of /admin: whoever is not logged in gets the login page, or 401 where no page was asked for."""

from __future__ import annotations

from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, RedirectResponse, Response

from web.admin_login import Login

ADMIN = "/admin"
COOKIE = "voiceveil_admin"
OPEN = frozenset({ADMIN, f"{ADMIN}/login"})
NEVER_KEEP = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
LOGIN_FIRST = "This page is for the owner of the studies: log in at /admin first."


def session_of(headers: Headers) -> str:
    """The session in a request's cookies, "" without one."""
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


class Guard:
    """ASGI middleware: everything below /admin but the login itself needs a session, whatever route would answer."""

    def __init__(self, app: Any, login: Login, root_path: str = "") -> None:
        self._app, self._login, self._root = app, login, root_path

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in {"http", "websocket"} and self._is_closed(scope):
            await self._refusal(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_closed(self, scope: Any) -> bool:
        path = "/" + scope["path"].lstrip("/")
        for prefix in {self._root, scope.get("root_path", "")} - {""}:  # some proxies leave the prefix on
            path = path.removeprefix(prefix) if path.startswith(f"{prefix}/") else path
        if path in OPEN or not (path == ADMIN or path.startswith(f"{ADMIN}/")):
            return False
        return not self._login.knows(session_of(Headers(scope=scope)))

    def _refusal(self, scope: Any) -> Any:
        if scope["type"] == "websocket":
            return _closed_socket
        headers = Headers(scope=scope)
        if scope["method"] in {"GET", "HEAD"} and "text/html" in headers.get("accept", ""):
            return RedirectResponse(f"{self._root}{ADMIN}/login", 303, NEVER_KEEP)
        response: Response = JSONResponse({"error": LOGIN_FIRST}, 401, NEVER_KEEP)
        return response


async def _closed_socket(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.close", "code": 1008})
