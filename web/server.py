"""create_app: one FastAPI with our own routes, and the Gradio pages mounted last, because they catch everything."""

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
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from audio.clip import Clip
from web.services import Services
from web.settings import Settings

UI = Path(__file__).parent / "ui"
QUEUE_MAX = 200
SESSIONS_MAX = 300
# Styles by link: Gradio rewrites the selectors of css that is given to it, and those inside @media wrongly.
HEAD = """
<link rel="stylesheet" href="ui/components.css"><link rel="stylesheet" href="ui/page.css">
<script type="module" src="ui/page.mjs"></script>
<meta name="robots" content="noindex">
"""


def create_app(settings: Settings) -> FastAPI:
    """The whole app. Its worker processes and private folder are there from now on, until the app shuts down."""
    services = Services.start(settings)
    os.environ["GRADIO_TEMP_DIR"] = str(services.vault.folder / "gradio")  # both are read when Blocks are built
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # no call home
    import gradio as gr

    from web import routes

    mimetypes.add_type("text/javascript", ".mjs")  # some systems' tables do not know it, and browsers then refuse it

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
        yield
        services.close()

    app = FastAPI(title="VoiceVeil", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.services = services
    app.include_router(routes.router(services))
    app.mount("/ui", StaticFiles(directory=UI), name="ui")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="SSR mode is not supported")  # said even when SSR is switched off
        return gr.mount_gradio_app(app, _pages(services), path="/", **_looks(settings))


def _warm_up() -> None:
    """Import what this process needs at the first click: filters for loudness, figures."""
    from audio.level import integrated_lufs
    from audio.plots import f0_over_time

    integrated_lufs(Clip(np.zeros(8000), 16_000))
    f0_over_time([])


def _pages(services: Services) -> Any:
    import gradio as gr

    from web.pages import about, compare

    with gr.Blocks(title="VoiceVeil", delete_cache=(300, 3000), analytics_enabled=False) as pages:
        compare.render(services, pages)
    with pages.route("About", "about"):
        about.render(services)
    pages.queue(default_concurrency_limit=8, max_size=QUEUE_MAX)
    pages.state_session_capacity = SESSIONS_MAX
    return pages


def _plots_link() -> str:
    """Where page.mjs finds the code that draws: Gradio gives the file another name in every version."""
    import gradio

    assets = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
    found = [path.name for path in assets.glob("PlotlyPlot-*.js")]
    return f'<meta name="vv-plots" content="assets/{found[0]}">' if len(found) == 1 else ""


def _looks(settings: Settings) -> dict[str, Any]:
    from web.theme import theme

    return {
        "theme": theme(),
        "head": HEAD + _plots_link(),
        "favicon_path": str(UI / "favicon.svg"),
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "max_file_size": "1mb",  # uploads take our own route
        "ssr_mode": False,
        "show_error": True,
        "root_path": settings.root_path or None,
    }
