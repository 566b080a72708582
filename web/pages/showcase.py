"""The Showcase page: a gallery of voices heard through every system, to take away as a folder."""

from __future__ import annotations

import gradio as gr

from web.components.showcase_gallery import ShowcaseGallery
from web.services import Services


def render(services: Services) -> None:
    """The page, inside an open gr.Blocks."""
    gr.Navbar(main_page_name="Compare")
    ShowcaseGallery(elem_id="showcase", padding=False)
