"""How the participants' routes reply: never cached, never naming anything, and a failure is a sentence."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from listening_test.session import Refused
from listening_test.store_records import NotFound, StoreUnavailable
from listening_test.texts import texts

BODY_MAX_BYTES = 64_000
DRAINED_MAX_BYTES = 16_000_000
"""How much of a body that is too large is read and dropped, so that the browser gets to read why."""
RETRY_AFTER_S = 2
HEADERS = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": (
        "default-src 'self'; media-src 'self' blob:; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
log = logging.getLogger(__name__)
Message = TypeVar("Message", bound=BaseModel)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StudyRoute(APIRoute):
    """A route whose failures are sentences in the listener's language, and whose replies are kept nowhere."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        problem = html_problem if self.response_class is HTMLResponse else json_problem

        async def safely(request: Request) -> Response:
            response = await _handled(handle, request, problem)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return safely


Problem = Callable[[Request, Refused], Response]


async def _handled(handle: Handler, request: Request, problem: Problem) -> Response:
    try:
        return await handle(request)
    except Refused as refused:
        return problem(request, refused)
    except NotFound:  # withdrawn or deleted between two of our steps
        return problem(request, Refused("not_found", 404))
    except StoreUnavailable as error:
        log.error("The database could not work: %s", error)
        return problem(request, Refused("storage", 503))
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as error:  # never a traceback to a listener; its message may hold what a listener wrote
        log.error("%s %s failed with %s", request.method, _route_path(request), type(error).__name__)
        log.debug("It failed here", exc_info=True)
        return problem(request, Refused("server", 500))


def _route_path(request: Request) -> str:
    """The route as the code names it: the address itself holds secrets."""
    return str(getattr(request.scope.get("route"), "path", "a route"))


def json_problem(request: Request, refused: Refused) -> Response:
    """{"error": sentence, "code"}, with "next" where the listener is elsewhere by now."""
    body: dict[str, Any] = {"error": _sentence(request, refused), "code": refused.code}
    if refused.next_page is not None:
        body["next"] = refused.next_page
    return JSONResponse(body, refused.status, _retry_after(refused))


def html_problem(request: Request, refused: Refused) -> Response:
    """The sentence as a page of its own."""
    from listening_test.http.shell import problem_page

    language = language_of(request)
    return HTMLResponse(
        problem_page(request, _sentence(request, refused), language), refused.status, _retry_after(refused)
    )


def _sentence(request: Request, refused: Refused) -> str:
    return texts(language_of(request)).get(f"errors.{refused.code}").format(**refused.values)


def _retry_after(refused: Refused) -> dict[str, str]:
    return {"Retry-After": str(RETRY_AFTER_S)} if refused.status == 503 else {}


def language_of(request: Request) -> str:
    """The listener's language where it is known, else what the address or the browser asks for, else English."""
    known = getattr(request.state, "language", "")
    return known or wanted_language(request, ("en", "de"))


def wanted_language(request: Request, offered: tuple[str, ...]) -> str:
    """`lang` of the address, else the first language the browser prefers, else the first that is offered."""
    accepted = [
        part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")
    ]
    return next((one for one in [request.query_params.get("lang", ""), *accepted] if one in offered), offered[0])


async def message(request: Request, model: type[Message]) -> Message:
    """The body of a request.

    Raises:
        Refused: if it is larger than 64 kB, no JSON, or has another form.
    """
    try:
        values = json.loads(await _body(request), parse_constant=_no_number)
        return model.model_validate(values)
    except (ValueError, RecursionError, ValidationError) as error:
        raise Refused("bad_request", 422) from error


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON number")


async def _body(request: Request) -> bytes:
    data, received = bytearray(), 0
    async for piece in request.stream():
        received += len(piece)
        if received <= BODY_MAX_BYTES:
            data += piece
        elif received > DRAINED_MAX_BYTES:
            break
    if received > BODY_MAX_BYTES:
        raise Refused("too_large", 413)
    return bytes(data)
