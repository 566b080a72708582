"""The tables behind the figures of the Results pages, as CSV: published ones for anybody, all of them for the owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from listening_test.store_records import Origin, StoreError
from web import result_files
from web.admin_guard import ADMIN, NEVER_KEEP

if TYPE_CHECKING:
    from web.services import Services

NOT_THERE = "There are no such results, or they are not published."
NO_TABLE = "These results have no such table (yet): choose one on the page."


def router(services: Services) -> APIRouter:
    """All routes; the guard (admin_guard) stands before the owner's."""
    routes = APIRouter()

    @routes.get("/results/{study}/{table}.csv")
    def published(study: str, table: str) -> Response:
        return answer(services, study, table, "participant", owner=False)

    @routes.get(ADMIN + "/results/{study}/{table}.csv")
    def owned(study: str, table: str, origin: str = "participant") -> Response:
        if origin not in get_args(Origin):
            return _sentence(f"One of {', '.join(get_args(Origin))} was expected, but another came.", 404)
        return answer(services, study, table, cast(Origin, origin), owner=True)

    return routes


def answer(services: Services, study: str, table: str, origin: Origin, *, owner: bool) -> Response:
    """A table as a file, or why there is none; what is not published does not exist for others."""
    try:
        info = result_files.find(services.store, study, owner=owner)
        results = services.results.kept(info, origin, owner=owner) if info else None
    except StoreError as error:
        return _sentence(str(error), 503)
    if info is None:
        return _sentence(NOT_THERE, 404)
    found = results.tables.get(table) if results else None
    if results is None or found is None:
        return _sentence(NO_TABLE, 404)
    name = result_files.file_name(info, table, origin)
    headers = {**NEVER_KEEP, "Content-Disposition": f'attachment; filename="{name}"'}
    data = result_files.as_csv(found, results.about.get("watermark", ""))
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


def _sentence(text: str, status: int) -> JSONResponse:
    return JSONResponse({"error": text}, status, NEVER_KEEP)
