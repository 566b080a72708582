"""The participants' routes alone: an app for large studies, with all state in the database."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from listening_test.http.replies import HEADERS, json_problem
from listening_test.http.routes import router
from listening_test.session import Refused
from listening_test.store import Store

DATABASE = "DATABASE_URL"


def create(store_url: str, *, clock: Callable[[], float] = time.time) -> FastAPI:
    """An app over the database at `store_url`, which is open from now on until the app shuts down.

    Raises:
        StoreError: if the database cannot be opened.
    """
    store = Store.open(store_url, clock=clock)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        store.close()

    app = FastAPI(
        title="VoiceVeil listening studies", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    app.state.store = store
    app.include_router(router(store, clock=clock))
    app.add_exception_handler(HTTPException, _elsewhere)

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def _elsewhere(request: Request, error: Exception) -> Response:
    """An address or a method that no route has."""
    known = error.status_code if isinstance(error, HTTPException) else 500
    response = json_problem(request, Refused("not_found" if known < 500 else "server", known))
    response.headers.update(HEADERS)
    return response


def from_environment() -> FastAPI:
    """The app over the database that DATABASE_URL names: what each process of a server calls."""
    return create(os.environ[DATABASE])
