"""The participants' routes: /study/LINK enrols, /take/TOKEN is one listener's own, /study-ui is the page's code.

    GET  /study/{link}                     the page with the consent text; also ?lang= ?preview=KEY ?simulation=KEY
    GET  /study/{link}/about               what is on it, as JSON
    POST /study/{link}/enrol               session.EnrolMessage -> 201 {"token", "resumed"}
    GET  /take/{token}                     the page of the study, at whatever point the listener is
    GET  /take/{token}/about               as above, in the listener's language
    GET  /take/{token}/page                where the listener is: page.trial_page or page.end_page
    POST /take/{token}/answer              session.AnswerMessage -> {"saved", "feedback", "next": a page}
    GET  /take/{token}/sound/{handle}      a sound of a page that was shown: WAV, with Range
    POST /take/{token}/withdraw            erases everything -> {"next": the last page}

A refusal is {"error": a sentence in the listener's language, "code"} and, where the listener is elsewhere, "next".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, Response

from listening_test import session
from listening_test.http import shell
from listening_test.http.ranges import ranged
from listening_test.http.replies import StudyRoute, message, wanted_language
from listening_test.planners import Planners
from listening_test.session import Refused
from listening_test.store import Store
from listening_test.store_records import Listener, StudyInfo

FOREVER = "public, max-age=31536000, immutable"
Clock = Callable[[], float]


def router(store: Store, *, clock: Clock = time.time) -> APIRouter:
    """All routes. `clock` is the one the store has: seconds since 1970."""
    routes = APIRouter(route_class=StudyRoute)
    _add_study(routes, store)
    _add_taking(routes, store, clock)
    _add_sounds(routes, store)
    _add_ui(routes)
    return routes


def _study(store: Store, link: str) -> StudyInfo:
    info = store.study_by_link(link)
    if info is None:
        raise Refused("not_found", 404)
    return info


def _listener(store: Store, token: str, request: Request) -> tuple[StudyInfo, Listener]:
    listener = store.listener(token)
    if listener is None:
        raise Refused("not_found", 404)
    request.state.language = listener.language
    return store.study(listener.study_id), listener


def _add_study(routes: APIRouter, store: Store) -> None:
    planners = Planners()

    def about_of(request: Request, link: str) -> dict[str, Any]:
        info, query = _study(store, link), request.query_params
        origin = session.origin(info, query.get("preview", ""), query.get("simulation", ""))
        language = wanted_language(request, tuple(info.study.languages))
        request.state.language = language
        return session.about(info, language, preview=origin == "preview", simulation=origin == "simulation")

    @routes.get("/study/{link}", response_class=HTMLResponse)
    def landing(request: Request, link: str) -> Response:
        return HTMLResponse(shell.landing(request, about_of(request, link), link))

    @routes.get("/study/{link}/about")
    def about(request: Request, link: str) -> Response:
        return JSONResponse(about_of(request, link))

    @routes.post("/study/{link}/enrol")
    async def enrol(request: Request, link: str) -> Response:
        wanted = await message(request, session.EnrolMessage)
        request.state.language = wanted.language if wanted.language in ("en", "de") else ""
        done = await run_in_threadpool(lambda: session.enrol(store, _study(store, link), wanted, planners))
        return JSONResponse({"token": done.token, "resumed": done.resumed}, 201)


def _add_taking(routes: APIRouter, store: Store, clock: Clock) -> None:
    def about_of(info: StudyInfo, listener: Listener) -> dict[str, Any]:
        preview, simulation = listener.origin == "preview", listener.origin == "simulation"
        return session.about(info, listener.language, preview=preview, simulation=simulation)

    @routes.get("/take/{token}", response_class=HTMLResponse)
    def take(request: Request, token: str) -> Response:
        info, listener = _listener(store, token, request)
        page = session.page(store, info, listener)
        return HTMLResponse(shell.take(request, about_of(info, listener), token, page))

    @routes.get("/take/{token}/about")
    def about(request: Request, token: str) -> Response:
        return JSONResponse(about_of(*_listener(store, token, request)))

    @routes.get("/take/{token}/page")
    def page(request: Request, token: str) -> Response:
        return JSONResponse(session.page(store, *_listener(store, token, request)))

    @routes.post("/take/{token}/answer")
    async def answer(request: Request, token: str) -> Response:
        info, listener = await run_in_threadpool(_listener, store, token, request)
        given = await message(request, session.AnswerMessage)
        return JSONResponse(await run_in_threadpool(session.answer, store, info, listener, given, clock()))

    @routes.post("/take/{token}/withdraw")
    def withdraw(request: Request, token: str) -> Response:
        return JSONResponse(session.withdraw(store, *_listener(store, token, request)))


def _add_sounds(routes: APIRouter, store: Store) -> None:
    @routes.get("/take/{token}/sound/{handle}")
    def sound(request: Request, token: str, handle: str) -> Response:
        info, listener = _listener(store, token, request)
        return ranged(session.sound(store, info, listener, handle), request.headers.get("range", ""))


def _add_ui(routes: APIRouter) -> None:
    @routes.get("/study-ui/{path:path}")
    def ui(request: Request, path: str) -> Response:
        version, _, name = path.rpartition("/")
        asset = shell.assets().get(name)
        if asset is None or version not in ("", shell.version()):
            raise Refused("not_found", 404)
        zipped = "gzip" in request.headers.get("accept-encoding", "")
        headers = {"Cache-Control": FOREVER if version else "no-cache", "Vary": "Accept-Encoding"}
        if zipped:
            headers["Content-Encoding"] = "gzip"
        return Response(asset.gzipped if zipped else asset.data, media_type=asset.media_type, headers=headers)
