"""Plain HTTP below /admin: the login, and the files an owner takes away."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.concurrency import run_in_threadpool

from listening_test.store_records import NotFound, Origin, StoreError
from web.admin_guard import ADMIN, COOKIE, NEVER_KEEP, from_elsewhere, session_of
from web.admin_login import SESSION_S
from web.services import Services

if TYPE_CHECKING:
    from listening_test.store_records import StudyInfo

PAGE = Path(__file__).parent / "pages" / "login.html"
BODY_MAX_BYTES = 8_000
NUMBER_MAX = 2**31 - 1
"""Numbers of studies are smaller; databases take no larger ones."""
WRONG = "This is not the password. Check it and try again."
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "sqlite": "application/vnd.sqlite3",
    "md": "text/markdown; charset=utf-8",
    "yaml": "application/yaml; charset=utf-8",
}
ORIGINS = get_args(Origin)
LOGIN_HEADERS = {
    **NEVER_KEEP,
    "Content-Security-Policy": "default-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
}


def router(services: Services) -> APIRouter:
    """All routes; the guard (admin_guard) stands before every one but the login."""
    routes = APIRouter(prefix=ADMIN)
    _add_login(routes, services)
    _add_exports(routes, services)
    return routes


def login_page(problem: str = "", status: int = 200, headers: dict[str, str] | None = None) -> HTMLResponse:
    """The page that asks for the password, with what was wrong."""
    text = PAGE.read_text(encoding="utf-8").format(
        problem=f'<p class="problem" role="alert" id="problem">{escape(problem)}</p>' if problem else "",
        invalid='aria-invalid="true" aria-describedby="problem"' if problem else "",
    )
    return HTMLResponse(text, status, {**LOGIN_HEADERS, **(headers or {})})


def _add_login(routes: APIRouter, services: Services) -> None:
    settings = services.settings
    cookie: dict[str, Any] = {
        "path": f"{settings.root_path}{ADMIN}",
        "secure": settings.public_url.startswith("https:"),
        "httponly": True,
        "samesite": "lax",
    }

    @routes.get("")
    def without_slash() -> Response:
        return RedirectResponse(f"{settings.root_path}{ADMIN}/", 307)

    @routes.get("/login")
    def ask() -> Response:
        return login_page()

    @routes.post("/login")
    async def enter(request: Request) -> Response:
        if from_elsewhere(request.headers, settings.public_url):
            return login_page("Log in from this page: the request came from another site.", 403)
        password = await _password(request)
        address = request.client.host if request.client else ""
        session, wait_s = await run_in_threadpool(services.login.enter, password, address)
        if wait_s > 0:
            seconds = math.ceil(wait_s)
            wait = f"Too many wrong passwords came. Wait {seconds} s, then try again."
            return login_page(wait, 429, {"Retry-After": str(seconds)})
        if not session:
            return login_page(WRONG, 401)
        response = RedirectResponse(f"{settings.root_path}{ADMIN}/", 303, NEVER_KEEP)
        response.set_cookie(COOKIE, session, max_age=int(SESSION_S), **cookie)
        return response

    @routes.post("/logout")
    def leave(request: Request) -> Response:
        if from_elsewhere(request.headers, settings.public_url):
            return JSONResponse({"error": "Log out from the page itself."}, 403, NEVER_KEEP)
        services.login.leave(session_of(request.headers))
        response = RedirectResponse(f"{settings.root_path}{ADMIN}/login", 303, NEVER_KEEP)
        response.delete_cookie(COOKIE, **cookie)
        return response


async def _password(request: Request) -> str:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_MAX_BYTES:
            return ""
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10)
    except ValueError:
        return ""
    return fields.get("password", [""])[0]


def _add_exports(routes: APIRouter, services: Services) -> None:
    @routes.get("/export/{study_id}.{kind}")
    def export(study_id: int, kind: str, origin: str = "participant") -> Response:
        if kind not in MEDIA_TYPES or origin not in ORIGINS:
            sentence = f"One of {', '.join(MEDIA_TYPES)} and of {', '.join(ORIGINS)} was expected, but another came."
            return JSONResponse({"error": sentence}, 404, NEVER_KEEP)
        try:
            info = services.store.study(min(study_id, NUMBER_MAX))
            data = exported(services, info, kind, cast(Origin, origin))
        except NotFound:
            return JSONResponse({"error": "There is no such study (any more)."}, 404, NEVER_KEEP)
        except StoreError as error:
            return JSONResponse({"error": str(error)}, 503, NEVER_KEEP)
        name = f"{info.name}-v{info.version}{'' if origin == 'participant' else '-' + origin}.{kind}"
        headers = {**NEVER_KEEP, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(data, media_type=MEDIA_TYPES[kind], headers=headers)


def exported(services: Services, info: StudyInfo, kind: str, origin: Origin) -> bytes:
    """A study's answers, codebook or definition as a file; while a masked study is open, systems are letters."""
    from listening_test import export

    if kind == "yaml":
        return info.yaml.encode()
    table = export.of(services.store, info, (origin,))
    if kind == "md":
        return export.codebook(export.watermark(table)).encode()
    services.store.event(info.id, "exported", f"{kind}, {origin}")
    return export.encode(table, kind)  # type: ignore[arg-type]
