"""Plain HTTP for the page Showcase: the gallery as data, its sounds, and all of it in one file. Open to everybody."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import FileResponse, JSONResponse, Response

from anonymizers.runner import Job
from web.comparison import Asked
from web.settings_link import to_query
from web.showcase.gallery import ORIGINAL, Gallery
from web.showcase.rendering import Sound
from web.showcase.service import Showcase

FRESH = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
"""For sounds: their address is a hash of all that made them."""
NO_SOUND = "This sound is not (or no longer) part of the gallery: reload the page."
NOT_YET = "The gallery is still being made: wait until every sound is there."
ARCHIVE = {**FRESH, "Content-Disposition": 'attachment; filename="showcase.zip"'}


def address(sound: Sound) -> str:
    """A sound's address, relative to the app."""
    return f"api/showcase/sounds/{sound.identity}.wav"


def compare_link(gallery: Gallery) -> str:
    """The Compare page with the gallery's systems ticked, relative to the app; of a system that is there twice, the
    first."""
    jobs: dict[str, Job] = {}
    for column in gallery.columns:
        if column.system != ORIGINAL:
            jobs.setdefault(column.system, Job(column.system, column.params))
    return f".?{to_query(Asked(list(jobs.values()), gallery.definition.seed, gallery.definition.level))}"


def router(showcase: Showcase) -> APIRouter:
    """All routes."""
    routes = APIRouter(prefix="/api/showcase")

    @routes.get("")
    def gallery() -> Response:
        page, rendering = showcase.page(address), showcase.shown().rendering
        more = {"compare": compare_link(rendering.gallery)} if rendering else {}
        return JSONResponse({**page, **more}, headers=FRESH)

    @routes.get("/sounds/{identity}.wav")
    def sound(identity: str) -> Response:
        path = showcase.sound(identity)
        if path is None:
            return JSONResponse({"error": NO_SOUND}, 404, FRESH)
        return FileResponse(path, media_type="audio/wav", headers=FOR_EVER)

    @routes.get("/showcase.zip")
    def archive() -> Response:
        path = showcase.archive()
        if path is None:
            return JSONResponse({"error": NOT_YET}, 503, FRESH)
        return FileResponse(path, media_type="application/zip", headers=ARCHIVE)

    return routes
