"""The gallery on a page of the app: a Gradio component around the module that also runs in an exported folder."""

from __future__ import annotations

from typing import Any

import gradio as gr

# The template holds no value: Gradio would run what it finds in one. The module writes data as text.
TEMPLATE = '<div class="vvc vvg"><p class="vvc-empty">The gallery is loading.</p></div>'

LOADER = """
import(new URL('ui/showcase.mjs', document.baseURI))
  .then((showcase) => showcase.mount({ element, source: 'api/showcase' }))
  .catch((error) => {
    console.error(error);
    element.textContent = 'The gallery could not be loaded from this server: reload the page.';
  });
"""


class ShowcaseGallery(gr.HTML):
    """Shows what /api/showcase tells, and asks again while sounds are being made; it has no value of its own."""

    def __init__(self, value: None = None, **kw: Any) -> None:
        super().__init__(value, html_template=TEMPLATE, js_on_load=LOADER, apply_default_css=False, **kw)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "nothing: the gallery fetches what it shows"}

    def example_payload(self) -> Any:
        return None

    def example_value(self) -> Any:
        return None
