"""Tables and reports of evaluation runs, for anybody: CSV and one HTML file. Voiceprints never leave their folder."""

from __future__ import annotations

import re

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from evaluation.csv_file import as_csv
from evaluation.run_tables import TABLES
from web.evaluation_runs import EvaluationRuns

FRESH = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
NO_RUN = "There is no such evaluation (any more): choose one on the page."
NO_TABLE = "A run has the tables {names}, but another was asked for."
_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)


def router(runs: EvaluationRuns) -> APIRouter:
    """All routes."""
    routes = APIRouter(prefix="/machines")

    @routes.get("/{name}/{table}.csv")
    def table(name: str, table: str) -> Response:
        run = runs.find(name)
        if run is None:
            return _sentence(NO_RUN)
        if table not in TABLES:
            return _sentence(NO_TABLE.format(names=", ".join(TABLES)))
        return _file(as_csv(run.table(table)), f"{name}-{table}.csv", "text/csv; charset=utf-8")

    @routes.get("/{name}/report.html")
    def report(name: str) -> Response:
        run = runs.find(name)
        if run is None:
            return _sentence(NO_RUN)
        return _file(runs.report(run), f"{name}.html", "text/html; charset=utf-8")

    return routes


def _file(data: bytes, name: str, kind: str) -> Response:
    safe = _UNSAFE.sub("_", name)
    return Response(data, media_type=kind, headers={**FRESH, "Content-Disposition": f'attachment; filename="{safe}"'})


def _sentence(text: str) -> JSONResponse:
    return JSONResponse({"error": text}, 404, FRESH)
