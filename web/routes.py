"""Plain HTTP beside the Gradio pages: clips in, sounds and results out. Nothing here is logged or cached."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from anonymizers.workers import WorkerLost
from audio.clip import ClipError, Decoded
from web import examples, take_away
from web.services import Services
from web.vault import VaultFull

NEVER_KEEP = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
GONE = "This sound is no longer here: clips and results are deleted after an hour at most. Give the clip again."


def sentence(text: str, status: int) -> JSONResponse:
    """An error as the pages show it."""
    return JSONResponse({"error": text}, status, NEVER_KEEP)


def router(services: Services) -> APIRouter:
    """All routes."""
    routes = APIRouter()
    _add_clips(routes, services)
    _add_examples(routes, services)
    _add_results(routes, services)

    @routes.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    return routes


def _add_clips(routes: APIRouter, services: Services) -> None:
    @routes.post("/api/clips")
    async def receive(request: Request) -> Response:
        limit = services.settings.max_upload_mb * 1e6
        too_large = sentence(
            f"A file of at most {services.settings.max_upload_mb:g} MB was expected, but this one is larger: "
            "cut it, or save it as FLAC or MP3.",
            413,
        )
        if _declared_size(request) > limit:
            return too_large
        data = bytearray()
        async for piece in request.stream():
            data += piece
            if len(data) > limit:
                return too_large
        return await run_in_threadpool(_receive, services, bytes(data))


def _declared_size(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isdigit() else 0


def _receive(services: Services, source: Any, **known: str) -> Response:
    try:
        token, decoded = services.receive(source)
    except (ClipError, WorkerLost) as error:
        return sentence(str(error), 422)
    except VaultFull as error:
        return sentence(str(error), 503)
    return JSONResponse({**_received(token, decoded), **known}, headers=NEVER_KEEP)


def _received(token: str, decoded: Decoded) -> dict[str, Any]:
    return {
        "token": token,
        "url": f"media/{token}",
        "duration_s": decoded.clip.duration_s,
        "sample_rate_hz": decoded.sample_rate_hz,
        "channels": decoded.channels,
        "notes": list(decoded.notes),
    }


def _add_examples(routes: APIRouter, services: Services) -> None:
    settings = services.settings

    def listed() -> Response:
        found = examples.list_examples(settings.data_dir)
        rows = [{"id": one.id, "title": one.title, "detail": one.detail, "licence": one.licence} for one in found]
        detail = "LibriSpeech (CC BY 4.0) from openslr.org and EmoDB (CC0) from zenodo.org; about 20 MB to read."
        return JSONResponse(
            {"examples": rows, "can_fetch": not settings.offline, "fetch_detail": detail}, headers=NEVER_KEEP
        )

    routes.get("/api/examples")(listed)

    @routes.post("/api/clips/example/{identity:path}")
    def choose(identity: str) -> Response:
        chosen = {one.id: one for one in examples.list_examples(settings.data_dir)}.get(identity)
        if chosen is None:
            return sentence("There is no such example: choose another.", 404)
        return _receive(services, chosen.path, said=chosen.transcript, language=chosen.language, speaker=chosen.speaker)

    @routes.post("/api/examples/fetch")
    def fetch() -> Response:
        try:
            examples.fetch_examples(settings.data_dir, offline=settings.offline)
        except examples.ExamplesError as error:
            return sentence(str(error), 503)
        return listed()


def _add_results(routes: APIRouter, services: Services) -> None:
    @routes.get("/media/{token}")
    def media(token: str, download: str = "") -> Response:
        path = services.vault.path(token)
        if path is None:
            return sentence(GONE, 404)
        headers = dict(NEVER_KEEP)
        if name := take_away.safe_name(download):
            headers["Content-Disposition"] = f'attachment; filename="{name}.wav"'
        return FileResponse(path, media_type="audio/wav", headers=headers)

    @routes.get("/results/{run}")
    def results(run: str) -> Response:
        data = take_away.zipped(services.vault, run)
        if data is None:
            return sentence(GONE, 404)
        headers = {**NEVER_KEEP, "Content-Disposition": 'attachment; filename="voiceveil.zip"'}
        return Response(data, media_type="application/zip", headers=headers)
