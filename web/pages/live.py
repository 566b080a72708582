"""The Live page: speak into the microphone and hear another voice."""

from __future__ import annotations

import gradio as gr

from web.components.live_voice import LiveVoice
from web.services import Services


def render(services: Services) -> None:
    """The page, inside an open gr.Blocks."""
    gr.Navbar(main_page_name="Compare")
    LiveVoice(elem_id="live", padding=False)
