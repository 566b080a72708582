"""A listening study on a page of the app: a Gradio component around the module that also runs on the study pages."""

from __future__ import annotations

from typing import Any

import gradio as gr

# The template holds no value: Gradio would run what it finds in one. The module writes data as text.
TEMPLATE = '<div class="vv-study"></div>'

LOADER = """
const root = new URL('.', document.baseURI);
const show = () => {
  const link = props.value?.link;
  if (typeof link !== 'string' || element.dataset.link) return; // an empty text has a function of that name
  element.dataset.link = link;
  import(new URL('study-ui/study.mjs', root))
    .then((study) => study.mount(element.querySelector('.vv-study'), { base: root.href.replace(/[/]$/, ''), link }))
    .catch((error) => {
      console.error(error);
      element.textContent = 'The study could not be loaded from this server: reload the page.';
    });
};
watch('value', show);
show();
"""


class ListeningStudy(gr.HTML):
    """Lets whoever has the page open take a study; the value is {"link": the secret part of its address}, or None.

    The first link stays: a listener is never moved to another study on the way.
    """

    def __init__(self, value: dict[str, str] | None = None, **kw: Any) -> None:
        super().__init__(value, html_template=TEMPLATE, js_on_load=LOADER, apply_default_css=False, **kw)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "the link of the study that is shown"}

    def example_payload(self) -> Any:
        return {"link": "a-link"}

    def example_value(self) -> Any:
        return self.example_payload()
