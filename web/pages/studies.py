"""The Listen page: a study to try, taken here as strangers take it on its own page."""

from __future__ import annotations

from typing import Any

import gradio as gr

from listening_test.store_records import StoreError
from web.components.listening_study import ListeningStudy
from web.demo_study import Shown
from web.pages import words
from web.services import Services

LOOK_AGAIN_S = 2.0
INTRODUCTION = """
<h1 class="vv-title">Listen</h1>
<p class="vv-reading">Machines measure; people judge. This is a real blind listening study on voices that ship with
VoiceVeil: it takes about three minutes, best with headphones. Your answers stay on this server, under a random name,
and you can delete them at any time.</p>
"""
OWN = """
<p class="vv-small">For studies of your own there is a form, or a YAML file, at <a href="admin/">/admin</a>.</p>
"""


def status(shown: Shown) -> str:
    """Why there is no study to take, or not yet; nothing when there is one."""
    if shown.state == "ready":
        return ""
    if shown.state == "preparing":
        so_far = f" {shown.done} of {shown.of} sounds are ready." if shown.of else ""
        return f'<p class="vv-note" role="status">The study is being prepared.{so_far} It appears here by itself.</p>'
    if shown.problem:
        return words.problem(f"The study could not be prepared: {shown.problem}")
    return '<p class="vv-note" role="status">No study is open on this server at the moment.</p>'


def render(services: Services, blocks: gr.Blocks) -> None:
    """The page, inside the open `blocks`."""
    gr.Navbar(main_page_name="Compare")
    gr.HTML(INTRODUCTION, padding=False)
    line = gr.HTML("", elem_id="study-status", padding=False, elem_classes=["vv-status"])
    study = ListeningStudy(elem_id="study", padding=False)
    gr.HTML(OWN, padding=False)
    timer = gr.Timer(LOOK_AGAIN_S, active=False)

    def look() -> tuple[Any, ...]:
        try:
            shown = services.demo.shown()
        except StoreError as error:
            return words.problem(str(error)), gr.skip(), gr.Timer(active=True)
        value = {"link": shown.link} if shown.link else gr.skip()
        return status(shown), value, gr.Timer(active=shown.state == "preparing")

    events: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    blocks.load(look, None, [line, study, timer], **events)
    timer.tick(look, None, [line, study, timer], **events)
