"""One place to give a clip (file, microphone, example): a Gradio component around web/ui/clip_input.mjs."""

from __future__ import annotations

from typing import Any

import gradio as gr

# The template holds no value: Gradio would run what it finds in one. The module writes data as text.
TEMPLATE = '<div class="vvc vvc-clip"><p class="vvc-empty">The clip input is loading.</p></div>'

LOADER = """
import(new URL('ui/clip_input.mjs', document.baseURI))
  .then((input) => input.mount({ element, props, watch, changed: (clip) => trigger('clip', clip) }))
  .catch((error) => {
    console.error(error);
    element.textContent = 'The clip input could not be loaded from this server: reload the page.';
  });
"""


class ClipInput(gr.HTML):
    """Takes a clip by drop, file dialog, microphone or example, and hands its token to the server.

    The bytes go to the app's own route `api/clips` (raw, without the file's name); the value is what that route
    answered: {"token", "duration_s", "sample_rate_hz", "channels", "notes", "url"}, of an example also {"said",
    "language", "speaker"} ("" where not known), and "name", which is the example's title or a neutral word, never
    the file's name. None: no clip yet.

    Event `clip`: a clip was accepted; it is the component's value by then, and the event's data.

    Args:
        max_mb: larger files are refused before they are sent, in MB (10^6 bytes).
        max_s: a recording ends by itself after this long, in s.
    """

    def __init__(self, value: dict[str, Any] | None = None, *, max_mb: int = 100, max_s: int = 60, **kw: Any) -> None:
        props: dict[str, Any] = {"max_mb": max_mb, "max_s": max_s}
        super().__init__(value, html_template=TEMPLATE, js_on_load=LOADER, apply_default_css=False, **props, **kw)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "a clip that api/clips answered with: token, name, duration_s, notes"}

    def example_payload(self) -> Any:
        return {"token": "a-token-from-api-clips", "name": "Uploaded clip", "duration_s": 1.5, "notes": []}

    def example_value(self) -> Any:
        return self.example_payload()
