"""The live microphone on a page of the app: a Gradio component around web/ui/live.mjs."""

from __future__ import annotations

from typing import Any

import gradio as gr

# The template holds no value: Gradio would run what it finds in one. The module writes data as text.
TEMPLATE = '<div class="vvc vvl"><p class="vvc-empty">Live is loading.</p></div>'

LOADER = """
import(new URL('ui/live.mjs', document.baseURI))
  .then((live) => live.mount({ element }))
  .catch((error) => {
    console.error(error);
    element.textContent = 'Live could not be loaded from this server: reload the page.';
  });
"""


class LiveVoice(gr.HTML):
    """Sends the microphone to the app's own WebSocket `api/live/stream` and plays what comes back. It has no value:
    no sound passes through Gradio."""

    def __init__(self, value: None = None, **kw: Any) -> None:
        super().__init__(value, html_template=TEMPLATE, js_on_load=LOADER, apply_default_css=False, **kw)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "nothing: sound takes a WebSocket of its own"}

    def example_payload(self) -> Any:
        return None

    def example_value(self) -> Any:
        return None
