"""create_app: one FastAPI with our own routes, the owner's Gradio pages, and last the public ones, which catch all."""

from __future__ import annotations

import mimetypes
import os
import threading
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI, Request
from starlette.staticfiles import StaticFiles

from audio.clip import Clip
from web.admin_guard import ADMIN, Guard, session_of
from web.permissions import Permissions
from web.retention import Retention
from web.root_path import RootPath
from web.services import Services
from web.settings import Settings

UI = Path(__file__).parent / "ui"
QUEUE_MAX = 200
SESSIONS_MAX = 300
ADMIN_SESSIONS_MAX = 20
MAX_VOICES_SIZE = "2gb"
# Styles by link: Gradio rewrites the selectors of css that is given to it, and those inside @media wrongly.
HEAD = """
<link rel="stylesheet" href="ui/components.css"><link rel="stylesheet" href="ui/page.css">
<link rel="stylesheet" href="ui/results.css">
<script type="module" src="ui/page.mjs"></script>
<meta name="robots" content="noindex">
"""
ADMIN_HEAD = """
<link rel="icon" href="../ui/favicon.svg">
<link rel="stylesheet" href="../ui/page.css"><link rel="stylesheet" href="../ui/results.css">
<link rel="stylesheet" href="../ui/admin.css"><script type="module" src="../ui/page.mjs"></script>
<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">
"""


def create_app(settings: Settings) -> FastAPI:
    """The whole app. Its worker processes and private folder are there from now on, until the app shuts down."""
    services = Services.start(settings)
    os.environ["GRADIO_TEMP_DIR"] = str(services.vault.folder / "gradio")  # both are read when Blocks are built
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # no call home
    import gradio as gr

    from listening_test.http.routes import router as study_router
    from web import routes, routes_admin, routes_live, routes_machines, routes_results, routes_showcase

    mimetypes.add_type("text/javascript", ".mjs")  # some systems' tables do not know it, and browsers then refuse it

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
        services.demo.prepare()
        retention = Retention(services.store)
        retention.start()
        yield
        retention.close()
        services.close()

    app = FastAPI(title="VoiceVeil", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = services
    app.include_router(routes.router(services))
    app.include_router(routes_admin.router(services))
    app.include_router(routes_results.router(services))
    app.include_router(routes_machines.router(services.evaluations))
    app.include_router(routes_showcase.router(services.showcase))
    app.include_router(routes_live.router(services.live, settings.public_url))
    app.include_router(study_router(services.store))
    app.mount("/ui", StaticFiles(directory=UI), name="ui")
    app.add_middleware(Permissions)
    app.add_middleware(RootPath, root_path=settings.root_path)
    app.add_middleware(Guard, login=services.login, root_path=settings.root_path, public_url=settings.public_url)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="SSR mode is not supported")  # said even when SSR is switched off
        _mount_admin(app, services)
        # Uploads of clips take our own route.
        return gr.mount_gradio_app(app, _pages(services), path="/", **_looks(settings), max_file_size="1mb")


def _mount_admin(app: FastAPI, services: Services) -> None:
    import gradio as gr

    def owner(request: Request) -> str | None:
        return "owner" if services.login.knows(session_of(request.headers)) else None

    # Twice on purpose: the guard stands before every route below /admin, this one before Gradio's own.
    looks = _looks(services.settings, ADMIN) | {"auth_dependency": owner}
    gr.mount_gradio_app(app, _admin_pages(services), path=ADMIN, **looks, max_file_size=MAX_VOICES_SIZE)


def _warm_up() -> None:
    """Import what this process needs at the first click: filters for loudness, figures."""
    from audio.level import integrated_lufs
    from audio.plots import f0_over_time

    integrated_lufs(Clip(np.zeros(8000), 16_000))
    f0_over_time([])


def _pages(services: Services) -> Any:
    import gradio as gr

    from web.pages import about, compare, live, machines, results, showcase, studies

    with gr.Blocks(title="VoiceVeil", delete_cache=(300, 3000), analytics_enabled=False) as pages:
        compare.render(services, pages)
    with pages.route("Listen", "studies"):
        studies.render(services, pages)
    with pages.route("Results", "results"):
        results.render(services, pages)
    with pages.route("Results of machines", "machines", show_in_navbar=False):
        machines.render(services, pages)
    with pages.route("Showcase", "showcase"):
        showcase.render(services)
    with pages.route("Live", "live"):
        live.render(services)
    with pages.route("About", "about"):
        about.render(services)
    pages.queue(default_concurrency_limit=8, max_size=QUEUE_MAX)
    pages.state_session_capacity = SESSIONS_MAX
    return pages


def _admin_pages(services: Services) -> Any:
    import gradio as gr

    from web.pages import admin, models, results

    with gr.Blocks(title="VoiceVeil studies", delete_cache=(300, 3000), analytics_enabled=False) as pages:
        admin.render(services, pages)
    with pages.route("Results", "results"):
        results.render(services, pages, owner=True)
    with pages.route("Models", "models"):
        models.render(services, pages)
    pages.queue(default_concurrency_limit=4, max_size=50)
    pages.state_session_capacity = ADMIN_SESSIONS_MAX
    return pages


def _plots_link() -> str:
    """Where page.mjs finds the code that draws: Gradio gives the file another name in every version."""
    import gradio

    assets = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    found = [path.name for path in assets.glob("PlotlyPlot-*.js")]
    return f'<meta name="vv-plots" content="assets/{found[0]}">' if len(found) == 1 else ""


def _looks(settings: Settings, below: str = "") -> dict[str, Any]:
    from web.theme import theme

    return {
        "theme": theme(),
        "head": (ADMIN_HEAD if below else HEAD) + _plots_link(),
        "favicon_path": None if below else str(UI / "favicon.svg"),
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "show_error": True,
        "root_path": None if below else settings.root_path or None,  # below a path, root_path.py says it
    }
