"""Plain HTTP and the WebSocket of the page Live. Sound passes through memory; nothing is kept or logged."""

from __future__ import annotations

from fastapi import APIRouter, WebSocket
from fastapi.responses import JSONResponse, Response

from web.admin_guard import from_elsewhere
from web.live.connection import serve
from web.live.service import Live
from web.routes import NEVER_KEEP

ELSEWHERE = 1008


def router(live: Live, public_url: str = "") -> APIRouter:
    """All routes. A page of another site is refused the WebSocket: browsers would connect it without asking."""
    routes = APIRouter(prefix="/api/live")

    @routes.get("")
    def offer() -> Response:
        return JSONResponse(live.offer(), headers=NEVER_KEEP)

    @routes.websocket("/stream")
    async def stream(socket: WebSocket) -> None:
        if from_elsewhere(socket.headers, public_url):
            await socket.close(ELSEWHERE)
            return
        await socket.accept()
        await serve(socket, live)

    return routes
