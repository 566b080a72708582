"""What machines hear, system by system: a Gradio component around web/ui/hearing.mjs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from anonymizers import registry
from web.ears import KINDS
from web.hearing import Hearing

# The template holds no value: Gradio would run what it finds in one. The module writes data as text.
TEMPLATE = '<div class="vvc vvh"></div>'

LOADER = """
import(new URL('ui/hearing.mjs', document.baseURI))
  .then((hearing) => hearing.mount({
    element, props, watch,
    said: (text, run) => trigger('said', { text, run }), halt: (run) => trigger('halt', { run }) }))
  .catch((error) => {
    console.error(error);
    element.textContent = 'What machines hear could not be loaded from this server: reload the page.';
  });
"""


class HearingPanel(gr.HTML):
    """Three lists, one line a system in each: who speaks, what is said, how it is said.

    Its value is None or a dict (see `shown`), sent whole at every change. As an output of events that stream
    results, use show_progress="hidden".

    Event `said`: words were typed as those of the original; the event's data is {"text", "run"}. It comes only when
    nothing is being heard. Event `halt`: the person does not want to wait for the rest; {"run"}.
    """

    def __init__(self, value: dict[str, Any] | None = None, **kw: Any) -> None:
        super().__init__(value, html_template=TEMPLATE, js_on_load=LOADER, apply_default_css=False, **kw)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "what machines heard in each system's sound; see hearing_panel.shown"}

    def example_payload(self) -> Any:
        return {"run": "example", "state": "done", "said": "", "compared_with": "own", "ears": {}, "systems": []}

    def example_value(self) -> Any:
        return self.example_payload()


def shown(hearing: Hearing) -> dict[str, Any]:
    """A panel's value.

    run, state, said, compared_with: as Hearing has them. done, total: sounds heard, by all machines.
    ears: by kind, the machine ({"title", "fidelity", "trained_on", "caution", …}), for speakers with "scale".
    systems: {"key", "title", "colour", "dash", "speaker", "words", "emotion"}; of these three, None is not heard (yet).
    """
    about = hearing.about()
    return {
        "run": hearing.run,
        "state": hearing.state,
        "said": hearing.said,
        "compared_with": hearing.compared_with,
        "done": sum(len(heard) for heard in hearing.found.values()),
        "total": len(hearing.ears) * len(hearing.found),
        "ears": {kind: about[kind] for kind in hearing.ears},
        "systems": [_system(hearing, key) for key in hearing.found],
    }


def _system(hearing: Hearing, key: str) -> dict[str, Any]:
    entry, heard = registry.entry(key), hearing.found[key]
    looks = {"key": key, "title": registry.info(key).title, "colour": entry.colour, "dash": entry.dash}
    return {**looks, **{kind: heard.get(kind) for kind in KINDS}, "words": hearing.words_of(key)}
