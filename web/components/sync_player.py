"""Tracks of one clip side by side, on one clock: a Gradio component around web/ui/player.mjs."""

from __future__ import annotations

from typing import Any

import gradio as gr

# The template holds no value: Gradio would run what it finds in one. The module writes data as text.
TEMPLATE = '<div class="vvc vvc-player"><p class="vvc-empty">The player is loading.</p></div>'

LOADER = """
import(new URL('ui/player.mjs', document.baseURI))
  .then((player) => player.mount({ element, props, watch, picked: (track) => trigger('picked', track) }))
  .catch((error) => {
    console.error(error);
    element.textContent = 'The player could not be loaded from this server: reload the page.';
  });
"""


class SyncPlayer(gr.HTML):
    """A synchronised player: one track is heard at a time, all keep the same position.

    Its value is None (nothing to hear yet) or a dict, sent whole at every change:

        run: id of this run; another id stops the sound and starts afresh at 0 s.
        target_lufs: the loudness that `gain_db` leads to, in LUFS.
        busy: whether systems still run.
        progress: {"done", "total", "doing", "elapsed_s", "eta_s"} or None.
        tracks: list of {"key", "title", "colour", "dash", "state", "url", "download", "message", "gain_db",
            "short_by_db", "duration_s", "keeps_timing", "fidelity", "hides", "notes", "transcript"};
            state is "waiting", "running", "ready" (then `url` is an address of this app, relative to the page)
            or "failed" (then `message` is a sentence).

    Event `picked`: a track was chosen; the event's data is {"key"}. As an output of events that stream results,
    use show_progress="hidden": the player shows its own progress.
    """

    def __init__(self, value: dict[str, Any] | None = None, **kw: Any) -> None:
        super().__init__(value, html_template=TEMPLATE, js_on_load=LOADER, apply_default_css=False, **kw)

    def api_info(self) -> dict[str, Any]:
        return {"type": "object", "description": "tracks to hear side by side; see SyncPlayer"}

    def example_payload(self) -> Any:
        return {"run": "example", "target_lufs": -23.0, "busy": False, "progress": None, "tracks": []}

    def example_value(self) -> Any:
        return self.example_payload()
