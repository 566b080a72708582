"""The About page: what this is, what its words mean, where a clip goes."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from anonymizers import __version__, registry
from web.services import Services

TEXT = Path(__file__).with_suffix(".html")


def render(services: Services) -> None:
    """The page, inside an open gr.Blocks."""
    gr.Navbar(main_page_name="Compare")
    minutes = f"{services.settings.keep_s / 60:g}"
    text = TEXT.read_text(encoding="utf-8")
    gr.HTML(text.format(systems=_systems(), minutes=minutes, version=__version__), padding=False)


def _systems() -> str:
    rows = []
    for key in registry.keys():
        info = registry.info(key)
        caution = f" <em>{info.caution}</em>" if info.caution else ""
        rows.append(
            f'<dt><span class="vv-dot" style="background:{registry.entry(key).colour}"></span>{info.title} '
            f'<span class="vv-small">{info.fidelity}</span></dt>'
            f'<dd>{info.summary}{caution} <span class="vv-small">{info.reference}</span></dd>'
        )
    return f"<dl>{''.join(rows)}</dl>"
